"""Loads partial platforms from the store, commits their changes, and reports changes by other processes. Independent of the engine.

load(world, needs) -> View      one round trip, or more if the results refer to further tasks
commit(view) -> exchanges       one round trip; None after a conflict: load and decide again
changed() -> views              one for each change of a clock or a setup
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from typing import Any, Final, NoReturn

from diarkit_mockserver.clock import SECOND, Clock, read_system_ticks
from diarkit_mockserver.journal.journal import Entry
from diarkit_mockserver.store.access import Access, Command
from diarkit_mockserver.store.part import Check, Part, Read, begin_part
from diarkit_mockserver.store.partial import Missing, Need
from diarkit_mockserver.store.values import ABSENT, Cache, draw_version, pack, split, unpack
from diarkit_mockserver.world.platform import Platform
from diarkit_mockserver.world.world import World

SCHEMA: Final = 2
"""Version of the stored values, part of each key: processes with different versions are separate platforms."""


class Shelf:
    """One platform in a store.

    Args:
        platform: of this process: its fixed settings, and the scenario and clock of a platform that is not in the store yet.
        url: of the store.
        prefix: of its keys.
    """

    def __init__(self, platform: Platform, url: str, prefix: str) -> None:
        self.platform = platform
        self._scenario, self._begins = platform.world.origin, platform.world.clock.setting[3:]
        self.key = f"{{{prefix}:{SCHEMA}}}"  # a hash tag: all keys are in one slot of a cluster
        self._access = Access(url, self.key)
        self._cache = Cache()
        self.registry: tuple[bytes, dict[str, str]] = (ABSENT, {})
        """Version and value of the keys of the worlds, by name."""

    async def load(self, world: str, needs: Collection[Need]) -> View:
        """Load a view of what every request requires, and of the needs, which refer to `world`."""
        while True:
            named = {"", world, *(str(need.name) for need in needs if need.kind == "world")}
            if any(need.kind == "worlds" for need in needs):
                named |= self.registry[1].keys()
            keys = self.registry[1]
            parts = {name: Part(keys[name], self._cache) for name in named if name in keys}
            reads = [self._read_registry(), *(part.read_base() for part in parts.values())]
            if world in parts:
                reads += _read_needs(parts[world], needs)
            time = await self._read(reads)
            if not self.registry[1]:
                await self._begin()
            elif self.registry[1] == keys and all(part.is_there for part in parts.values()):
                break
        while reads := [
            *(read for part in parts.values() if (read := part.read_setup()) is not None),
            *(part.read_task(task_id) for part in parts.values() for task_id in part.list_unread()),
        ]:
            await self._read(reads)
        return View(self, time, parts)

    async def commit(self, view: View) -> list[tuple[World, Entry]] | None:
        """Write the changes of a view, and return the added exchanges, numbered; None after a conflict, when nothing was written.

        After a StoreLostError the changes may have been written.
        """
        commands, checks, added = view.write_changes()
        if not commands:
            return []
        reply = await self._access.run(commands, checks)
        if reply.results is None:
            return None
        for (_, entry), number in zip(reversed(added), reversed(reply.results), strict=False):
            entry.number = number
        return added

    async def changed(self) -> AsyncIterator[View]:
        """Yield a view of all worlds at the start, and after each change of a clock or a setup."""
        async for _ in self._access.listen(self.key):
            yield await self.load("", (Need("worlds"),))

    def begin_part(self, world: World) -> Part:
        """Create the part of a world that is not in the store yet."""
        return begin_part(f"{self.key}:{secrets.token_hex(8)}", self._cache, world)

    async def close(self) -> None:
        """Close all connections."""
        await self._access.close()

    async def _read(self, reads: Iterable[Read]) -> int:
        reads = list(reads)
        reply = await self._access.run([command for commands, _ in reads for command in commands])
        results = reply.results or []
        at = 0
        for commands, take in reads:
            take(*results[at : at + len(commands)])
            at += len(commands)
        return reply.time

    def _read_registry(self) -> Read:
        def take(content: bytes | None) -> None:
            version, value = split(content)
            if version != self.registry[0]:
                self.registry = version, unpack(value) if value else {}

        return [("HGET", self.key, "worlds")], take

    async def _begin(self) -> None:
        """Write the platform of this process to the store, unless another process has written one."""
        reply = await self._access.run([("HGET", self.key, "worlds")])
        instant = Instant(reply.time)
        frozen, epoch = self._begins
        clock = Clock(instant, frozen=frozen, epoch=epoch, read_epoch=instant.read_epoch)
        part = self.begin_part(World(scenario=self._scenario, clock=clock))
        commands: list[Command] = [("HSET", self.key, "worlds", draw_version() + pack({"": part.key}))]
        checks: list[Check] = [(self.key, "worlds", ABSENT)]
        part.write_changes(reply.time, commands, checks)
        await self._access.run(commands, checks)


class View:
    """A partially loaded platform.

    Args:
        shelf: that loaded it.
        time: of the store, in ticks since 1970 UTC.
        parts: the worlds that were read, by name, including the default one.
    """

    def __init__(self, shelf: Shelf, time: int, parts: dict[str, Part]) -> None:
        self.instant = Instant(time)
        self.time = time
        self.version, self._keys = shelf.registry
        self._shelf = shelf
        self.parts = parts
        for part in parts.values():
            part.build(self.instant, self.instant.read_epoch)
        loaded = {name: part.world for name, part in parts.items() if name}
        self._worlds = Worlds(loaded, set(self._keys) - {""})
        self.platform = shelf.platform.view(parts[""].world, self._worlds)

    def write_changes(self) -> tuple[list[Command], list[Check], list[tuple[World, Entry]]]:
        """Return the commands of the changes, the versions they depend on, and the new exchanges, whose commands come last."""
        commands: list[Command] = []
        appends: list[tuple[Command, tuple[World, Entry]]] = []
        checks: list[Check] = []
        keys = {name: key for name, key in self._keys.items() if not name or name in self._worlds}
        for name, world in (("", self.platform.world), *self._worlds.list_loaded()):
            part = self.parts.get(name)
            if part is None or part.world is not world:
                part = self._shelf.begin_part(world)
                keys[name] = part.key
            before = len(commands)
            entries = part.write_changes(self.time, commands, checks)
            if any(command[1] == part.name("values") and command[2] == "head" for command in commands[before:]):
                commands.append(("PUBLISH", self._shelf.key, part.key))
            appends += [(part.append(entry), (world, entry)) for entry in entries]
        if keys != self._keys:
            commands.append(("HSET", self._shelf.key, "worlds", draw_version() + pack(keys)))
            for name, part in self.parts.items():
                if keys.get(name) != part.key:
                    commands += (part.write_end(), ("PUBLISH", self._shelf.key, part.key))
        commands += (command for command, _ in appends)
        if commands:
            checks.append((self._shelf.key, "worlds", self.version))
        return commands, checks, [one for _, one in appends]


class Instant:
    """The store's time: fixed at the load, until `run` lets it continue."""

    __slots__ = ("_read_at", "_time")

    def __init__(self, time: int) -> None:
        self._time = time
        self._read_at: int | None = None

    def __call__(self) -> int:
        """Return ticks since 1970 UTC."""
        return self._time if self._read_at is None else self._time + read_system_ticks() - self._read_at

    def read_epoch(self) -> int:
        """Return whole seconds since 1970 UTC."""
        return self() // SECOND

    def run(self) -> None:
        """Continue from the time of the load."""
        self._read_at = read_system_ticks()


