"""The tasks of one world, with their storage and expiry."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from diarkit_contracts.api.states import UNDER_WAY
from diarkit_mockserver.clock import to_ticks
from diarkit_mockserver.scenario.course import NEVER
from diarkit_mockserver.scenario.limits import Limits
from diarkit_mockserver.world.task import UNTOUCHED, Progress, Task

SETTLE_AT_LEAST = 64


class Kept(NamedTuple):
    """A stored task.

    Attributes:
        task: as accepted.
        progress: its course so far.
        looked_at: time of its last poll, in ticks; None if it is finished.
    """

    task: Task
    progress: Progress
    looked_at: int | None


class Store:
    """Tasks in memory, as on the platform (DOC 5.0.0).

    There are no background timers: ends by the clock are processed when a task is polled or storage is needed. The cost is
    proportional to the changes since the last time, not to the number of tasks.

    Args:
        limits: for the number and age of finished tasks.
        unfinished: number of unfinished tasks that are counted here and stored elsewhere.
        finished: number of finished ones, likewise.
        stored_bytes: total size of the files of unfinished tasks elsewhere.
    """

    __slots__ = (
        *("_ends", "_finished", "_limits", "_progress", "_settle_at", "_tasks", "_touched", "_unfinished", "_waiting"),
        *("_finished_elsewhere", "_unfinished_elsewhere", "stored_bytes"),
    )

    def __init__(self, limits: Limits, *, unfinished: int = 0, finished: int = 0, stored_bytes: int = 0) -> None:
        self._unfinished_elsewhere, self._finished_elsewhere = unfinished, finished
        self.stored_bytes = stored_bytes
        """Total size of the files of unfinished tasks."""
        self._limits = limits
        self._tasks: dict[str, Task] = {}
        self._progress: dict[str, Progress] = {}
        self._unfinished: dict[str, Task] = {}
        self._finished: deque[Task] = deque()
        self._settle_at = max(SETTLE_AT_LEAST, 2 * unfinished)
        # Time of the last poll of each unfinished task, oldest first.
        self._waiting: dict[str, int] = {}
        # Tasks that may have ended since the last check: a heap of ends by the clock, and those advanced by polls or by hand.
        self._ends: list[tuple[int, str]] = []
        self._touched: dict[str, Task] = {}

    def __iter__(self) -> Iterator[Task]:
        """Iterate over all tasks, oldest first."""
        return iter(self._tasks.values())

    def __contains__(self, task_id: object) -> bool:
        """Return whether a task exists, expired or not."""
        return task_id in self._tasks

    def __len__(self) -> int:
        """Count all tasks."""
        return len(self._tasks) + self._unfinished_elsewhere + self._finished_elsewhere

    @property
    def queue_length(self) -> int:
        """Number of unfinished tasks, as of the last `settle`."""
        return len(self._unfinished) + self._unfinished_elsewhere

    def read(self, task_id: str) -> Kept | None:
        """Return everything known of a task, expired or not."""
        task = self._tasks.get(task_id)
        return None if task is None else Kept(task, self.progress(task), self._waiting.get(task_id))

    def find_next_end(self, now: int) -> int | None:
        """Return the time at which the next task ends by the clock; None if unknown."""
        while self._ends and (self._ends[0][0] <= now or self._ends[0][1] not in self._unfinished):
            self._touch(heapq.heappop(self._ends)[1])
        return self._ends[0][0] if self._ends else None

    def replace_limits(self, limits: Limits) -> None:
        """Replace the limits."""
        self._limits = limits

    def add(self, task: Task, now: int) -> None:
        """Add a task."""
        self._tasks[task.task_id] = task
        self._progress.pop(task.task_id, None)
        self._unfinished[task.task_id] = task
        self._waiting[task.task_id] = now
        self.stored_bytes += task.size
        timetable = task.timetable
        if timetable.counts != "ticks":
            self._touched[task.task_id] = task
        elif timetable.ends_at < NEVER:
            heapq.heappush(self._ends, (timetable.ends_at, task.task_id))
        if self.queue_length >= self._settle_at:
            self.settle(now)
            self._settle_at = max(SETTLE_AT_LEAST, 2 * self.queue_length)

    def drop(self, task_id: str) -> None:
        """Remove a task, if it exists."""
        if (task := self._tasks.pop(task_id, None)) is None:
            return
        if self._unfinished.pop(task_id, None) is not None:
            self.stored_bytes -= task.size
        else:
            self._finished.remove(task)
        for held in (self._progress, self._waiting, self._touched):
            held.pop(task_id, None)

    def progress(self, task: Task) -> Progress:
        """Return the progress of a task."""
        return self._progress.get(task.task_id, UNTOUCHED)

    def update(self, task: Task, progress: Progress) -> None:
        """Store the progress of a task, if it still exists."""
        if task.task_id in self._tasks:
            self._progress[task.task_id] = progress
            self._touch(task.task_id)

    def find(self, task_id: str, now: int) -> Task | None:
        """Return a task unless it is unknown or expired."""
        task = self._tasks.get(task_id)
        if task is not None and self._limits.finished_seconds is not None and self.progress(task).finished_at is None:
            self._notice(task, now)
            task = self._tasks.get(task_id)
        if task is None or self.progress(task).lost or self._is_expired(task, now):
            return None
        return task

    def finish(self, task: Task, now: int) -> None:
        """Release the storage of a finished task, once; the oldest finished ones are removed if there are too many."""
        if self.progress(task).finished_at is None:
            self.update(task, self.progress(task)._replace(finished_at=task.timetable.end_moment(now)))
        self._release(task, now)

    def attend(self, task: Task, now: int) -> None:
        """Record a poll of a task."""
        if self._waiting.pop(task.task_id, None) is not None:
            self._waiting[task.task_id] = now

    def _release(self, task: Task, now: int) -> None:
        self._waiting.pop(task.task_id, None)
        if self._unfinished.pop(task.task_id, None) is None:
            return
        self.stored_bytes -= task.size
        self._finished.append(task)
        most = self._limits.finished_tasks - self._finished_elsewhere
        while len(self._finished) > most or self._is_expired(self._finished[0], now):
            oldest = self._finished.popleft().task_id
            self._tasks.pop(oldest, None)
            self._progress.pop(oldest, None)
            if not self._finished:
                break

    def settle(self, now: int) -> None:
        """Process all tasks that have ended by the clock, and release those that were abandoned."""
        while self._ends and self._ends[0][0] <= now:
            self._touch(heapq.heappop(self._ends)[1])
        touched, self._touched = self._touched, {}
        for task in touched.values():
            self._notice(task, now)
        patience = self._limits.abandoned_seconds
        while patience is not None and self._waiting:
            task_id, looked_at = next(iter(self._waiting.items()))
            if now - looked_at < to_ticks(patience):
                break
            self._release(self._tasks[task_id], now)

    def _touch(self, task_id: str) -> None:
        if task_id in self._unfinished:
            self._touched[task_id] = self._unfinished[task_id]

    def _notice(self, task: Task, now: int) -> None:
        if task.state_at(self.progress(task), now) not in UNDER_WAY:
            self.finish(task, now)

    def _is_expired(self, task: Task, now: int) -> bool:
        if (retention := self._limits.finished_seconds) is None:
            return False
        finished_at = self.progress(task).finished_at
        return finished_at is not None and now - finished_at >= to_ticks(retention)
