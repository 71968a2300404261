"""Whether a result can belong to an upload, by the file's channels, length and truth, or to another that was in flight with it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

from diarkit_contracts.api.result import ReportedChannel
from diarkit_contracts.exchanges.history import Look, Start
from diarkit_fixtures.score.der import NOTHING, score
from diarkit_fixtures.segments import Channels, Segment, Segments, count_speakers

Answered = tuple[Look, Start, tuple[ReportedChannel, ...]]
Person = tuple[int, int]

ROUNDING_S: Final = 0.1
"""Tolerance for times outside the file, for frame rounding and the margin of voice activity detection (INF)."""

LATEST_S: Final = 1e9
"""Times after 30 years are invalid, reported by other clauses, and too large to compute with."""

CHANGING: Final = frozenset({"range_from", "range_to"})
"""Query parameters that make the truth of the file inapplicable to the answer."""

LEAST_SEGMENTS: Final = 3
"""Two recordings may by chance share an answer of one or two segments, but not of three, exact to 0.01 s."""

FAR: Final = 0.5
NEAR: Final = 0.1
"""INF: an answer wrong for half of its own recording's speech, and for less than a tenth of another's, belongs to the other."""

OFF: Final = 0.2
"""INF: least error for its own recording if another task returned the identical answer."""


def read_truth(start: Start) -> Channels | None:
    """Read the expected segments of each channel of a split result; None if unknown or changed by parameters."""
    is_changed = is_limited(start) or CHANGING & set(start.query) or start.mode != "split"
    return None if start.sound is None or is_changed else start.sound.truth


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


def read_segments(channel: ReportedChannel, shift: int = 0) -> Iterator[Segment]:
    """Read the non-empty segments of a channel, moved by `shift`; all in centiseconds."""
    for one in channel.segments:
        if one.start < one.end < LATEST_S:
            start, end = round(one.start * 100), round(one.end * 100)
            if start < end:
                yield Segment(one.speaker, start + shift, end + shift)


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
