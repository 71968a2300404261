"""The limits that a world refuses requests by: one table in the order in which they are asked, before a body or after it.

A refused request is held against the limits above the one that refused it, and against none below.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from diarkit_mockserver.clock import SECOND
from diarkit_mockserver.intake.refusals import Condition, refuse
from diarkit_mockserver.scenario.limits import Exceeded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from diarkit_mockserver.scenario.limits import Limit
    from diarkit_mockserver.world.visit import Visit
    from diarkit_mockserver.world.world import World


Reached: TypeAlias = "tuple[object, Exceeded | None] | None"
"""None, or what to say of a limit that is reached: behind its name for the log and the journal, and in the headers of a 429."""


@dataclass(frozen=True, slots=True)
class Row:
    """One limit.

    Attributes:
        name: of its key in the scenario's `limits`.
        condition: that it is answered with.
        check: whether it is reached, by the request of a visit that brings so many bytes.
        sized: it goes by the size of an upload's file, which is the body's whole length before that has been read.
        every: it holds for every operation of the platform, not for uploads alone.
    """

    name: Limit
    condition: Condition
    check: Callable[[World, Visit, int], Reached]
    sized: bool = False
    every: bool = False


def check_limits(rows: Iterable[Row], world: World, visit: Visit, size: int = 0) -> None:
    """Hold a request against limits.

    Args:
        rows: of `LIMITS`.
        world: that the request goes to.
        visit: of the request.
        size: of its file or body, in bytes; 0 as long as it does not matter.

    Raises:
        Refusal: for the first limit that is reached.
    """
    for row in rows:
        if (reached := row.check(world, visit, size)) is not None:
            reason, exceeded = reached
            headers = () if exceeded is None else exceeded.headers
            raise refuse(row.condition, reason=f"limits.{row.name}: {reason}", headers=headers, limit=row.name)


def _check_licence(world: World, _visit: Visit, _size: int) -> Reached:
    return None if world.scenario.limits.licensed else ("false", None)


def _check_rate(world: World, visit: Visit, _size: int) -> Reached:
    """Count a request, once."""
    rate = world.scenario.limits.rate
    if rate is None or visit.counted:
        return None
    visit.counted = True
    exceeded = world.counters.window.take(rate, world.clock.now(), world.clock.epoch)
    return None if exceeded is None else (f"{exceeded.limit} requests in a window", exceeded)


def _check_queue(world: World, _visit: Visit, _size: int) -> Reached:
    longest = world.scenario.limits.queue_length
    if longest is None or world.tasks.queue_length < longest:
        return None
    now = world.clock.now()
    world.tasks.settle(now)
    if world.tasks.queue_length < longest:
        return None
    # Where polls or a hand end the tasks, nobody knows when: any wait would do.
    end = world.tasks.find_next_end(now) or now + SECOND
    return longest, Exceeded.until(end, now, world.clock.epoch, longest)


def _check_size(world: World, _visit: Visit, size: int) -> Reached:
    """Refuse by the length announced; a file that turns out too large is refused as it is read."""
    largest = world.scenario.limits.upload_bytes
    return None if largest is None or size <= largest else (f"{largest}, before the body", None)


def _check_storage(world: World, _visit: Visit, size: int) -> Reached:
    """Refuse a file for which there is no room beside those of the unfinished tasks."""
    room, tasks = world.scenario.limits.storage_bytes, world.tasks
    if room is None or tasks.stored_bytes + size <= room:
        return None
    tasks.settle(world.clock.now())
    if tasks.stored_bytes + size <= room:
        return None
    return f"{room}; {tasks.stored_bytes} are held by {tasks.queue_length} tasks", None


LIMITS: Final = (
    Row("licensed", Condition.NOT_LICENSED, _check_licence),
    Row("rate", Condition.TOO_MANY, _check_rate, every=True),
    Row("queue_length", Condition.TOO_MANY, _check_queue),
    Row("upload_bytes", Condition.TOO_LARGE, _check_size, sized=True),
    Row("storage_bytes", Condition.STORAGE_FULL, _check_storage, sized=True),
)
"""Licence, rate and queue are asked before an upload is looked into, so that a flood of bad ones is refused too; sizes after that."""

OF_EVERY_REQUEST: Final = tuple(row for row in LIMITS if row.every)
OF_UPLOADS: Final = tuple(row for row in LIMITS if not row.sized)
OF_FILES: Final = tuple(row for row in LIMITS if row.sized)
