"""One world in the store: which commands read it, the world that is made of what they return, which commands write its changes.

A world has nine keys below one of its own, which it gets when it begins:

    values    a hash: head (setup and clock), counters, setup:TOKEN, and for each task task:ID, progress:ID, body:ID
    tasks, waiting, ends, finished    sorted sets of tasks, by order; the unfinished by their latest look and by when to look at them
    repeats, repeats:old    hashes: how often each thing came; what did not come for long is forgotten
    journal, journal:sums   the exchanges; how many there ever were, and the bytes that unfinished tasks hold

The file is long, as what is written is what is read.
"""

from __future__ import annotations

from collections import Counter
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from diarkit_contracts.api.states import UNDER_WAY
from diarkit_mockserver.clock import Clock, ClockSetting
from diarkit_mockserver.journal.journal import MOST_BYTES, MOST_ENTRIES
from diarkit_mockserver.scenario.course import NEVER
from diarkit_mockserver.scenario.faults import FaultCounts
from diarkit_mockserver.scenario.limits import RateWindow
from diarkit_mockserver.scenario.setup import set_up
from diarkit_mockserver.store.access import StoreLostError
from diarkit_mockserver.store.entry import pack_entry, read_entry
from diarkit_mockserver.store.partial import Need, PartialJournal, PartialRepeats, PartialStore
from diarkit_mockserver.store.values import ABSENT, VERSION_BYTES, draw_version, pack, split, unpack
from diarkit_mockserver.world.counters import MOST_COUNTED, Counters, WorldState
from diarkit_mockserver.world.ids import AnswerIds
from diarkit_mockserver.world.store import Kept
from diarkit_mockserver.world.task import Progress
from diarkit_mockserver.world.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from diarkit_mockserver.journal.journal import Entry
    from diarkit_mockserver.scenario.model import Scenario
    from diarkit_mockserver.scenario.setup import Setup
    from diarkit_mockserver.store.access import Command
    from diarkit_mockserver.store.cache import Cache

    Check: TypeAlias = tuple[str, str, bytes]
    Read: TypeAlias = tuple[list[Command], Callable[..., None]]
    """Commands, and what takes their results."""

BEFORE_ALL: Final = 1 << 52
"""Ticks, which are after 1970 by less: a time less this is before all times of a world, and still exact in the store's numbers."""

