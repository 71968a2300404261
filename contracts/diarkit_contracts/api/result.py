"""The rules of a task's `result`: structure and semantics. Independent of the request and the task.

This module is long because each rule is next to its check and the limits of checking.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, TypeAlias, TypeGuard, TypeVar, cast

from diarkit_contracts.api.evidence import IN_CHANNEL, IN_SEGMENT, SCHEMAS, Evidence, Severity, documented, inferred

Read = TypeVar("Read")

Checking: TypeAlias = "Generator[ResultFault, None, Read]"
"""Yields the faults of a value, and returns what could be read, for enclosing checks."""

Path: TypeAlias = tuple[str | int, ...]
"""Keys and indices from the result down, such as `("channels", 0, "segments", 2, "end_time")`."""

EXAMPLES: Final = "examples of the reference and the guide, 3.6.0"
VBX: Final = f"{EXAMPLES}; 953 published outputs of the same technique"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of results; all but the first two are also clauses of the same name."""

    name: str
    sentence: str
    evidence: Evidence
    place: str


_SEGMENTS: Final = f"{IN_CHANNEL}/properties/segments"

STRUCTURE: Final = Rule(
    "structure",
    "A result has the keys, types and bounds of its schema.",
    documented("reference page of GET, 3.6.0"),
    f"{SCHEMAS}/SpeakerDiarizationResult",
)
KNOWN_KEYS: Final = Rule(
    "known-keys", "A result has no other keys.", inferred(EXAMPLES, Severity.ERROR), STRUCTURE.place
)
END_AFTER_START: Final = Rule(
    "end-after-start",
    "A segment does not end before it starts.",
    inferred("the names start_time and end_time: a violation contradicts itself", Severity.ERROR),
    f"{IN_SEGMENT}/end_time",
)
COUNT_IS_IDS: Final = Rule(
    "count-is-ids",
    "speakers_count is the number of distinct speaker_ids in the channel, or the requested total_speakers.",
    inferred("the name speakers_count: a violation contradicts itself", Severity.ERROR),
    f"{IN_CHANNEL}/properties/speakers_count",
)
CHANNEL_ONCE: Final = Rule(
    "channel-once",
    "A result has each channel once, unless it was requested twice.",
    documented("reference page of POST, 3.6.0: for each channel an independent result"),
    f"{IN_CHANNEL}/properties/channel_number",
)
SORTED: Final = Rule("sorted", "The segments of a channel are sorted by their start.", inferred(VBX), _SEGMENTS)
NO_OVERLAP: Final = Rule("no-overlap", "The segments of a channel do not overlap.", inferred(VBX), _SEGMENTS)
IDS_BY_APPEARANCE: Final = Rule(
    "ids-by-appearance",
    "The speakers of a channel are numbered 0, 1, 2, ... in the order in which they first speak.",
    inferred(EXAMPLES),
    f"{IN_SEGMENT}/speaker_id",
)
TWO_DECIMALS: Final = Rule(
    "two-decimals", "Times have at most two decimals.", inferred(EXAMPLES), f"{IN_SEGMENT}/start_time"
)

SIZE: Final = Rule(
    "bounded-size",
    "A result is no larger than that of two days of speech; a larger one is not checked further.",
    inferred(
        "limits page: uploads of two hours; a result of days contradicts the length of its upload", Severity.ERROR
    ),
    STRUCTURE.place,
)

MOST_BYTES: Final = 4 << 20
MOST_VALUES: Final = 80_000
MOST_SPEAKERS: Final = 150
"""Limits of bytes, keys and speakers per channel: two hours of speech are 1 MB, 50,000 keys and at most 100 speakers."""

RESULT_KEYS: Final = ("channels",)
CHANNEL_KEYS: Final = ("channel_number", "speakers_count", "segments")
SEGMENT_KEYS: Final = ("speaker_id", "start_time", "end_time")


@dataclass(frozen=True, slots=True)
class ResultFault:
    """A violation of a rule.

    Attributes:
        path: to the wrong value or extra key; for a missing key to its object.
        expected: a noun phrase.
        got: a noun phrase.
    """

    path: Path
    rule: Rule
    expected: str
    got: str

    @property
    def text(self) -> str:
        """The fault as a sentence."""
        return f"expected {self.expected}, got {self.got}"

    @property
    def severity(self) -> Severity:
        """Error for violating the reference or a contradiction, warning for differing from the examples."""
        return self.rule.evidence.severity

    def __str__(self) -> str:
        """Format the path as an index expression, followed by the fault."""
        place = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.path)
        return f"result{place}: {self.text}"


def list_result_faults(result: object) -> tuple[ResultFault, ...]:
    """List the violations in any value decoded from JSON, channel by channel; semantics only where the structure is right."""
    oversized = next(_list_crowds(result), None)
    return tuple(_check_result(result)) if oversized is None else (oversized,)


