"""One example of a fuzzed run: send requests, follow their tasks, record each step, and judge everything."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Final, NoReturn

from diarkit_contracts.exchanges.exchange import Exchange
from diarkit_contracts.rows.call import Attached, Call, Row, Written
from diarkit_contracts.rows.drawn import vary_call
from diarkit_contracts.rows.file import Plain, write_row
from diarkit_contracts.runs.follow import Followed, follow
from diarkit_contracts.runs.fuzz.tally import Tally
from diarkit_contracts.runs.verdict import Cause, Finding, RowRun, Why
from diarkit_contracts.target.client import CapReachedError, Target, UnreachableError

MOST_LOOKS: Final = 50
"""Limit of polls of a task that does not end."""

MOST_LOST: Final = 3

POLL_S: Final = 0.01
"""Delay between two polls of an awaited task."""

AGAIN: Final = 6
"""One in so many uploads repeats an earlier one unchanged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Find:
    """A failing example.

    Attributes:
        findings: with positions in `exchanges`.
        runs: which exchanges belong to which row.
        steps: requests and answers, one line each.
        rows: requests in order.
    """

    findings: tuple[Finding, ...]
    exchanges: tuple[Exchange, ...] = field(repr=False)
    runs: tuple[RowRun, ...] = field(repr=False)
    steps: tuple[str, ...]
    rows: tuple[Row, ...] = field(repr=False)

    def write_rows(self) -> list[Plain]:
        """Convert the rows to plain values, to be saved."""
        return [write_row(row) for row in self.rows]


class OverError(KeyboardInterrupt):
    """The run is over; passes through Hypothesis like Ctrl-C."""


@dataclass(slots=True)
class Session:
    """The state of a run across examples.

    Attributes:
        seconds: when it ends, on the target's clock; it also ends at the target's limits.
        keep: receives the exchanges of each example when it ends.
        over: whether a limit was reached, so that nothing more is sent.
        why: interrupted, or the server no longer answers; None for neither.
        draws: for varying repeated requests.
        calls: number sent.
        example: the one in progress, or the last one.
    """

    target: Target
    seconds: float
    tally: Tally
    keep: Callable[[Iterable[Exchange]], object] = lambda _: None
    over: bool = False
    lost: int = 0
    draws: Random = field(default_factory=Random)
    calls: set[Call] = field(default_factory=set["Call"])
    why: Why | None = None
    example: Example | None = None

    def vary(self, call: Call, before: Sequence[Call]) -> Call:
        """Vary a call that was sent before, and the first of a run by its seed; or repeat one of `before`, its example's uploads."""
        self.tally.drawn += 1
        if before and call.method == "POST" and not self.draws.randrange(AGAIN):
            return self.draws.choice(before)
        while call in self.calls or not self.calls:
            call = vary_call(call, self.draws)
            if call not in self.calls:
                break
        self.calls.add(call)
        self.tally.distinct = len(self.calls)
        return call

    def give_away(self) -> None:
        """Pass on the exchanges since the example began, and discard them."""
        target = self.target
        self.keep(sorted((*target.exchanges, *target.lost), key=lambda each: each.request.sent_at))
        target.exchanges.clear()
        target.lost.clear()

    def check_time(self) -> None:
        """Raise OverError if the time is up."""
        if self.over or self.target.spent.seconds >= self.seconds:
            self.end()

    def end(self) -> NoReturn:
        """End the run."""
        self.over = True
        raise OverError


