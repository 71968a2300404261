"""Partially loaded tasks, counters and journal of a world. Access to the rest raises `Missing`, so that it can be loaded.

Each class behaves like its base class for everything that is loaded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from diarkit_mockserver.clock import to_ticks
from diarkit_mockserver.errors import FakeError
from diarkit_mockserver.journal.journal import Entry, Journal
from diarkit_mockserver.scenario.course import NEVER
from diarkit_mockserver.scenario.limits import Limits
from diarkit_mockserver.world.counters import Repeats
from diarkit_mockserver.world.store import Kept, Store
from diarkit_mockserver.world.task import Task


class Need(NamedTuple):
    """State that must be loaded to process a request.

    Attributes:
        kind: a task; the occurrences of a key; tasks that may have ended by a time; the oldest finished tasks; all tasks; the
            journal; a world; all worlds.
        name: the id of the task, the key, or the name of the world; for `due` the time in ticks, for `oldest` the number of tasks.
    """

    kind: Literal["task", "repeat", "due", "oldest", "tasks", "journal", "world", "worlds"]
    name: str | int = ""
    longest: int | None = None
    """For `due`: ticks without a poll after which a task is abandoned."""


class Missing(FakeError):  # noqa: N818 - a signal rather than an error
    """State is required that is not loaded."""

    def __init__(self, need: Need) -> None:
        self.need = need
        super().__init__(str(need))


class PartialStore(Store):
    """Some tasks of a world."""

    __slots__ = ("_all", "_before", "_due", "_oldest", "_removed", "looked_at")

    def __init__(self, limits: Limits, *, unfinished: int, finished: int, stored_bytes: int) -> None:
        super().__init__(limits, unfinished=unfinished, finished=finished, stored_bytes=stored_bytes)
        self._settle_at = (unfinished // 64 + 1) * 64  # at multiples of 64, in whichever process
        self._before: dict[str, Kept | None] = {}
        self._all = self._due = False
        self._oldest = self._removed = 0
        self.looked_at: set[str] = set()
        """Unfinished tasks that were polled, even if no time has passed since their last poll."""

    def take_over(self, store: Store) -> None:
        """Take the tasks of another store, all of them as new."""
        for name in Store.__slots__:
            setattr(self, name, getattr(store, name))
        self._all = self._due = True

    def load(self, task_id: str, kept: Kept | None) -> None:
        """Add a task; None if it does not exist. Must be called in the order of the last poll or the end, oldest first."""
        if task_id in self._before:
            return
        self._before[task_id] = kept
        if kept is None:
            return
        task = kept.task
        self._tasks[task_id], self._progress[task_id] = task, kept.progress
        if kept.looked_at is None:
            self._finished.append(task)
            self._finished_elsewhere -= 1
            return
        self._unfinished[task_id] = self._touched[task_id] = task
        self._waiting[task_id] = kept.looked_at
        self._unfinished_elsewhere -= 1
        if task.timetable.counts == "ticks" and task.timetable.ends_at < NEVER:
            self._ends.append((task.timetable.ends_at, task_id))

    def load_all(self, order: Iterable[str]) -> None:
        """Mark all tasks as loaded, in order of creation."""
        self._all = self._due = True
        self._tasks = {task_id: self._tasks[task_id] for task_id in order if task_id in self._tasks}
        self._unfinished_elsewhere = self._finished_elsewhere = 0

    def load_due(self, order: Iterable[str]) -> None:
        """Mark the tasks that may have ended as loaded, and the one that ends next; they are checked in this order."""
        self._due = True
        self._touched = {task_id: self._unfinished[task_id] for task_id in order if task_id in self._unfinished}

    def load_oldest(self, order: Iterable[str], number: int) -> None:
        """Mark the oldest finished tasks as loaded: `number` of them, or all if there are fewer."""
        oldest = [self._tasks[task_id] for task_id in order if task_id in self._tasks]
        self._oldest = max(number, self._oldest)
        for task in reversed(oldest):
            self._finished.remove(task)
            self._finished.appendleft(task)

    def list_changes(self) -> Iterator[tuple[str, Kept | None, Kept | None]]:
        """List the changed tasks as (id, before, now); finished ones last, in the order of their ends."""
        names = dict.fromkeys((*self._before, *self._tasks))
        changed = [(task_id, self._before.get(task_id), self.read(task_id)) for task_id in names]
        changed = [one for one in changed if one[1] != one[2] or one[0] in self.looked_at]
        if len(changed) > 1:
            order = {task.task_id: place for place, task in enumerate(self._finished)}
            changed.sort(key=lambda one: order.get(one[0], -1))
        return iter(changed)

    def __iter__(self) -> Iterator[Task]:
        if not self._all:
            raise Missing(Need("tasks"))
        return super().__iter__()

    def __contains__(self, task_id: object) -> bool:
        self._check(str(task_id))
        return super().__contains__(task_id)

    def find(self, task_id: str, now: int) -> Task | None:  # noqa: D102 - see the base class
        self._check(task_id)
        return super().find(task_id, now)

    def drop(self, task_id: str) -> None:  # noqa: D102 - see the base class
        self._check(task_id)
        super().drop(task_id)

    def attend(self, task: Task, now: int) -> None:  # noqa: D102 - see the base class
        if task.task_id in self._waiting:
            self.looked_at.add(task.task_id)
        super().attend(task, now)

    def settle(self, now: int) -> None:  # noqa: D102 - see the base class
        if not self._due:
            patience = self._limits.abandoned_seconds
            raise Missing(Need("due", now, None if patience is None else to_ticks(patience)))
        self._ends.sort()  # a sorted list is a heap
        self._waiting = dict(sorted(self._waiting.items(), key=lambda one: one[1]))
        super().settle(now)

    def _release(self, task: Task, now: int) -> None:
        if self._all or task.task_id not in self._unfinished:
            super()._release(task, now)
            return
        before = len(self._finished) + 1
        excess = before + self._finished_elsewhere - self._limits.finished_tasks
        if excess > 0 and self._removed + excess > self._oldest:
            raise Missing(Need("oldest", self._removed + excess))
        super()._release(task, now)
        self._removed += before - len(self._finished)

    def _check(self, task_id: str) -> None:
        if not self._all and task_id not in self._before and task_id not in self._tasks:
            raise Missing(Need("task", task_id))


class PartialRepeats(Repeats):
    """The numbers of occurrences of some keys."""

    __slots__ = ("_before",)

    def __init__(self) -> None:
        super().__init__()
        self._before: dict[str, int] = {}

    def load(self, key: str, count: int) -> None:
        """Add the number of occurrences of a key."""
        self._before[key] = count
        if count:
            self._came[bytes.fromhex(key.replace("-", ""))] = count

    def list_changes(self) -> Iterator[tuple[str, int]]:
        """List the changed keys with their new numbers."""
        for key, before in self._before.items():
            if (count := self._came.get(bytes.fromhex(key.replace("-", "")), 0)) != before:
                yield key, count

    def count(self, key: str) -> int:  # noqa: D102 - see the base class
        if key not in self._before:
            raise Missing(Need("repeat", key))
        return super().count(key)


class PartialJournal(Journal):
    """A journal with the total number of its exchanges, and with those added since it was loaded."""

    __slots__ = ("added", "is_cleared", "is_loaded")

    def __init__(self, total: int) -> None:
        super().__init__()
        self.total = total
        self.added: list[Entry] = []
        """Exchanges added since it was loaded or cleared."""
        self.is_cleared = self.is_loaded = False

    def load(self, entries: Iterable[Entry]) -> None:
        """Add the stored exchanges, oldest first."""
        self._entries.extend(entries)
        self.is_loaded = True

    def __iter__(self) -> Iterator[Entry]:
        self._check()
        return super().__iter__()

    def __len__(self) -> int:
        self._check()
        return super().__len__()

    def add(self, entry: Entry) -> Entry:  # noqa: D102 - see the base class
        self.total += 1
        self.added.append(entry)
        self._entries.append(entry)
        return entry

    def clear(self) -> None:  # noqa: D102 - see the base class
        super().clear()
        self.added.clear()
        self.is_cleared = True

    def _check(self) -> None:
        if not self.is_loaded:
            raise Missing(Need("journal"))
