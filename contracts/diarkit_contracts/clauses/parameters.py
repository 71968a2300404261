"""Results compared with their requests: speakers, channels, range."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final, NamedTuple

from diarkit_contracts.api.evidence import IN_SEGMENT, SCHEMAS, Severity, documented, inferred
from diarkit_contracts.api.result import ReportedChannel
from diarkit_contracts.api.words import count
from diarkit_contracts.clauses.belonging import CHANGING, ROUNDING_S
from diarkit_contracts.clauses.clause import Observation, clause, observe
from diarkit_contracts.clauses.need import ANSWERED, CHOSEN, MIX, RANGE, SEGMENT, SOUND, TOTAL, TRUTH
from diarkit_contracts.exchanges.history import History, Look, Start
from diarkit_fixtures.segments import count_speakers, crop

MOST_SPEAKERS: Final = 100
"""DOC (guide, 3.6.0): the default of max_speakers."""


class Room(NamedTuple):
    """A channel in which fewer speak than max_speakers allows: the position of its result, then numbers."""

    at: int
    most: int
    spoken: int
    came: int
    segments: int


PAGE: Final = "reference page of POST, 3.6.0"
GUIDE: Final = "guide, 3.6.0"
PROTO: Final = "media_processing.proto (gRPC, 2.30)"


@clause(
    "parameters.total-speakers",
    documented(
        f"{GUIDE}; fewer for fewer segments is inferred, as a speaker without one is not visible; unknown for several channels"
    ),
    f"{SCHEMAS}/SpeakerDiarizationConfig/properties/total_speakers",
    TOTAL,
)
def _total_speakers(history: History) -> Iterator[Observation]:
    """With total_speakers a result of one channel has exactly that many speakers, or one per segment if it has fewer segments."""
    for look, start, channels in _list_answered(history):
        wanted = _read_limit(start, "total_speakers")
        # Whether it applies to each of several channels or to all together is not documented.
        if wanted is None or len(channels) != 1:
            continue
        least, came = min(wanted, len(channels[0].segments)), _count_speakers(channels[0])
        expected = f"{count(least, 'speaker')} in channel {channels[0].number}, for total_speakers {wanted}"
        yield observe(look.at, met=least <= came <= wanted, expected=expected, got=came)


@clause(
    "parameters.max-speakers",
    documented(GUIDE),
    f"{SCHEMAS}/SpeakerDiarizationConfig/properties/max_speakers",
    ANSWERED,
)
def _max_speakers(history: History) -> Iterator[Observation]:
    """No channel has more than max_speakers speakers (default 100)."""
    for look, start, channels in _list_answered(history):
        if _read_limit(start, "total_speakers") is None:
            most = _read_limit(start, "max_speakers") or MOST_SPEAKERS
            for channel in channels:
                came = _count_speakers(channel)
                expected = f"at most {count(most, 'speaker')} in channel {channel.number}"
                yield observe(look.at, met=came <= most, expected=expected, got=came)


@clause(
    "parameters.max-is-a-bound",
    documented(
        f"{GUIDE}: an upper boundary, whereas total_speakers is the exact number; undecided if more speakers than speak are found without a limit"
    ),
    f"{SCHEMAS}/SpeakerDiarizationConfig/properties/max_speakers",
    ANSWERED,
    TRUTH,
)
def _max_is_a_bound(history: History) -> Iterator[Observation]:
    """Where fewer speak than max_speakers allows, results do not always have exactly that many speakers, or one per segment."""
    rooms = _list_rooms(history)
    # A server may raise the number for some limits only.
    met = {room.most for room in rooms if room.came != min(room.most, room.segments) or room.came <= room.spoken}
    exact = [room for room in rooms if room.most not in met]
    for room in rooms if len(rooms) > 1 else ():
        expected = f"fewer than {count(room.most, 'speaker')} sometimes, where {room.spoken} speak"
        yield observe(room.at, met=len(exact) < 2 or room not in exact, expected=expected, got=room.came)


@clause(
    "parameters.channels",
    documented(f"{PAGE}; reference page of GET, 3.6.0, for the numbers"),
    "components/parameters/Channels",
    ANSWERED,
)
def _channels(history: History) -> Iterator[Observation]:
    """With split a result has the requested number of channels, or all of the file, numbered from 0."""
    for look, start, channels, wanted in _list_split(history):
        came = sorted({channel.number for channel in channels})
        met = len(came) == len(wanted) if start.query.get("channels") else came == sorted(wanted)
        yield observe(look.at, met=met, expected=f"the channels {sorted(wanted)}", got=came)


@clause("parameters.channel-numbers", inferred(PROTO), "components/parameters/Channels", CHOSEN)
def _channel_numbers(history: History) -> Iterator[Observation]:
    """With split the requested channels have their numbers in the file."""
    for look, start, channels, wanted in _list_split(history):
        came = sorted({channel.number for channel in channels})
        if start.query.get("channels") and len(came) == len(wanted):
            yield observe(look.at, met=came == sorted(wanted), expected=f"the channels {sorted(wanted)}", got=came)


@clause("parameters.channel-order", inferred(PROTO), "components/parameters/Channels", ANSWERED)
def _channel_order(history: History) -> Iterator[Observation]:
    """With split the channels are in the requested order."""
    if renumbers(history):
        return
    for look, _, channels, wanted in _list_split(history):
        came = [channel.number for channel in channels]
        if sorted(set(came)) == sorted(wanted):
            met = list(dict.fromkeys(came)) == wanted
            yield observe(look.at, met=met, expected=f"the channels in the order {wanted}", got=came)


@clause("parameters.mix-is-one", documented(f"{PAGE}: the meaning of mix"), "components/parameters/ChannelMode", MIX)
def _mix_is_one(history: History) -> Iterator[Observation]:
    """With mix a result has one channel."""
    for look, start, channels in _list_answered(history):
        if start.mode == "mix":
            numbers = [channel.number for channel in channels]
            yield observe(look.at, met=len(numbers) == 1, expected="one channel, for channel_mode mix", got=numbers)


@clause("parameters.mix-is-zero", inferred(PROTO), "components/parameters/ChannelMode", MIX)
def _mix_is_zero(history: History) -> Iterator[Observation]:
    """With mix the channel is number 0."""
    for look, start, channels in _list_answered(history):
        if start.mode == "mix" and len(channels) == 1:
            came = channels[0].number
            yield observe(look.at, met=came == 0, expected="channel_number 0, for channel_mode mix", got=came)


@clause(
    "parameters.range",
    documented(f"{PAGE}; whether times count from the file or the range is unknown"),
    "components/parameters/RangeFrom",
    RANGE,
    SEGMENT,
)
def _range(history: History) -> Iterator[Observation]:
    """Segments lie between range_from and range_to, counted from the beginning of the file or of the range."""
    for look, start, channels in _list_answered(history):
        bounds = read_range(start)
        times = [time for channel in channels for segment in channel.segments for time in (segment.start, segment.end)]
        if bounds is not None and times:
            # UNK whether times count from the beginning of the file or of the range: either is accepted, a mixture is not.
            first, last = bounds
            ways = ((first, last), (0.0, last - first))
            met = any(low - ROUNDING_S <= min(times) and max(times) <= high + ROUNDING_S for low, high in ways)
            expected = f"segments from {first} to {last}, or from 0 to {last - first}"
            yield observe(look.at, met=met, expected=expected, got=f"segments from {min(times)} to {max(times)}")


@clause(
    "parameters.inside-audio",
    inferred("the meaning of end_time: a violation contradicts the upload", Severity.ERROR),
    f"{IN_SEGMENT}/end_time",
    SOUND,
    SEGMENT,
)
def _inside_audio(history: History) -> Iterator[Observation]:
    """No segment ends after the recording."""
    for look, start, channels in _list_answered(history):
        ends = [segment.end for channel in channels for segment in channel.segments]
        if start.sound is not None and ends:
            length = start.sound.seconds
            met = max(ends) <= length + ROUNDING_S
            yield observe(look.at, met=met, expected=f"no segment after {length:.2f} s", got=f"an end at {max(ends)}")


def _list_rooms(history: History) -> list[Room]:
    """List the channels with fewer speakers than max_speakers, if without a limit nowhere more are found than speak."""
    is_known, is_right, rooms = not renumbers(history), set[bool](), list[Room]()
    for look, start, channels, _ in _list_split(history):
        most = _read_limit(start, "max_speakers")
        if not is_known and start.query.get("channels"):
            continue
        for channel in channels:
            spoken, came = _count_spoken(start, channel.number), _count_speakers(channel)
            if spoken and not start.config:
                is_right.add(came <= spoken)
            if most is not None and 0 < spoken < most:
                rooms.append(Room(look.at, most, spoken, came, len(channel.segments)))
    return rooms if is_right == {True} else []


def _count_spoken(start: Start, number: int) -> int:
    """Count the speakers of a channel in the range; 0 if unknown."""
    sound = start.sound
    if sound is None or sound.truth is None or number >= sound.channels:
        return 0
    first, last = read_range(start) or (0.0, 0.0 if CHANGING & set(start.query) else sound.seconds)
    return count_speakers(crop(sound.truth[number], round(first * 100), round(last * 100)))


def _list_answered(history: History) -> Iterator[tuple[Look, Start, tuple[ReportedChannel, ...]]]:
    """List the results whose request is known and valid."""
    for look, start, channels in history.known_results():
        if start.config is not None and not {"max_speakers", "total_speakers"} <= set(start.config):
            yield look, start, channels


def _list_split(history: History) -> Iterator[tuple[Look, Start, tuple[ReportedChannel, ...], list[int]]]:
    """List the split results with their expected channels, if known."""
    for look, start, channels in _list_answered(history):
        if start.mode == "split":
            if start.channels:
                yield look, start, channels, list(dict.fromkeys(start.channels))
            elif start.channels is not None and start.sound is not None:
                yield look, start, channels, list(range(start.sound.channels))


def _count_speakers(channel: ReportedChannel) -> int:
    # Counted in the segments; speakers_count is checked by a separate clause.
    return len({segment.speaker for segment in channel.segments})


def _read_limit(start: Start, key: str) -> int | None:
    value = (start.config or {}).get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 1 else None


def renumbers(history: History) -> bool:
    """Return whether a server renumbers selected channels, so that numbers do not identify them."""
    return any(
        start.query.get("channels")
        and len(came := {each.number for each in channels}) == len(wanted)
        and came != set(wanted)
        for _, start, channels, wanted in _list_split(history)
    )


def read_range(start: Start) -> tuple[float, float] | None:
    """Read the range in seconds; None without a valid one."""
    query = start.query
    if not {"range_from", "range_to"} & set(query):
        return None
    try:
        first, last = float(query.get("range_from", "0")), float(query.get("range_to", "inf"))
    except ValueError:
        return None
    if start.sound is not None:
        last = min(last, start.sound.seconds)
    return (first, last) if first < last and math.isfinite(first) else None