class Example:
    """One example; the exchanges of the previous one are discarded."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._target = session.target
        session.give_away()
        session.example = self
        self._sent: list[Followed] = []
        self._looks: dict[str, list[str]] = {}
        self._steps: list[str] = []

    def send(self, call: Call, what: str, *, vary: bool = True) -> Followed:
        """Send a request, waiting for the oldest task if no more may be in flight."""
        self._session.check_time()
        if vary:
            before = [each.row.call for each in self._sent if each.row.accepted]
            call = self._session.vary(call, before)
        row = Row(id=f"found-{len(self._sent) + 1:02d}", what=what, call=call, accepted=what == "upload")
        task = Followed(row, self._target, self._session.tally.profile)
        if call.method == "POST":
            for other in self._sent:
                if not self._target.has_room:
                    self.follow(other)
        self._sent.append(task)
        self._looks[row.id] = []
        exchange = self._keep(task.send) or self._keep(task.send)
        self._note(f"{row.name} {_describe(call)}", exchange)
        return task

    def look(self, task: Followed) -> None:
        """Poll a task once, if the request started one."""
        if not task.task_id:
            return
        self._session.check_time()
        self._looks[self._sent[-1].row.id].append(task.row.id)
        exchange = self._keep(task.look)
        if exchange is None or task.looks >= MOST_LOOKS:
            task.give_up()
        self._note(f"look at {task.row.id} -> {task.state if exchange else None}", exchange)

    def follow(self, task: Followed) -> None:
        """Poll a task until it has ended."""
        follow([task], self.look, lambda _: POLL_S)

    def finish(self, *, counts: bool = True) -> Find | None:
        """Follow every task to its end, poll it once more, and judge the example."""
        for task in self._sent:
            self.follow(task)
            self.look(task)
        return self.judge(counts=counts)

    def judge(self, *, counts: bool = True) -> Find | None:
        """Judge the exchanges so far; abandoned tasks are not held against the server."""
        exchanges = (*self._target.exchanges, *self._target.lost)
        runs = tuple(task.run for task in self._sent)
        findings = self._session.tally.judge(exchanges, runs, counts=counts)
        if not findings:
            return None
        rows = tuple(replace(task.row, looks=tuple(self._looks[task.row.id])) for task in self._sent)
        return Find(findings=findings, exchanges=exchanges, runs=runs, steps=tuple(self._steps), rows=rows)

    def _keep(self, send: Callable[[], Exchange]) -> Exchange | None:
        """Call `send`, and return its exchange; None without an answer."""
        try:
            exchange = send()
        except CapReachedError:
            self._session.end()
        except UnreachableError as error:
            self._session.lost += 1
            self._session.tally.dropped += 1
            if self._session.lost >= MOST_LOST:
                answered = self._session.tally.histories or self._target.exchanges
                self._session.why = Why(Cause.GONE if answered else Cause.UNREACHABLE, str(error))
                self._session.end()
            return None
        self._session.lost = 0
        return exchange

    def _note(self, what: str, exchange: Exchange | None) -> None:
        self._steps.append(f"{what}: {exchange.answer.status if exchange else 'no answer'}")


def narrow_find(find: Find, session: Session) -> Find:
    """Shrink a find: its row alone, then subsets of the rows.

    Not left to Hypothesis, which needs thousands of calls and fails for nondeterministic servers.
    """
    broken, named = find.findings[0].clause.id, {finding.row for finding in find.findings}
    for row in find.rows:
        if row.name in named and (alone := _try(broken, [row], session)) is not None:
            return alone
    size = len(find.rows) // 2
    while size:
        start, before = 0, len(find.rows)
        while start < len(find.rows) > size:
            shorter = _try(broken, [*find.rows[:start], *find.rows[start + size :]], session)
            find, start = (find, start + size) if shorter is None else (shorter, start)
        # A row may be needed only beside another one that could go.
        size = size if len(find.rows) < before else size // 2
    return find


def _try(broken: str, rows: Sequence[Row], session: Session) -> Find | None:
    """Send rows twice, and return a finding that occurs both times, which excludes side effects of earlier examples."""
    find: Find | None = None
    for _ in range(2):
        example = Example(session)
        for row in rows:
            example.send(row.call, row.what, vary=False)
        find = example.finish(counts=False)
        if find is None or broken not in {finding.clause.id for finding in find.findings}:
            return None
    return find


def _describe(call: Call) -> str:
    parts = call.body if isinstance(call.body, tuple) else ()
    words = [part.attach for part in parts if isinstance(part, Attached)]
    words += [f"{part.name}={part.text!r:.60}" for part in parts if isinstance(part, Written)]
    return " ".join([call.method, call.target, *words])
