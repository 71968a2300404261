"""What the control API tells, as values: the same on the server that writes them and in the client that reads them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from diarkit_contracts.api.states import TaskState  # noqa: TC001 - the framework reads the fields' types at run time
from diarkit_mockserver.clock import SECOND

LAST_DATE = datetime(9999, 12, 31, tzinfo=UTC)
"""Time can be moved farther than a calendar goes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A server that answers.

    Attributes:
        nonce: what tells this server from others at the same address.
        version: of diarkit.
    """

    nonce: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockView:
    """A world's time.

    Attributes:
        ticks: microseconds since the world began.
        frozen: it stands still until it is moved or resumed.
        epoch: the date at 0, in seconds since 1970 UTC.
    """

    ticks: int
    frozen: bool
    epoch: int

    @property
    def seconds(self) -> float:
        """Seconds since the world began."""
        return self.ticks / SECOND

    @property
    def date(self) -> datetime:
        """What a calendar in this world says."""
        return tell_date(self.epoch, self.ticks)

    def __str__(self) -> str:
        """Tell the time in one line."""
        return f"{self.seconds:.6f} s, {'frozen' if self.frozen else 'running'}"


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
    """

    name: str
    path: str
    seed: int
    clock: ClockView
    tasks: int
    exchanges: int


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
    """

    task_id: str
    state: TaskState
    filename: str
    sha256: str
    occurrence: int
    polls: int
    manual: bool
    lost: bool


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
class Validation:
    """Whether a text is a scenario.

    Attributes:
        valid: it is.
        errors: all that is wrong with it.
    """

    valid: bool
    errors: tuple[Flawed, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A refusal of the control API, as RFC 9457 writes it.

    Attributes:
        type: a URI that tells this kind of problem from others.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Miss:
    """A submission that was not the expected one.

    Attributes:
        number: of its exchange.
        filename: as the client named it.
        reasons: field by field.
    """

    number: int
    filename: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What became of one expectation.

    Attributes:
        expected: in words.
        times: how many; None for at least one.
        found: how many there were.
        holds: whether that is as expected.
        nearest: the submissions that missed by the least, if there were too few.
    """

    expected: str
    times: int | None
    found: int
    holds: bool
    nearest: tuple[Miss, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether what was expected is what the journal says.

    Attributes:
        holds: all of it.
        checks: in the order of the expectations.
        exchanges: the last ones, each in a line.
        forgotten: exchanges that the journal no longer has.
        seed: of the world.
        clock: its time.
    """

    holds: bool
    checks: tuple[Check, ...]
    exchanges: tuple[str, ...] = field(default=())
    forgotten: int = 0
    seed: int
    clock: ClockView


def tell_date(epoch: int, ticks: int) -> datetime:
    """Tell the date of a moment of a world, as far as calendars go."""
    try:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=epoch, microseconds=ticks)
    except OverflowError:
        return LAST_DATE
