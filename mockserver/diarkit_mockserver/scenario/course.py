"""When a task reaches each state: laid out once at its acceptance, looked up afterwards. Knows no clock and no answer.

    202 ---- pending ----> runs_at ---- running ----> ends_at ---- done | failed | rejected ---->

A position is a poll's number or a moment of the world's clock; nothing moves by itself, so nothing has to be waited for.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from diarkit_contracts.api.states import TaskState
from diarkit_mockserver.clock import FARTHEST, to_ticks

NEVER = 1 << 62
BY_HAND = -1
"""Positions of a state that no moment brings, and of one that somebody has brought at a moment that is not kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PollCounts:
    """How many polls see each state before the final one."""

    pending: int = 0
    running: int = 0

    def __post_init__(self) -> None:
        if self.pending < 0 or self.running < 0:
            raise ValueError("expected a number of polls >= 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class StateSeconds:
    """How long each state lasts, in seconds of the world's clock."""

    pending: float = 0.0
    running: float = 0.0

    def __post_init__(self) -> None:
        if not (0 <= self.pending < NEVER and 0 <= self.running < NEVER):
            raise ValueError("expected seconds >= 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class ByPolls:
    """The state follows from how often the client has asked."""

    polls: PollCounts


@dataclass(frozen=True, slots=True, kw_only=True)
class BySeconds:
    """The state follows from the time since the upload."""

    seconds: StateSeconds


@dataclass(frozen=True, slots=True, kw_only=True)
class ByRealTime:
    """The state follows from the length of the audio, behind a queue.

    Attributes:
        realtime_factor: seconds of audio processed in a second (the vendor's FTRT; its value is UNK).
        workers: tasks processed at the same time; the others wait pending, in order of arrival.
    """

    realtime_factor: float
    workers: int = 1

    def __post_init__(self) -> None:
        if not 0 < self.realtime_factor < NEVER:
            raise ValueError("expected a realtime_factor > 0")
        if self.workers < 1:
            raise ValueError("expected workers >= 1")


Course: TypeAlias = Literal["immediate", "manual"] | ByPolls | BySeconds | ByRealTime

IMMEDIATE: Course = "immediate"
GUIDE: Course = ByPolls(polls=PollCounts(pending=0, running=1))
"""Pending in the 202, running at the first poll, done at the second: the guide's loop sees all three."""


@dataclass(slots=True)
class Timetable:
    """Where one task's states begin.

    Attributes:
        counts_polls: positions are poll numbers from 1; otherwise ticks of the world's clock.
        runs_at: position from which on the task is running.
        ends_at: position from which on it is in its final state.
    """

    counts_polls: bool
    runs_at: int
    ends_at: int

    def state_at(self, polls: int, now: int, final: TaskState) -> TaskState:
        """Look up the state that poll number `polls` sees at the moment `now`."""
        position = polls if self.counts_polls else now
        if position >= self.ends_at:
            return final
        return TaskState.RUNNING if position >= self.runs_at else TaskState.PENDING

    def end_moment(self, now: int) -> int:
        """Return when the task ended, for one that has by `now`: in ticks; poll numbers are no moments."""
        return now if self.counts_polls or self.ends_at == BY_HAND else min(self.ends_at, now)

    def never_end(self) -> None:
        """Keep the task from its final state."""
        self.ends_at = NEVER

    def step(self) -> None:
        """Move a task of a manual course to its next state; a final state stays."""
        if self.runs_at == NEVER:
            self.runs_at = BY_HAND
        else:
            self.ends_at = BY_HAND


@dataclass(slots=True)
class Workers:
    """The queue behind `ByRealTime`: when each worker is free again, in ticks."""

    free_at: list[int] = field(default_factory=list[int])

    def take(self, workers: int, now: int, duration: int) -> tuple[int, int]:
        """Book the worker that is free first.

        Returns:
            start and end of the work, in ticks.
        """
        while self.free_at and (len(self.free_at) > workers or self.free_at[0] <= now):
            heapq.heappop(self.free_at)
        start = now if len(self.free_at) < workers else heapq.heappop(self.free_at)
        heapq.heappush(self.free_at, start + duration)
        return start, start + duration


def lay_out(course: Course, now: int, length: int, queue: Workers) -> Timetable:
    """Lay out a task that is accepted `now`.

    Args:
        course: what the rule or the scenario asks for.
        now: ticks.
        length: of the audio, in centiseconds.
        queue: the world's workers; booked only by `ByRealTime`.
    """
    match course:
        case "immediate":
            return Timetable(counts_polls=True, runs_at=0, ends_at=0)
        case "manual":
            return Timetable(counts_polls=False, runs_at=NEVER, ends_at=NEVER)
        case ByPolls(polls=counts):
            return Timetable(
                counts_polls=True,
                runs_at=counts.pending + 1,
                ends_at=counts.pending + counts.running + 1,
            )
        case BySeconds(seconds=lasts):
            runs_at = now + to_ticks(lasts.pending)
            return Timetable(counts_polls=False, runs_at=runs_at, ends_at=runs_at + to_ticks(lasts.running))
        case ByRealTime(realtime_factor=factor, workers=workers):
            start, end = queue.take(workers, now, to_ticks(min(length / 100 / factor, FARTHEST)))
            return Timetable(counts_polls=False, runs_at=start, ends_at=end)
