"""Shows how near drawn conversations are to published diarization output, and builds the tables they are drawn from.

    python tests/peers/conversation_fit.py STATISTICS.json            the fit, as a table
    python tests/peers/conversation_fit.py STATISTICS.json --build    the text of conversation/quantiles.json

STATISTICS.json holds, for each kind of recording, the quantiles of segment durations, of pauses and of gaps (257
each, centiseconds), p_hold, p_touch_given_change, p_return_aba and the 5, 25, 50, 75 and 95 % quantiles of the share of the
speaker who talks most, counted on the output files that are published with VBx (github.com/BUTSpeechFIT/VBx,
commit 57466e6, data/*/rttms). It is not part of this project.
"""

from __future__ import annotations

import argparse
import json
import sys
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from math import exp, log
from pathlib import Path
from statistics import NormalDist, mean, pstdev
from typing import TYPE_CHECKING, Any, TypeAlias

from diarkit_fixtures.conversation.drawn import PRESETS, Preset, draw_conversation
from diarkit_fixtures.draws import Draws

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from diarkit_fixtures.segments import Segments

Published: TypeAlias = "dict[str, dict[str, Any]]"
"""The statistics file as it was read."""

PARTS = 64
"""Entries of a table less one: the fit gains nothing from more."""


@dataclass(frozen=True)
class Part:
    """Recordings of one size: how many published files, weights of 1, 2, 3, ... speakers, mean length in centiseconds."""

    files: int
    speakers: tuple[int, ...]
    length: int


@dataclass(frozen=True)
class Row:
    """What is compared with what. The lengths follow from the published numbers of segments, per file and per minute."""

    title: str
    source: str
    preset: str
    parts: tuple[Part, ...]


ALONE = Part(52, (1,), 6400)
PAIR = Part(294, (0, 1), 8200)
GROUP = Part(153, (0, 0, 93, 42, 9, 5, 3, 0, 1), 23000)
ROWS = (
    Row("telephone, 2 speakers", "telephone_2_speakers (CALLHOME)", "telephone", (PAIR,)),
    Row("telephone, 3 and more", "telephone_3_and_more (CALLHOME)", "telephone", (GROUP,)),
    Row("telephone", "telephone_all (CALLHOME)", "telephone", (ALONE, PAIR, GROUP)),
    Row(
        "interview",
        "interview_and_mixed (DIHARD2 dev)",
        "interview",
        (Part(192, PRESETS["interview"].speakers, 43200),),
    ),
    Row("meeting", "meeting (AMI Mix-Headset dev+test)", "meeting", (Part(34, PRESETS["meeting"].speakers, 208000),)),
)


BROADCAST = Row("broadcast", "", "broadcast", (Part(216, PRESETS["broadcast"].speakers, 34000),))
HEAD = (
    "| drawn | KS durations | KS pauses | KS gaps | hold | touch | return | share 5 % | 25 % | 50 % | 75 % | 95 % | per minute |\n"
    "|---|---|---|---|---|---|---|---|---|---|---|---|---|\n"
)


@dataclass(frozen=True)
class Statistics:
    """What is counted on a set of recordings."""

    durations: list[int]
    pauses: list[int]
    gaps: list[int]
    hold: float
    touch: float
    back: float
    shares: list[float]
    per_minute: float


def count(recordings: Sequence[Segments]) -> Statistics:
    """Count what the published statistics count."""
    durations, pauses, gaps = [], [], []
    shares, rates = [], []
    changes = returns = chances = 0
    for segments in recordings:
        durations += [segment.end - segment.start for segment in segments]
        runs = [segments[0].speaker]
        for before, after in pairwise(segments):
            if before.speaker == after.speaker:
                pauses.append(after.start - before.end)
            else:
                changes += 1
                runs.append(after.speaker)
                if after.start > before.end:
                    gaps.append(after.start - before.end)
        chances += max(0, len(runs) - 2)
        returns += sum(first == third for first, third in zip(runs, runs[2:], strict=False))
        talk: Counter[int] = Counter()
        for segment in segments:
            talk[segment.speaker] += segment.end - segment.start
        shares.append(max(talk.values()) / talk.total())
        rates.append(6000 * len(segments) / (segments[-1].end - segments[0].start))
    return Statistics(
        sorted(durations),
        sorted(pauses),
        sorted(gaps),
        len(pauses) / (len(pauses) + changes),
        1 - len(gaps) / changes if changes else 0,
        returns / chances if chances else 0,
        [quantile(sorted(shares), part) for part in (0.05, 0.25, 0.5, 0.75, 0.95)],
        quantile(sorted(rates), 0.5),
    )


def quantile(values: Sequence[float], part: float) -> float:
    """Read a quantile off sorted values, interpolated."""
    place = part * (len(values) - 1)
    index = min(int(place), len(values) - 2)
    return values[index] + (values[index + 1] - values[index]) * (place - index)


def measure_ks(drawn: Sequence[int], published: Sequence[int]) -> float:
    """Measure the greatest distance of the two distributions (Kolmogorov and Smirnov)."""
    return max(
        abs(bisect_right(drawn, value) / len(drawn) - bisect_right(published, value) / len(published))
        for value in {*drawn, *published}
    )


