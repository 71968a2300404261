"""A plan sent to a target, row by row: each task is followed to its end and looked at again. Judges nothing."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

from diarkit_contracts.exchanges.call_ids import is_named
from diarkit_contracts.exchanges.history import find_value, read_object
from diarkit_contracts.runs.verdict import Inconclusive, RowRun, Skipped
from diarkit_contracts.target.client import ASKED_TO_WAIT, ENDED, MOST_TRIES, CapReachedError, UnreachableError
from diarkit_contracts.target.pace import Age

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from diarkit_contracts.api.profiles import Capability, Profile
    from diarkit_contracts.exchanges.exchange import Exchange
    from diarkit_contracts.rows.call import Row
    from diarkit_contracts.rows.plan import Plan
    from diarkit_contracts.target.client import Target

LOOKS_AT_THE_END: Final = 2
"""A task that has ended is looked at again: at once, and after the other tasks of its step."""

TOO_MANY_IN_FLIGHT: Final = (429, 503, 507)
"""What may be over when a task has ended: a queue or a storage has room again."""

Forcing: TypeAlias = "Mapping[Capability, Callable[[], AbstractContextManager[object]]]"
"""How to make a target do something: each while the context lasts, in which one row is sent."""

NOTHING_FORCED: Final[Forcing] = {}

MOST_LOST: Final = 3
"""Calls without an answer, one after the other, after which the server is taken for gone."""

EVENTS: Final = {
    401: "it wants to be told who asks",
    407: "a proxy wants to be told who asks",
    413: "the upload is too large for it",
    429: "it limits the rate",
    503: "it is busy",
    507: "its storage is full",
}
"""Answers that say nothing of the request, in words; none is a fault."""


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


@dataclass(slots=True)
class _Followed:
    """A row on its way."""

    row: Row
    at: list[int] = field(default_factory=list[int])
    task_id: str | None = None
    location: str | None = None
    sent_at: float = 0.0
    polls: int = 0
    ended: bool = False
    reason: str = ""
    is_too_many: bool = False


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
            driver.stop("interrupted")
    return driver.drive


class _Driver:
    def __init__(self, target: Target, profile: Profile, forcing: Forcing, progress: Callable[[Row], None]) -> None:
        self.drive = Drive()
        self._target = target
        self._profile = profile
        self._forcing = forcing
        self._progress = progress
        self._earlier: dict[str, list[int]] = {}
        self._lost = 0
        self._over = ""

    def stop(self, reason: str) -> None:
        """Send nothing more; the rows that are left are skipped for this reason."""
        self._over = reason

    def run_step(self, step: Sequence[Row]) -> None:
        """Send the rows of a step; together as far as the target allows it."""
        waiting = list(step)
        while waiting:
            together: list[_Followed] = []
            while waiting and (not together or self._target.has_room):
                followed = self._start(waiting[0], alone=not any(one.task_id for one in together))
                if followed is not None and followed.is_too_many:
                    break  # the tasks in flight are in its way: it is sent again when they have ended
                waiting.pop(0)
                if followed is not None:
                    together.append(followed)
            self._follow(together)
            for followed in together:
                self._finish(followed)

    def _start(self, row: Row, *, alone: bool) -> _Followed | None:
        missing = row.needs is not None and row.needs not in self._forcing
        reason = f"this target can't be made to {row.needs}" if missing else self._over
        if reason:
            self.drive.skipped.append(Skipped(name=row.name, reason=reason))
            return None
        self._progress(row)
        followed = _Followed(row, at=self._earlier.pop(row.id, []), sent_at=self._target.clock.now())
        first = len(self._target.exchanges)
        force = nullcontext() if row.needs is None else self._forcing[row.needs]()
        try:
            with force:
                at = self._target.send(row.call, tries=MOST_TRIES if alone else 1, named=is_named(row.id))
        except CapReachedError as error:
            # An open task or a large upload may be in the way of this row alone; a cap on calls or time ends the run.
            self._note_cap(error)
            self.drive.skipped.append(Skipped(name=row.name, reason=str(error)))
            return None
        except UnreachableError as error:
            self._note_lost(followed, error)
            return followed
        finally:
            followed.at += range(first, len(self._target.exchanges))
        self._lost = 0
        exchange = self._target.exchanges[at]
        task_id = find_value(read_object(exchange.answer.body), "task", "task_id")
        if row.call.method == "POST" and exchange.answer.status == 202 and isinstance(task_id, str) and task_id:
            followed.task_id = task_id
            followed.location = self._read_location(exchange)
        elif exchange.answer.status in EVENTS and row.needs is None:
            followed.reason = f"{exchange.answer.status}: {EVENTS[exchange.answer.status]}"
            if not alone and exchange.answer.status in TOO_MANY_IN_FLIGHT:
                followed.is_too_many = True
                self._earlier[row.id] = followed.at
        return followed

    def _read_location(self, exchange: Exchange) -> str | None:
        told = (exchange.answer.header(name) for name in self._profile.locations)
        return next((location for location in told if location), None)

    def _follow(self, together: Sequence[_Followed]) -> None:
        """Poll the tasks of a step in turn until each has ended, then look at each again."""
        open_ones = [followed for followed in together if followed.task_id is not None and not followed.reason]
        while running := [followed for followed in open_ones if not followed.ended and not followed.reason]:
            for followed in running:
                self._poll(followed)
            still = [followed for followed in running if not followed.ended and not followed.reason]
            if still:
                self._target.clock.sleep(min(Age(self._age(followed)).next_poll() for followed in still))
        for _ in range(LOOKS_AT_THE_END):
            for followed in open_ones:
                if followed.ended and not self._over:
                    self._poll(followed)

    def _poll(self, followed: _Followed) -> None:
        assert followed.task_id is not None  # noqa: S101 - only tasks are followed
        age = self._age(followed)
        if not followed.ended and age > self._target.caps.task_seconds:
            followed.reason = f"the task did not end within {self._target.caps.task_seconds:g} s"
            self._target.give_up(followed.task_id)
            return
        # By the told URL and by the id in turn: both have to lead to the task.
        location = followed.location if followed.polls % 2 == 0 else None
        followed.polls += 1
        first = len(self._target.exchanges)
        try:
            at = self._target.poll(followed.task_id, location, named=is_named(followed.row.id))
        except CapReachedError as error:
            followed.reason = "" if followed.ended else str(error)
            self._note_cap(error)
            return
        except UnreachableError as error:
            self._note_lost(followed, error)
            return
        finally:
            followed.at += range(first, len(self._target.exchanges))
        self._lost = 0
        answer = self._target.exchanges[at].answer
        state = find_value(read_object(answer.body), "task", "state")
        if state in ENDED:
            followed.ended = True
        elif answer.status in ASKED_TO_WAIT and not followed.ended:
            followed.reason = f"{answer.status}: {EVENTS[answer.status]}"
        elif not self._may_go_on(answer.status, state) and not followed.ended:
            # What came instead is the clauses' to judge; waiting for it to end would only cost time.
            followed.ended = True
        if followed.ended or followed.reason:
            self._target.give_up(followed.task_id)

    def _may_go_on(self, status: int, state: object) -> bool:
        return status == 200 and state in {"pending", "running", *self._profile.passing}

    def _age(self, followed: _Followed) -> float:
        return self._target.clock.now() - followed.sent_at

    def _note_cap(self, error: CapReachedError) -> None:
        if error.cap in {"calls", "seconds"}:
            self._over = str(error)

    def _note_lost(self, followed: _Followed, error: UnreachableError) -> None:
        followed.reason = f"no answer: {error.reason}"
        self._lost += 1
        if not self._target.exchanges:
            self.drive.unreachable = str(error)
            self._over = "the server does not answer"
        elif self._lost >= MOST_LOST:
            self._over = f"the server does not answer any more: {error.reason}"
        if followed.task_id is not None:
            self._target.give_up(followed.task_id)

    def _finish(self, followed: _Followed) -> None:
        if followed.at:
            self.drive.rows.append(RowRun(name=followed.row.name, at=tuple(followed.at), row=followed.row))
        if followed.reason:
            self.drive.inconclusive.append(Inconclusive(row=followed.row.name, reason=followed.reason))
