"""Answers of the control API as values, shared by server and client."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from diarkit_contracts.api.states import TaskState
from diarkit_contracts.exchanges.recording import FORMAT, VERSION
from diarkit_mockserver.clock import ClockView
from diarkit_mockserver.scenario.course import NEVER
from diarkit_mockserver.world.platform import WORLDS, Platform
from diarkit_mockserver.world.task import Progress, Task
from diarkit_mockserver.world.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """The identity of a server.

    Attributes:
        nonce: distinguishes this server from others at the same address.
        version: of diarkit.
    """

    nonce: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldView:
    """A summary of a world.

    Attributes:
        name: its part of the path; empty for the default world.
        path: base path of its platform, relative to the server.
        seed: of its scenario.
        clock: its time.
        tasks: number of tasks.
        exchanges: total number of exchanges.
        elsewhere: total number of exchanges of the default world, including requests to no world.
    """

    name: str
    path: str
    seed: int
    clock: ClockView
    tasks: int
    exchanges: int
    elsewhere: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskView:
    """A task, without polling it.

    Attributes:
        task_id: in canonical form.
        state: at the latest poll, or by the time of the world.
        filename: of its upload.
        sha256: of its upload.
        occurrence: number of this upload among identical ones, from 1.
        polls: number of polls.
        manual: whether it moves only by hand.
        lost: whether the platform denies that it exists.
        counts: what advances it: polls, the time of the world, or moves by hand.
        runs_at: number of the poll or move, or ticks, from which it is running; None for never.
        ends_at: likewise, from which it has ended.
    """

    task_id: str
    state: TaskState
    filename: str
    sha256: str
    occurrence: int
    polls: int
    manual: bool
    lost: bool
    counts: Literal["polls", "ticks", "moves"]
    runs_at: int | None
    ends_at: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureView:
    """A picture of the result of a task.

    Attributes:
        svg: a lane for each speaker of each channel; the truth, if known, above the answer.
        has_truth: whether the truth is known.
    """

    svg: str
    has_truth: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ConductView:
    """A rule of conduct that the client violated.

    Attributes:
        rule: its id.
        severity: error for wrong results or ignored answers; warning for mere cost.
        sentence: what a good client does.
        text: what this one did.
        entries: numbers of the exchanges concerned.
    """

    rule: str
    severity: Literal["error", "warning"]
    sentence: str
    text: str
    entries: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageView:
    """The contract coverage of a world's client.

    Attributes:
        met: ids of points.
        behaved: the same ids if there is no conduct finding, otherwise none.
        generation: of the world.
    """

    met: tuple[str, ...]
    behaved: tuple[str, ...]
    generation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerView:
    """An added answer.

    Attributes:
        rule: which submissions it matches, for people.
        then: what they get, for people.
        times: how many it answers; None for all.
        used: how many it has answered.
    """

    rule: str
    then: str
    times: int | None
    used: int

    def __str__(self) -> str:
        return f"{self.rule} -> {self.then}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Flawed:
    """One error in a request.

    Attributes:
        detail: what was expected, and what came.
        source: `body`, or the name of a query parameter.
        line: in the body, from 1; 0 outside of the body.
        column: from 1; 0 outside of the body.
    """

    detail: str
    source: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return (
            f"{self.source}:{self.line}:{self.column}: {self.detail}" if self.line else f"{self.source}: {self.detail}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalPage:
    """A page of a world's journal, which is also a recording.

    Attributes:
        format: of recordings.
        version: of that format.
        total: number of exchanges ever, including discarded ones.
        now: its time, in ticks.
        epoch: the date at its time 0, in seconds since 1970 UTC.
        connections: numbers of the clients' open connections.
        entries: oldest first, as written by `write_entries`.
    """

    format: Literal["diarkit-exchanges"] = FORMAT
    version: Literal[2] = VERSION
    total: int
    now: int
    epoch: int
    connections: tuple[int, ...]
    entries: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A refusal of the control API in the form of RFC 9457.

    Attributes:
        type: a URI that identifies the type of problem.
        title: the type, for people.
        status: HTTP status.
        detail: what was expected, what came, and advice.
        errors: single errors, if there are several.
    """

    type: str
    title: str
    status: int
    detail: str
    errors: tuple[Flawed, ...] = ()


def view_world(platform: Platform, name: str, world: World) -> WorldView:
    """Summarize a world."""
    return WorldView(
        name=name,
        path=f"{WORLDS}{name}" if name else "",
        seed=world.scenario.seed,
        clock=world.clock.view(),
        tasks=len(world.tasks),
        exchanges=world.journal.total,
        elsewhere=platform.world.journal.total,
    )


def view_task(task: Task, progress: Progress, now: int) -> TaskView:
    """Describe a task without polling it."""
    return TaskView(
        task_id=task.task_id,
        state=task.state_at(progress, now),
        filename=task.filename,
        sha256=task.sha256,
        occurrence=task.occurrence,
        polls=progress.polls,
        manual=task.manual,
        lost=progress.lost,
        counts=task.timetable.counts,
        runs_at=_name_position(task.timetable.runs_at),
        ends_at=_name_position(task.timetable.ends_at),
    )


def _name_position(position: int) -> int | None:
    return position if position < NEVER else None
