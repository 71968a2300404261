"""What a world is made of, as far as it was loaded: what is asked beyond that is named, so that it can be loaded. Does no I/O.

Each class here is the one it descends from where all that it is asked for is loaded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from diarkit_mockserver.clock import to_ticks
from diarkit_mockserver.errors import FakeError
from diarkit_mockserver.journal.journal import Journal
from diarkit_mockserver.scenario.course import NEVER
from diarkit_mockserver.world.counters import Repeats
from diarkit_mockserver.world.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from diarkit_mockserver.journal.journal import Entry
    from diarkit_mockserver.scenario.limits import Limits
    from diarkit_mockserver.world.store import Kept
    from diarkit_mockserver.world.task import Task


class Need(NamedTuple):
    """What has to be loaded before something can be decided.

    Attributes:
        kind: one task, how often something came, the tasks that may have ended by a moment, so many of the oldest finished
            ones, all tasks, the journal, another world, or all of them.
        name: of the task, the thing or the world; the moment or the number.
    """

    kind: Literal["task", "repeat", "due", "oldest", "tasks", "journal", "world", "worlds"]
    name: str | int = ""
    longest: int | None = None
    """With `due`: ticks after which a task that nobody looks at is let go of."""


class Missing(FakeError):  # noqa: N818 - no mistake
    """Something has to be loaded first."""

    def __init__(self, need: Need) -> None:
        self.need = need
        super().__init__(str(need))


class PartialStore(Store):
    """Some tasks of a world.

    Args:
        limits: of the world.
        unfinished: tasks of the world.
        finished: likewise.
        stored_bytes: of the files of those that are unfinished.
    """

    __slots__ = ("_all", "_before", "_due", "_oldest", "_removed", "looked_at")

    def __init__(self, limits: Limits, *, unfinished: int, finished: int, stored_bytes: int) -> None:
        super().__init__(limits, unfinished=unfinished, finished=finished, stored_bytes=stored_bytes)
        self._settle_at = (unfinished // 64 + 1) * 64  # each so many uploads, whoever takes them
        self._before: dict[str, Kept | None] = {}
        self._all = self._due = False
        self._oldest = self._removed = 0
        self.looked_at: set[str] = set()
        """Tasks that somebody has looked at, also where no time has passed since the last look."""

    def take_over(self, store: Store) -> None:
        """Be a store of which nothing was loaded, as all of it is new."""
        for name in Store.__slots__:
            setattr(self, name, getattr(store, name))
        self._all = self._due = True

    def load(self, task_id: str, kept: Kept | None) -> None:
        """Put in what is known of a task, None for one that is not there; the one that was looked at or finished the longest ago first."""
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
        """Note that all tasks are here; they came in this order."""
        self._all = self._due = True
        self._tasks = {task_id: self._tasks[task_id] for task_id in order if task_id in self._tasks}
        self._unfinished_elsewhere = self._finished_elsewhere = 0

    def load_due(self, order: Iterable[str]) -> None:
        """Note that all that may have ended is here, and what ends next; to be looked at in this order."""
        self._due = True
        self._touched = {task_id: self._unfinished[task_id] for task_id in order if task_id in self._unfinished}

    def load_oldest(self, order: Iterable[str], number: int) -> None:
        """Note that these are the oldest that are finished, so many or all."""
        oldest = [self._tasks[task_id] for task_id in order if task_id in self._tasks]
        self._oldest = max(number, self._oldest)
        for task in reversed(oldest):
            self._finished.remove(task)
            self._finished.appendleft(task)

    def list_changes(self) -> Iterator[tuple[str, Kept | None, Kept | None]]:
        """List the tasks that are not as they were: before and now; those that finished in the order in which they did."""
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

    def find(self, task_id: str, now: int) -> Task | None:  # noqa: D102 - as what it descends from
        self._check(task_id)
        return super().find(task_id, now)

    def drop(self, task_id: str) -> None:  # noqa: D102 - as what it descends from
        self._check(task_id)
        super().drop(task_id)

    def attend(self, task: Task, now: int) -> None:  # noqa: D102 - as what it descends from
        if task.task_id in self._waiting:
            self.looked_at.add(task.task_id)
        super().attend(task, now)

    def settle(self, now: int) -> None:  # noqa: D102 - as what it descends from
        if not self._due:
            patience = self._limits.abandoned_seconds
            raise Missing(Need("due", now, None if patience is None else to_ticks(patience)))
        self._ends.sort()  # which makes a heap of them
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
    """How often some things came."""

    __slots__ = ("_before",)

    def __init__(self) -> None:
        super().__init__()
        self._before: dict[str, int] = {}

    def load(self, key: str, count: int) -> None:
        """Put in how often something came."""
        self._before[key] = count
        if count:
            self._came[bytes.fromhex(key.replace("-", ""))] = count

    def list_changes(self) -> Iterator[tuple[str, int]]:
        """List what came more often than before, and how often."""
        for key, before in self._before.items():
            if (count := self._came.get(bytes.fromhex(key.replace("-", "")), 0)) != before:
                yield key, count

    def count(self, key: str) -> int:  # noqa: D102 - as what it descends from
        if key not in self._before:
            raise Missing(Need("repeat", key))
        return super().count(key)


class PartialJournal(Journal):
    """A journal that knows how many exchanges there were, and what is added to them."""

    __slots__ = ("added", "is_cleared", "is_loaded", "was")

    def __init__(self, total: int) -> None:
        super().__init__()
        self.total = self.was = total
        self.added: list[Entry] = []
        """Since it was loaded, and not cleared."""
        self.is_cleared = self.is_loaded = False

    def load(self, entries: Iterable[Entry]) -> None:
        """Put in what is there."""
        self._entries.extend(entries)
        self.is_loaded = True

    def __iter__(self) -> Iterator[Entry]:
        self._check()
        return super().__iter__()

    def __len__(self) -> int:
        self._check()
        return super().__len__()

    def add(self, entry: Entry) -> Entry:  # noqa: D102 - as what it descends from
        self.total += 1
        self.added.append(entry)
        self._entries.append(entry)
        return entry

    def clear(self) -> None:  # noqa: D102 - as what it descends from
        super().clear()
        self.added.clear()
        self.is_cleared = True

    def _check(self) -> None:
        if not self.is_loaded:
            raise Missing(Need("journal"))
