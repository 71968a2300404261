"""Detect answers swapped between uploads that were in flight together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from diarkit_contracts.clauses.belonging import contradicts_file, count_segments, rate_errors

if TYPE_CHECKING:
    from diarkit_contracts.exchanges.history import Look, ReportedChannel, Start

    Answered = tuple[Look, Start, tuple[ReportedChannel, ...]]

LEAST_SEGMENTS: Final = 3
"""Two recordings may by chance share an answer of one or two segments, but not of three, exact to 0.01 s."""

FAR: Final = 0.5
NEAR: Final = 0.1
"""INF: an answer wrong for half of its own recording's speech, and for less than a tenth of another's, belongs to the other."""

OFF: Final = 0.2
"""INF: least error for its own recording if another task returned the identical answer."""


def list_in_flight(answered: list[Answered]) -> Iterator[tuple[Answered, list[Answered]]]:
    """List each answer with the answers for other files whose processing overlapped."""
    beside: dict[int, list[Answered]] = defaultdict(list)
    open_ones: list[Answered] = []
    for one in sorted(answered, key=lambda each: each[1].at):
        look, start, _ = one
        open_ones = [each for each in open_ones if each[0].at > start.at]
        for other in open_ones:
            if _read_digest(start) != _read_digest(other[1]):
                beside[look.at].append(other)
                beside[other[0].at].append(one)
        open_ones.append(one)
    for one in answered:
        if one[0].at in beside:
            yield one, beside[one[0].at]


def _read_digest(start: Start) -> str:
    return (start.file.sha256 or "") if start.file is not None else ""


def is_of(one: Answered, other: Answered) -> bool:
    """Return whether an answer does not fit its own upload but fits the other one."""
    (_, start, channels), (_, other_start, other_channels) = one, other
    if count_segments(channels) < LEAST_SEGMENTS or contradicts_file(other_start, channels):
        return False
    is_same = channels == other_channels
    own, theirs = rate_errors(start, channels), rate_errors(other_start, channels)
    if contradicts_file(start, channels):
        return is_same or (theirs is not None and theirs <= NEAR)
    if own is None or theirs is None:
        return False
    return (is_same and own >= OFF and theirs < own) or (own >= FAR and theirs <= NEAR)
