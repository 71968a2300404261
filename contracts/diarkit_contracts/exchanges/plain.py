"""Convert exchanges to plain values for JSON and back. Bytes become text, or base64 if not UTF-8; None is omitted."""

from __future__ import annotations

import base64
from dataclasses import MISSING, fields, is_dataclass
from enum import StrEnum
from functools import cache
from types import UnionType
from typing import Any, TypeAlias, TypeVar, cast, get_args, get_origin, get_type_hints

from diarkit_contracts.api.error import ContractsError
from diarkit_fixtures.texts.fields import SCALARS

Json: TypeAlias = dict[str, Any]
T = TypeVar("T")


class PlainError(ContractsError, ValueError):
    """A plain value is invalid."""

    def __init__(self, expected: str, what: str, value: object) -> None:
        super().__init__(f"expected {expected} for {what}, got {value!r:.40}")


def write_plain(value: object) -> Any:
    """Convert a dataclass or a field's value; mappings retain their Nones."""
    if isinstance(value, bytes):
        try:
            return {"text": value.decode()}
        except UnicodeDecodeError:
            return {"base64": base64.b64encode(value).decode()}
    if isinstance(value, tuple):
        return [write_plain(each) for each in cast("tuple[object, ...]", value)]
    if isinstance(value, dict):
        return {name: write_plain(each) for name, each in cast("Json", value).items()}
    if is_dataclass(value):
        written = {field.name: write_plain(getattr(value, field.name)) for field in fields(value)}
        return {name: each for name, each in written.items() if each is not None}
    return value


def read_plain(kind: type[T], value: object, what: str) -> T:
    """Convert back what `write_plain` wrote; unknown keys are ignored, and `what` names the value in a `PlainError`."""
    return cast("T", _read(kind, value, what))


def _read(kind: Any, value: object, what: str) -> object:
    origin, inner = get_origin(kind), get_args(kind)
    if origin is UnionType:
        return None if value is None else _read(_choose(inner, value), value, what)
    if origin is tuple:
        items = _expect(list, value, "a list", what)
        kinds = inner[:1] * len(items) if inner[-1] is Ellipsis else inner
        if len(items) != len(kinds):
            raise PlainError(f"a list of {len(kinds)}", what, value)
        return tuple(_read(each, item, what) for each, item in zip(kinds, items, strict=True))
    if _is_class(kind):
        came = _expect(dict, value, "an object", what)
        # Missing required fields are read as None, and so refused by name.
        there = ((name, of) for name, of, needed in _list_fields(kind) if needed or name in came)
        return kind(**{name: _read(of, came.get(name), name) for name, of in there})
    if kind is bytes:
        return _read_bytes(_expect(dict, value, "an object", what), what)
    if issubclass(kind, StrEnum):
        if value not in list(kind):
            raise PlainError(f"one of {', '.join(kind)}", what, value)
        return kind(value)
    if isinstance(value, bool) != (kind is bool):
        raise PlainError(SCALARS[kind], what, value)
    return _expect((int, float) if kind is float else kind, value, SCALARS[kind], what)


def _choose(kinds: tuple[Any, ...], value: object) -> Any:
    """Choose the last class whose required fields are all present, or the first."""
    there = cast("Json", value) if isinstance(value, dict) else {}
    fitting = [
        kind
        for kind in kinds[1:]
        if _is_class(kind) and all(name in there for name, _, needed in _list_fields(kind) if needed)
    ]
    return fitting[-1] if fitting else kinds[0]


def _is_class(kind: Any) -> bool:
    return is_dataclass(kind)


@cache
def _list_fields(kind: Any) -> tuple[tuple[str, Any, bool], ...]:
    """List the fields of a class: name, type, and whether it is required."""
    types = get_type_hints(kind)
    return tuple((field.name, types[field.name], field.default is MISSING) for field in fields(kind))


def _read_bytes(body: Json, what: str) -> bytes:
    if "base64" not in body:
        return cast("str", _read(str, body.get("text"), what)).encode()
    try:
        return base64.b64decode(cast("str", _read(str, body["base64"], what)), validate=True)
    except ValueError:
        raise PlainError("base64", what, body["base64"]) from None


def _expect(kind: Any, value: object, expected: str, what: str) -> Any:
    if isinstance(value, kind):
        return value
    raise PlainError(expected, what, value)


class RecordingError(ContractsError, ValueError):
    """A file is not a valid recording.

    Attributes:
        line: from 1; 0 for the whole file.
    """

    def __init__(self, file: str, line: int, reason: str) -> None:
        self.file = file
        self.line = line
        self.reason = reason
        super().__init__(f"{file}:{line}: {reason}" if line else f"{file}: {reason}")
