"""One example of a fuzzed server: requests sent, their tasks followed to the end, each step noted, all of it judged. Draws nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NoReturn

from diarkit_contracts.exchanges.call_ids import is_named
from diarkit_contracts.exchanges.history import find_value, read_object
from diarkit_contracts.rows.call import Attached, Row
from diarkit_contracts.rows.file import Plain, write_row
from diarkit_contracts.runs.verdict import RowRun
from diarkit_contracts.target.client import ENDED, CapReachedError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from diarkit_contracts.exchanges.exchange import Exchange
    from diarkit_contracts.rows.call import Call
    from diarkit_contracts.runs.fuzz.tally import Tally
    from diarkit_contracts.runs.verdict import Finding
    from diarkit_contracts.target.client import Target

MOST_LOOKS: Final = 50
"""At one task that does not end; it is given up then."""

MOST_LOST: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """When a run ends, whichever comes first; the target's own caps end it too.

    Attributes:
        seconds: on the target's clock.
        calls: requests, those that make a find shorter included.
        poll_s: wait between two looks at a task whose end is waited for.
    """

    seconds: float = 60.0
    calls: int = 1_000_000
    poll_s: float = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Find:
    """An example that broke a clause.

    Attributes:
        findings: with positions in `exchanges`.
        runs: which exchanges belong to which row.
        steps: what was sent and what came back, one line each.
        rows: what was sent, in order.
    """

    findings: tuple[Finding, ...]
    exchanges: tuple[Exchange, ...] = field(repr=False)
    runs: tuple[RowRun, ...] = field(repr=False)
    steps: tuple[str, ...]
    rows: tuple[Row, ...] = field(repr=False)

    def write_rows(self) -> list[Plain]:
        """Write the rows as plain values, to be kept."""
        return [write_row(row) for row in self.rows]


class OverError(KeyboardInterrupt):
    """The run is over; Hypothesis lets it through as it lets a person's Ctrl-C."""


@dataclass(slots=True)
class Session:
    """What outlives an example.

    Attributes:
        progress: told after each example.
        over: a bound or a cap was reached, nothing more is sent.
        unreachable: why the server can't be asked any more.
    """

    target: Target
    bounds: Bounds
    tally: Tally
    progress: Callable[[Session], None]
    over: bool = False
    lost: int = 0
    unreachable: str = ""

    def check_time(self) -> None:
        """End the run if a bound is reached.

        Raises:
            OverError: it is.
        """
        spent = self.target.spent
        if self.over or spent.seconds >= self.bounds.seconds or spent.calls >= self.bounds.calls:
            self.end()

    def end(self) -> NoReturn:
        """End the run."""
        self.over = True
        raise OverError


@dataclass(slots=True)
class Followed:
    """A request on its way, and its task if it started one."""

    row: Row
    task_id: str | None = None
    location: str | None = None
    at: list[int] = field(default_factory=list[int])
    looks: int = 0
    ended: bool = False


