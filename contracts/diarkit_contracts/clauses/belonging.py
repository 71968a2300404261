"""Whether a result can be that of an upload: by the file's channels and length, and by who is known to speak in it. Judges no task."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from diarkit_fixtures.score.der import NOTHING, score
from diarkit_fixtures.segments import Segment, count_speakers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from diarkit_contracts.exchanges.history import ChannelTold, Start
    from diarkit_fixtures.segments import Channels, Segments

    Person = tuple[int, int]

ROUNDING_S: Final = 0.1
"""How far a time may lie outside: it counts in frames, and voice activity detection adds a little around speech (INF)."""

LATEST_S: Final = 1e9
"""A time after 30 years is none: other clauses have it, and it is too large to count with."""

CHANGING: Final = frozenset({"range_from", "range_to"})
"""Query parameters with which the truth of the file is not the truth of the answer."""


def read_truth(start: Start) -> Channels | None:
    """Read who is to be found in each channel of a split result; None if it is not known or the parameters change it."""
    sound = start.sound
    query = start.query
    is_changed = is_limited(start) or CHANGING & set(query) or query.get("channel_mode", "split") != "split"
    return None if sound is None or is_changed else sound.truth


def is_limited(start: Start) -> bool:
    """Return whether an upload says how many speakers are to be found, or may have said so.

    As many at most as speak in a channel, in a mix in all of them, change nothing.
    """
    config, sound = start.config or {}, start.sound
    most = config.get("max_speakers")
    if isinstance(most, int) and sound is not None and sound.truth is not None:
        count = max if start.query.get("channel_mode", "split") == "split" else sum
        return "total_speakers" in config or most < count(map(count_speakers, sound.truth))
    return not start.knows_config or bool({"max_speakers", "total_speakers"} & set(config))


def read_segments(channel: ChannelTold) -> Iterator[Segment]:
    """Read the segments of a channel that have a length, in centiseconds."""
    for told in channel.segments:
        if told.start < told.end < LATEST_S:
            start, end = round(told.start * 100), round(told.end * 100)
            if start < end:
                yield Segment(told.speaker, start, end)


def contradicts_file(start: Start, channels: tuple[ChannelTold, ...]) -> bool:
    """Return whether a result has a channel or a time that the uploaded file does not have."""
    sound = start.sound
    if sound is None:
        return False
    length = sound.seconds + ROUNDING_S
    return any(
        channel.number >= sound.channels or any(segment.end > length for segment in channel.segments)
        for channel in channels
    )


def rate_errors(start: Start, channels: tuple[ChannelTold, ...]) -> float | None:
    """Measure the diarization error rate of a result against the truth of an upload; None if it has none to measure against."""
    truth = read_truth(start)
    if truth is None:
        return None
    told = {channel.number: tuple(read_segments(channel)) for channel in channels if channel.number < len(truth)}
    wanted = told if start.query.get("channels") else range(len(truth))
    scored = sum((score(truth[number], told.get(number, ())) for number in wanted), NOTHING)
    return scored.der if scored.total else None


def count_segments(channels: tuple[ChannelTold, ...]) -> int:
    """Count the segments of all channels."""
    return sum(len(channel.segments) for channel in channels)


def measure_alone(channels: Iterable[Segments]) -> dict[Person, int]:
    """Measure how long each speaker speaks while nobody else does, in any of the channels.

    Returns:
        Centiseconds by position of the channel and number of the speaker.
    """
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
