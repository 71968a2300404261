"""Send calls, and poll the tasks that they start until they end."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from diarkit_contracts.api.error import TerminatedError
from diarkit_contracts.api.profiles import DEFAULT, Profile
from diarkit_contracts.api.states import UNDER_WAY
from diarkit_contracts.exchanges.call_ids import is_named
from diarkit_contracts.exchanges.history import find_value, read_object
from diarkit_contracts.runs.verdict import Cause, RowRun, Why
from diarkit_contracts.target.client import ASKED_TO_WAIT, MOST_TRIES, Target

if TYPE_CHECKING:
    from diarkit_contracts.exchanges.exchange import Exchange
    from diarkit_contracts.rows.call import Row

EVENTS: Final[Mapping[int, Why]] = {
    401: Why(Cause.CREDENTIALS, "401: it requires credentials"),
    403: Why(Cause.CREDENTIALS, "403: it denies access"),
    407: Why(Cause.CREDENTIALS, "407: a proxy requires credentials"),
    413: Why(Cause.TOO_LARGE, "413: the upload is too large for it"),
    429: Why(Cause.RATE_LIMITED, "429: it limits the rate"),
    503: Why(Cause.BUSY, "503: it is busy"),
    507: Why(Cause.STORAGE_FULL, "507: its storage is full"),
}
"""Answers that are not about the request itself; none is a fault."""


@dataclass(slots=True, eq=False)
class Followed:
    """A row in progress.

    Attributes:
        at: positions of its exchanges.
        lost: positions of its lost exchanges in the target's list.
        state: last reported.
        losses: number of calls without a complete answer.
        ended: whether the task has ended, or the clauses judge what came instead.
        why: it is inconclusive; None if it is not.
    """

    row: Row
    target: Target
    profile: Profile = DEFAULT
    again: bool = False
    at: list[int] = field(default_factory=list[int])
    lost: list[int] = field(default_factory=list[int])
    state: str = ""
    task_id: str = ""
    looks: int = 0
    losses: int = 0
    ended: bool = False
    why: Why | None = None
    _cookies: dict[str, str] | None = None
    _location: str | None = None
    _sent_at: float = 0.0

    @property
    def age(self) -> float:
        """Seconds since it was sent."""
        return self.target.clock.now() - self._sent_at

    @property
    def is_open(self) -> bool:
        """Whether its task is still awaited."""
        return bool(self.task_id) and not self.ended and self.why is None

    @property
    def run(self) -> RowRun:
        """The row with its exchanges."""
        return RowRun(name=self.row.name, at=tuple(self.at), row=self.row, lost=tuple(self.lost))

    def send(self, tries: int = MOST_TRIES) -> Exchange:
        """Send the row, and return the exchange with the last answer, or raise TargetError."""
        call = self.row.call
        self._cookies = {} if self.row.cookies else None
        self._sent_at = self.target.clock.now()
        exchange = self._ask(
            lambda named: self.target.send(
                call, tries=tries, named=named, spare=self.again or not self.row.accepted, cookies=self._cookies
            )
        )
        task_id = find_value(read_object(exchange.answer.body), "task", "task_id")
        if call.method == "POST" and exchange.answer.status == 202 and isinstance(task_id, str):
            self.task_id = task_id
            self._location = next(filter(None, map(exchange.answer.header, self.profile.locations)), None)
        return exchange

    def look(self) -> Exchange:
        """Poll the task once, and return the exchange with the last answer, or raise TargetError."""
        # Alternately by the returned URL and by the id: both must lead to the task.
        location = self._location if self.looks % 2 == 0 else None
        self.looks += 1
        exchange = self._ask(
            lambda named: self.target.poll(
                self.task_id, location, named=named, fresh=self.row.fresh, cookies=self._cookies
            )
        )
        answer = exchange.answer
        state = find_value(read_object(answer.body), "task", "state")
        self.state = str(state)
        if self.is_open and answer.status in ASKED_TO_WAIT:
            self.give_up(EVENTS[answer.status])
        elif answer.status != 200 or state not in UNDER_WAY | self.profile.passing:
            self.ended = True
            self.target.give_up(self.task_id)
        return exchange

    def give_up(self, why: Why | None = None) -> None:
        """Stop waiting for its end."""
        self.ended, self.why = why is None, why
        self.target.give_up(self.task_id)

    def _ask(self, send: Callable[[bool], int]) -> Exchange:
        first, lost = len(self.target.exchanges), len(self.target.lost)
        try:
            return self.target.exchanges[send(is_named(self.row.id))]
        finally:
            self.at += range(first, len(self.target.exchanges))
            self.lost += range(lost, len(self.target.lost))


def explain_stop(error: KeyboardInterrupt) -> Why:
    """Describe how a run was interrupted."""
    cause = Cause.TERMINATED if isinstance(error, TerminatedError) else Cause.INTERRUPTED
    return Why(cause, f"the run was {cause}")


def follow(followed: Sequence[Followed], look: Callable[[Followed], object], pace: Callable[[float], float]) -> None:
    """Poll open tasks in turn until each has ended or takes too long; `pace` returns the seconds to wait by a task's age."""
    while running := [each for each in followed if each.is_open]:
        for each in running:
            most = each.target.caps.task_seconds
            if each.age > most:
                each.give_up(Why(Cause.TOO_SLOW, f"the task did not end within {most:g} s"))
            else:
                look(each)
        if still := [each for each in running if each.is_open]:
            still[0].target.clock.sleep(min(pace(each.age) for each in still))
