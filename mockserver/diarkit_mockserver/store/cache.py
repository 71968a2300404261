"""The values that a process has read from the store, by version. Independent of the store."""

from __future__ import annotations

from typing import Any, Final

from diarkit_mockserver.store.values import ABSENT, VERSION_BYTES, split, unpack

MOST_CACHED: Final = 16 << 20
"""Size limit in packed bytes (several times that in memory): room for concurrent polls of about ten thousand tasks."""

ENTRY_BYTES: Final = 300
"""Overhead of a value."""


class Cache:
    """Values by key and field, immutable for a given version. Emptied when the size limit is exceeded."""

    def __init__(self) -> None:
        self._values: dict[tuple[str, str], tuple[bytes, Any]] = {}
        self._room = MOST_CACHED

    def get(self, key: str, field: str) -> tuple[bytes, Any]:
        """Return version and value; (ABSENT, None) for a value that is not cached."""
        return self._values.get((key, field), (ABSENT, None))

    def read(self, key: str, field: str, content: bytes) -> Any:
        """Return the value of a field's content, unpacked only if its version is not cached."""
        version, known = self.get(key, field)
        if known is None or version != content[:VERSION_BYTES]:
            version, packed = split(content)
            known = unpack(packed)
            self.put(key, field, version, known, len(packed))
        return known

    def put(self, key: str, field: str, version: bytes, value: Any, size: int) -> None:
        """Cache a value; `size` is its packed size in bytes."""
        self._room -= size + ENTRY_BYTES
        if self._room < 0:
            self._values.clear()
            self._room = MOST_CACHED
        self._values[key, field] = version, value

    def drop(self, key: str, field: str) -> None:
        """Remove a value, if it is cached."""
        self._values.pop((key, field), None)
