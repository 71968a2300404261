"""What the control API returns, as values: the same on the server that writes them and in the client that reads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from diarkit_contracts.api.states import TaskState  # noqa: TC001 - the fields' types are read at run time
from diarkit_contracts.exchanges.recording import FORMAT, VERSION
from diarkit_mockserver.clock import ClockView  # noqa: TC001
from diarkit_mockserver.scenario.course import NEVER
from diarkit_mockserver.world.platform import WORLDS

if TYPE_CHECKING:
    from diarkit_mockserver.journal.conduct import ConductFinding
    from diarkit_mockserver.world.platform import Platform
    from diarkit_mockserver.world.task import Progress, Task
    from diarkit_mockserver.world.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A server that answers.

    Attributes:
        nonce: distinguishes this server from others at the same address.
        version: of diarkit.
    """

    nonce: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldView:
    """A world, in short.

    Attributes:
        name: its part of the path; empty for the default world.
        path: under which its platform answers, relative to the server.
        seed: of its scenario.
        clock: its time.
        tasks: how many it knows.
        exchanges: how many it ever had.
        elsewhere: how many the default world ever had, with those that lead into no world.
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
    """A task, as it is when nobody looks.

    Attributes:
        task_id: as the client knows it.
        state: that the latest poll saw, or that the time of the world has brought.
        filename: of its upload.
        sha256: of its upload.
        occurrence: how often this same upload had come.
        polls: how often the client has looked.
        manual: it moves by hand only.
        lost: the platform denies that it exists.
        counts: what brings its states: the client's polls, the time of the world, or moves by hand.
        runs_at: number of the poll or move, or ticks of the world's clock, from which on it runs; None for a state that never comes.
        ends_at: likewise, from which on it has ended.
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
    """Who speaks when in the result of a task.

    Attributes:
        svg: a lane for each speaker of each channel; what is true above what is answered, where it is known.
        has_truth: whether it is.
    """

    svg: str
    has_truth: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ConductView:
    """A rule of good conduct that the client broke.

    Attributes:
        rule: its id.
        severity: error for what gets wrong results or ignores an answer; warning for what only costs.
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
    """What the client of a world met of all that can be met.

    Attributes:
        met: ids of points.
        behaved: those of them that were met where nothing was against the client: all of them, or none.
        generation: that the world answers as.
    """

    met: tuple[str, ...]
    behaved: tuple[str, ...]
    generation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerView:
    """An answer that was added.

    Attributes:
        rule: which submissions it is for, in words.
        then: what they get, in words.
        times: how many it answers; None for all.
        used: how many it has answered.
    """

    rule: str
    then: str
    times: int | None
    used: int

    def __str__(self) -> str:
        """Name it by what it is for and what it gives."""
        return f"{self.rule} -> {self.then}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Flawed:
    """One thing to correct in what was sent.

    Attributes:
        detail: what was expected, and what came.
        source: `body`, or the name of a query parameter.
        line: in the body, from 1; 0 for what is not in the body.
        column: from 1; 0 for what is not in the body.
    """

    detail: str
    source: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        """Write it as compilers do."""
        return (
            f"{self.source}:{self.line}:{self.column}: {self.detail}" if self.line else f"{self.source}: {self.detail}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalPage:
    """A part of a world's journal, which is a recording too.

    Attributes:
        format: what a recording begins with.
        version: of that format.
        total: exchanges that the world ever had, also those that are no longer there.
        now: its time, in ticks.
        epoch: the date at its time 0, in seconds since 1970 UTC.
        connections: numbers of the clients' connections that are open.
        entries: the oldest first, as `write_entries` writes them.
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
    """A refusal of the control API, as RFC 9457 writes it.

    Attributes:
        type: a URI that identifies this kind of problem.
        title: the kind, in words.
        status: of HTTP.
        detail: what was expected, what came, what to do.
        errors: each thing to correct, if there are several.
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
    """Describe a task without a poll."""
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


def view_finding(finding: ConductFinding) -> ConductView:
    """List what is held against the client."""
    rule = finding.rule
    return ConductView(
        rule=rule.id,
        severity=rule.evidence.severity.value,
        sentence=rule.sentence,
        text=finding.text,
        entries=finding.entries,
    )


def _name_position(position: int) -> int | None:
    return position if position < NEVER else None
