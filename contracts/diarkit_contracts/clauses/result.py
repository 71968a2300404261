"""One result by itself: its segments and counts agree with each other. Knows no request and no other answer."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

from diarkit_contracts.clauses.clause import Clause, Label, Severity, observe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diarkit_contracts.clauses.clause import Observation
    from diarkit_contracts.history import ChannelTold, History, SegmentTold


def check_ends(history: History) -> Iterator[Observation]:
    """Each segment ends after it starts."""
    for at, _, segment in _list_segments(history):
        yield observe(at, kept=segment.start < segment.end, expected="an end after the start", got=_show(segment))


def check_counts(history: History) -> Iterator[Observation]:
    """speakers_count is the number of different speaker_id."""
    for at, channel in _list_channels(history):
        speakers = len({segment.speaker for segment in channel.segments})
        expected = f"speakers_count {speakers} in channel {channel.number}, one for each speaker_id"
        yield observe(at, kept=channel.speakers == speakers, expected=expected, got=channel.speakers)


def check_channels(history: History) -> Iterator[Observation]:
    """No channel comes twice."""
    for look, channels in history.results():
        numbers = [channel.number for channel in channels]
        yield observe(look.at, kept=len(set(numbers)) == len(numbers), expected="each channel_number once", got=numbers)


def check_order(history: History) -> Iterator[Observation]:
    """Segments are sorted by their start."""
    for at, before, segment in _list_neighbours(history):
        expected = f"segments sorted by start, so none before {before.start}"
        yield observe(at, kept=before.start <= segment.start, expected=expected, got=_show(segment))


def check_overlap(history: History) -> Iterator[Observation]:
    """In a channel one speaker speaks at a time."""
    for at, before, segment in _list_neighbours(history):
        apart = before.end <= segment.start or segment.start < before.start
        expected = f"no overlap with the segment before, which ends at {before.end}"
        yield observe(at, kept=apart, expected=expected, got=_show(segment))


def check_ids(history: History) -> Iterator[Observation]:
    """Speakers are numbered 0, 1, 2, ... by first appearance."""
    for at, channel in _list_channels(history):
        seen = list(dict.fromkeys(segment.speaker for segment in channel.segments))
        expected = f"speaker_id {list(range(len(seen)))} in channel {channel.number}, by first appearance"
        yield observe(at, kept=seen == list(range(len(seen))), expected=expected, got=seen)


def check_decimals(history: History) -> Iterator[Observation]:
    """Times have at most two decimals."""
    for at, _, segment in _list_segments(history):
        kept = all(round(time, 2) == time for time in (segment.start, segment.end))
        yield observe(at, kept=kept, expected="times with at most two decimals", got=_show(segment))


def _list_channels(history: History) -> Iterator[tuple[int, ChannelTold]]:
    for look, channels in history.results():
        for channel in channels:
            yield look.at, channel


def _list_segments(history: History) -> Iterator[tuple[int, ChannelTold, SegmentTold]]:
    for at, channel in _list_channels(history):
        for segment in channel.segments:
            yield at, channel, segment


def _list_neighbours(history: History) -> Iterator[tuple[int, SegmentTold, SegmentTold]]:
    for at, channel in _list_channels(history):
        for before, segment in pairwise(channel.segments):
            yield at, before, segment


def _show(segment: SegmentTold) -> str:
    return f"speaker {segment.speaker} from {segment.start} to {segment.end}"


EXAMPLES: Final = "examples of the reference and the guide, 3.6.0"
VBX: Final = f"{EXAMPLES}; 953 published outputs of the same technique"

CLAUSES: Final = (
    Clause(
        id="result.end-after-start",
        sentence="A segment ends after it starts.",
        label=Label.INF,
        source="the names start_time and end_time: the contrary contradicts itself",
        severity=Severity.ERROR,
        check=check_ends,
    ),
    Clause(
        id="result.count-is-ids",
        sentence="speakers_count is the number of different speaker_id in the channel.",
        label=Label.INF,
        source="the name speakers_count: the contrary contradicts itself",
        severity=Severity.ERROR,
        check=check_counts,
    ),
    Clause(
        id="result.channel-once",
        sentence="A result has each channel once.",
        label=Label.DOC,
        source="reference page of POST, 3.6.0: for each channel an independent result",
        severity=Severity.ERROR,
        check=check_channels,
    ),
    Clause(
        id="result.sorted",
        sentence="The segments of a channel are sorted by their start.",
        label=Label.INF,
        source=VBX,
        severity=Severity.WARNING,
        check=check_order,
    ),
    Clause(
        id="result.no-overlap",
        sentence="In a channel one speaker speaks at a time.",
        label=Label.INF,
        source=VBX,
        severity=Severity.WARNING,
        check=check_overlap,
    ),
    Clause(
        id="result.ids-by-appearance",
        sentence="The speakers of a channel are numbered 0, 1, 2, ... in the order in which they first speak.",
        label=Label.INF,
        source=EXAMPLES,
        severity=Severity.WARNING,
        check=check_ids,
    ),
    Clause(
        id="result.two-decimals",
        sentence="Times have at most two decimals.",
        label=Label.INF,
        source=EXAMPLES,
        severity=Severity.WARNING,
        check=check_decimals,
    ),
)
