"""One world in the store: the commands that read it, the world built from their results, the commands that write its changes.

A world has nine keys with a common random prefix:

    values                  hash: head (setup token and clock), counters, setup:TOKEN; task:ID, progress:ID, body:ID for each task
    tasks                   sorted set: all tasks, by creation
    waiting, ends           sorted sets: unfinished tasks, by the last poll and by the time to check for their end
    finished                sorted set: finished tasks, by the time they finished
    repeats, repeats:old    hashes: number of occurrences by key; the older half is discarded when the newer one is full
    journal, journal:sums   list of the exchanges; hash: their total number and bytes, and the file sizes of unfinished tasks

This module is long, as reading and writing mirror each other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from diarkit_contracts.api.states import UNDER_WAY
from diarkit_mockserver.clock import Clock, ClockSetting
from diarkit_mockserver.journal.journal import MOST_BYTES, MOST_ENTRIES, Entry
from diarkit_mockserver.scenario.course import NEVER
from diarkit_mockserver.scenario.faults import FaultCounts
from diarkit_mockserver.scenario.limits import RateWindow
from diarkit_mockserver.scenario.model import Scenario
from diarkit_mockserver.scenario.setup import Setup, set_up
from diarkit_mockserver.store.access import Command, StoreLostError
from diarkit_mockserver.store.partial import Need, PartialJournal, PartialRepeats, PartialStore
from diarkit_mockserver.store.values import ABSENT, Cache, draw_version, pack, pack_entry, read_entry, split, unpack
from diarkit_mockserver.world.counters import MOST_COUNTED, Counters, WorldState
from diarkit_mockserver.world.ids import AnswerIds
from diarkit_mockserver.world.store import Kept
from diarkit_mockserver.world.task import Progress
from diarkit_mockserver.world.world import World

Check: TypeAlias = tuple[str, str, bytes]
Read: TypeAlias = tuple[list[Command], Callable[..., None]]
"""Commands, and a function that receives their results."""

BEFORE_ALL: Final = 1 << 52
"""More ticks than have passed since 1970: a time minus this sorts before all times of a world, and is exact as a float."""

NAMES: Final = ("values", "tasks", "waiting", "ends", "finished", "repeats", "repeats:old", "journal", "journal:sums")


@dataclass(frozen=True, slots=True)
class Prepared:
    """The setup of a world, ready for use, and the keeper of its journal."""

    origin: Scenario
    setup: Setup
    answer_ids: AnswerIds
    closed: str
    keeper: Any


class Part:
    """One world, as far as it was read."""

    def __init__(self, key: str, cache: Cache) -> None:
        self.key = key
        self.is_there = False
        self.setting = ClockSetting(0, None, 0, begins_frozen=False, begins_epoch=None)
        self._cache = cache
        self._prepared: Prepared | None = None
        self._stale: list[str] = []
        self._reread: set[str] = set()
        self._values = self.name("values")
        self._head = self._counters = self._token = ABSENT
        self._plain: tuple[Any, ...] = ()
        self._total = self._first = self._stored = self._waiting = self._finished = self._repeats_length = 0
        self._tasks: dict[str, Kept | None] = {}
        self._places: dict[str, int] = {}  # time of the last poll, or of the end of a finished task
        self._versions: dict[str, tuple[bytes, bytes]] = {}  # of the progress, and of the task
        self._repeats: dict[str, tuple[bytes, int]] = {}
        self._lists: dict[Need, list[str]] = {}
        self._entries: list[bytes] | None = None
        self._now = 0

    def name(self, name: str) -> str:
        """Return the full name of one of its keys."""
        return f"{self.key}:{name}"

    def read_base(self) -> Read:
        """Read the state required by every request."""
        commands: list[Command] = [
            ("HGET", self._values, "head"),
            ("HGET", self._values, "counters"),
            ("HMGET", self.name("journal:sums"), "total", "stored"),
            ("ZCARD", self.name("waiting")),
            ("ZCARD", self.name("finished")),
        ]
        return commands, self._take_base

    def _take_base(self, head: bytes | None, counters: bytes, sums: list[bytes | None], waiting: int, finished: int) -> None:  # fmt: skip
        self.is_there = head is not None
        if head is None:
            return
        self._head, self._counters = split(head)[0], split(counters)[0]
        self._token, setting = self._cache.read(self.key, "head", head)
        self.setting = ClockSetting(*setting)
        self._plain = self._cache.read(self.key, "counters", counters)
        self._total, self._stored = int(sums[0] or 0), int(sums[1] or 0)
        self._waiting, self._finished = waiting, finished

    def read_setup(self) -> Read | None:
        """Read the setup; None if it is cached."""
        field = f"setup:{self._token.hex()}"
        self._prepared = self._prepared or self._cache.get(self.key, field)[1]
        if self._prepared is not None:
            return None

        def take(content: bytes) -> None:
            origin, scenario, added, identity, closed, keeper = unpack(content)
            setup = set_up(identity, scenario, added)
            prepared = Prepared(origin, setup, AnswerIds(scenario.seed, identity), closed, keeper)
            self._prepared = prepared
            self._cache.put(self.key, field, self._token, prepared, len(content))

        return [("HGET", self._values, field)], take

    def read_task(self, task_id: str) -> Read:
        """Read a task; its immutable parts only if they are not cached."""
        fields = [f"progress:{task_id}"]
        fields += [one for one in (f"task:{task_id}", f"body:{task_id}") if self._cache.get(self.key, one)[1] is None]

        def take(values: list[bytes | None], looked_at: bytes | None) -> None:
            version, content = split(values[0])
            if not content:
                self._tasks[task_id], self._versions[task_id] = None, (ABSENT, ABSENT)
                return
            for field, value in zip(fields[1:], values[1:], strict=True):
                if value is not None:
                    self._cache.read(self.key, field, value)
            token, has_body, place, *steps = unpack(content)
            of_task, task = self._cache.get(self.key, f"task:{task_id}")
            of_body, body = self._cache.get(self.key, f"body:{task_id}")
            if of_task != token or (has_body and of_body != token):
                if task_id in self._reread:
                    raise StoreLostError(f"task {task_id} is incomplete in the store")
                self._reread.add(task_id)
                for kind in ("task", "body"):
                    self._cache.drop(self.key, f"{kind}:{task_id}")
                self._stale.append(task_id)
                return
            progress = Progress._make((*steps, body if has_body else None))
            self._tasks[task_id] = Kept(task, progress, None if looked_at is None else int(looked_at))
            self._versions[task_id], self._places[task_id] = (version, token), place

        return [("HMGET", self._values, *fields), ("ZSCORE", self.name("waiting"), task_id)], take

    def read_repeat(self, key: str) -> Read:
        """Read the number of occurrences of a key."""

        def take(young: bytes | None, old: bytes | None, length: int) -> None:
            version, content = split(young)
            self._repeats[key] = version, int(content or split(old)[1] or 0)
            self._repeats_length = length

        names = self.name("repeats"), self.name("repeats:old")
        return [("HGET", names[0], key), ("HGET", names[1], key), ("HLEN", names[0])], take

    def read_list(self, need: Need) -> Read:
        """Read the ids of the tasks of a need."""
        ranges: list[Command]
        if need.kind == "tasks":
            ranges = [("ZRANGE", self.name("tasks"), 0, -1)]
        elif need.kind == "oldest":
            ranges = [("ZRANGE", self.name("finished"), 0, int(need.name) - 1)]
        else:
            ends, now = self.name("ends"), int(need.name)
            ranges = [("ZRANGEBYSCORE", ends, "-inf", now), ("ZRANGEBYSCORE", ends, f"({now}", "+inf", "LIMIT", 0, 1)]
            if need.longest is not None:
                ranges.append(("ZRANGEBYSCORE", self.name("waiting"), "-inf", now - need.longest))

        def take(*found: list[bytes]) -> None:
            self._lists[need] = [one.decode() for ids in found for one in ids]

        return ranges, take

    def list_unread(self) -> list[str]:
        """List the tasks to read next: those of the lists that were read, and those whose cached parts were outdated."""
        named = dict.fromkeys(task_id for ids in (self._stale, *self._lists.values()) for task_id in ids)
        self._stale = []
        return [task_id for task_id in named if task_id not in self._tasks]

    def read_journal(self) -> Read:
        """Read all exchanges."""

        def take(entries: list[bytes], total: bytes | None) -> None:
            self._entries, self._first = entries, int(total or 0) - len(entries) + 1

        return [("LRANGE", self.name("journal"), 0, -1), ("HGET", self.name("journal:sums"), "total")], take

    def build(self, source: Callable[[], int], read_epoch: Callable[[], int]) -> None:
        """Build the world."""
        prepared = self._prepared
        assert prepared is not None  # noqa: S101 - it was read
        limits = prepared.setup.scenario.limits
        tasks = PartialStore(limits, unfinished=self._waiting, finished=self._finished, stored_bytes=self._stored)
        for task_id in sorted(self._tasks, key=lambda task_id: self._places.get(task_id, 0)):
            tasks.load(task_id, self._tasks[task_id])
        for need, ids in self._lists.items():
            match need.kind:
                case "tasks":
                    tasks.load_all(ids)
                case "oldest":
                    tasks.load_oldest(ids, int(need.name))
                case _:
                    tasks.load_due(ids)
        journal = PartialJournal(self._total)
        journal.keeper = copy(prepared.keeper)
        if self._entries is not None:
            journal.load(map(read_entry, self._entries, range(self._first, self._first + len(self._entries))))
        clock = Clock(source, epoch=self.setting.epoch, read_epoch=read_epoch)
        clock.set_to(self.setting)
        repeats = PartialRepeats()
        for key, (_, count) in self._repeats.items():
            repeats.load(key, count)
        state = WorldState(
            origin=prepared.origin,
            setup=prepared.setup,
            answer_ids=prepared.answer_ids,
            closed=prepared.closed,
            clock=clock,
            tasks=tasks,
            counters=_make_counters(self._plain, repeats),
            journal=journal,
        )
        self.take(World.restore(state), prepared)

    def take(self, world: World, prepared: Prepared) -> None:
        """Set the world whose changes will be written, and its setup as of the read."""
        self.world, self._prepared = world, prepared

    def write_changes(self, now: int, commands: list[Command], checks: list[Check]) -> list[Entry]:
        """Append the commands that write the changes since the read, and the versions they depend on, and return the new exchanges.

        `now` is the store's time, in ticks since 1970 UTC. The commands of the exchanges are made by `append`, and must come last.
        """
        world, tasks, journal = self.world, self.world.tasks, self.world.journal
        repeats = world.counters.repeats
        assert isinstance(tasks, PartialStore) and isinstance(journal, PartialJournal)  # noqa: S101, PT018 - made here
        assert isinstance(repeats, PartialRepeats)  # noqa: S101
        before = len(commands)
        self._now = now
        self._write_head(commands, journal)
        plain, is_full = _list_counters(world.counters), self._write_repeats(repeats, commands, checks)
        if plain != self._plain or is_full:
            checks.append((self._values, "counters", self._counters))
            commands.append(("HSET", self._values, "counters", draw_version() + pack(plain)))
        for place, (task_id, was, now_is) in enumerate(tasks.list_changes()):
            checks.append((self._values, f"progress:{task_id}", self._versions.get(task_id, (ABSENT, ABSENT))[0]))
            if task_id in tasks.looked_at or _is_moved(was, now_is):
                self._places[task_id] = now + place
            commands += self._write_task(task_id, was, now_is, self._places.get(task_id, now), world.clock.now())
        if tasks.stored_bytes != self._stored:
            commands.append(("HINCRBY", self.name("journal:sums"), "stored", tasks.stored_bytes - self._stored))
        if journal.is_cleared:
            commands += [("DEL", self.name("journal")), ("HSET", self.name("journal:sums"), "bytes", 0)]
        if len(commands) > before or journal.added:
            checks.append((self._values, "head", self._head))
        return journal.added

    def _write_head(self, commands: list[Command], journal: PartialJournal) -> None:
        world, prepared = self.world, self._prepared
        assert prepared is not None  # noqa: S101 - it was taken
        is_changed = world.setup is not prepared.setup or _list_kept(journal.keeper) != _list_kept(prepared.keeper)
        if not is_changed and world.clock.setting == self.setting:
            return
        token = draw_version() if is_changed else self._token
        if is_changed:
            if self._token:
                commands.append(("HDEL", self._values, f"setup:{self._token.hex()}"))
            setup = world.setup
            values = world.origin, setup.scenario, setup.rules.added, setup.name, world.closed, journal.keeper
            commands.append(("HSET", self._values, f"setup:{token.hex()}", pack(values)))
        commands.append(("HSET", self._values, "head", draw_version() + pack((token, tuple(world.clock.setting)))))

    def _write_repeats(self, repeats: PartialRepeats, commands: list[Command], checks: list[Check]) -> bool:
        """Write the numbers of occurrences; return whether the newer half was rotated, which only one process may do."""
        name = self.name("repeats")
        for key, count in repeats.list_changes():
            checks.append((name, key, self._repeats[key][0]))
            commands.append(("HSET", name, key, draw_version() + str(count).encode()))
        is_full = self._repeats_length >= MOST_COUNTED // 2
        if is_full:
            commands.append(("RENAME", name, self.name("repeats:old")))
        return is_full

    def _write_task(self, task_id: str, was: Kept | None, kept: Kept | None, place: int, now: int) -> Iterator[Command]:
        """Write a task; a new one replaces an old one with the same id."""
        is_new = kept is not None and (was is None or was.task is not kept.task)
        if was is not None and (kept is None or is_new):
            yield "HDEL", self._values, *(f"{kind}:{task_id}" for kind in ("progress", "task", "body"))
            for name in ("tasks", "waiting", "ends", "finished"):
                yield "ZREM", self.name(name), task_id
            was = None
        if kept is None:
            return
        token = draw_version() if is_new else self._versions[task_id][1]
        if is_new:
            yield "HSET", self._values, f"task:{task_id}", token + pack(kept.task)
            yield "ZADD", self.name("tasks"), place, task_id
        body = kept.progress.final_body
        if body is not None and (was is None or was.progress.final_body is None):
            yield "HSET", self._values, f"body:{task_id}", token + pack(body)
        steps = (token, body is not None, place, *kept.progress[:-1])
        yield "HSET", self._values, f"progress:{task_id}", draw_version() + pack(steps)
        yield from self._write_waiting(task_id, was, kept, place, now)

    def _write_waiting(self, task_id: str, was: Kept | None, kept: Kept, place: int, now: int) -> Iterator[Command]:
        """Write whether a task is finished, the time of its last poll, and the time of its end."""
        task, progress, looked_at = kept
        if looked_at is None:
            if was is None or was.looked_at is not None:
                yield "ZREM", self.name("waiting"), task_id
                yield "ZREM", self.name("ends"), task_id
                yield "ZADD", self.name("finished"), place, task_id
            return
        if was is None or was.looked_at != looked_at:
            yield "ZADD", self.name("waiting"), looked_at, task_id
        if task.state_at(progress, now) not in UNDER_WAY:
            # The next `settle` must check it; earlier ends come first.
            yield "ZADD", self.name("ends"), "NX", self._now - BEFORE_ALL, task_id
        elif was is None and task.timetable.counts == "ticks" and task.timetable.ends_at < NEVER:
            yield "ZADD", self.name("ends"), task.timetable.ends_at, task_id

    def append(self, entry: Entry) -> Command:
        """Write an exchange; the command returns its number."""
        return "APPEND", self.name("journal"), MOST_ENTRIES, MOST_BYTES, pack_entry(entry)

    def write_end(self) -> Command:
        """Delete the world."""
        return "UNLINK", *map(self.name, NAMES)


def begin_part(key: str, cache: Cache, world: World) -> Part:
    """Create the part of a world that is not in the store yet: all of it is written as a change."""
    part = Part(key, cache)
    ids = AnswerIds(world.origin.seed, world.name)
    part.take(world, Prepared(world.origin, set_up(world.name, world.origin), ids, world.closed, None))
    tasks, journal = PartialStore(world.scenario.limits, unfinished=0, finished=0, stored_bytes=0), PartialJournal(0)
    tasks.take_over(world.tasks)
    journal.keeper = world.journal.keeper
    world.tasks, world.journal, world.counters.repeats = tasks, journal, PartialRepeats()
    return part


def _is_moved(was: Kept | None, kept: Kept | None) -> bool:
    """Whether the position of a task in its sorted set changes: it is new, or has finished."""
    if was is None or kept is None:
        return True
    return was.task is not kept.task or (was.looked_at is None) is not (kept.looked_at is None)


def _list_kept(keeper: object) -> dict[str, object] | None:
    return None if keeper is None else vars(keeper)


def _list_counters(counters: Counters) -> tuple[Any, ...]:
    faults, window = counters.faults, counters.window
    counts = (counters.rules, faults.matched, faults.met)
    return (*map(dict, counts), (window.ends_at, window.count), tuple(counters.free_at), counters.uploads)


def _make_counters(plain: tuple[Any, ...], repeats: PartialRepeats) -> Counters:
    rules, matched, met, window, free_at, uploads = plain
    return Counters(
        rules=Counter(rules),
        faults=FaultCounts(Counter(matched), Counter(met)),
        window=RateWindow(*window),
        free_at=list(free_at),
        uploads=uploads,
        repeats=repeats,
    )
