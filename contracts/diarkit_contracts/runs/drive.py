"""A plan sent to a target, row by row: each task is followed to its end and looked at again. Judges nothing."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

from diarkit_contracts.runs.follow import EVENTS, Followed, follow
from diarkit_contracts.runs.verdict import Cause, Inconclusive, RowRun, Skipped, Why
from diarkit_contracts.target.client import MOST_TRIES, Cap, CapReachedError, UnreachableError
from diarkit_contracts.target.pace import wait_by_age

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from diarkit_contracts.api.profiles import Capability, Profile
    from diarkit_contracts.rows.call import Row
    from diarkit_contracts.rows.plan import Plan
    from diarkit_contracts.target.client import Target

LOOKS_AT_THE_END: Final = 2
"""A task that has ended is looked at again: at once, and after the other tasks of its step."""

TOO_MANY_IN_FLIGHT: Final = (Cause.RATE_LIMITED, Cause.BUSY, Cause.STORAGE_FULL)
"""What may be over when a task has ended: a queue or a storage has room again."""

Forcing: TypeAlias = "Mapping[Capability, Callable[[], AbstractContextManager[object]]]"
"""How to make a target do something: each while the context lasts, in which one row is sent."""

NOTHING_FORCED: Final[Forcing] = {}

MOST_LOST: Final = 3
"""Calls without an answer, one after the other, after which the server is taken for gone."""

BUDGETS: Final[Mapping[Cap, Cause]] = {cap: Cause[f"BUDGET_{cap.name}"] for cap in Cap}
"""What is left out for which cap."""


@dataclass(slots=True)
class Drive:
    """What came of a plan.

    Attributes:
        rows: that were sent, with their exchanges.
        unreachable: why no call was ever answered; empty if one was.
    """

    rows: list[RowRun] = field(default_factory=list[RowRun])
    inconclusive: list[Inconclusive] = field(default_factory=list[Inconclusive])
    skipped: list[Skipped] = field(default_factory=list[Skipped])
    unreachable: str = ""


def drive_plan(
    plan: Plan,
    target: Target,
    profile: Profile,
    forcing: Forcing = NOTHING_FORCED,
    progress: Callable[[Row], None] = lambda _: None,
) -> Drive:
    """Send the rows of a plan.

    Args:
        plan: what to send.
        target: where to.
        profile: its generation, for the name of the header that leads to a task.
        forcing: what the target can be made to do, and how; rows that need more are skipped.
        progress: told each row before it is sent.
    """
    driver = _Driver(target, profile, forcing, progress)
    for step in plan.steps:
        try:
            driver.run_step(step)
        except KeyboardInterrupt:  # what was seen until then is worth a verdict
            driver.over = Why(Cause.INTERRUPTED, "interrupted")
    return driver.drive


class _Driver:
    """Sends the rows of a plan, step by step.

    Attributes:
        over: why nothing more is sent; the rows that are left are skipped for it.
    """

    def __init__(self, target: Target, profile: Profile, forcing: Forcing, progress: Callable[[Row], None]) -> None:
        self.drive = Drive()
        self.over: Why | None = None
        self._target = target
        self._profile = profile
        self._forcing = forcing
        self._progress = progress
        self._earlier: dict[str, list[int]] = {}
        self._lost = 0

    def run_step(self, step: Sequence[Row]) -> None:
        """Send the rows of a step; together as far as the target allows it."""
        waiting = list(step)
        while waiting:
            together: list[Followed] = []
            while waiting and (not together or self._target.has_room):
                alone = not any(one.task_id for one in together)
                followed = self._start(waiting[0], alone=alone)
                if followed is not None and not alone and self._is_too_many(followed):
                    # The tasks in flight are in its way: it is sent again when they have ended.
                    self._earlier[followed.row.id] = followed.at
                    break
                waiting.pop(0)
                if followed is not None:
                    together.append(followed)
            self._follow(together)
            for followed in together:
                self._finish(followed)

    def _start(self, row: Row, *, alone: bool) -> Followed | None:
        missing = row.needs is not None and row.needs not in self._forcing
        why = Why(Cause.CAPABILITY, f"this target can't be made to {row.needs}") if missing else self.over
        if why is not None:
            self._skip(row, why)
            return None
        self._progress(row)
        followed = Followed(row, self._target, self._profile, at=self._earlier.pop(row.id, []))
        try:
            with nullcontext() if row.needs is None else self._forcing[row.needs]():
                status = followed.send(MOST_TRIES if alone else 1).answer.status
        except CapReachedError as error:
            # An open task or a large upload may be in the way of this row alone; a cap on calls or time ends the run.
            self._skip(row, self._note_cap(error))
            return None
        except UnreachableError as error:
            self._note_lost(followed, error)
            return followed
        self._lost = 0
        if not followed.task_id and row.needs is None:
            followed.why = EVENTS.get(status)
        return followed

    def _is_too_many(self, followed: Followed) -> bool:
        return followed.why is not None and followed.why.cause in TOO_MANY_IN_FLIGHT

    def _follow(self, together: Sequence[Followed]) -> None:
        """Follow the tasks of a step to their ends, then look at each again."""
        follow(together, self._look, wait_by_age)
        for _ in range(LOOKS_AT_THE_END):
            for followed in together:
                if followed.ended and self.over is None:
                    self._look(followed)

    def _look(self, followed: Followed) -> None:
        try:
            followed.look()
        except CapReachedError as error:
            why = self._note_cap(error)
            if not followed.ended:
                followed.give_up(why)
        except UnreachableError as error:
            self._note_lost(followed, error)
        else:
            self._lost = 0

    def _note_cap(self, error: CapReachedError) -> Why:
        why = Why(BUDGETS[error.cap], str(error))
        if why.cause in {Cause.BUDGET_CALLS, Cause.BUDGET_SECONDS}:
            self.over = why
        return why

    def _note_lost(self, followed: Followed, error: UnreachableError) -> None:
        self._lost += 1
        if not self._target.exchanges:
            self.drive.unreachable = str(error)
            self.over = Why(Cause.UNREACHABLE, "the server does not answer")
        elif self._lost >= MOST_LOST:
            self.over = Why(Cause.GONE, f"the server does not answer any more: {error.reason}")
        followed.give_up(Why(Cause.LOST, f"no answer: {error.reason}"))

    def _skip(self, row: Row, why: Why) -> None:
        self.drive.skipped.append(Skipped(name=row.name, cause=why.cause, reason=why.text))

    def _finish(self, followed: Followed) -> None:
        if followed.at:
            self.drive.rows.append(followed.run)
        if followed.why is not None:
            name, why = followed.row.name, followed.why
            self.drive.inconclusive.append(Inconclusive(row=name, cause=why.cause, reason=why.text))
