"""The rules of a task's `result`: structure and semantics. Independent of the request and the task."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, TypeAlias, cast

from diarkit_contracts.api.evidence import IN_CHANNEL, IN_SEGMENT, SCHEMAS, Evidence, Severity, documented, inferred

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
class ReportedSegment:
    """A reported segment, in seconds."""

    speaker: int
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class ReportedChannel:
    """A reported channel."""

    number: int
    speakers: int
    segments: tuple[ReportedSegment, ...]


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
    return read_result(result)[1]


def read_result(result: object) -> tuple[tuple[ReportedChannel, ...] | None, tuple[ResultFault, ...]]:
    """Read the channels of a result, and list its violations; None for the channels if it is malformed or too large."""
    oversized = next(_list_crowds(result), None)
    if oversized is not None:
        return None, (oversized,)
    reading = _Reading()
    channels = reading.read_result(result)
    is_readable = all(fault.rule is not STRUCTURE for fault in reading.faults)
    return channels if is_readable else None, tuple(reading.faults)


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


class _Reading:
    """One pass over a result, which collects its violations in `faults`."""

    def __init__(self) -> None:
        self.faults: list[ResultFault] = []
        self._first: dict[object, Path] = {}

    def _report(self, path: Path, expected: str, got: str, rule: Rule = STRUCTURE) -> None:
        self.faults.append(ResultFault(path, rule, expected, got))

    def read_result(self, result: object) -> tuple[ReportedChannel, ...]:
        items = self._read_list(self._read_object(result, (), RESULT_KEYS), "channels", ())
        return tuple(self._read_channel(each, ("channels", index)) for index, each in enumerate(items))

    def _read_channel(self, value: object, path: Path) -> ReportedChannel:
        read = self._read_object(value, path, CHANNEL_KEYS)
        number = self._read_number(read, "channel_number", path, _is_integer)
        count = self._read_number(read, "speakers_count", path, _is_integer)
        inside = (*path, "segments")
        items = self._read_list(read, "segments", path)
        segments = [self._read_segment(each, (*inside, index)) for index, each in enumerate(items)]
        sound = tuple(segment for segment in segments if segment is not None)
        if len(sound) == len(segments) and "segments" in read:
            speakers = len({segment.speaker for segment in sound})
            if count is not None and count != speakers:
                expected = f"{speakers}, the number of speakers in its segments"
                self._report((*path, "speakers_count"), expected, f"{count}", COUNT_IS_IDS)
            self._check_order(sound, inside)
        first = self._first.setdefault(number, path)
        if number is not None and first != path:
            got = f"number {number}, which channels[{first[1]}] has too"
            self._report((*path, "channel_number"), "each channel once", got, CHANNEL_ONCE)
        return ReportedChannel(cast("int", number), cast("int", count), sound)

    def _read_segment(self, value: object, path: Path) -> ReportedSegment | None:
        """Read a single segment; None if it can't be compared with others."""
        read = self._read_object(value, path, SEGMENT_KEYS)
        speaker = self._read_number(read, "speaker_id", path, _is_integer)
        start, end = (self._read_number(read, key, path, _is_number) for key in ("start_time", "end_time"))
        for name, time in (("start_time", start), ("end_time", end)):
            if time is not None and round(time, 2) != time:
                self._report((*path, name), "at most two decimals", _show(time), TWO_DECIMALS)
        if start is not None and end is not None and not start < end:
            expected = f"an end after the start at {_show(start)}"
            self._report((*path, "end_time"), expected, _show(end), END_AFTER_START)
        return None if speaker is None or start is None or end is None else ReportedSegment(speaker, start, end)

    def _check_order(self, segments: Sequence[ReportedSegment], path: Path) -> None:
        known: set[float] = set()
        for index, segment in enumerate(segments):
            if segment.speaker not in known and segment.speaker != len(known):
                expected = f"ids in the order of first appearance, so {len(known)} here"
                self._report((*path, index, "speaker_id"), expected, _show(segment.speaker), IDS_BY_APPEARANCE)
            known.add(segment.speaker)
        for index, (before, segment) in enumerate(pairwise(segments), start=1):
            place = (*path, index, "start_time")
            if segment.start < before.start:
                expected = f"segments in the order of their start, so at least {_show(before.start)}"
                self._report(place, expected, _show(segment.start), SORTED)
            elif segment.start < before.end:
                expected = f"no overlap with the previous segment, which ends at {_show(before.end)}"
                self._report(place, expected, _show(segment.start), NO_OVERLAP)

    def _read_object(self, value: object, path: Path, keys: tuple[str, ...]) -> Mapping[str, Any]:
        """Read an object with exactly these keys; of any other value those that are present."""
        if not isinstance(value, dict):
            self._report(path, f"an object with {', '.join(keys)}", _show(value))
            return {}
        read = cast("dict[str, Any]", value)
        for key in keys:
            if key not in read:
                self._report(path, f"the key {key}", "none")
        for came in read:
            if came not in keys:
                self._report((*path, str(came)), f"only {', '.join(keys)}", f"the key {came!r:.60}", KNOWN_KEYS)
        return read

    def _read_list(self, read: Mapping[str, Any], key: str, path: Path) -> Sequence[object]:
        """Read a list; a missing one has been reported."""
        value = read.get(key, ())
        if isinstance(value, list | tuple):
            return cast("Sequence[object]", value)
        self._report((*path, key), "a list", _show(value))
        return ()

    def _read_number(self, read: Mapping[str, Any], key: str, path: Path, is_right: Callable[[Any], bool]) -> Any:
        """Read a number >= 0; None for a value of another type, and for a missing one, which has been reported."""
        if key not in read:
            return None
        value = read[key]
        if not is_right(value):
            self._report((*path, key), "a whole number" if is_right is _is_integer else "a number", _show(value))
            return None
        if value < 0:
            self._report((*path, key), "at least 0", _show(value))
        return value


def _is_number(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool)


def _is_integer(value: Any) -> bool:
    # As in JSON Schema, 1.0 is an integer.
    return _is_number(value) and value == int(value)


def _show(value: object) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, dict | list | tuple):
        return "an object" if isinstance(value, dict) else "a list"
    return f"{value!r:.60}"
