"""Named inputs: recordings with embedded truth, and invalid files.

A name is a recipe and always gives the same bytes: `wav:2ch:4.0s` is a stereo recording of 4 s. `late` starts with 35 s of silence,
`swapped` has its channels in reverse order and the same size, `mu-law` has half the size, `more-chunks` begins with one that is no audio.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from diarkit_contracts.api.error import ContractsError
from diarkit_fixtures.draws import Draws
from diarkit_fixtures.segments import Channels, Segment, Segments, list_faults
from diarkit_fixtures.speech.voices import VOICES
from diarkit_fixtures.wav.truth import pack_chunk

VERSION: Final = "verify-inputs-1"
"""Part of every key: changed inputs get another name, so that findings stay reproducible."""

SAMPLE_RATE_HZ: Final = 8_000
"""Telephone audio: INF accepted, like a WAV at any rate; half the size of 16 kHz."""

HIGHEST_SPOKEN_HZ: Final = 48_000
"""Limit of `speak`; above, each sample is repeated."""

SHORTEST: Final = 80
"""DOC (speaker_diarization.proto): no speaker is found in shorter audio. Centiseconds."""

LONGEST: Final = 6_000
"""Centiseconds: inputs are small on purpose (960 kB per channel and minute)."""

LATE: Final = 3_500
"""Beyond the 30 s window of many models. Centiseconds."""

FILES: Final[Mapping[str, bytes]] = {
    "file:junk": b"This is not audio, whatever its name says.\n" * 8,
    "file:empty": b"",
    "file:half-a-head": b"RIFF\xff\x00\x00\x00WAVEfmt \x10\x00",
}
"""Invalid files."""

NAME: Final = re.compile(
    r"wav:(?P<channels>[1-8])ch:(?P<seconds>\d{1,2}\.\d)s(?::speakers=(?P<speakers>\d(?:,\d)*))?"
    r"(?P<silence>:silence)?(?P<in_turn>:in-turn)?(?P<late>:late)?(?P<swapped>:swapped)?(?::(?P<rate>[1-9]\d{3,4})Hz)?"
    r"(?::(?P<encoding>mu-law|pcm8|pcm24|pcm32|float32))?(?P<extensible>:extensible)?(?P<more_chunks>:more-chunks)?"
)

EXTRA: Final = pack_chunk(b"note", b"--\r\n\r\n--xy\r\n--diarkit")
"""A chunk of an odd number of bytes, with what some readers of forms take for the end of a part or of its headers."""


class InputNameError(ContractsError, ValueError):
    """Unknown input name."""

    def __init__(self, name: str) -> None:
        self.name = name
        wavs = "wav:1ch:2.0s, wav:2ch:4.0s:speakers=2,0, wav:2ch:4.0s:in-turn or wav:1ch:2.0s:silence (1 to 8 channels, up to 60.0 s)"
        super().__init__(f"expected {wavs}, or one of {', '.join(FILES)}, got {name!r}")


@dataclass(frozen=True, slots=True)
class Recipe:
    """A parsed recording name.

    Attributes:
        speakers: in each channel; 0 for a silent one.
        length: centiseconds.
        in_turn: whether the channels share one conversation; otherwise each has its own.
        first: earliest speech, in centiseconds.
        swapped: whether the channels are in reverse order.
        encoding: of the samples, in words of `write_wav`.
        extensible: whether the format chunk is the long one.
        more_chunks: whether `EXTRA` comes first.
    """

    speakers: tuple[int, ...]
    length: int
    in_turn: bool = False
    first: int = 0
    swapped: bool = False
    rate_hz: int = SAMPLE_RATE_HZ
    encoding: str = "pcm16"
    extensible: bool = False
    more_chunks: bool = False

    @property
    def truth(self) -> Channels:
        """The expected segments, one entry per channel; none in a recording too short for the platform."""
        if self.length < SHORTEST:
            return ((),) * len(self.speakers)
        return self.spoken

    @property
    def spoken(self) -> Channels:
        """The spoken segments, one entry per channel."""
        if self.in_turn:
            return _deal_turns(_lay_turns(0, sum(self.speakers), self.length, self.first), self.speakers)
        laid = tuple(
            _lay_turns(number, speakers, self.length, self.first) if speakers else ()
            for number, speakers in enumerate(self.speakers)
        )
        return laid[::-1] if self.swapped else laid


def read_recipe(name: str) -> Recipe:
    """Parse the name of a recording, or raise InputNameError."""
    match = NAME.fullmatch(name)
    length = round(float(match["seconds"]) * 100) if match else 0
    first = LATE if match and match["late"] else 0
    if match is None or not first < length <= LONGEST:
        raise InputNameError(name)
    channels = int(match["channels"])
    given = tuple(map(int, (match["speakers"] or "").split(","))) if match["speakers"] else ()
    if (given and len(given) != channels) or (match["silence"] and (given or match["in_turn"])):
        raise InputNameError(name)
    # One and two speakers alternately, so that an answer shows which channel it is for.
    usual = tuple(2 - (number % 2) for number in range(channels))
    speakers = (0,) * channels if match["silence"] else given or usual
    tags = {tag: match[tag] is not None for tag in ("in_turn", "swapped", "extensible", "more_chunks")}
    encoding = (match["encoding"] or "pcm16").replace("-", "")
    return Recipe(
        speakers, length, first=first, rate_hz=int(match["rate"] or SAMPLE_RATE_HZ), encoding=encoding, **tags
    )


@cache
def make_input(name: str) -> bytes:
    """Make the file of a name, or raise InputNameError."""
    if name in FILES:
        return FILES[name]
    recipe = read_recipe(name)
    from numpy import stack  # noqa: PLC0415 - numpy and the voices take time to load, a recording is judged without them

    from diarkit_fixtures.speech.synth import speak  # noqa: PLC0415
    from diarkit_fixtures.wav.file import write_wav  # noqa: PLC0415

    times = -(-recipe.rate_hz // HIGHEST_SPOKEN_HZ)
    rate_hz = recipe.rate_hz // times
    channels = [
        speak(segments, VOICES[2 * number :] + VOICES[: 2 * number], recipe.length, rate_hz, f"{VERSION} {number}")
        for number, segments in enumerate(recipe.spoken)
    ]
    wav = write_wav(
        stack(channels, axis=1).repeat(times, axis=0),
        recipe.rate_hz,
        truth=recipe.truth,
        encoding=recipe.encoding,
        shape="EXTENSIBLE" if recipe.extensible else "RIFF",
    )
    if not recipe.more_chunks:
        return wav
    return wav[:4] + struct.pack("<I", len(wav) - 8 + len(EXTRA)) + wav[8:12] + EXTRA + wav[12:]


def _deal_turns(turns: Segments, speakers: tuple[int, ...]) -> Channels:
    """Distribute the turns of one conversation to channels: the first speakers to the first channel, and so on."""
    firsts = [sum(speakers[:number]) for number in range(len(speakers))]
    return tuple(
        tuple(
            Segment(turn.speaker - first, turn.start, turn.end)
            for turn in turns
            if first <= turn.speaker < first + count
        )
        for first, count in zip(firsts, speakers, strict=True)
    )


def _lay_turns(channel: int, speakers: int, length: int, first: int) -> Segments:
    """Alternate speakers about every second, so that a few seconds have enough turns to count and to cut."""
    draws = Draws(VERSION, channel, speakers)
    turns: list[Segment] = []
    start = first + draws.between(10, 25)
    while start + 20 < length:
        end = min(start + draws.between(55, 110), length - 5)
        turns.append(Segment(len(turns) % speakers, start, end))
        start = end + draws.between(15, 40)
    laid = tuple(turns) or (Segment(0, first, length),)
    assert not list_faults(laid, length), laid  # noqa: S101 - a truth that is wrong would blame the server
    return laid
