"""The rows with valid uploads: selected ones first, then all pairs of factors."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from typing import Final

from diarkit_contracts.rows.call import Attached, Call, Row, Written
from diarkit_contracts.rows.inputs import read_recipe
from diarkit_contracts.rows.pairwise import cover_pairs

MONO: Final = "wav:1ch:6.0s"
STEREO: Final = "wav:2ch:4.0s"
THREE: Final = "wav:3ch:2.0s"
ONE_SILENT: Final = "wav:2ch:3.0s:speakers=2,0"
SHORT: Final = "wav:1ch:0.5s"

UPLOAD: Final = "acceptance.upload"
UNKNOWN: Final = "acceptance.unknown-is-ignored"
"""Clauses that define whether a row is accepted."""

BEYOND_ASCII: Final = "Ľúbica & Šárka, 50 %.wav"
PLAIN: Final = "a.wav"

FACTORS: Final[Mapping[str, tuple[str, ...]]] = {
    "audio": (MONO, STEREO, THREE, ONE_SILENT, "wav:1ch:2.0s:silence", SHORT),
    "config": ("", "max=1", "max=2", "total=3", "total=12"),
    "mode": ("", "split", "mix"),
    "channels": ("", "last", "back"),
    "span": ("", "0.4-", "-1.6", "0.4-1.7", "0-99"),
    "order": ("file", "config"),
    "unknown": ("", "key", "parameter", "part"),
    "filename": (PLAIN, BEYOND_ASCII, "no-suffix"),
}
"""Factors and values; the first is the most common. `back` requests the last channel, then the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One combination of `FACTORS`."""

    audio: str = MONO
    config: str = ""
    mode: str = ""
    channels: str = ""
    span: str = ""
    order: str = "file"
    unknown: str = ""
    filename: str = PLAIN
    manner: str = ""

    @property
    def numbers(self) -> tuple[int, ...]:
        """The requested channels; empty for all."""
        last = len(read_recipe(self.audio).speakers) - 1
        return {"": (), "last": (last,), "back": (last, 0)}[self.channels]

    def describe(self) -> str:
        """Describe its input and its uncommon values."""
        channels, seconds, *tags = self.audio.removeprefix("wav:").replace(",", "+").split(":")
        words = [
            f"{channels}-{seconds}",
            *tags,
            self.config,
            self.mode,
            f"channels={'+'.join(map(str, self.numbers))}" if self.numbers else "",
            self.span,
            "config-first" if self.order == "config" else "",
            f"unknown-{self.unknown}" if self.unknown else "",
            "name-beyond-ascii" if self.filename == BEYOND_ASCII else "" if self.filename == PLAIN else self.filename,
            self.manner,
        ]
        return ",".join(filter(None, words))


CHOSEN: Final = (
    Choice(audio=STEREO),
    Choice(audio=MONO, config="total=3", filename=BEYOND_ASCII),
    Choice(audio=f"{STEREO}:in-turn", mode="mix", span="0.4-3.6"),
    Choice(audio=THREE, config="max=1", channels="back", order="config", unknown="key"),
    Choice(audio=SHORT, config="total=12", mode="split"),
    Choice(audio=ONE_SILENT, span="1.0-", unknown="part"),
)
"""The most revealing uploads. Neighbours differ in config, so that a mix-up is detected."""

JUNK: Final = len(CHOSEN) + 1

AGAIN: Final[Mapping[int, Choice]] = {
    79: Choice(audio=STEREO, config="max=5"),
    99: Choice(audio=f"{STEREO}:swapped", manner="as-requests"),
    100: Choice(audio=f"{STEREO}:swapped", config="max=2", channels="last", manner="as-dotnet"),
    101: Choice(audio="wav:1ch:40.0s:late:mu-law", config="max=3", span="-39", order="config", manner="as-requests"),
    83: Choice(audio=STEREO, config="max=1"),
    84: Choice(audio=STEREO, channels="last"),
    85: Choice(audio=STEREO, mode="mix"),
    86: Choice(audio=STEREO, span="2.0-"),
    87: Choice(audio=STEREO, span="-3.0"),
    88: Choice(audio=STEREO, span="-1.5"),
}
"""Uploads that a cache may confuse with earlier ones, by number.

The file of row-01 with other parameters, one at a time; another file of the same name and size; speech that begins after 35 s.
"""

FRESH: Final = frozenset(range(83, 89))
"""Rows whose tasks are polled over a new connection each time, which a load balancer may route to different nodes."""

COOKIES: Final = frozenset(range(86, 89))
"""Rows of these whose tasks are polled with the cookies of a load balancer, which select a node; the others send none."""

LOOKS: Final[Mapping[int, tuple[int, ...]]] = {
    83: (79, 79, 83, 83, 79),
    84: (1, 84, 1),
    85: (84, 84, 85, 83, 85, 84),
    87: (87, 87, 86, 86, 87),
    88: (87, 88),
}
"""Polls after a row, by number: tasks in flight repeatedly and alternately, and tasks that ended long ago."""

MORE: Final[Mapping[int, Choice]] = {
    89: Choice(audio="wav:3ch:6.0s:speakers=2,1,2:in-turn", mode="mix"),
    102: Choice(config="total=1", manner="long-boundary"),
    103: Choice(audio="wav:1ch:2.0s", config="max=100", manner="part-headers"),
    104: Choice(audio="wav:2ch:2.0s", config="max=1", channels="back", order="config", manner="streamed"),
    107: Choice(audio="wav:1ch:1.0s:16000Hz:pcm8"),
    108: Choice(audio="wav:1ch:1.0s:22050Hz:pcm32"),
    109: Choice(audio="wav:1ch:1.0s:44100Hz:pcm24:extensible"),
    110: Choice(audio="wav:1ch:1.0s:48000Hz:float32"),
    111: Choice(audio="wav:1ch:1.0s:96000Hz"),
    112: Choice(audio=f"{STEREO}:speakers=2,0:mu-law", config="max=3", span="1.0-", unknown="part"),
}
"""Other rows, by number: a mix of more than two channels, each with non-overlapped speech; other ways to write requests; other audio.

