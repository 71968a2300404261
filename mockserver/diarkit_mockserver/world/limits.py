"""Check the limits of a world: one table in order of precedence, before or after a body.

A refused request counts for the limits before the one that refused it, but not for later ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias

from diarkit_mockserver.clock import SECOND
from diarkit_mockserver.intake.refusals import Condition, refuse
from diarkit_mockserver.scenario.limits import Exceeded, Limit
from diarkit_mockserver.world.visit import Visit
from diarkit_mockserver.world.world import World

Reached: TypeAlias = "tuple[object, Exceeded | None] | None"
"""None, or for an exceeded limit the reason for log and journal, and the values for the headers of a 429."""


@dataclass(frozen=True, slots=True)
class Row:
    """One limit.

    Attributes:
        name: its key in the scenario's `limits`.
        check: whether the request of a visit with so many bytes exceeds it.
        sized: whether it depends on the size of the file, approximated by the body's length before it is read.
        every: whether it applies to every operation, not only uploads.
    """

    name: Limit
    condition: Condition
    check: Callable[[World, Visit, int], Reached]
    sized: bool = False
    every: bool = False


def check_limits(rows: Iterable[Row], world: World, visit: Visit, size: int = 0) -> None:
    """Check a request against limits; the first exceeded one refuses it."""
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
    # If tasks end by polls or by hand, the time is unknown: any wait is valid.
    end = world.tasks.find_next_end(now) or now + SECOND
    return longest, Exceeded.until(end, now, world.clock.epoch, longest)


def _check_size(world: World, _visit: Visit, size: int) -> Reached:
    """Check the announced length; a file that is larger is refused while it is read."""
    largest = world.scenario.limits.upload_bytes
    return None if largest is None or size <= largest else (f"{largest}, before the body", None)


def _check_storage(world: World, _visit: Visit, size: int) -> Reached:
    """Check whether there is storage for a file in addition to those of unfinished tasks."""
    room, tasks = world.scenario.limits.storage_bytes, world.tasks
    if room is None or tasks.stored_bytes + size <= room:
        return None
    tasks.settle(world.clock.now())
    if tasks.stored_bytes + size <= room:
        return None
    return f"{room}; {tasks.stored_bytes} are used by {tasks.queue_length} tasks", None


LIMITS: Final = (
    Row("licensed", Condition.NOT_LICENSED, _check_licence),
    Row("rate", Condition.TOO_MANY, _check_rate, every=True),
    Row("queue_length", Condition.TOO_MANY, _check_queue),
    Row("upload_bytes", Condition.TOO_LARGE, _check_size, sized=True),
    Row("storage_bytes", Condition.STORAGE_FULL, _check_storage, sized=True),
)
"""Licence, rate and queue are checked before the content of an upload, so that floods of invalid ones are refused too; then sizes."""

OF_EVERY_REQUEST: Final = tuple(row for row in LIMITS if row.every)
OF_UPLOADS: Final = tuple(row for row in LIMITS if not row.sized)
OF_FILES: Final = tuple(row for row in LIMITS if row.sized)
