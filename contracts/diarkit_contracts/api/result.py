"""What must hold of a task's `result`: its structure and its meaning. Knows no request, no task and no server."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, TypeGuard, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping

Read = TypeVar("Read")

Checking: TypeAlias = "Generator[ResultFault, None, Read]"
"""Yields the faults of a value and returns what could be read of it, for the checks above it."""

Path: TypeAlias = tuple[str | int, ...]
"""Keys and positions from the result down, such as `("channels", 0, "segments", 2, "end_time")`."""

Evidence: TypeAlias = Literal["DOC", "INF"]
Weight: TypeAlias = Literal["error", "warning"]

Rule: TypeAlias = Literal[
    "structure",
    "known-keys",
    "end-after-start",
    "count-is-ids",
    "channel-once",
    "sorted",
    "no-overlap",
    "ids-by-appearance",
    "two-decimals",
]
"""What a fault is against; but for the first two there is a clause `result.` of that name."""

RULES: Final[Mapping[Rule, tuple[Evidence, Weight]]] = {
    "structure": ("DOC", "error"),
    "known-keys": ("INF", "error"),
    "end-after-start": ("INF", "error"),
    "count-is-ids": ("INF", "error"),
    "channel-once": ("INF", "error"),
    "sorted": ("INF", "warning"),
    "no-overlap": ("INF", "warning"),
    "ids-by-appearance": ("INF", "warning"),
    "two-decimals": ("INF", "warning"),
}
"""How each rule is known, and how bad it is to break it."""

RESULT_KEYS: Final = ("channels",)
CHANNEL_KEYS: Final = ("channel_number", "speakers_count", "segments")
SEGMENT_KEYS: Final = ("speaker_id", "start_time", "end_time")


@dataclass(frozen=True, slots=True)
class ResultFault:
    """One thing that is wrong with a result.

    Attributes:
        path: to the value that is wrong; to the object for a key that is missing, to the key for one too many.
        rule: what it is against.
        expected: what should be there, a noun phrase.
        got: what is there.
    """

    path: Path
    rule: Rule
    expected: str
    got: str

    @property
    def text(self) -> str:
        """A sentence: what was expected, and what came."""
        return f"expected {self.expected}, got {self.got}"

    @property
    def evidence(self) -> Evidence:
        """DOC where the reference says it, INF where it is concluded from the examples."""
        return RULES[self.rule][0]

    @property
    def severity(self) -> Weight:
        """Error for what breaks the reference or contradicts itself, warning for what only differs from the examples."""
        return RULES[self.rule][1]

    def __str__(self) -> str:
        """Name the place as one would index it, then what is wrong there."""
        place = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.path)
        return f"result{place}: {self.text}"


def list_result_faults(result: object) -> tuple[ResultFault, ...]:
    """Say in what a result differs from what the platform would answer.

    Args:
        result: as decoded from JSON; anything is allowed, nothing raises.

    Returns:
        Channel by channel. What has the wrong structure is not asked for its meaning.

    Source:
        DOC, reference page of the GET operation (3.6.0): keys, types, bounds. INF: no other keys.
        INF: a count is the number of ids, a segment ends after it starts, a channel has one result; the contrary would
        contradict itself, hence errors.
        INF from the examples, hence warnings: sorted by start, one speaker at a time, ids 0, 1, 2, ... by first
        appearance, two decimals.
    """
    return tuple(_check_result(result))


def _check_result(result: object) -> Iterator[ResultFault]:
    read = yield from _check_object(result, (), RESULT_KEYS)
    if "channels" not in read:
        return
    channels = yield from _check_list(read["channels"], ("channels",))
    seen: dict[object, int] = {}
    for index, channel in enumerate(channels):
        number = yield from _check_channel(channel, ("channels", index))
        if number is not None and seen.setdefault(number, index) != index:
            yield ResultFault(
                ("channels", index, "channel_number"),
                "channel-once",
                "each channel once",
                f"number {number}, which channels[{seen[number]}] has too",
            )


def _check_channel(channel: object, path: Path) -> Checking[float | None]:
    """Check one channel; its number, or None, is for the check that there is one of each."""
    read = yield from _check_object(channel, path, CHANNEL_KEYS)
    number = yield from _check_number(read, "channel_number", path, _is_integer)
    count = yield from _check_number(read, "speakers_count", path, _is_integer)
    segments: list[_Segment | None] = []
    if "segments" in read:
        for index, segment in enumerate((yield from _check_list(read["segments"], (*path, "segments")))):
            segments.append((yield from _check_segment(segment, (*path, "segments", index))))
    sound = [segment for segment in segments if segment is not None]
    if len(sound) == len(segments) and "segments" in read:
        speakers = len({segment.speaker for segment in sound})
        if count is not None and count != speakers:
            yield ResultFault(
                (*path, "speakers_count"),
                "count-is-ids",
                f"{speakers}, the number of speakers in the segments",
                f"{count}",
            )
        yield from _check_order(sound)
    return number


@dataclass(frozen=True, slots=True)
class _Segment:
    path: Path
    speaker: float
    start: float
    end: float


def _check_segment(segment: object, path: Path) -> Checking[_Segment | None]:
    """Check one segment by itself; None if it can't be compared with others."""
    read = yield from _check_object(segment, path, SEGMENT_KEYS)
    speaker = yield from _check_number(read, "speaker_id", path, _is_integer)
    start = yield from _check_number(read, "start_time", path, _is_number)
    end = yield from _check_number(read, "end_time", path, _is_number)
    for name, time in (("start_time", start), ("end_time", end)):
        if time is not None and round(time, 2) != time:
            yield ResultFault((*path, name), "two-decimals", "at most two decimals", _show(time))
    if start is not None and end is not None and not start < end:
        expected = f"an end after the start at {_show(start)}"
        yield ResultFault((*path, "end_time"), "end-after-start", expected, _show(end))
    return None if speaker is None or start is None or end is None else _Segment(path, speaker, start, end)


