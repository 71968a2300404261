"""Values in the store: serialization with pickle, versions, and a cache of those that a process has read.

Other programs may write to the store, so only our own value classes are unpickled.
"""

from __future__ import annotations

import io
import pickle
import secrets
from collections import Counter
from dataclasses import fields, is_dataclass
from enum import Enum
from importlib import import_module
from operator import attrgetter
from typing import Any, Final

from diarkit_contracts.api.states import TaskState
from diarkit_contracts.exchanges.exchange import Loss
from diarkit_mockserver.intake.request import Request
from diarkit_mockserver.journal.journal import Entry

VERSION_BYTES: Final = 8

ABSENT: Final = b""
"""Version of a missing value."""

OURS: Final = ("diarkit_fixtures.", "diarkit_contracts.", "diarkit_mockserver.")
BY_NAME: Final = frozenset({"HeaderMap", "Coverage"})
"""Our value classes that are neither dataclasses nor tuples nor enums."""

MOST_CACHED: Final = 16 << 20
"""Size limit of a cache in packed bytes (several times that in memory): room for concurrent polls of about ten thousand tasks."""

VALUE_BYTES: Final = 300
"""Overhead of a cached value."""

APART: Final = ("number", "request", "state", "lost")
PLAIN: Final = tuple(one.name for one in fields(Entry) if one.name not in APART)
HEAD: Final = tuple(one.name for one in fields(Request) if one.init)
"""Exchanges are serialized as tuples of plain values, which is faster than pickling dataclasses: each poll writes one."""

_list_plain = attrgetter(*PLAIN)
_list_head = attrgetter(*HEAD)


class _Reader(pickle.Unpickler):
    """An unpickler that allows only value classes."""

    def find_class(self, module_name: str, global_name: str) -> Any:
        if (module_name, global_name) == ("collections", "Counter"):
            return Counter
        if (module_name, global_name) == ("builtins", "getattr"):
            return _find_word  # by which Python 3.11 pickles enum members
        if module_name.startswith(OURS):
            found: Any = getattr(import_module(module_name), global_name, None)
            if _is_kind_of_value(found):
                return found
        raise pickle.UnpicklingError(f"{module_name}.{global_name} is not a value class")


def _is_kind_of_value(found: Any) -> bool:
    if not isinstance(found, type):
        return False
    kind: type[object] = found
    return is_dataclass(kind) or issubclass(kind, tuple | Enum) or kind.__name__ in BY_NAME


def _find_word(kind: type[Enum], name: str) -> Enum:
    return kind[name]


def draw_version() -> bytes:
    """Return a new random version."""
    return secrets.token_bytes(VERSION_BYTES)


def pack(value: object) -> bytes:
    """Serialize a value."""
    return pickle.dumps(value, pickle.HIGHEST_PROTOCOL)


def unpack(content: bytes) -> Any:
    """Deserialize a value; content that can't be read, or has another class, is a ValueError."""
    try:
        return _Reader(io.BytesIO(content)).load()
    except Exception as error:  # noqa: BLE001 - foreign bytes may raise anything
        raise ValueError(f"expected a value, got {content[:40]!r}: {error}") from None


def split(content: bytes | None) -> tuple[bytes, bytes]:
    """Split the content of a field into version and packed value; both are empty for a missing field."""
    return (ABSENT, b"") if content is None else (content[:VERSION_BYTES], content[VERSION_BYTES:])


class Cache:
    """The values that a process has read, by key and field, immutable for a given version. Emptied when the size limit is exceeded."""

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
        self._room -= size + VALUE_BYTES
        if self._room < 0:
            self._values.clear()
            self._room = MOST_CACHED
        self._values[key, field] = version, value

    def drop(self, key: str, field: str) -> None:
        """Remove a value, if it is cached."""
        self._values.pop((key, field), None)


def pack_entry(entry: Entry) -> bytes:
    """Serialize an entry without its number, which the store assigns."""
    state, lost = entry.state and entry.state.value, entry.lost and entry.lost.value
    return pack((_list_plain(entry), _list_head(entry.request), state, lost))


def read_entry(content: bytes, number: int) -> Entry:
    """Deserialize an entry."""
    plain, head, state, lost = unpack(content)
    return Entry(
        number=number,
        request=Request(**dict(zip(HEAD, head, strict=True))),
        state=None if state is None else TaskState(state),
        lost=None if lost is None else Loss(lost),
        **dict(zip(PLAIN, plain, strict=True)),
    )
