"""Print the digests of our speech on this numpy. Run by hand, on old and new ones, with SIMD on and off.

    PYTHONPATH=fixtures python tests/peers/digests.py
    PYTHONPATH=fixtures NPY_DISABLE_CPU_FEATURES="AVX2 FMA3 ..." python tests/peers/digests.py

The features that can be disabled here are listed by `--features`. All lines but the first must be the same everywhere.
"""

from __future__ import annotations

import sys
from hashlib import sha256

import numpy as np

from diarkit_fixtures.samples.catalogue import GUIDE, find_sample
from diarkit_fixtures.segments import Segment
from diarkit_fixtures.speech.synth import speak
from diarkit_fixtures.speech.voices import VOICES

PAIR = (Segment(0, 20, 200), Segment(1, 200, 330), Segment(0, 300, 460))


def list_features() -> list[str]:
    """Return the CPU features that numpy found and may do without."""
    umath = np._core._multiarray_umath if hasattr(np, "_core") else np.core._multiarray_umath  # type: ignore[attr-defined]  # noqa: SLF001
    return [name for name in umath.__cpu_dispatch__ if umath.__cpu_features__[name]]


def main() -> None:
    features = list_features()
    if sys.argv[1:] == ["--features"]:
        sys.stdout.write(" ".join(features) + "\n")
        return
    sys.stdout.write(f"numpy {np.__version__}, Python {sys.version.split()[0]}, SIMD {' '.join(features) or 'off'}\n")
    for rate, key in ((8000, "one"), (16_000, "one"), (16_000, "two"), (44_100, "one")):
        sound = speak(PAIR, VOICES[:2], 500, rate, key).astype("<i2").tobytes()
        sys.stdout.write(f"{sha256(sound).hexdigest()[:32]}  {rate} {key}\n")
    for number, voice in enumerate(VOICES):
        sound = speak((Segment(0, 0, 300),), (voice,), 300, 16_000, "voice").astype("<i2").tobytes()
        sys.stdout.write(f"{sha256(sound).hexdigest()[:32]}  voice {number}\n")
    names = [*(sample.name for sample in GUIDE), "overlap.wav", "telephone.wav", "mulaw.wav", "float32.wav", "rifx.wav"]
    for name in names:
        sys.stdout.write(f"{sha256(find_sample(name).wav()).hexdigest()[:32]}  {name}\n")


if __name__ == "__main__":
    main()
