"""Compares `diarkit_fixtures.score.der` with pyannote.metrics, and writes the golden cases that the ordinary tests keep.

pyannote.metrics brings 260 MB, so it gets an environment of its own:

    python -m venv OTHER && OTHER/bin/pip install pyannote.metrics
    PYTHONPATH=fixtures OTHER/bin/python tests/peers/score_against_pyannote.py [--cases 1000] [--golden tests/fixtures/score_golden.json]
"""

from __future__ import annotations

import argparse
import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from pyannote.core import Annotation, Timeline
from pyannote.core import Segment as Stretch
from pyannote.metrics.diarization import DiarizationErrorRate, JaccardErrorRate

from diarkit_fixtures.draws import Draws
from diarkit_fixtures.score.der import Rules, map_speakers, score
from diarkit_fixtures.segments import Segment, merge_touching

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diarkit_fixtures.segments import Segments

PARTS = {"total": "total", "miss": "missed detection", "false_alarm": "false alarm", "confusion": "confusion"}


def draw_case(number: int) -> tuple[Segments, Segments, Rules]:
    """Draw a reference and an answer of up to six speakers who overlap, and rules."""
    draws = Draws("score case", number)
    sides: list[Segments] = []
    for _ in range(2):
        speakers, count = draws.between(1, 6), draws.between(0, 25)
        starts = [(draws.below(speakers), draws.below(3000)) for _ in range(count)]
        sides.append(
            merge_touching(Segment(speaker, start, start + draws.between(1, 400)) for speaker, start in starts)
        )
    collar = draws.pick((0, 0, 10, 25))
    length = draws.pick((None, 3400, 2000))
    return sides[0], sides[1], Rules(collar=collar, skip_overlap=draws.chance(300), length=length)


def annotate(segments: Segments, prefix: str) -> Annotation:
    """Turn segments into what pyannote takes."""
    annotation = Annotation(uri="case")
    for track, segment in enumerate(segments):
        annotation[Stretch(segment.start / 100, segment.end / 100), track] = f"{prefix}{segment.speaker}"
    return annotation


def find_extent(reference: Segments, answer: Segments, rules: Rules) -> Timeline:
    """Find what is scored: the given length, or from the first to the last edge."""
    edges = [edge for segment in (*reference, *answer) for edge in (segment.start, segment.end)] or [0, 1]
    extent = (min(edges), max(edges)) if rules.length is None else (0, rules.length)
    return Timeline([Stretch(extent[0] / 100, extent[1] / 100)])


def ask_pyannote(reference: Segments, answer: Segments, rules: Rules) -> dict[str, float]:
    """Score with pyannote.metrics."""
    uem = find_extent(reference, answer, rules)
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
            metric(annotate(reference, "r"), annotate(answer, "a"), uem=find_extent(reference, answer, rules))
        )
    return abs(theirs - score(reference, answer, rules).jer) < 1e-9


def main(argv: Sequence[str]) -> int:
    """Run as the module says; 1 if the DER or a part of it differs by more than floats do."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--golden", type=Path, help="write the first forty cases here")
    flags = parser.parse_args(argv)
    golden: list[dict[str, object]] = []
    worst: dict[str, float] = {}
    different = ties = empty = 0
    for number in range(flags.cases):
        reference, answer, rules = draw_case(number)
        theirs, own = ask_pyannote(reference, answer, rules), score(reference, answer, rules)
        ours = {name: getattr(own, name) / 100 for name in PARTS} | {"der": own.der, "jer": own.jer}
        gaps = {name: abs(ours[name] - theirs[name]) for name in theirs}
        worst = {name: max(gap, worst.get(name, 0)) for name, gap in gaps.items() if name != "jer"}
        if max(gap for name, gap in gaps.items() if name != "jer") > 1e-9:
            different += 1
            sys.stdout.write(f"case {number}: {rules}\n  ours   {ours}\n  theirs {theirs}\n")
        elif gaps["jer"] > 1e-9:
            # With the same confusion both mappings are best. Where no reference is left to score, the JER is 1 there and 0 here.
            if own.total == 0:
                empty += 1
            elif is_tie(reference, answer, rules):
                ties += 1
            else:
                different += 1
                sys.stdout.write(f"case {number}: {rules}: JER {ours['jer']} here, {theirs['jer']} there\n")
        elif len(golden) < 40:
            golden.append(
                {
                    "reference": [[segment.speaker, segment.start, segment.end] for segment in reference],
                    "answer": [[segment.speaker, segment.start, segment.end] for segment in answer],
                    "collar": rules.collar,
                    "skip_overlap": rules.skip_overlap,
                    "length": rules.length,
                    **{name: round(value, 12) for name, value in theirs.items()},
                }
            )
    if flags.golden:
        head = f'{{"by": "pyannote.metrics {version("pyannote.metrics")}", "cases": [\n'
        lines = ",\n".join(json.dumps(case) for case in golden)
        flags.golden.write_text(f"{head}{lines}\n]}}\n", encoding="utf-8")
    sys.stdout.write(
        f"{flags.cases} cases, {different} differ; in the JER alone {ties} by a tie of two best mappings"
        f" and {empty} without a reference; greatest differences {worst}\n"
    )
    return int(different > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
