"""A partially loaded platform for one decision, and its changes as commands and the versions that they depend on."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, NoReturn

from diarkit_mockserver.clock import SECOND, read_system_ticks
from diarkit_mockserver.store.part import Part, begin_part
from diarkit_mockserver.store.partial import Missing, Need
from diarkit_mockserver.store.values import draw_version, pack
from diarkit_mockserver.world.world import World

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diarkit_mockserver.journal.journal import Entry
    from diarkit_mockserver.store.access import Command
    from diarkit_mockserver.store.cache import Cache
    from diarkit_mockserver.store.part import Check
    from diarkit_mockserver.world.platform import Platform


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


class View:
    """A partially loaded platform.

    Args:
        platform: of this process; only its fixed settings are used.
        time: of the store, in ticks since 1970 UTC.
        key: prefix of all keys of the platform.
        registry: version and value of the keys of the worlds, by name.
        parts: the worlds that were read, by name, including the default one.
        cache: of this process.
    """

    def __init__(  # noqa: PLR0913 - a view has that many parts
        self,
        platform: Platform,
        time: int,
        *,
        key: str,
        registry: tuple[bytes, dict[str, str]],
        parts: dict[str, Part],
        cache: Cache,
    ) -> None:
        self.instant = Instant(time)
        self.time = time
        self.version = registry[0]
        self._key = key
        self._keys = registry[1]
        self.parts = parts
        self._cache = cache
        for part in parts.values():
            part.build(self.instant, self.instant.read_epoch)
        loaded = {name: part.world for name, part in parts.items() if name}
        self._worlds = Worlds(loaded, set(self._keys) - {""})
        self.platform = platform.view(parts[""].world, self._worlds)

    def write_changes(self) -> tuple[list[Command], list[Check], list[tuple[World, Entry]]]:
        """Return the commands of the changes, the versions they depend on, and the new exchanges, whose commands come last."""
        commands: list[Command] = []
        appends: list[tuple[Command, tuple[World, Entry]]] = []
        checks: list[Check] = []
        keys = {name: key for name, key in self._keys.items() if not name or name in self._worlds}
        for name, world in (("", self.platform.world), *self._worlds.list_loaded()):
            part = self.parts.get(name)
            if part is None or part.world is not world:
                part = begin_part(f"{self._key}:{secrets.token_hex(8)}", self._cache, world)
                keys[name] = part.key
            before = len(commands)
            entries = part.write_changes(self.time, commands, checks)
            if any(command[1] == part.name("values") and command[2] == "head" for command in commands[before:]):
                commands.append(("PUBLISH", self._key, part.key))
            appends += [(part.append(entry), (world, entry)) for entry in entries]
        if keys != self._keys:
            commands.append(("HSET", self._key, "worlds", draw_version() + pack(keys)))
            for name, part in self.parts.items():
                if keys.get(name) != part.key:
                    commands += (part.write_end(), ("PUBLISH", self._key, part.key))
        commands += (command for command, _ in appends)
        if commands:
            checks.append((self._key, "worlds", self.version))
        return commands, checks, [one for _, one in appends]