INF: the converter reads the encodings that the microservice does (audio formats, 2026.03.0-rc1), at any rate. Row-112 is row-06 with a
limit above the number of speakers, like row-101.
"""

SHORT_RUN: Final = (1, 2, 3, 4, 5, 99, 112, 100, 101, JUNK)
"""The rows of a short run, by number. Each parameter is sent, and omitted in a later row, where it must have no effect."""


@cache
def make_uploads() -> tuple[Row, ...]:
    """Make all rows, those of a short run first, with consecutive ids."""
    pairs = cover_pairs(FACTORS, _is_allowed, (asdict(choice) for choice in CHOSEN))
    choices = dict(enumerate(CHOSEN, start=1))
    choices |= dict(enumerate((Choice(**values) for values in pairs), start=JUNK + 1))
    rows = (
        _UNCLEAR
        | _OTHERWISE
        | {
            number: (choice.describe(), UNKNOWN if choice.unknown else UPLOAD, _make_call(choice))
            for number, choice in {**choices, **AGAIN, **MORE}.items()
        }
    )
    return tuple(
        Row(
            id=f"row-{number:02d}",
            what=what,
            call=call,
            about=about,
            accepted=True,
            fresh=number in FRESH,
            cookies=number in COOKIES,
            looks=tuple(f"row-{other:02d}" for other in LOOKS.get(number, ())),
        )
        for number, (what, about, call) in sorted(rows.items(), key=_find_place)
    )


def _find_place(numbered: tuple[int, object]) -> tuple[int, int]:
    number = numbered[0]
    return (SHORT_RUN.index(number) if number in SHORT_RUN else len(SHORT_RUN), number)


def write_config(choice: Choice) -> str | None:
    """Write the part `config` of a combination; None without one."""
    config: dict[str, object] = {}
    if choice.config:
        key, _, value = choice.config.partition("=")
        config[f"{key}_speakers"] = int(value)
    if choice.unknown == "key":
        # DOC (newest overview): keys are case-sensitive, unknown ones are ignored.
        config |= {"MAX_SPEAKERS": 1, "language": "en"}
    return json.dumps(config) if config else None


def _is_allowed(values: Mapping[str, str]) -> bool:
    """Return whether a possibly incomplete combination is documented as valid."""
    if "audio" in values:
        recipe = read_recipe(values["audio"])
        if values.get("channels") == "back" and len(recipe.speakers) == 1:
            return False
        if values.get("span", "").startswith("0.4") and recipe.length < 100:
            return False
    first = values.get("order") == "config"
    return not (first and values.get("config") == "" and values.get("unknown", "key") != "key")


def _make_call(choice: Choice) -> Call:
    start, dash, end = choice.span.partition("-")
    query = {
        "channel_mode": choice.mode,
        "channels": ",".join(map(str, choice.numbers)),
        "range_from": start,
        "range_to": end if dash else "",
        "colour": "blue" if choice.unknown == "parameter" else "",
    }
    file = Attached(choice.audio, choice.filename)
    text = write_config(choice)
    config = () if text is None else (Written(text),)
    extra = (Written("a note", name="note"),) if choice.unknown == "part" else ()
    parts = (*config, file, *extra) if choice.order == "config" else (file, *config, *extra)
    given = tuple((name, value) for name, value in query.items() if value)
    return Call(query=given, body=parts, manner=choice.manner)


def _ask(file: str = MONO, **query: str) -> Call:
    return Call(query=tuple(query.items()), body=(Attached(file),))


_OTHERWISE: Final = {
    105: (
        "1ch-2.0s,more-chunks,config-empty",
        UPLOAD,
        Call(body=(Attached("wav:1ch:2.0s:more-chunks"), Written("{}"))),
    ),
    106: (
        "2ch-2.0s,max=1-escaped,channels-empty,0-2,name-quoted",
        UPLOAD,
        Call(
            query=(("channels", ""), ("range_from", "0"), ("range_to", "2")),
            body=(
                Attached("wav:2ch:2.0s", 'call; "1" (a, b)=c.wav'),
                Written('{\r\n\t"max\\u005fspeakers" : 1\r\n}'),
            ),
        ),
    ),
}
"""Rows whose values are written as JSON, RIFF and RFC 2183 allow, by number. DOC: no channels are all, the default."""

_UNCLEAR: Final = {
    JUNK: ("junk", UPLOAD, _ask("file:junk")),
    90: ("empty-file", "refusal.empty-file", _ask("file:empty")),
    91: ("half-a-head", UPLOAD, _ask("file:half-a-head")),
    92: ("channel-beyond", UPLOAD, _ask(channels="7")),
    93: ("range-upside-down", UPLOAD, _ask(range_from="2", range_to="1")),
    94: ("range-beyond", UPLOAD, _ask(range_from="99")),
    95: ("range-of-nothing", UPLOAD, _ask(range_from="1", range_to="1")),
    96: ("range-of-a-moment", UPLOAD, _ask(range_to="5e-324")),
    97: ("channel-twice", UPLOAD, _ask(channels="0,0")),
    98: ("channel-just-beyond", UPLOAD, _ask(channels="1")),
}
"""Undocumented cases by number: refused, rejected later or accepted, but the answers must be consistent.

UNK (contract facts 1.1, 13): a channel beyond the file, a range that is reversed, empty, or begins after the end.
"""
