"""Deterministic ids: the same request gets the same ids, in any order and any run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Hashable
from functools import lru_cache
from json.encoder import encode_basestring_ascii
from typing import Final

_write_part = lru_cache(maxsize=256, typed=True)(json.JSONEncoder(separators=(",", ":")).encode)
"""Numbers, numbers of channels and None, which are few; texts differ from request to request."""

VARIANTS: Final = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}
"""The first digit of the fourth group (RFC 9562, section 4.1)."""


def make_id(*key: Hashable) -> str:
    """Derive a UUID from a key, in the form of version 4, as in the reference's examples."""
    return hash_key(write_key(*key))


def write_key(*key: Hashable) -> str:
    """Write a key, or a part of one that is used again, as the elements of a compact JSON array."""
    return ",".join([encode_basestring_ascii(part) if isinstance(part, str) else _write_part(part) for part in key])


def hash_key(*written: str) -> str:
    """Derive a UUID from a key in written parts, as `make_id` does."""
    return _form(hashlib.sha256(f"[{','.join(written)}]".encode()).hexdigest())


class AnswerIds:
    """Makes the two ids of each answer of a world, from the key of the world."""

    __slots__ = ("_key",)

    def __init__(self, *key: Hashable) -> None:
        self._key = hashlib.sha256(f"[{write_key('answer-1', *key)}]".encode())

    def make(self, trace: str) -> tuple[str, str]:
        """Make the request id and the correlation id of an answer, from a unique text."""
        digest = self._key.copy()
        digest.update(trace.encode("utf-8", "surrogatepass"))
        text = digest.hexdigest()
        return _form(text), _form(text[32:])


def name_poll(task_id: str, number: int) -> tuple[str, str]:
    """Make the ids of a poll's answer: the task's, with some digits replaced by the poll's number. Cheaper than a hash."""
    return f"{task_id[:24]}{number:012x}", f"{number:08x}{task_id[8:]}"


def _form(digits: str) -> str:
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{VARIANTS[digits[16]]}{digits[17:20]}-{digits[20:32]}"
