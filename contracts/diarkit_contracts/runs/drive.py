"""Send a plan to a target row by row: tasks are followed to their ends, and inconclusive rows are repeated once.

This module is long, as each outcome determines what is sent next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

from diarkit_contracts.api.states import TaskState
from diarkit_contracts.exchanges.exchange import Loss
from diarkit_contracts.runs.follow import EVENTS, Followed, explain_stop, follow
from diarkit_contracts.runs.verdict import Cause, Ending, RowOutcome, RowRun, Skipped, Why
from diarkit_contracts.target.client import MOST_TRIES, Cap, CapReachedError, Target, UnreachableError
from diarkit_contracts.target.pace import wait_by_age

if TYPE_CHECKING:
    from diarkit_contracts.api.profiles import Capability, Profile
    from diarkit_contracts.rows.call import Row
    from diarkit_contracts.rows.plan import Plan

LOOKS_AT_THE_END: Final = 2
"""Polls of an ended task: immediately, after the other tasks of its step, and after all rows."""

MOST_LOST_LOOKS: Final = 2
"""A poll with a lost answer is repeated; at the second loss the task is abandoned."""

AGAIN: Final = frozenset(
    {Cause.TASK_FAILED, Cause.TOO_SLOW, Cause.LOST, Cause.RATE_LIMITED, Cause.BUSY, Cause.STORAGE_FULL}
)
"""Temporary causes: such a row is repeated once after all others."""

TOO_MANY_IN_FLIGHT: Final = (Cause.RATE_LIMITED, Cause.BUSY, Cause.STORAGE_FULL)
"""Causes that may be gone when a task has ended, as queue or storage have room again."""

Forcing: TypeAlias = "Mapping[Capability, Callable[[], AbstractContextManager[object]]]"
"""Forces behaviour of a target while the context is open, for one row."""

NOTHING_FORCED: Final[Forcing] = {}

MOST_LOST: Final = 3
"""Consecutive calls without an answer after which the server counts as gone."""

OF_THE_RUN: Final = (Cause.INTERRUPTED, Cause.TERMINATED, Cause.UNREACHABLE)
"""Causes that end a run."""

BUDGETS: Final[Mapping[Cap, Cause]] = {cap: Cause[f"BUDGET_{cap.name}"] for cap in Cap}
"""The cause of skipping by limit."""


@dataclass(slots=True)
class Drive:
    """The result of sending a plan.

    Attributes:
        rows: that were sent, with the exchanges of all attempts.
        outcomes: one for each planned row.
        unplanned: rows that need a capability the target lacks.
        given_up: ids of tasks that did not end in time.
        whys: why the run ended early, if it was interrupted or no call was answered.
    """

    rows: list[RowRun] = field(default_factory=list[RowRun])
    outcomes: list[RowOutcome] = field(default_factory=list[RowOutcome])
    unplanned: list[Skipped] = field(default_factory=list[Skipped])
    given_up: frozenset[str] = frozenset()
    whys: tuple[Why, ...] = ()

    def join(self, later: Drive) -> Drive:
        """Merge with the result of a later plan for the same target."""
        return Drive(
            rows=self.rows + later.rows,
            outcomes=self.outcomes + later.outcomes,
            unplanned=self.unplanned + later.unplanned,
            given_up=self.given_up | later.given_up,
            whys=self.whys + later.whys,
        )


def drive_plan(
    plan: Plan,
    target: Target,
    profile: Profile,
    forcing: Forcing = NOTHING_FORCED,
    progress: Callable[[Row], None] = lambda _: None,
) -> Drive:
    """Send the rows of a plan."""
    driver = _Driver(target, profile, forcing, progress)
    steps = [[row for row in step if row.needs is None or row.needs in forcing] for step in plan.steps]
    try:
        for step in steps:
            driver.run_step(step)
        driver.finish()
    except KeyboardInterrupt as error:  # the exchanges so far are still judged
        driver.over = explain_stop(error)
    left_out = (row for row in plan.rows if row.needs is not None and row.needs not in forcing)
    ends = list(driver.list_ends(row for step in steps for row in step))
    return Drive(
        rows=[run for run, _ in ends if run is not None],
        outcomes=[outcome for _, outcome in ends],
        unplanned=[
            Skipped(
                name=row.name, cause=Cause.CAPABILITY, reason=f"this target can't be made to {row.needs} (--fake can)"
            )
            for row in left_out
        ],
        given_up=frozenset(driver.given_up),
        whys=(driver.over,) if driver.over is not None and driver.over.cause in OF_THE_RUN else (),
    )


class _Driver:
    """Sends the rows of a plan, step by step.

    Attributes:
        over: why nothing more is sent; the remaining rows are skipped.
    """

    def __init__(self, target: Target, profile: Profile, forcing: Forcing, progress: Callable[[Row], None]) -> None:
        self.over: Why | None = None
        self.given_up: set[str] = set()
        self._target = target
        self._profile = profile
        self._forcing = forcing
        self._progress = progress
        self._attempts: dict[str, list[Followed]] = {}
        self._skipped: dict[str, Why] = {}
        self._earlier: dict[str, list[int]] = {}
        self._lost = 0

    def run_step(self, step: Sequence[Row]) -> None:
        """Send the rows of a step, in flight together as far as the target allows."""
        waiting = list(step)
        while waiting and self.over is None:
            together: list[Followed] = []
            while waiting and not self._is_over() and (not together or self._target.has_room):
                alone = not any(one.task_id for one in together)
                followed = self._start(waiting[0], alone=alone)
                cause = None if followed is None or followed.why is None else followed.why.cause
                if followed is not None and not alone and cause in TOO_MANY_IN_FLIGHT:
                    # The tasks in flight block it: it is repeated when they have ended.
                    self._earlier[followed.row.id] = followed.at
                    self._attempts[followed.row.name].pop()
                    break
                waiting.pop(0)
                if followed is not None and cause is Cause.LOST:
                    followed = self._send_again(followed, alone=alone)
                if followed is not None:
                    together.append(followed)
                    self._interleave(followed.row)
            self._follow(together)

    def finish(self) -> None:
        """Repeat inconclusive rows, and poll all ended tasks once more."""
        for last in [attempts[-1] for attempts in self._attempts.values() if attempts]:
            why = _find_why(last)
            is_known = why is not None and why.cause is Cause.TOO_SLOW and len(self.given_up) > 1
            if why is not None and why.cause in AGAIN and not is_known:
                again = self._send_again(last, alone=True)
                self._follow([again] if again is not None else [])
        for followed in (one for attempts in self._attempts.values() for one in attempts):
            if followed.task_id and followed.ended and self.over is None:
                self._look(followed)

    def list_ends(self, planned: Iterable[Row]) -> Iterator[tuple[RowRun | None, RowOutcome]]:
        """List the outcome of each planned row, with its exchanges if any."""
        for row in planned:
            attempts = self._attempts.get(row.name, [])
            run = RowRun(
                name=row.name,
                at=tuple(at for one in attempts for at in one.at),
                row=row,
                lost=tuple(at for one in attempts for at in one.lost),
            )
            yield run if run.at or run.lost else None, self._find_outcome(row, attempts)

    def _find_outcome(self, row: Row, attempts: Sequence[Followed]) -> RowOutcome:
        if not any(one.at or one.lost for one in attempts):
            left_out = self._skipped.get(row.name) or self.over or Why(Cause.NOT_SEEN, "not sent")
            return RowOutcome(
                row=row.name, ending=Ending.SKIPPED, cause=left_out.cause, reason=left_out.text, attempts=0
            )
        last = attempts[-1]
        why = _find_why(last) or (self.over if last.is_open else None)
        is_judged = why is None or (why.cause is Cause.TASK_FAILED and last.again)
        why = why or next(filter(None, map(_find_why, attempts)), None)
        return RowOutcome(
            row=row.name,
            ending=Ending.JUDGED if is_judged else Ending.INCONCLUSIVE,
            cause=None if why is None else why.cause,
            reason="" if why is None else why.text,
            attempts=len(attempts),
        )

    def _interleave(self, row: Row) -> None:
        """Poll the tasks listed by a row, in order."""
        sent = {one.row.id: one for attempts in self._attempts.values() for one in attempts}
        for one in (sent[name] for name in row.looks if name in sent):
            if one.task_id and (one.is_open or one.ended) and self.over is None:
                self._look(one)

    def _start(self, row: Row, *, alone: bool, again: bool = False) -> Followed | None:
        """Send a row; None if a limit prevents it."""
        self._progress(row)
        followed = Followed(row, self._target, self._profile, again=again, at=self._earlier.pop(row.id, []))
        self._attempts.setdefault(row.name, []).append(followed)
        try:
            with nullcontext() if row.needs is None else self._forcing[row.needs]():
                status = followed.send(MOST_TRIES if alone else 1).answer.status
        except CapReachedError as error:
            # A limit on tasks or bytes may affect only this row; one on calls or time ends the run.
            why = self._note_cap(error)
            followed.give_up(why)
            if not followed.at:
                self._attempts[row.name].pop()
                self._skipped[row.name] = why
            return None
        except UnreachableError as error:
            self._note_lost(followed, error)
            return followed
        self._lost = 0
        if not followed.task_id and row.needs is None:
            followed.why = EVENTS.get(status)
        return followed

    def _send_again(self, last: Followed, *, alone: bool) -> Followed | None:
        """Repeat a row once, unless its failure was forced or the run is over."""
        if self.over is not None or last.again or last.row.needs is not None:
            return last
        return self._start(last.row, alone=alone, again=True)

    def _is_over(self) -> bool:
        return self.over is not None

    def _follow(self, together: Sequence[Followed]) -> None:
        """Follow the tasks of a step to their ends, then poll each again."""

        def look(followed: Followed) -> None:
            self._look(followed)
            if followed.ended and self.over is None and any(one.is_open for one in together):
                self._look(followed)

        follow(together, look, wait_by_age)
        self.given_up |= {
            one.task_id.lower() for one in together if one.why is not None and one.why.cause is Cause.TOO_SLOW
        }
        for _ in range(LOOKS_AT_THE_END):
            for followed in together:
                if followed.ended and self.over is None:
                    self._look(followed)

    def _look(self, followed: Followed, *, again: bool = False) -> None:
        try:
            followed.look()
        except CapReachedError as error:
            why = self._note_cap(error)
            if not followed.ended:
                followed.give_up(why)
        except UnreachableError as error:
            self._note_lost(followed, error)
            if followed.ended and self.over is None and not again:
                self._look(followed, again=True)
        else:
            self._lost = 0

    def _note_cap(self, error: CapReachedError) -> Why:
        why = Why(BUDGETS[error.cap], str(error))
        if why.cause in {Cause.BUDGET_CALLS, Cause.BUDGET_RECEIVED, Cause.BUDGET_SECONDS}:
            self.over = why
        return why

    def _note_lost(self, followed: Followed, error: UnreachableError) -> None:
        self._lost += 1
        followed.losses += 1
        if not self._target.exchanges and (error.lost.kind is Loss.REFUSED or self._lost > 1):
            self.over = Why(Cause.UNREACHABLE, str(error))
        elif self._lost >= MOST_LOST:
            self.over = Why(Cause.GONE, f"the server no longer answers: {error.reason}")
        if not followed.task_id or (followed.is_open and (followed.losses >= MOST_LOST_LOOKS or self.over)):
            followed.give_up(Why(Cause.LOST, f"no answer: {error.reason}"))


def _find_why(followed: Followed) -> Why | None:
    """Return why an attempt was inconclusive; None if it was not."""
    if (
        followed.why is None
        and followed.state == TaskState.FAILED
        and followed.row.accepted
        and followed.row.needs is None
    ):
        return Why(Cause.TASK_FAILED, "its task failed")
    return followed.why
