"""Serialization of values with pickle, and their versions.

Other programs may write to the store, so only our own value classes are unpickled.
"""

from __future__ import annotations

import io
import pickle
import secrets
from collections import Counter
from dataclasses import is_dataclass
from enum import Enum
from importlib import import_module
from typing import Any, Final

VERSION_BYTES: Final = 8

ABSENT: Final = b""
"""Version of a missing value."""

OURS: Final = ("diarkit_fixtures.", "diarkit_contracts.", "diarkit_mockserver.")
BY_NAME: Final = frozenset({"HeaderMap", "Coverage"})
"""Our value classes that are neither dataclasses nor tuples nor enums."""


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