def _check_order(segments: list[_Segment]) -> Iterator[ResultFault]:
    known: set[float] = set()
    for segment in segments:
        if segment.speaker not in known and segment.speaker != len(known):
            yield ResultFault(
                (*segment.path, "speaker_id"),
                "ids-by-appearance",
                f"ids in the order of first appearance, so {len(known)} here",
                _show(segment.speaker),
            )
        known.add(segment.speaker)
    for before, segment in pairwise(segments):
        path = (*segment.path, "start_time")
        if segment.start < before.start:
            expected = f"segments in the order of their start, so at least {_show(before.start)}"
            yield ResultFault(path, "sorted", expected, _show(segment.start))
        elif segment.start < before.end:
            expected = f"no overlap with the segment ahead, which ends at {_show(before.end)}"
            yield ResultFault(path, "no-overlap", expected, _show(segment.start))


def _check_object(value: object, path: Path, keys: tuple[str, ...]) -> Checking[dict[str, object]]:
    """Check that a value is an object with just these keys; read those of them that are there."""
    if not isinstance(value, dict):
        yield _fault(path, f"an object with {', '.join(keys)}", _show(value))
        return {}
    read = cast("dict[object, object]", value)
    for key in keys:
        if key not in read:
            yield _fault(path, f"the key {key}", "none")
    for came in read:
        if came not in keys:
            yield ResultFault((*path, str(came)), "known-keys", f"only {', '.join(keys)}", f"the key {came!r:.60}")
    return {key: read[key] for key in keys if key in read}


def _check_list(value: object, path: Path) -> Checking[list[object]]:
    """Check that a value is a list; what is no list has no items."""
    if isinstance(value, list | tuple):
        return cast("list[object]", value)
    yield _fault(path, "a list", _show(value))
    return []


def _check_number(
    read: dict[str, object], key: str, path: Path, is_right: Callable[[object], TypeGuard[float]]
) -> Checking[float | None]:
    """Check that a key's value is a number >= 0 of the right kind; None for what is no such number."""
    if key not in read:
        return None
    value = read[key]
    if not is_right(value):
        kind = "a whole number" if is_right is _is_integer else "a number"
        yield _fault((*path, key), kind, _show(value))
        return None
    if value < 0:
        yield _fault((*path, key), "at least 0", _show(value))
    return value


def _is_number(value: object) -> TypeGuard[float]:
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool)


def _is_integer(value: object) -> TypeGuard[float]:
    # JSON Schema's integer: 1.0 is one.
    return _is_number(value) and value == int(value)


def _show(value: object) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, dict | list | tuple):
        return "an object" if isinstance(value, dict) else "a list"
    return f"{value!r:.60}"


def _fault(path: Path, expected: str, got: str) -> ResultFault:
    return ResultFault(path, "structure", expected, got)