NAMES: Final = ("values", "tasks", "waiting", "ends", "finished", "repeats", "repeats:old", "journal", "journal:sums")


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a world is told, ready for use, and what counts its journal."""

    origin: Scenario
    setup: Setup
    answer_ids: AnswerIds
    closed: str
    keeper: Any


class Part:
    """One world, as far as it was read.

    Args:
        key: of the world in the store; its other keys begin so.
        cache: of this process.
    """

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
        self._places: dict[str, int] = {}  # when it was looked at last or, of a finished one, finished
        self._versions: dict[str, tuple[bytes, bytes]] = {}  # of its progress, and of the task
        self._repeats: dict[str, tuple[bytes, int]] = {}
        self._lists: dict[Need, list[str]] = {}
        self._entries: list[bytes] | None = None
        self._now = 0

    def name(self, name: str) -> str:
        """Name one of its keys."""
        return f"{self.key}:{name}"

    def read_base(self) -> Read:
        """Read what every decision needs."""
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
        self._head, self._counters = head[:VERSION_BYTES], counters[:VERSION_BYTES]
        self._token, setting = self._cache.read(self.key, "head", head)
        self.setting = ClockSetting(*setting)
        self._plain = self._cache.read(self.key, "counters", counters)
        self._total, self._stored = int(sums[0] or 0), int(sums[1] or 0)
        self._waiting, self._finished = waiting, finished

    def read_setup(self) -> Read | None:
        """Read what the world is told; None if that is known."""
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
        """Read a task, as far as it is not known."""
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
                    raise StoreLostError(f"the store has no whole task {task_id}")
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
        """Read how often something came."""

        def take(young: bytes | None, old: bytes | None, length: int) -> None:
            version, content = split(young)
            self._repeats[key] = version, int(content or split(old)[1] or 0)
            self._repeats_length = length

        names = self.name("repeats"), self.name("repeats:old")
        return [("HGET", names[0], key), ("HGET", names[1], key), ("HLEN", names[0])], take

    def read_list(self, need: Need) -> Read:
        """Read which tasks a need is about."""
        ranges: list[Command]
        if need.kind == "tasks":
            ranges = [("ZRANGE", self.name("tasks"), 0, -1)]
        elif need.kind == "oldest":
            ranges = [("ZRANGE", self.name("finished"), 0, int(need.name) - 1)]
        else:
            ends, now = self.name("ends"), int(need.name)
            ranges = [
                ("ZRANGEBYSCORE", ends, "-inf", now),
                ("ZRANGEBYSCORE", ends, f"({now}", "+inf", "LIMIT", 0, 1),
            ]
            if need.longest is not None:
                ranges.append(("ZRANGEBYSCORE", self.name("waiting"), "-inf", now - need.longest))

        def take(*found: list[bytes]) -> None:
            self._lists[need] = [one.decode() for ids in found for one in ids]

        return ranges, take

    def list_unread(self) -> list[str]:
        """List the tasks that are named by what was read, or were not as in the cache, and have to be read."""
        named = dict.fromkeys(task_id for ids in (self._stale, *self._lists.values()) for task_id in ids)
        self._stale = []
        return [task_id for task_id in named if task_id not in self._tasks]

    def read_journal(self) -> Read:
        """Read all exchanges."""

        def take(entries: list[bytes], total: bytes | None) -> None:
            self._entries, self._first = entries, int(total or 0) - len(entries) + 1

        return [("LRANGE", self.name("journal"), 0, -1), ("HGET", self.name("journal:sums"), "total")], take

    def build(self, source: Callable[[], int], read_epoch: Callable[[], int]) -> None:
        """Make the world.

        Args:
            source: of its time.
            read_epoch: what date it is.
        """
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
        """Have a world, whose changes will be written, and what it was told when it was read."""
        self.world, self._prepared = world, prepared

    def write_changes(self, now: int, commands: list[Command], checks: list[Check]) -> list[Entry]:
        """Write what is not as it was read.

        Args:
            now: the store's time.
            commands: is added to.
            checks: likewise.

        Returns:
            The exchanges that are added: their commands are `append`'s, and come last.
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
        """Write setup and clock."""
        world, prepared = self.world, self._prepared
        assert prepared is not None  # noqa: S101 - it was taken
        is_told = world.setup is not prepared.setup or _list_kept(journal.keeper) != _list_kept(prepared.keeper)
        if not is_told and world.clock.setting == self.setting:
            return
        token = draw_version() if is_told else self._token
        if is_told:
            if self._token:
                commands.append(("HDEL", self._values, f"setup:{self._token.hex()}"))
            setup = world.setup
            told = world.origin, setup.scenario, setup.rules.added, setup.name, world.closed, journal.keeper
            commands.append(("HSET", self._values, f"setup:{token.hex()}", pack(told)))
        commands.append(("HSET", self._values, "head", draw_version() + pack((token, tuple(world.clock.setting)))))

    def _write_repeats(self, repeats: PartialRepeats, commands: list[Command], checks: list[Check]) -> bool:
        """Write what came how often; whether what is young has grown old with it, which only one process may do."""
        name = self.name("repeats")
        for key, count in repeats.list_changes():
            checks.append((name, key, self._repeats[key][0]))
            commands.append(("HSET", name, key, draw_version() + str(count).encode()))
        is_full = self._repeats_length >= MOST_COUNTED // 2
        if is_full:
            commands.append(("RENAME", name, self.name("repeats:old")))
        return is_full

    def _write_task(self, task_id: str, was: Kept | None, kept: Kept | None, place: int, now: int) -> Iterator[Command]:
        """Write a task; one that is another under the same id takes the place of the former."""
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
        """Write whether a task takes room, who looked at it last, and when to see whether it has ended."""
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
            # Whoever settles next has to look at it, and first at what ended first.
            yield "ZADD", self.name("ends"), "NX", self._now - BEFORE_ALL, task_id
        elif was is None and task.timetable.counts == "ticks" and task.timetable.ends_at < NEVER:
            yield "ZADD", self.name("ends"), task.timetable.ends_at, task_id

    def append(self, entry: Entry) -> Command:
        """Write an exchange; what that returns is its number."""
        return "APPEND", self.name("journal"), MOST_ENTRIES, MOST_BYTES, pack_entry(entry)

    def write_end(self) -> Command:
        """Write that the world is gone."""
        return "UNLINK", *map(self.name, NAMES)


def begin_part(key: str, cache: Cache, world: World) -> Part:
    """Make the part of a world that is not in the store yet, so that all of it is a change."""
    part = Part(key, cache)
    ids = AnswerIds(world.origin.seed, world.name)
    part.take(world, Prepared(world.origin, set_up(world.name, world.origin), ids, world.closed, None))
    tasks, journal = PartialStore(world.scenario.limits, unfinished=0, finished=0, stored_bytes=0), PartialJournal(0)
    tasks.take_over(world.tasks)
    journal.keeper = world.journal.keeper
    world.tasks, world.journal, world.counters.repeats = tasks, journal, PartialRepeats()
    return part


def _is_moved(was: Kept | None, kept: Kept | None) -> bool:
    """Whether a task has a new place among those of its kind: it is new itself, or has finished."""
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
