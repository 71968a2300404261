"""Holds `diarkit_fixtures.score.der` against pyannote.metrics and spyder, prints a table, and writes the golden cases of the tests.

pyannote.metrics brings 260 MB and spyder a compiler, so they get an environment of their own:

    python -m venv OTHER && OTHER/bin/pip install pyannote.metrics spy-der
    PYTHONPATH=fixtures OTHER/bin/python tests/peers/score_table.py [--cases 1000] [--golden FILE] > tests/peers/score_table.txt

Random references and answers of up to six speakers, with collars, skipped overlap and a UEM: with turns of one speaker merged beforehand,
where all agree; as drawn, touching and overlapping, where `merge` chooses whose convention holds. Then the cases by name.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import spyder
from pyannote.core import Annotation, Timeline
from pyannote.core import Segment as Stretch
from pyannote.metrics.diarization import DiarizationErrorRate, JaccardErrorRate

from diarkit_fixtures.draws import Draws
from diarkit_fixtures.score.der import Rules, map_speakers, score
from diarkit_fixtures.segments import Segment, SegmentError, merge_touching, sort_segments

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diarkit_fixtures.segments import Segments

PARTS = {"total": "total", "miss": "missed detection", "false_alarm": "false alarm", "confusion": "confusion"}


def draw_case(number: int, *, merge: bool = True) -> tuple[Segments, Segments, Rules]:
    """Draw a reference and an answer of up to six speakers who overlap, and rules."""
    draws = Draws("score case", number)
    sides: list[Segments] = []
    for _ in range(2):
        speakers, count = draws.between(1, 6), draws.between(0, 25)
        starts = [(draws.below(speakers), draws.below(3000)) for _ in range(count)]
        drawn = [Segment(speaker, start, start + draws.between(1, 400)) for speaker, start in starts]
        # As drawn, half of the turns are cut in two that touch.
        halves = [Segment(each.speaker, (each.start + each.end) // 2, each.end) for each in drawn[::2]]
        firsts = [Segment(each.speaker, each.start, (each.start + each.end) // 2) for each in drawn[::2]]
        cut = [each for each in (*drawn[1::2], *firsts, *halves) if each.end > each.start]
        sides.append(merge_touching(drawn) if merge else sort_segments(cut))
    collar = draws.pick((0, 0, 10, 25))
    uem = draws.pick((None, ((0, 3400),), ((300, 1100), (1300, 2500))))
    skip = draws.chance(300)
    return sides[0], sides[1], Rules(collar=collar, skip_overlap=skip, uem=uem, merge=merge)


def annotate(segments: Segments, prefix: str) -> Annotation:
    """Turn segments into what pyannote takes."""
    annotation = Annotation(uri="case")
    for track, segment in enumerate(segments):
        annotation[Stretch(segment.start / 100, segment.end / 100), track] = f"{prefix}{segment.speaker}"
    return annotation


def find_extent(reference: Segments, answer: Segments, rules: Rules) -> list[tuple[float, float]]:
    """Find what is scored, in seconds: what the rules say, or from the first to the last edge."""
    edges = [edge for segment in (*reference, *answer) for edge in (segment.start, segment.end)] or [0, 1]
    return [(start / 100, end / 100) for start, end in rules.uem or ((min(edges), max(edges)),)]


def ask_pyannote(reference: Segments, answer: Segments, rules: Rules) -> dict[str, float]:
    """Score with pyannote.metrics."""
    uem = Timeline([Stretch(*stretch) for stretch in find_extent(reference, answer, rules)])
    flags: dict[str, Any] = {"collar": 2 * rules.collar / 100, "skip_overlap": rules.skip_overlap}
    given = annotate(reference, "r"), annotate(answer, "a")
    detail = DiarizationErrorRate(**flags)(*given, uem=uem, detailed=True)
    figures = {ours: float(detail[theirs]) for ours, theirs in PARTS.items()}
    return {
        **figures,
        "der": float(detail["diarization error rate"]),
        "jer": float(JaccardErrorRate(**flags)(*given, uem=uem)),
    }


class WithMapping(JaccardErrorRate):
    """Their JER with a mapping that is given instead of searched for."""

    def __init__(self, mapping: dict[int, int], **flags: Any) -> None:
        super().__init__(**flags)
        self._given = {f"r{named}": f"a{speaker}" for speaker, named in mapping.items()}

    def optimal_mapping(self, *_: Any, **__: Any) -> dict[str, str]:
        """Return what was given."""
        return self._given


def is_tie(reference: Segments, answer: Segments, rules: Rules) -> bool:
    """Tell whether their JER under our mapping is ours: then the mappings differ and nothing else, both with the least confusion."""
    flags: dict[str, Any] = {"collar": 2 * rules.collar / 100, "skip_overlap": rules.skip_overlap}
    metric = WithMapping(map_speakers(reference, answer, rules), **flags)
    with patch.object(Annotation, "rename_labels", lambda self, **_: self):
        theirs = float(
            metric(
                annotate(reference, "r"),
                annotate(answer, "a"),
                uem=Timeline([Stretch(*stretch) for stretch in find_extent(reference, answer, rules)]),
            )
        )
    return abs(theirs - score(reference, answer, rules).jer) < 1e-9


def ask_spyder(reference: Segments, answer: Segments, rules: Rules) -> dict[str, float] | None:
    """Score with spyder, which knows no JER; None where it raises."""
    turns = [[(f"{each.speaker}", each.start / 100, each.end / 100) for each in side] for side in (reference, answer)]
    regions = "nonoverlap" if rules.skip_overlap else "all"
    try:
        found = spyder.DER(
            *turns, uem=find_extent(reference, answer, rules), collar=rules.collar / 100, regions=regions
        )
    except (ValueError, IndexError):  # a turn that ends before it starts; a side without turns
        return None
    parts = {"total": found.duration, "miss": found.miss, "false_alarm": found.falarm, "confusion": found.conf}
    return {name: value * (found.duration if name != "total" else 1) for name, value in parts.items()} | {
        "der": found.der
    }


def ask_ours(reference: Segments, answer: Segments, rules: Rules) -> dict[str, float]:
    own = score(reference, answer, rules)
    return {name: getattr(own, name) / 100 for name in PARTS} | {"der": own.der, "jer": own.jer}


def compare_with_pyannote(cases: int, *, merge: bool, golden: list[dict[str, object]]) -> int:
    """Score random cases; return in how many a figure differs by more than floats do and by no tie."""
    different = ties = empty = 0
    worst = 0.0
    for number in range(cases):
        reference, answer, rules = draw_case(number, merge=merge)
        theirs, ours = ask_pyannote(reference, answer, rules), ask_ours(reference, answer, rules)
        gaps = {name: abs(ours[name] - theirs[name]) for name in theirs}
        jer = gaps.pop("jer")
        worst = max(worst, *gaps.values())
        if max(gaps.values()) > 1e-9:
            different += 1
            sys.stdout.write(f"case {number}: {rules}\n  ours   {ours}\n  theirs {theirs}\n")
        elif jer > 1e-9 and merge:
            # With the same confusion both mappings are best. Where no reference is left to score, the JER is 1 there and 0 here.
            if not ours["total"]:
                empty += 1
            elif is_tie(reference, answer, rules):
                ties += 1
            else:
                different += 1
                sys.stdout.write(f"case {number}: {rules}: JER {ours['jer']} here, {theirs['jer']} there\n")
        elif len(golden) < 60 and (merge or number < 200):
            golden.append(
                {
                    "reference": [[segment.speaker, segment.start, segment.end] for segment in reference],
                    "answer": [[segment.speaker, segment.start, segment.end] for segment in answer],
                    "collar": rules.collar,
                    "skip_overlap": rules.skip_overlap,
                    "uem": rules.uem,
                    "merge": merge,
                    **{name: round(value, 12) for name, value in theirs.items() if name != "jer" or merge},
                }
            )
    figures = "all figures" if merge else "DER and its parts"
    sys.stdout.write(
        f"pyannote.metrics {version('pyannote.metrics')}, merge={merge}: {cases} cases, {figures}, {different} differ"
        f" (greatest difference {worst:.1e}); the JER alone in {ties} by a tie of two best mappings, in {empty} without a reference\n"
    )
    return different


def compare_with_spyder(cases: int) -> int:
    """Score the cases as drawn; return in how many a figure differs by more than single floats do."""
    different = left = 0
    for number in range(cases):
        reference, answer, rules = draw_case(number, merge=False)
        rules = replace(rules, merge=True, map_all=True)
        theirs, ours = ask_spyder(reference, answer, rules), ask_ours(reference, answer, rules)
        if theirs is None or not ours["total"]:
            left += 1
        elif max(abs(ours[name] - theirs[name]) for name in theirs) > 1e-3:
            different += 1
            sys.stdout.write(f"case {number}: {rules}\n  ours   {ours}\n  theirs {theirs}\n")
    sys.stdout.write(
        f"spyder {version('spy-der')}, merge=True, map_all=True: {cases} cases as drawn, DER and its parts, {different} differ;"
        f" {left} left out: a side without turns, or no reference to score\n"
    )
    return different


def make(*rows: tuple[int, float, float]) -> Segments:
    return tuple(Segment.from_seconds(*row) for row in rows)


CASES: dict[str, tuple[Segments, Segments, Rules]] = {
    "touching turns of one, a collar": (make((0, 0, 5), (0, 5, 10)), make((0, 0, 4.8), (0, 5.2, 10)), Rules(collar=25)),
    "overlapping turns of one": (make((0, 0, 6), (0, 4, 10)), make((0, 0, 10)), Rules()),
    "the same with a collar": (make((0, 0, 6), (0, 4, 10)), make((0, 0, 10)), Rules(collar=25)),
    "overlapping in the answer": (make((0, 0, 10)), make((0, 0, 6), (0, 4, 10)), Rules()),
    "a turn of no time": (make((0, 0, 5), (0, 7, 7)), make((0, 0, 5)), Rules(collar=25)),
    "a turn that ends before it starts": (make((0, 0, 5), (0, 8, 7)), make((0, 0, 5)), Rules()),
    "the reference inside the collar": (make((0, 1, 1.4)), make((0, 1, 1.4)), Rules(collar=25)),
    "the same and a false alarm": (make((0, 1, 1.4)), make((0, 1, 3)), Rules(collar=25)),
    "a UEM": (make((0, 0, 10)), make((0, 0, 9)), Rules(collar=25, uem=((200, 500), (800, 2000)))),
    "nobody in the reference": ((), make((0, 0, 5)), Rules()),
    "nobody at all": ((), (), Rules()),
    "50 speakers who swap": (
        tuple(Segment(at, at * 100, at * 100 + 100) for at in range(50)),
        tuple(Segment((at * 7 + 3) % 50, at * 100 + 10, at * 100 + 110) for at in range(50)),
        Rules(),
    ),
}


def print_cases() -> None:
    sys.stdout.write(f"\nDER: {'':32}{'ours':>9}{'merge=False':>13}{'pyannote':>10}{'spyder':>9}\n")
    for name, (reference, answer, rules) in CASES.items():
        figures: list[str] = []
        for ask in (
            ask_ours,
            lambda one, other, how: ask_ours(one, other, replace(how, merge=False)),
            ask_pyannote,
            ask_spyder,
        ):
            try:
                found = ask(reference, answer, rules)
            except SegmentError:
                found = None
            figures.append("error" if found is None else f"{found['der']:.4f}")
        sys.stdout.write(f"{name:37}{figures[0]:>9}{figures[1]:>13}{figures[2]:>10}{figures[3]:>9}\n")


def print_speed() -> None:
    """Say how long 10,000 segments take."""
    draws = Draws("score speed")
    sides: list[Segments] = []
    for _ in range(2):
        starts = [draws.below(6_000_000) for _ in range(10_000)]
        sides.append(sort_segments(Segment(draws.below(50), start, start + draws.between(10, 500)) for start in starts))
    began = time.process_time()
    score(sides[0], sides[1], Rules(collar=25))
    took = time.process_time() - began
    sys.stdout.write(f"\n10,000 segments of 50 speakers against as many, with a collar: {took:.2f} s of CPU\n")


def main(argv: Sequence[str]) -> int:
    """Run as the module says; 1 if a figure differs that should not."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--golden", type=Path, help="write forty merged cases and twenty as drawn here")
    flags = parser.parse_args(argv)
    golden: list[dict[str, object]] = []
    different = compare_with_pyannote(flags.cases, merge=True, golden=golden)
    del golden[40:]
    different += compare_with_pyannote(flags.cases, merge=False, golden=golden)
    different += compare_with_spyder(flags.cases)
    print_cases()
    print_speed()
    if flags.golden:
        head = f'{{"by": "pyannote.metrics {version("pyannote.metrics")}", "cases": [\n'
        lines = ",\n".join(json.dumps(case) for case in golden)
        flags.golden.write_text(f"{head}{lines}\n]}}\n", encoding="utf-8")
    return int(different > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
