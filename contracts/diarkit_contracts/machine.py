"""The Hypothesis state machine: tasks in flight, looks and mistakes in any order, judged by the clauses. The tier `fuzz`.

For a server of one's own: it is asked thousands of times. What it finds comes as the steps that led there and as rows to keep.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NoReturn

from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
from hypothesis.errors import Flaky
from hypothesis.stateful import Bundle, RuleBasedStateMachine, rule, run_state_machine_as_test

from diarkit_contracts.call import Attached, Row
from diarkit_contracts.clauses.clause import Severity
from diarkit_contracts.drawn_calls import draw_mistakes, draw_uploads
from diarkit_contracts.history import find_value, read_object
from diarkit_contracts.profiles import DEFAULT
from diarkit_contracts.row_file import Plain, write_row
from diarkit_contracts.tally import Tally
from diarkit_contracts.target import ENDED, CapReachedError, UnreachableError
from diarkit_contracts.verdict import RowRun

if TYPE_CHECKING:
    from diarkit_contracts.call import Call
    from diarkit_contracts.exchange import Exchange
    from diarkit_contracts.profiles import Profile
    from diarkit_contracts.target import Target
    from diarkit_contracts.verdict import Finding, RunVerdict

STEPS: Final = 25
"""Of an example: enough for several tasks, each looked at between the others, and short enough to be read."""

MOST_EXAMPLES: Final = 1_000_000
"""More than any time allows: seconds and calls end a run."""

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
        steps: what was sent and what came back, one line each.
        rows: the requests of the steps, as `row_file` writes them.
    """

    findings: tuple[Finding, ...]
    exchanges: tuple[Exchange, ...] = field(repr=False)
    runs: tuple[RowRun, ...] = field(repr=False)
    steps: tuple[str, ...]
    rows: tuple[Plain, ...] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineRun:
    """What came of a run.

    Attributes:
        verdict: over all examples; its exchanges are those of the find, or of the last example.
        find: the shortest one that was seen; None without findings.
        examples: that were driven to their end.
    """

    verdict: RunVerdict
    find: Find | None
    examples: int


class _OverError(KeyboardInterrupt):
    """The run is over; Hypothesis lets it through as it lets a person's Ctrl-C."""


def run_machine(
    target: Target,
    bounds: Bounds,
    *,
    number: int = 0,
    profile: Profile = DEFAULT,
    fail_on: Severity = Severity.ERROR,
    shrink: bool = False,
) -> MachineRun:
    """Drive a target until a clause is broken or the time is up.

    Args:
        target: with caps of its own; its exchanges are cleared from example to example.
        bounds: when to end.
        number: the seed; the same one draws the same examples of a server that answers the same.
        profile: the generation to hold it against.
        fail_on: the least severity that is a find.
        shrink: ask on until the find is as short as can be, for up to ten times the calls that found it. Not for other people's servers.
    """
    session = _Session(target, bounds, Tally(profile, fail_on))

    def make_machine() -> _Machine:
        return _Machine(session)

    phases = (Phase.generate, Phase.shrink) if shrink else (Phase.generate,)
    try:
        run_state_machine_as_test(
            seed(number)(make_machine),  # type: ignore[arg-type]
            settings=settings(
                max_examples=MOST_EXAMPLES,
                stateful_step_count=STEPS,
                deadline=None,
                database=None,
                phases=phases,
                report_multiple_bugs=False,
                print_blob=False,
                verbosity=Verbosity.quiet,
                suppress_health_check=list(HealthCheck),
            ),
        )
    except (_OverError, _FoundError, Flaky):
        pass  # all of it is in the session; an example that does not fail again is a find all the same
    return session.finish()


class _FoundError(AssertionError):
    """A clause was broken."""


@dataclass(slots=True)
class _Session:
    """What outlives an example."""

    target: Target
    bounds: Bounds
    tally: Tally
    find: Find | None = None
    over: bool = False
    lost: int = 0
    found_after: int = 0
    unreachable: str = ""

    def check_time(self) -> None:
        """End the run if a bound is reached.

        Raises:
            _OverError: it is.
        """
        spent = self.target.spent
        shrunk = self.find is not None and spent.calls > 10 * self.found_after
        if self.over or shrunk or spent.seconds >= self.bounds.seconds or spent.calls >= self.bounds.calls:
            self.end()

    def end(self) -> NoReturn:
        self.over = True
        raise _OverError

    def keep(self, find: Find) -> None:
        """Keep the shortest find; the first one counts the calls that it took."""
        if self.find is None:
            self.found_after = self.target.spent.calls
        if self.find is None or len(find.steps) < len(self.find.steps):
            self.find = find

    def finish(self) -> MachineRun:
        """Sum up."""
        find, tally = self.find, self.tally
        if find is not None:
            verdict = tally.write_verdict(self.target, "fuzz", find.exchanges, find.findings, find.runs)
        elif twice := tally.find_twice_given():
            verdict = tally.write_verdict(self.target, "fuzz", tally.started, twice)
        else:
            verdict = tally.write_verdict(self.target, "fuzz", self.target.exchanges, ())
        return MachineRun(verdict=verdict, find=find, examples=tally.histories)