def draw(row: Row, preset: Preset, times: int) -> list[Segments]:
    """Draw as many recordings as were published, some times over, with half to one and a half times their mean length."""
    recordings: list[Segments] = []
    for index, part in enumerate(row.parts):
        for number in range(part.files * times):
            key = (row.title, index, number)
            length = Draws("length", *key).between(part.length // 2, part.length * 3 // 2)
            recordings.append(draw_conversation(*key, length=length, preset=replace(preset, speakers=part.speakers)))
    return recordings


def compare(row: Row, published: Published, times: int) -> str:
    """Make a line of the table: KS distances, then each figure as drawn, as published, and the difference."""
    target = published[row.source]
    own = count(draw(row, PRESETS[row.preset], times))
    distances = (
        measure_ks(own.durations, target["duration_cs"]),
        measure_ks(own.pauses, target["pause_same_speaker_cs"]),
        measure_ks(own.gaps, target["gap_on_change_cs"]),
    )
    figures = (
        (own.hold, target["p_hold"]),
        (own.touch, target["p_touch_given_change"]),
        (own.back, target["p_return_aba"]),
        *zip(own.shares, target["dominant_share"], strict=True),
        (own.per_minute, target["segments_per_minute_median"]),
    )
    cells = [f"{distance:.3f}" for distance in distances]
    cells += [f"{drawn:.3g} {wanted:.3g} {drawn / wanted - 1:+.0%}" for drawn, wanted in figures]
    return f"| {row.title} | {' | '.join(cells)} |"


def describe_broadcast(times: int) -> str:
    """Say how the preset without published quantiles keeps its parameters."""
    own = count(draw(BROADCAST, PRESETS["broadcast"], times))
    logs = [log(duration / 100) for duration in own.durations]
    return (
        f"broadcast, drawn (wanted): ln seconds {mean(logs):.2f} (1.32) +- {pstdev(logs):.2f} (1.32), hold {own.hold:.2f} (0.42), "
        f"touch {own.touch:.2f} (0.41), return {own.back:.2f} (0.57), pause {mean(own.pauses) / 100:.2f} s (2.11), "
        f"gap {mean(own.gaps) / 100:.2f} s (1.78), share 5/50/95 % {own.shares[0]:.2f} {own.shares[2]:.2f} {own.shares[4]:.2f} (.26 .56 1)"
    )


def build(published: Published, times: int) -> str:
    """Make the text of conversation/quantiles.json."""
    tables: dict[str, dict[str, Sequence[int]]] = {}
    for row, name in (
        (ROWS[0], "telephone_pair"),
        (ROWS[1], "telephone_group"),
        (ROWS[3], "interview"),
        (ROWS[4], "meeting"),
    ):
        target = published[row.source]
        tables[name] = {
            "durations": separate_speakers(row, thin(target["duration_cs"]), times),
            "pauses": thin(target["pause_same_speaker_cs"]),
            "gaps": thin(target["gap_on_change_cs"]),
        }
    tables["broadcast"] = {
        # The paces of the speakers add 0.38 to the spread (domain facts 2.1): 1.26 ** 2 + 0.38 ** 2 = 1.32 ** 2.
        "durations": tabulate(lambda part: 100 * exp(1.32 + 1.26 * NormalDist().inv_cdf(part))),
        "pauses": tabulate(lambda part: -211 * log(1 - part)),
        "gaps": tabulate(lambda part: -178 * log(1 - part)),
    }
    return write_tables(tables)


def write_tables(tables: Mapping[str, Mapping[str, Sequence[int]]]) -> str:
    """Write JSON with 16 numbers in a line."""
    blocks: list[str] = []
    for name, columns in tables.items():
        rows: list[str] = []
        for kind, table in columns.items():
            lines = [", ".join(map(str, table[start : start + 16])) for start in range(0, len(table), 16)]
            rows.append(f'    "{kind}": [\n      ' + ",\n      ".join(lines) + "\n    ]")
        blocks.append(f'  "{name}": {{\n' + ",\n".join(rows) + "\n  }")
    return "{\n" + ",\n".join(blocks) + "\n}\n"


def separate_speakers(row: Row, wanted: Sequence[int], times: int) -> Sequence[int]:
    """Find the durations at a pace of 100 that give the wanted ones when the paces of the speakers are mixed in."""
    table = wanted
    preset = PRESETS[row.preset]
    for _ in range(4):
        pair, group = replace(preset.pair, durations=tuple(table)), replace(preset.group, durations=tuple(table))
        own = count(draw(row, Preset(preset.speakers, pair, group), times)).durations
        nudged = [
            max(1, round(entry * aim / quantile(own, index / PARTS)))
            for index, (entry, aim) in enumerate(zip(table, wanted, strict=True))
        ]
        table = [*accumulate(nudged[:-1], max), max(wanted[-1], nudged[-2])]
    return table


def thin(quantiles: Sequence[int]) -> Sequence[int]:
    """Keep every fourth quantile. The last entry is not the greatest value but the one that keeps the mean."""
    positive = [max(1, value) for value in quantiles]
    last = [(before + after) / 2 for before, after in pairwise(positive[-5:])]
    return [*positive[:-1:4], round(2 * mean(last) - positive[-5])]


def tabulate(inverse: Callable[[float], float]) -> Sequence[int]:
    """Tabulate the inverse of a distribution, its ends cut at 0.2 and 99.8 %."""
    return [max(1, round(inverse(min(max(index / PARTS, 0.002), 0.998)))) for index in range(PARTS + 1)]


def main(argv: Sequence[str]) -> None:
    """Run as the module says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("statistics", type=Path)
    parser.add_argument("--build", action="store_true", help="write the tables anew")
    parser.add_argument(
        "--times", type=int, default=4, help="draw as many recordings as were published, this many times over"
    )
    flags = parser.parse_args(argv)
    published: Published = json.loads(flags.statistics.read_text(encoding="utf-8"))
    if flags.build:
        sys.stdout.write(build(published, flags.times))
        return
    sys.stdout.write(HEAD)
    for row in ROWS:
        sys.stdout.write(compare(row, published, flags.times) + "\n")
    sys.stdout.write(describe_broadcast(flags.times) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
