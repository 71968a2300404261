"""The scenario as values. These classes define the scenario file: its keys are their fields, and its JSON Schema is generated from them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields
from math import inf
from typing import ClassVar, Final, Literal, TypeAlias

from diarkit_contracts.api.dialect import Dialect
from diarkit_contracts.api.learned import SeenPoint
from diarkit_contracts.api.points import Generation
from diarkit_contracts.api.states import UNDER_WAY, TaskState
from diarkit_mockserver.intake.submission import Media
from diarkit_mockserver.scenario.answer import HttpAnswer, check_success, read_http
from diarkit_mockserver.scenario.course import GUIDE, Course
from diarkit_mockserver.scenario.faults import Fault
from diarkit_mockserver.scenario.limits import Limits
from diarkit_mockserver.scenario.when import EVERY, When

JsonObject: TypeAlias = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpokenSegment:
    """One segment as in the platform's answers, times in seconds; in a file also as a list, `[0, 0.5, 2.25]`."""

    IN_ORDER: ClassVar[bool] = True

    speaker_id: int
    start_time: float
    end_time: float

    def __post_init__(self) -> None:
        if self.speaker_id < 0:
            raise ValueError(f"expected a speaker_id from 0, got {self.speaker_id}")
        if not 0 <= self.start_time < self.end_time < inf:
            raise ValueError(f"expected 0 <= start_time < end_time, got {self.start_time:g} and {self.end_time:g}")


OUTCOMES = ("result", "segments", "speakers", "rttm", "failed", "rejected")


@dataclass(frozen=True, slots=True, kw_only=True)
class Then:
    """The answer to a submission: at most one outcome, and its timing.

    Attributes:
        result: the platform's `result`, verbatim.
        segments: of each channel; the request's parameters are applied.
        speakers: number in each channel, in a generated conversation.
        rttm: file with the segments, relative to the scenario file; the request's parameters are applied.
        failed: the task fails, with this message.
        rejected: the task is rejected, with this message.
        der: diarization error rate of the answer, from 0 to 0.5.
        http: an HTTP status, or a custom answer.
        course: when each state is reached, instead of the scenario's course.
        breaks_contract: allow any `result`, even if it violates the contract.
    """

    result: JsonObject | None = None
    segments: tuple[tuple[SpokenSegment, ...], ...] | None = None
    speakers: int | None = None
    rttm: str | None = None
    failed: str | None = None
    rejected: str | None = None
    der: float | None = None
    http: int | HttpAnswer | None = None
    course: Course | None = None
    breaks_contract: bool = False

    def __post_init__(self) -> None:
        given = [name for name in OUTCOMES if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(f"expected one outcome, got {' and '.join(given)}")
        if self.speakers is not None and self.speakers < 0:
            raise ValueError(f"expected speakers >= 0, got {self.speakers}")
        if self.der is not None and not 0 <= self.der <= 0.5:
            raise ValueError(f"expected a der from 0 to 0.5, got {self.der}")
        if self.der is not None and given and given[0] in ("result", "failed", "rejected"):
            raise ValueError(f"der applies to segments: remove it, or {given[0]}")
        http = self.http_answer  # also validates a bare status
        if given and http is not None and not http.polls:
            raise ValueError(f"a refused submission has no outcome: remove {given[0]}, or add on: poll")
        if http is not None:
            check_success(http, http.on or "submit")

    @property
    def http_answer(self) -> HttpAnswer | None:
        """The custom answer."""
        return read_http(self.http)

    def __str__(self) -> str:
        given = ((one.name, getattr(self, one.name)) for one in fields(self))
        named = ", ".join(f"{name}={value!r:.60}" for name, value in given if value not in (None, False))
        return named or "the content of the file"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule: which submissions, and what they get.

    Attributes:
        when: which submissions; default all.
        then: the answer.
        times: number of submissions that it answers; afterwards later rules apply.
    """

    then: Then
    when: When = EVERY
    times: int | None = None

    def __post_init__(self) -> None:
        if self.times is not None and self.times < 1:
            raise ValueError(f"expected times >= 1, got {self.times}")

    def __str__(self) -> str:
        return str(self.when)


UUID: Final = "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
"""The canonical form of a task id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeededTask:
    """A task that exists from the beginning, without an upload; it stays in its state unless moved by hand.

    Attributes:
        id: of the task, a unique UUID.
        state: default the final state of its outcome: rejected, failed or done.
        result: the platform's `result`, verbatim.
        segments: of each channel.
        speakers: number in each channel of the audio assumed by `media`, in a conversation generated for the id.
        failed: the task fails, with this message.
        rejected: the task is rejected, with this message.
    """

    id: str
    state: TaskState | None = None
    result: JsonObject | None = None
    segments: tuple[tuple[SpokenSegment, ...], ...] | None = None
    speakers: int | None = None
    failed: str | None = None
    rejected: str | None = None

    def __post_init__(self) -> None:
        if re.fullmatch(UUID, self.id) is None:
            raise ValueError(f"id: expected a UUID as in 123e4567-e89b-12d3-a456-426614174000, got {self.id!r}")
        then = self.then  # refuses two outcomes
        if self.state not in {None, *UNDER_WAY, self.end}:
            held = then if then != Then() else "no outcome (failed and rejected are keys with the message)"
            raise ValueError(f"expected the state {self.end}, pending or running for {held}, got {self.state}")

    @property
    def then(self) -> Then:
        """Its outcome."""
        return Then(**{name: getattr(self, name) for name in OUTCOMES if name != "rttm"})

    @property
    def end(self) -> TaskState:
        """Its final state, or cancelled."""
        if self.failed is not None:
            return TaskState.FAILED
        if self.rejected is not None:
            return TaskState.REJECTED
        cancelled = self.state is TaskState.CANCELLED and self.then == Then()
        return TaskState.CANCELLED if cancelled else TaskState.DONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """The initial configuration of a world. Keys that begin with `x-` are ignored, for anchors.

    For changes of the format see docs/explanation/compatibility.md.

    Attributes:
        version: of this format.
        seed: for everything random.
        course: when each state of a task is reached, unless its rule has a course.
        rules: the first one that matches a submission answers it.
        tasks: that exist before any upload; limits apply to them too.
        limits: of the platform.
        faults: scheduled misbehaviour.
        media: assumptions for files that can't be measured.
        profile: generation of the API; default that of the server, which is 3.6 by default.
        dialect: overrides of points on which platforms differ.
        seen: observations of a live platform, with exchange and date (`diarkit learn`).
        not_learned: points that the platform did not show.
    """

    EXTENSIBLE: ClassVar[bool] = True

    version: Literal[1] = 1
    seed: int = 0
    course: Course = GUIDE
    rules: tuple[Rule, ...] = ()
    tasks: tuple[SeededTask, ...] = ()
    limits: Limits = field(default_factory=Limits)
    faults: tuple[Fault, ...] = ()
    media: Media = field(default_factory=Media)
    profile: Generation | None = None
    dialect: Dialect = field(default_factory=Dialect)
    seen: tuple[SeenPoint, ...] = ()
    not_learned: tuple[str, ...] = ()
