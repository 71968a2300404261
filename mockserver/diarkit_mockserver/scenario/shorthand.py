"""Convert the arguments of test helpers to rules and courses of the scenario."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import is_dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias, TypedDict, cast

from diarkit_contracts.api.result import list_result_faults
from diarkit_fixtures.segments import Segment
from diarkit_fixtures.texts.build import suggest
from diarkit_fixtures.texts.fields import join_words
from diarkit_mockserver.scenario.answer import HttpLike
from diarkit_mockserver.scenario.content import read_spoken
from diarkit_mockserver.scenario.course import Course
from diarkit_mockserver.scenario.model import OUTCOMES, Rule, SpokenSegment, Then
from diarkit_mockserver.scenario.plain import read_plain
from diarkit_mockserver.scenario.when import EVERY, When

CourseLike: TypeAlias = "Course | Mapping[str, Mapping[str, float] | float]"
"""A course, or its form in a scenario file, such as `{"polls": {"running": 2}}`."""

SegmentLike: TypeAlias = "tuple[int, float, float] | Sequence[float] | Mapping[str, float] | Segment | SpokenSegment"
"""Speaker, start and end in seconds; the platform's object; or a `Segment`, as in `Recording.truth`."""


class Matching(TypedDict, total=False):
    """Matchers of submissions in rules, checks and queries; missing keys match everything.

    Attributes:
        filename: shell pattern for the uploaded file's name.
        sha256: of the file, or at least its first 8 hexadecimal digits.
        config: required keys and values of the request's config.
        channel_mode: as validated.
        channels: as sent, such as `0,1`.
        range_from: seconds.
        range_to: seconds.
        query: query parameters by name, each a shell pattern, or None for absent.
        headers: likewise, by case-insensitive name: `{"Authorization": None}` matches requests without it.
        upload: number among the uploads to this server, from 1.
        occurrence: number among identical requests (file, name, parameters), from 1.
        exact: whether parameters that are missing here must be absent, or have their default.
    """

    filename: str | None
    sha256: str | None
    config: Mapping[str, int] | None
    channel_mode: Literal["split", "mix"] | None
    channels: str | None
    range_from: float | None
    range_to: float | None
    query: Mapping[str, str | None] | None
    headers: Mapping[str, str | None] | None
    upload: int | None
    occurrence: int | None
    exact: bool | None


CHANNELS: Final = (
    "channels matches submissions by their query parameter as sent, such as '0,1': expected a text, got {!r:.60}; a result has "
    "a channel for each that the file has, or for each list in segments"
)


def write_when(matching: Matching, others: Collection[str] = ()) -> When:
    """Convert matchers to a pattern; an unknown key is a TypeError with a suggestion, an invalid value a ValueError."""
    given: dict[str, object] = {key: value for key, value in matching.items() if value is not None}
    names = [*others, *Matching.__annotations__]
    for key in matching:
        if key not in names:
            hint = When.RENAMED.get(key) or f"expected {join_words(names)}{suggest(key, names)}"
            raise TypeError(f"got an unexpected keyword argument {key!r}: {hint}")
    if not isinstance(channels := given.get("channels", ""), str):
        raise ValueError(CHANNELS.format(channels))  # noqa: TRY004 - as for all other values
    when: When = read_plain(When, given)
    return when


def write_rule(  # noqa: PLR0913 - a rule, in one line of a test
    *,
    when: When,
    times: int | None = None,
    result: Mapping[str, object] | None = None,
    segments: Sequence[Sequence[SegmentLike]] | None = None,
    speakers: int | None = None,
    rttm: str | Path | None = None,
    failed: str | None = None,
    rejected: str | None = None,
    http: HttpLike | None = None,
    der: float | None = None,
    course: CourseLike | None = None,
    breaks_contract: bool = False,
) -> Rule:
    """Make a rule; one without matchers answers only the next submission, unless `times` is given."""
    faults = () if result is None or breaks_contract else list_result_faults(result)
    if any(fault.severity == "error" for fault in faults):
        lines = "\n".join(f"  {fault}" for fault in faults)
        raise ValueError(f"the result violates the contract (breaks_contract=True allows it):\n{lines}")
    if rttm is not None and segments is not None:
        raise ValueError("expected one outcome, got segments and rttm")
    given: dict[str, object] = {
        "result": result,
        "segments": read_spoken(Path(rttm)) if rttm is not None else _read_segments(segments),
        "speakers": speakers,
        "failed": failed,
        "rejected": rejected,
        "http": http,
        "der": der,
        "course": None if course is None else read_course(course),
        "breaks_contract": breaks_contract or None,
    }
    then: Then = read_plain(Then, {key: value for key, value in given.items() if value is not None})
    if then == Then():
        raise ValueError(f"no answer given: expected one of {', '.join(OUTCOMES)}, http, der, course")
    if times is None:
        times = 1 if when == EVERY else None
    elif type(times) is not int:
        raise ValueError(f"times: expected a whole number, got {times!r:.60}")
    return Rule(when=when, then=then, times=times)


ANSWERS: Final = tuple(write_rule.__kwdefaults__ or ())
"""The arguments about the answer."""


def read_course(course: CourseLike) -> Course:
    """Read a course from its form in a scenario file, or raise ValueError with the valid forms."""
    try:
        return cast("Course", course if is_dataclass(course) else read_plain(Course, course))
    except ValueError as error:
        reason = error
    raise ValueError(
        'expected a course: "immediate", "manual", {"polls": {"pending": 1, "running": 2}}, '
        f'{{"seconds": {{"pending": 0.5, "running": 4}}}} or {{"realtime_factor": 60, "workers": 2}}, got {course!r}: {reason}'
    )


def _read_segments(channels: Sequence[Sequence[SegmentLike]] | None) -> tuple[tuple[SpokenSegment, ...], ...] | None:
    if channels is None:
        return None
    try:
        return tuple(tuple(_read_segment(segment) for segment in channel) for channel in channels)
    except TypeError:
        raise ValueError(f"expected a list of segments for each channel, got {channels!r}") from None


def _read_segment(segment: SegmentLike) -> SpokenSegment:
    try:
        if isinstance(segment, SpokenSegment):
            return segment
        speaker: float
        if isinstance(segment, Segment):
            speaker, start, end = segment.speaker, segment.start / 100, segment.end / 100
        elif isinstance(segment, Mapping):
            speaker, start, end = segment["speaker_id"], segment["start_time"], segment["end_time"]
        else:
            speaker, start, end = segment
        values = int(speaker), float(start), float(end)
    except (TypeError, ValueError, KeyError):
        raise ValueError(
            "expected for each channel a list of segments, each (speaker, start, end) or with speaker_id, start_time, "
            f"end_time, as in segments=[[(0, 0.5, 2.25)]], got {segment!r}"
        ) from None
    return SpokenSegment(speaker_id=values[0], start_time=values[1], end_time=values[2])