@dataclass(slots=True)
class _Followed:
    """An upload on its way."""

    row: Row
    task_id: str | None = None
    location: str | None = None
    at: list[int] = field(default_factory=list[int])
    looks: int = 0
    ended: bool = False


class _Machine(RuleBasedStateMachine):
    """One example."""

    tasks: Bundle[_Followed] = Bundle("tasks")

    def __init__(self, session: _Session) -> None:
        super().__init__()
        self._session = session
        self._target = session.target
        self._target.exchanges.clear()
        self._followed: list[_Followed] = []
        self._steps: list[str] = []

    @rule(target=tasks, call=draw_uploads())
    def upload(self, call: Call) -> _Followed:
        """Send an upload; waits for the oldest task first if no more may be in flight."""
        return self._send(call, "upload")

    @rule(call=draw_mistakes())
    def ask_wrongly(self, call: Call) -> None:
        """Send a request that has to be refused, or that nobody would send."""
        self._send(call, "mistake")

    @rule(task=tasks)
    def look(self, task: _Followed) -> None:
        """Ask for a task once."""
        self._look(task)

    @rule(task=tasks)
    def follow(self, task: _Followed) -> None:
        """Ask for a task until it has ended, and once more."""
        self._follow(task)
        self._look(task)

    def teardown(self) -> None:
        """Follow every task to its end, and judge what was said."""
        if self._session.over:
            return
        for task in self._followed:
            if not task.ended:
                self._follow(task)
            self._look(task)
        exchanges = tuple(self._target.exchanges)
        runs = tuple(RowRun(name=task.row.name, at=tuple(task.at)) for task in self._followed)
        findings = self._session.tally.judge(exchanges, runs)
        if findings:
            self._session.keep(
                Find(
                    findings=findings,
                    exchanges=exchanges,
                    runs=runs,
                    steps=tuple(self._steps),
                    rows=tuple(write_row(task.row) for task in self._followed),
                )
            )
            raise _FoundError(findings[0].clause.id)

    def _send(self, call: Call, what: str) -> _Followed:
        self._session.check_time()
        number = len(self._followed) + 1
        task = _Followed(Row(id=f"found-{number:02d}", what=what, call=call, shows=(), accepted=what == "upload"))
        self._followed.append(task)
        if call.method == "POST":
            for other in self._followed[:-1]:
                if not self._target.has_room:
                    self._follow(other)
        answer = self._keep(task, lambda: self._target.send(call))
        if answer is not None and answer.answer.status == 202 and call.method == "POST":
            task_id = find_value(read_object(answer.answer.body), "task", "task_id")
            task.task_id = task_id if isinstance(task_id, str) and task_id else None
            names = self._session.tally.profile.locations
            task.location = next(filter(None, map(answer.answer.header, names)), None)
        self._note(f"{task.row.name} {_describe(call)}", answer)
        return task

    def _look(self, task: _Followed) -> None:
        if task.task_id is None:
            return
        self._session.check_time()
        # By the told URL and by the id in turn: both have to lead to the task.
        location = task.location if task.looks % 2 == 0 else None
        task.looks += 1
        task_id = task.task_id
        answer = self._keep(task, lambda: self._target.poll(task_id, location))
        state = find_value(read_object(answer.answer.body), "task", "state") if answer else None
        if state in ENDED or answer is None or answer.answer.status != 200 or task.looks >= MOST_LOOKS:
            task.ended = True
            self._target.give_up(task_id)
        self._note(f"look at {task.row.id} -> {state}", answer)

    def _follow(self, task: _Followed) -> None:
        while task.task_id is not None and not task.ended:
            self._look(task)
            if not task.ended:
                self._target.clock.sleep(self._session.bounds.poll_s)

    def _keep(self, task: _Followed, send: Any) -> Exchange | None:
        """Send something and keep where its exchanges are; None without an answer."""
        first = len(self._target.exchanges)
        try:
            at: int = send()
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

    def _note(self, what: str, answer: Exchange | None) -> None:
        self._steps.append(f"{what}: {answer.answer.status if answer else 'no answer'}")


def _describe(call: Call) -> str:
    parts = call.body if isinstance(call.body, tuple) else ()
    said = [part.input if isinstance(part, Attached) else f"{part.name}={part.text!r:.60}" for part in parts]
    return " ".join([call.method, call.target, *said])
