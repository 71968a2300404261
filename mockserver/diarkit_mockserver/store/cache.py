"""What one process knows of the store's values: those that change only together with their version. Knows no store."""

from __future__ import annotations

from typing import Any, Final

from diarkit_mockserver.store.values import ABSENT, VERSION_BYTES, split, unpack

MOST_CACHED: Final = 16 << 20
"""Bytes in the store, which are some times as many in memory; polls of some ten thousand tasks at a time find theirs here."""

ENTRY_BYTES: Final = 300
"""What a value takes beside its own bytes."""


class Cache:
    """Values that never change under their version, by key and field; all are forgotten when they have come to too many bytes."""

    def __init__(self) -> None:
        self._values: dict[tuple[str, str], tuple[bytes, Any]] = {}
        self._room = MOST_CACHED

    def get(self, key: str, field: str) -> tuple[bytes, Any]:
        """Get version and value; None for a value that is not here."""
        return self._values.get((key, field), (ABSENT, None))

    def read(self, key: str, field: str, content: bytes) -> Any:
        """Read a value as it is in the store, unless it is the one that was read last."""
        version, known = self.get(key, field)
        if known is None or version != content[:VERSION_BYTES]:
            version, packed = split(content)
            known = unpack(packed)
            self.put(key, field, version, known, len(packed))
        return known

    def put(self, key: str, field: str, version: bytes, value: Any, size: int) -> None:
        """Put a value in that has so many bytes in the store."""
        self._room -= size + ENTRY_BYTES
        if self._room < 0:
            self._values.clear()
            self._room = MOST_CACHED
        self._values[key, field] = version, value

    def drop(self, key: str, field: str) -> None:
        """Forget a value."""
        self._values.pop((key, field), None)
