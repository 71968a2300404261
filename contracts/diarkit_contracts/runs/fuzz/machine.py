"""The Hypothesis state machine of the tier `fuzz`: tasks in flight, polls and mistakes in any order, judged by the clauses.

For an own server, as it sends thousands of requests. Finds are reported as steps and as rows to save.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from random import Random
from typing import Final, cast

from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
from hypothesis.errors import Flaky
from hypothesis.stateful import Bundle, RuleBasedStateMachine, rule, run_state_machine_as_test

from diarkit_contracts.api.evidence import Severity
from diarkit_contracts.api.profiles import DEFAULT, Profile
from diarkit_contracts.exchanges.exchange import Exchange
from diarkit_contracts.rows.call import Call
from diarkit_contracts.rows.drawn import draw_mistakes, draw_uploads
from diarkit_contracts.rows.mistakes import NEVER_GIVEN, get
from diarkit_contracts.runs.follow import Followed, explain_stop
from diarkit_contracts.runs.fuzz.example import Example, Find, OverError, Session, narrow_find
from diarkit_contracts.runs.fuzz.tally import Tally
from diarkit_contracts.runs.verdict import RunVerdict
from diarkit_contracts.target.client import Target

STEPS: Final = 25
"""Steps of an example: enough for several interleaved tasks, and short enough to read."""

MOST_EXAMPLES: Final = 1_000_000
"""Examples: practically unlimited, as seconds and calls end a run."""

SLOW: Final = (
    HealthCheck.too_slow,
    HealthCheck.data_too_large,
    HealthCheck.filter_too_much,
    HealthCheck.large_base_example,
)
"""Health checks of Hypothesis for fast tests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineRun:
    """The result of a run.

    Attributes:
        verdict: over all examples, with the exchanges of the find or the last example.
    """

    verdict: RunVerdict
    find: Find | None
    tally: Tally


def run_machine(  # noqa: PLR0913 - a run has that many knobs
    target: Target,
    seconds: float = 60.0,
    *,
    number: int = 0,
    profile: Profile = DEFAULT,
    fail_on: Severity = Severity.ERROR,
    shrink: bool = False,
    keep: Callable[[Iterable[Exchange]], object] = lambda _: None,
) -> MachineRun:
    """Fuzz a target until a clause is violated, so many seconds or its limits are over, or the run is interrupted.

    `keep` receives all exchanges in the order sent, example by example, between which the target's are cleared. Shrinking sends
    more requests.
    """
    session = Session(target, seconds, Tally(profile, fail_on), keep=keep, draws=Random(number))  # noqa: S311 - no secret
    found = _draw_examples(session, number)
    if found is not None and shrink:
        with suppress(KeyboardInterrupt):
            found = narrow_find(found, session)
    elif found is None and session.example is not None and (target.exchanges or target.lost):
        found = session.example.judge()
    run = _sum_up(session, found)
    session.give_away()
    return run


class _FoundError(AssertionError):
    """A clause was violated."""


def _draw_examples(session: Session, number: int) -> Find | None:
    found: list[Find] = []

    def make_machine() -> _Machine:
        return _Machine(session, found)

    drawn = settings(
        max_examples=MOST_EXAMPLES,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        phases=(Phase.generate,),
        report_multiple_bugs=False,
        print_blob=False,
        verbosity=Verbosity.quiet,
        suppress_health_check=SLOW,
    )
    try:
        run_state_machine_as_test(cast("type[_Machine]", seed(number)(make_machine)), settings=drawn)
    except OverError:
        session.over = True
    except KeyboardInterrupt as error:  # the exchanges so far are still judged
        session.over = True
        session.why = explain_stop(error)
    except (_FoundError, Flaky):
        # Hypothesis repeats a failing example; the first find is used whether or not it occurs again.
        if not found:
            raise
    return found[0] if found else None


def _sum_up(session: Session, find: Find | None) -> MachineRun:
    tally, target = session.tally, session.target
    if find is not None:
        verdict = tally.write_verdict(target, find.exchanges, find.findings, find.runs)
    elif twice := tally.find_twice_given():
        verdict = tally.write_verdict(target, tally.started, twice)
    else:
        verdict = tally.write_verdict(target, target.exchanges, ())
    return MachineRun(
        verdict=verdict if session.why is None else replace(verdict, whys=(session.why, *verdict.whys)),
        find=find,
        tally=tally,
    )


class _Machine(RuleBasedStateMachine):
    """One example, generated rule by rule."""

    tasks: Bundle[Followed] = Bundle("tasks")

    def __init__(self, session: Session, found: list[Find]) -> None:
        super().__init__()
        self._session = session
        self._found = found
        self._example = Example(session)

    @rule(target=tasks, call=draw_uploads())
    def upload(self, call: Call) -> Followed:
        """Send an upload."""
        return self._example.send(call, "upload")

    @rule(call=draw_mistakes())
    def ask_wrongly(self, call: Call) -> None:
        """Send a request that must be refused, or an absurd one."""
        self._example.send(call, "mistake")

    @rule()
    def ask_for_nobody(self) -> None:
        """Poll an unknown task."""
        self._example.send(get(NEVER_GIVEN), "unknown")

    @rule(task=tasks)
    def look(self, task: Followed) -> None:
        """Poll a task once."""
        self._example.look(task)

    @rule(task=tasks)
    def follow(self, task: Followed) -> None:
        """Poll a task until it has ended, and once more."""
        self._example.follow(task)
        self._example.look(task)

    def teardown(self) -> None:
        """End the example and judge it."""
        if self._session.over:
            return
        # Hypothesis repeats a failing example, which is not counted again.
        find = self._example.finish(counts=not self._found)
        if find is not None:
            self._found.append(find)
            raise _FoundError(find.findings[0].clause.id)
