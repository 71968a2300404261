"""Whether a result can belong to an upload, by the file's channels, length and truth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from diarkit_fixtures.score.der import NOTHING, score
from diarkit_fixtures.segments import Channels, Segment, Segments, count_speakers

if TYPE_CHECKING:
    from diarkit_contracts.exchanges.history import ReportedChannel, Start

    Person = tuple[int, int]

ROUNDING_S: Final = 0.1
"""Tolerance for times outside the file, for frame rounding and the margin of voice activity detection (INF)."""

LATEST_S: Final = 1e9
"""Times after 30 years are invalid, reported by other clauses, and too large to compute with."""

CHANGING: Final = frozenset({"range_from", "range_to"})
"""Query parameters that make the truth of the file inapplicable to the answer."""


def read_truth(start: Start) -> Channels | None:
    """Read the expected segments of each channel of a split result; None if unknown or changed by parameters."""
    sound = start.sound
    query = start.query
    is_changed = is_limited(start) or CHANGING & set(query) or start.mode != "split"
    return None if sound is None or is_changed else sound.truth


def is_limited(start: Start) -> bool:
    """Return whether an upload limits the number of speakers, or may do so.

    A limit that the channel, or in a mix all channels together, do not exceed has no effect.
    """
    config, sound = start.config or {}, start.sound
    most = config.get("max_speakers")
    if isinstance(most, int) and sound is not None and sound.truth is not None:
        count = max if start.mode == "split" else sum
        return "total_speakers" in config or most < count(map(count_speakers, sound.truth))
    return not start.knows_config or bool({"max_speakers", "total_speakers"} & set(config))


def read_segments(channel: ReportedChannel) -> Iterator[Segment]:
    """Read the non-empty segments of a channel, in centiseconds."""
    for one in channel.segments:
        if one.start < one.end < LATEST_S:
            start, end = round(one.start * 100), round(one.end * 100)
            if start < end:
                yield Segment(one.speaker, start, end)


def contradicts_file(start: Start, channels: tuple[ReportedChannel, ...]) -> bool:
    """Return whether a result has a channel or a time that the uploaded file does not have."""
    sound = start.sound
    if sound is None:
        return False
    length = sound.seconds + ROUNDING_S
    return any(
        channel.number >= sound.channels or any(segment.end > length for segment in channel.segments)
        for channel in channels
    )


def rate_errors(start: Start, channels: tuple[ReportedChannel, ...]) -> float | None:
    """Measure the diarization error rate of a result against the truth of an upload; None if the truth is unknown."""
    truth = read_truth(start)
    if truth is None:
        return None
    reported = {channel.number: tuple(read_segments(channel)) for channel in channels if channel.number < len(truth)}
    wanted = reported if start.query.get("channels") else range(len(truth))
    scored = sum((score(truth[number], reported.get(number, ())) for number in wanted), NOTHING)
    return scored.der if scored.total else None


def count_segments(channels: tuple[ReportedChannel, ...]) -> int:
    """Count segments over all channels."""
    return sum(len(channel.segments) for channel in channels)


def measure_alone(channels: Iterable[Segments]) -> dict[Person, int]:
    """Measure the non-overlapped speech of each speaker, in centiseconds by channel index and speaker number."""
    edges = sorted(
        (time, step, (number, segment.speaker))
        for number, segments in enumerate(channels)
        for segment in segments
        for time, step in ((segment.start, 1), (segment.end, -1))
    )
    alone = {person: 0 for _, _, person in edges}
    speaking: Counter[Person] = Counter()
    last = 0
    for time, step, person in edges:
        if len(speaking) == 1:
            alone[next(iter(speaking))] += time - last
        speaking[person] += step
        if not speaking[person]:
            del speaking[person]
        last = time
    return alone