class Example:
    """One example; the exchanges of the one ahead are forgotten.

    Args:
        session: that it is part of.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._target = session.target
        self._target.exchanges.clear()
        self._sent: list[Followed] = []
        self._steps: list[str] = []

    def send(self, call: Call, what: str) -> Followed:
        """Send a request; the oldest task is waited for if no more may be in flight.

        Raises:
            OverError: the run is over.
        """
        self._session.check_time()
        row = Row(id=f"found-{len(self._sent) + 1:02d}", what=what, call=call, accepted=what == "upload")
        task = Followed(row)
        if call.method == "POST":
            for other in self._sent:
                if not self._target.has_room:
                    self.follow(other)
        self._sent.append(task)
        exchange = self._keep(task, lambda: self._target.send(call, named=is_named(row.id)))
        if exchange is not None and exchange.answer.status == 202 and call.method == "POST":
            task_id = find_value(read_object(exchange.answer.body), "task", "task_id")
            task.task_id = task_id if isinstance(task_id, str) and task_id else None
            names = self._session.tally.profile.locations
            task.location = next(filter(None, map(exchange.answer.header, names)), None)
        self._note(f"{task.row.name} {_describe(call)}", exchange)
        return task

    def look(self, task: Followed) -> None:
        """Ask for a task once; nothing is asked for a request that started none.

        Raises:
            OverError: the run is over.
        """
        task_id = task.task_id
        if task_id is None:
            return
        self._session.check_time()
        # By the told URL and by the id in turn: both have to lead to the task.
        location = task.location if task.looks % 2 == 0 else None
        task.looks += 1
        exchange = self._keep(task, lambda: self._target.poll(task_id, location, named=is_named(task.row.id)))
        state = find_value(read_object(exchange.answer.body), "task", "state") if exchange else None
        if state in ENDED or exchange is None or exchange.answer.status != 200 or task.looks >= MOST_LOOKS:
            task.ended = True
            self._target.give_up(task_id)
        self._note(f"look at {task.row.id} -> {state}", exchange)

    def follow(self, task: Followed) -> None:
        """Ask for a task until it has ended.

        Raises:
            OverError: the run is over.
        """
        while task.task_id is not None and not task.ended:
            self.look(task)
            if not task.ended:
                self._target.clock.sleep(self._session.bounds.poll_s)

    def finish(self) -> Find | None:
        """Follow every task to its end, look once more, and judge what was said.

        Raises:
            OverError: the run is over.
        """
        for task in self._sent:
            self.follow(task)
            self.look(task)
        exchanges = tuple(self._target.exchanges)
        runs = tuple(RowRun(name=task.row.name, at=tuple(task.at), row=task.row) for task in self._sent)
        findings = self._session.tally.judge(exchanges, runs)
        if not findings:
            return None
        rows = tuple(task.row for task in self._sent)
        return Find(findings=findings, exchanges=exchanges, runs=runs, steps=tuple(self._steps), rows=rows)

    def _keep(self, task: Followed, send: Callable[[], int]) -> Exchange | None:
        """Send something and keep where its exchanges are; None without an answer."""
        first = len(self._target.exchanges)
        try:
            at = send()
        except CapReachedError:
            self._session.end()
        except UnreachableError as error:
            self._session.lost += 1
            if self._session.lost >= MOST_LOST:
                self._session.unreachable = str(error)
                self._session.end()
            return None
        finally:
            task.at += range(first, len(self._target.exchanges))
        self._session.lost = 0
        return self._target.exchanges[at]

    def _note(self, what: str, exchange: Exchange | None) -> None:
        self._steps.append(f"{what}: {exchange.answer.status if exchange else 'no answer'}")


def narrow_find(find: Find, session: Session) -> Find:
    """Ask on for a shorter way to the same finding: its row alone, then the rows without some of them.

    Not left to Hypothesis, which asks thousands of times and trips over a server that does not answer the same each time.

    Raises:
        OverError: the run is over; the find is still what it was.
    """
    broken, named = find.findings[0].clause.id, {finding.row for finding in find.findings}
    for row in find.rows:
        if row.name in named and (alone := _try(broken, [row], session)) is not None:
            return alone
    size = len(find.rows) // 2
    while size:
        start = 0
        while start < len(find.rows) > size:
            shorter = _try(broken, [*find.rows[:start], *find.rows[start + size :]], session)
            find, start = (find, start + size) if shorter is None else (shorter, start)
        size //= 2
    return find


def _try(broken: str, rows: Sequence[Row], session: Session) -> Find | None:
    """Send rows twice, and keep what is found both times: not what the example ahead has left behind."""
    find: Find | None = None
    for _ in range(2):
        example = Example(session)
        for row in rows:
            example.send(row.call, row.what)
        find = example.finish()
        if find is None or broken not in {finding.clause.id for finding in find.findings}:
            return None
    return find


def _describe(call: Call) -> str:
    parts = call.body if isinstance(call.body, tuple) else ()
    said = [part.input if isinstance(part, Attached) else f"{part.name}={part.text!r:.60}" for part in parts]
    return " ".join([call.method, call.target, *said])
