"""Courses: when a task reaches each state. Computed at acceptance, and looked up afterwards.

    202 ---- pending ----> runs_at ---- running ----> ends_at ---- done | failed | rejected ---->
                                                      ends_at ---- cancelled ----> gone_at: 404

A position is a number of polls or manual moves, or a time of the world's clock; there are no background timers.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypeAlias

from diarkit_contracts.api.states import TaskState
from diarkit_mockserver.clock import FARTHEST, to_ticks

NEVER = 1 << 62
"""Position of a state that is not reached."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PollCounts:
    """The number of polls that see each state before the final one.

    Attributes:
        cancelled: if above 0, so many polls see `cancelled` instead of an end, and then the task is gone (from 5.0 on).
    """

    pending: int = 0
    running: int = 0
    cancelled: int = 0

    def __post_init__(self) -> None:
        if min(self.pending, self.running, self.cancelled) < 0:
            raise ValueError("expected a number of polls >= 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class StateSeconds:
    """The duration of each state, in seconds of the world's clock.

    Attributes:
        cancelled: if above 0, the task is `cancelled` for so long instead of ending, and then gone (from 5.0 on).
    """

    pending: float = 0.0
    running: float = 0.0
    cancelled: float = 0.0

    def __post_init__(self) -> None:
        if not all(0 <= seconds < NEVER for seconds in (self.pending, self.running, self.cancelled)):
            raise ValueError("expected seconds >= 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class ByPolls:
    """The state depends on the number of polls."""

    polls: PollCounts


@dataclass(frozen=True, slots=True, kw_only=True)
class BySeconds:
    """The state depends on the time since the upload."""

    seconds: StateSeconds


@dataclass(frozen=True, slots=True, kw_only=True)
class ByRealTime:
    """The state depends on the length of the audio and a queue.

    Attributes:
        realtime_factor: seconds of audio processed per second (the vendor's FTRT; its value is UNK).
        workers: tasks processed at the same time; others are pending, in order of arrival.
        overhead: additional seconds of each task.
    """

    realtime_factor: float
    workers: int = 1
    overhead: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.realtime_factor < NEVER:
            raise ValueError("expected a realtime_factor > 0")
        if self.workers < 1:
            raise ValueError("expected workers >= 1")
        if not 0 <= self.overhead < NEVER:
            raise ValueError("expected an overhead >= 0")


Course: TypeAlias = Literal["immediate", "manual"] | ByPolls | BySeconds | ByRealTime

GUIDE: Course = ByPolls(polls=PollCounts(pending=0, running=1))
"""Pending in the 202, running at the first poll, done at the second: the guide's loop sees all three."""


@dataclass(frozen=True, slots=True)
class Timetable:
    """The positions at which a task's states begin.

    Attributes:
        counts: the unit of positions: polls or manual moves, from 1, or ticks of the world's clock.
        runs_at: position from which the task is running.
        ends_at: position from which it is in its final state.
        gone_at: position from which a cancelled task is gone; `NEVER` for all others.
    """

    counts: Literal["polls", "moves", "ticks"]
    runs_at: int
    ends_at: int
    gone_at: int = NEVER

    def state_at(self, position: int, final: TaskState) -> TaskState:
        """Return the state at a position."""
        if position >= self.ends_at:
            return final
        return TaskState.RUNNING if position >= self.runs_at else TaskState.PENDING

    def end_moment(self, now: int) -> int:
        """Return the end in ticks of a task that has ended by `now`, which is `now` itself unless the course is timed."""
        return min(self.ends_at, now) if self.counts == "ticks" else now

    def never_end(self) -> Timetable:
        """Return a timetable without an end; manual moves can still end the task."""
        return self if self.counts == "moves" else Timetable(self.counts, self.runs_at, NEVER)


IMMEDIATELY = Timetable("polls", 0, 0)
BY_HAND = Timetable("moves", 1, 2, 3)


@lru_cache(maxsize=256)
def _count_polls(counts: PollCounts) -> Timetable:
    ends_at = counts.pending + counts.running + 1
    return Timetable("polls", counts.pending + 1, ends_at, ends_at + counts.cancelled if counts.cancelled else NEVER)


def cancels(course: Course | None) -> bool:
    """Return whether a task of this course is cancelled instead of ending."""
    match course:
        case ByPolls(polls=lasts):
            return lasts.cancelled > 0
        case BySeconds(seconds=lasts):
            return lasts.cancelled > 0
        case _:
            return False


def book_worker(free_at: list[int], workers: int, now: int, duration: int) -> tuple[int, int]:
    """Book the first available worker for a duration, and return start and end of its work, all in ticks.

    `free_at` is a heap of the times at which busy workers are free again; it is modified.
    """
    while free_at and (len(free_at) > workers or free_at[0] <= now):
        heapq.heappop(free_at)
    start = now if len(free_at) < workers else heapq.heappop(free_at)
    heapq.heappush(free_at, start + duration)
    return start, start + duration


def lay_out(course: Course, now: int, length: int, free_at: list[int]) -> Timetable:
    """Compute the timetable of a task accepted at `now` with so many centiseconds of audio; `ByRealTime` books in `free_at`."""
    match course:
        case "immediate":
            return IMMEDIATELY
        case "manual":
            return BY_HAND
        case ByPolls(polls=counts):
            return _count_polls(counts)
        case BySeconds(seconds=lasts):
            runs_at = now + to_ticks(lasts.pending)
            ends_at = runs_at + to_ticks(lasts.running)
            return Timetable(
                "ticks", runs_at, ends_at, ends_at + to_ticks(lasts.cancelled) if lasts.cancelled else NEVER
            )
        case ByRealTime(realtime_factor=factor, workers=workers, overhead=overhead):
            work = to_ticks(min(length / 100 / factor + overhead, FARTHEST))
            return Timetable("ticks", *book_worker(free_at, workers, now, work))