def find_oversize(body: bytes) -> str:
    """Return why an answer is too large to be checked, before decoding it; empty if it is not.

    Keys are counted by their colons, including those in texts.
    """
    if len(body) > MOST_BYTES:
        return f"{len(body)} bytes, more than {MOST_BYTES}"
    return f"{keys} keys, more than {MOST_VALUES}" if (keys := body.count(b":")) > MOST_VALUES else ""


def _list_crowds(result: object) -> Iterator[ResultFault]:
    """List the channels with too many speakers to compare."""
    channels = cast("dict[str, object]", result).get("channels") if isinstance(result, dict) else None
    for index, channel in enumerate(cast("list[object]", channels) if isinstance(channels, list) else []):
        segments = cast("dict[str, object]", channel).get("segments") if isinstance(channel, dict) else None
        items = cast("list[object]", segments) if isinstance(segments, list) else []
        speakers = {str(cast("dict[str, object]", each).get("speaker_id")) for each in items if isinstance(each, dict)}
        if len(speakers) > MOST_SPEAKERS:
            expected = f"at most {MOST_SPEAKERS} speakers in a channel"
            yield ResultFault(("channels", index, "segments"), SIZE, expected, f"{len(speakers)}")


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
                CHANNEL_ONCE,
                "each channel once",
                f"number {number}, which channels[{seen[number]}] has too",
            )


def _check_channel(channel: object, path: Path) -> Checking[float | None]:
    """Check one channel, and return its number for the check for duplicates."""
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
            expected = f"{speakers}, the number of speakers in its segments"
            yield ResultFault((*path, "speakers_count"), COUNT_IS_IDS, expected, f"{count}")
        yield from _check_order(sound)
    return number


@dataclass(frozen=True, slots=True)
class _Segment:
    path: Path
    speaker: float
    start: float
    end: float


def _check_segment(segment: object, path: Path) -> Checking[_Segment | None]:
    """Check a single segment; return None if it can't be compared with others."""
    read = yield from _check_object(segment, path, SEGMENT_KEYS)
    speaker = yield from _check_number(read, "speaker_id", path, _is_integer)
    start = yield from _check_number(read, "start_time", path, _is_number)
    end = yield from _check_number(read, "end_time", path, _is_number)
    for name, time in (("start_time", start), ("end_time", end)):
        if time is not None and round(time, 2) != time:
            yield ResultFault((*path, name), TWO_DECIMALS, "at most two decimals", _show(time))
    if start is not None and end is not None and not start < end:
        expected = f"an end after the start at {_show(start)}"
        yield ResultFault((*path, "end_time"), END_AFTER_START, expected, _show(end))
    return None if speaker is None or start is None or end is None else _Segment(path, speaker, start, end)


def _check_order(segments: list[_Segment]) -> Iterator[ResultFault]:
    known: set[float] = set()
    for segment in segments:
        if segment.speaker not in known and segment.speaker != len(known):
            expected = f"ids in the order of first appearance, so {len(known)} here"
            yield ResultFault((*segment.path, "speaker_id"), IDS_BY_APPEARANCE, expected, _show(segment.speaker))
        known.add(segment.speaker)
    for before, segment in pairwise(segments):
        path = (*segment.path, "start_time")
        if segment.start < before.start:
            expected = f"segments in the order of their start, so at least {_show(before.start)}"
            yield ResultFault(path, SORTED, expected, _show(segment.start))
        elif segment.start < before.end:
            expected = f"no overlap with the previous segment, which ends at {_show(before.end)}"
            yield ResultFault(path, NO_OVERLAP, expected, _show(segment.start))


def _check_object(value: object, path: Path, keys: tuple[str, ...]) -> Checking[dict[str, object]]:
    """Check that a value is an object with exactly these keys, and return those present."""
    if not isinstance(value, dict):
        yield _fault(path, f"an object with {', '.join(keys)}", _show(value))
        return {}
    read = cast("dict[object, object]", value)
    for key in keys:
        if key not in read:
            yield _fault(path, f"the key {key}", "none")
    for came in read:
        if came not in keys:
            yield ResultFault((*path, str(came)), KNOWN_KEYS, f"only {', '.join(keys)}", f"the key {came!r:.60}")
    return {key: read[key] for key in keys if key in read}


def _check_list(value: object, path: Path) -> Checking[list[object]]:
    """Check that a value is a list; return an empty one otherwise."""
    if isinstance(value, list | tuple):
        return cast("list[object]", value)
    yield _fault(path, "a list", _show(value))
    return []


def _check_number(
    read: dict[str, object], key: str, path: Path, is_right: Callable[[object], TypeGuard[float]]
) -> Checking[float | None]:
    """Check that a value is a number >= 0 of the right type; return None otherwise."""
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
    # As in JSON Schema, 1.0 is an integer.
    return _is_number(value) and value == int(value)


def _show(value: object) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, dict | list | tuple):
        return "an object" if isinstance(value, dict) else "a list"
    return f"{value!r:.60}"


def _fault(path: Path, expected: str, got: str) -> ResultFault:
    return ResultFault(path, STRUCTURE, expected, got)
