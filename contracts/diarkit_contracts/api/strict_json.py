"""Strict JSON by RFC 8259: UTF-8, no NaN, no duplicate keys."""

from __future__ import annotations

import json
import math
from typing import NoReturn

from diarkit_contracts.api.error import ContractsError


class StrictJsonError(ContractsError, ValueError):
    """The bytes are not JSON that all parsers read the same way."""


def decode_json(data: bytes) -> object:
    """Decode a JSON text.

    Raises:
        StrictJsonError: for invalid JSON, and for what Python's parser accepts: NaN and Infinity, numbers beyond doubles, duplicate
            keys (parsers keep either value), encodings other than UTF-8, a byte order mark.
    """
    try:
        return json.loads(
            data.decode(), parse_constant=_refuse_constant, parse_float=_read_float, object_pairs_hook=_read_object
        )
    except StrictJsonError:
        raise
    except RecursionError:
        raise StrictJsonError("expected JSON, got a text that is nested too deeply to read") from None
    except ValueError as error:
        raise StrictJsonError(f"expected JSON in UTF-8, got {_shorten(data)}: {error}") from None


def _refuse_constant(name: str) -> NoReturn:
    raise StrictJsonError(f"expected a number, got {name}, which JSON does not have")


def _read_float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise StrictJsonError(f"expected a number, got {text}, which is too large for a double")
    return number


def _read_object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    read: dict[str, object] = {}
    for key, value in pairs:
        if key in read:
            raise StrictJsonError(f"expected each key once, got {key!r} twice in one object")
        read[key] = value
    return read


def _shorten(data: bytes) -> str:
    return repr(data) if len(data) <= 60 else f"{data[:60]!r}..."