class Worlds(dict[str, World]):
    """The worlds of a platform by name. Those that are not loaded are counted; access to them raises `Missing`."""

    def __init__(self, loaded: Mapping[str, World], names: set[str]) -> None:
        super().__init__(loaded)
        self._unloaded = names.difference(loaded)

    def __len__(self) -> int:
        return super().__len__() + len(self._unloaded)

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or name in self._unloaded

    def __missing__(self, name: str) -> NoReturn:
        if name in self._unloaded:
            raise Missing(Need("world", name))
        raise KeyError(name)

    def get(self, name: str, default: Any = None) -> Any:  # noqa: D102 - as of a dict, also below
        return self[name] if name in self else default  # noqa: SIM401 - would call itself

    def pop(self, name: str, *default: Any) -> Any:  # noqa: D102
        if name in self._unloaded:
            raise Missing(Need("world", name))
        return super().pop(name, *default)

    def items(self) -> Any:  # noqa: D102
        if self._unloaded:
            raise Missing(Need("worlds"))
        return super().items()

    def list_loaded(self) -> list[tuple[str, World]]:
        """List the loaded and the new worlds."""
        return list(super().items())


def _read_needs(part: Part, needs: Iterable[Need]) -> Iterable[Read]:
    for need in needs:
        match need.kind:
            case "task":
                yield part.read_task(str(need.name))
            case "repeat":
                yield part.read_repeat(str(need.name))
            case "journal":
                yield part.read_journal()
            case "world" | "worlds":
                pass
            case _:
                yield part.read_list(need)
