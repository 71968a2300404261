"""Values as bytes and back: a version, and what pickle makes of the value. Knows no store.

Others may write into the store, too: only classes of ours that hold values are read.
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
"""Version of a value that is not there."""

OURS: Final = ("diarkit_fixtures.", "diarkit_contracts.", "diarkit_mockserver.")
BY_NAME: Final = frozenset({"HeaderMap", "Coverage"})
"""Classes of ours that hold values, and are neither dataclasses nor tuples nor words."""


class _Reader(pickle.Unpickler):
    """Reads values, and no other class."""

    def find_class(self, module_name: str, global_name: str) -> Any:
        if (module_name, global_name) == ("collections", "Counter"):
            return Counter
        if (module_name, global_name) == ("builtins", "getattr"):
            return _find_word  # as Python 3.11 writes a word of an enumeration
        if module_name.startswith(OURS):
            found: Any = getattr(import_module(module_name), global_name, None)
            if _is_kind_of_value(found):
                return found
        raise pickle.UnpicklingError(f"no value has a {module_name}.{global_name}")


def _is_kind_of_value(found: Any) -> bool:
    if not isinstance(found, type):
        return False
    return is_dataclass(found) or issubclass(found, tuple | Enum) or found.__name__ in BY_NAME


def _find_word(kind: type[Enum], name: str) -> Enum:
    return kind[name]


def draw_version() -> bytes:
    """Draw a version, which no other value has."""
    return secrets.token_bytes(VERSION_BYTES)


def pack(value: object) -> bytes:
    """Write a value."""
    return pickle.dumps(value, pickle.HIGHEST_PROTOCOL)


def unpack(content: bytes) -> Any:
    """Read a value.

    Raises:
        ValueError: for what is none.
    """
    try:
        return _Reader(io.BytesIO(content)).load()
    except Exception as error:  # noqa: BLE001 - whatever bytes of others make the reader raise
        raise ValueError(f"expected a value, got {content[:40]!r}: {error}") from None


def split(content: bytes | None) -> tuple[bytes, bytes]:
    """Split what is in the store into a version and a value as bytes; both are empty where nothing is."""
    return (ABSENT, b"") if content is None else (content[:VERSION_BYTES], content[VERSION_BYTES:])
