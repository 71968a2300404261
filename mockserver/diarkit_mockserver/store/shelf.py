"""Loads views from the store, commits their changes, and reports changes by other processes. Independent of the engine.

load(world, needs) -> View      one round trip, or more if the results refer to further tasks
commit(view) -> exchanges       one round trip; None after a conflict: load and decide again
changed() -> views              one for each change of a clock or a setup
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

from diarkit_mockserver.clock import Clock
from diarkit_mockserver.store.access import Access
from diarkit_mockserver.store.cache import Cache
from diarkit_mockserver.store.part import Part, begin_part
from diarkit_mockserver.store.partial import Need
from diarkit_mockserver.store.values import ABSENT, draw_version, pack, split, unpack
from diarkit_mockserver.store.view import Instant, View
from diarkit_mockserver.world.world import World

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Iterable

    from diarkit_mockserver.journal.journal import Entry
    from diarkit_mockserver.store.access import Command
    from diarkit_mockserver.store.part import Check, Read
    from diarkit_mockserver.world.platform import Platform

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
        self._platform = platform
        self._scenario, self._begins = platform.world.origin, platform.world.clock.setting[3:]
        self._key = f"{{{prefix}:{SCHEMA}}}"  # a hash tag: all keys are in one slot of a cluster
        self._access = Access(url, self._key)
        self._cache = Cache()
        self._registry: tuple[bytes, dict[str, str]] = (ABSENT, {})

    async def load(self, world: str, needs: Collection[Need]) -> View:
        """Load a view of what every request requires, and of the needs, which refer to `world`."""
        while True:
            named = {"", world, *(str(need.name) for need in needs if need.kind == "world")}
            if any(need.kind == "worlds" for need in needs):
                named |= self._registry[1].keys()
            keys = self._registry[1]
            parts = {name: Part(keys[name], self._cache) for name in named if name in keys}
            reads = [self._read_registry(), *(part.read_base() for part in parts.values())]
            if world in parts:
                reads += _read_needs(parts[world], needs)
            time = await self._read(reads)
            if not self._registry[1]:
                await self._begin()
            elif self._registry[1] == keys and all(part.is_there for part in parts.values()):
                break
        while reads := [
            *(read for part in parts.values() if (read := part.read_setup()) is not None),
            *(part.read_task(task_id) for part in parts.values() for task_id in part.list_unread()),
        ]:
            await self._read(reads)
        return View(self._platform, time, key=self._key, registry=self._registry, parts=parts, cache=self._cache)

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
        async for _ in self._access.listen(self._key):
            yield await self.load("", (Need("worlds"),))

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
            if version != self._registry[0]:
                self._registry = version, unpack(value) if value else {}

        return [("HGET", self._key, "worlds")], take

    async def _begin(self) -> None:
        """Write the platform of this process to the store, unless another process has written one."""
        reply = await self._access.run([("HGET", self._key, "worlds")])
        instant = Instant(reply.time)
        frozen, epoch = self._begins
        clock = Clock(instant, frozen=frozen, epoch=epoch, read_epoch=instant.read_epoch)
        part = begin_part(
            f"{self._key}:{secrets.token_hex(8)}", self._cache, World(scenario=self._scenario, clock=clock)
        )
        commands: list[Command] = [("HSET", self._key, "worlds", draw_version() + pack({"": part.key}))]
        checks: list[Check] = [(self._key, "worlds", ABSENT)]
        part.write_changes(reply.time, commands, checks)
        await self._access.run(commands, checks)


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
