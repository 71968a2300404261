"""What a server answers: rules over submissions, as plain values. Knows no file format, no HTTP and no clock.

These definitions are the scenario file: its keys are their fields, and its JSON Schema is written from them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields
from math import inf
from typing import ClassVar, Final, Literal, TypeAlias

from diarkit_contracts.api.dialect import Dialect
from diarkit_contracts.api.learned import SeenPoint  # noqa: TC001 - the loader reads the fields' types at run time
from diarkit_contracts.api.points import Generation  # noqa: TC001 - the loader reads the fields' types at run time
from diarkit_contracts.api.states import UNDER_WAY, TaskState
from diarkit_mockserver.intake.submission import Media
from diarkit_mockserver.scenario.answer import HttpAnswer, check_success, read_http
from diarkit_mockserver.scenario.course import GUIDE, Course
from diarkit_mockserver.scenario.faults import Fault  # noqa: TC001 - the loader reads the fields' types at run time
from diarkit_mockserver.scenario.limits import Limits
from diarkit_mockserver.scenario.when import EVERY, When

JsonObject: TypeAlias = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpokenSegment:
    """One segment as the platform writes it, times in seconds; in a file also as a list, `[0, 0.5, 2.25]`."""

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
    """What a submission gets: at most one outcome, and when.

    Attributes:
        result: the platform's `result`, given as it stands.
        segments: the speech in each channel; the request's parameters are applied to it.
        speakers: so many speakers in each channel of the audio, in a conversation drawn for it.
        rttm: file of the speech, beside the scenario file; the request's parameters are applied to it.
        failed: the task fails, with this message.
        rejected: the task is rejected, with this message.
        der: diarization error rate of the answer, from 0 to 0.5.
        http: an HTTP error status, or its details.
        course: when each state comes, instead of the scenario's own course.
        breaks_contract: let `result` be anything, even what the contract forbids.
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
            raise ValueError(f"der is for what is said: drop it, or {given[0]}")
        http = self.http_answer  # made of a bare status too, whose bounds it checks
        if given and http is not None and not http.polls:
            raise ValueError(f"a refused submission has no outcome: drop {given[0]}, or say on: poll")
        if http is not None:
            check_success(http, http.on or "submit")

    @property
    def http_answer(self) -> HttpAnswer | None:
        """The HTTP error with its details."""
        return read_http(self.http)

    def __str__(self) -> str:
        """Name it by what it gives."""
        given = ((one.name, getattr(self, one.name)) for one in fields(self))
        named = ", ".join(f"{name}={value!r:.60}" for name, value in given if value not in (None, False))
        return named or "what the file says"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One line of the script: which submissions, and what they get.

    Attributes:
        when: left out, all of them.
        then: what they get.
        times: how many submissions it answers; afterwards the rules below it do.
    """

    then: Then
    when: When = EVERY
    times: int | None = None

    def __post_init__(self) -> None:
        if self.times is not None and self.times < 1:
            raise ValueError(f"expected times >= 1, got {self.times}")

    def __str__(self) -> str:
        """Name the rule by what it asks for."""
        return str(self.when)


UUID: Final = "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
"""The usual form of a task's id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeededTask:
    """A task that is there from the beginning, without an upload; it stays in its state, unless a hand moves it.

    Attributes:
        id: of the task, a UUID; no two tasks have the same.
        state: left out, the one in which it ends by what it has: rejected, failed or done.
        result: the platform's `result`, given as it stands.
        segments: the speech in each channel.
        speakers: so many speakers in each channel of the audio that `media` assumes, in a conversation drawn for the id.
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
        then = self.then  # which refuses two outcomes
        if self.state not in {None, *UNDER_WAY, self.end}:
            held = then if then != Then() else "no outcome (failed and rejected are keys with the message)"
            raise ValueError(f"expected the state {self.end}, pending or running for {held}, got {self.state}")

    @property
    def then(self) -> Then:
        """What it answers at its end."""
        return Then(
            result=self.result,
            segments=self.segments,
            speakers=self.speakers,
            failed=self.failed,
            rejected=self.rejected,
        )

    @property
    def end(self) -> TaskState:
        """The state in which it ends: that of what it has, or cancelled."""
        if self.failed is not None:
            return TaskState.FAILED
        if self.rejected is not None:
            return TaskState.REJECTED
        cancelled = self.state is TaskState.CANCELLED and self.then == Then()
        return TaskState.CANCELLED if cancelled else TaskState.DONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """The configuration of a world before the first request. Keys that begin with `x-` are ignored: they hold anchors.

    How the format may change: docs/explanation/compatibility.md.

    Attributes:
        version: of this format.
        seed: everything drawn follows from it.
        course: when each state of a task comes, unless its rule says otherwise.
        rules: the first one that matches a submission answers it.
        tasks: that are there before anything is uploaded; they take part in limits as any task.
        limits: what the platform bears before it refuses.
        faults: what happens to which requests.
        media: assumed of files that can't be measured.
        profile: generation of the API to answer as; left out, that of the server, which is 3.6 unless it was started as another.
        dialect: points on which platforms differ, instead of those of the generation.
        seen: which of them were seen of a live platform, where and when (`diarkit learn`).
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
