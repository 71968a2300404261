"""Convert a scenario, or a part of one, to the plain values of its file and back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import is_dataclass
from typing import Any, TypeAlias, cast

from diarkit_fixtures.segments import Segment
from diarkit_fixtures.texts.fields import Field, Kind, list_fields
from diarkit_fixtures.texts.tree import plant

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

VERSION = "version"
"""The key that is written even with its default, except in short form."""

LARGEST_WHOLE = 1e15
"""Floats up to here are exact integers."""


def write_plain(value: object, *, short: bool = False) -> Json:
    """Convert a value of the scenario's classes, without defaults: a segment to seconds, an enumeration to number or text.

    `short` writes 2.0 as 2, as the reader converts it back, and omits the version.
    """
    if isinstance(value, Segment):
        return [value.speaker, value.start / 100, value.end / 100]
    if is_dataclass(value) and not isinstance(value, type):
        return dict(_write_fields(value, list_fields(type(value)), short=short))
    if isinstance(value, (tuple, list)):
        return [write_plain(one, short=short) for one in cast("tuple[object, ...]", value)]
    if isinstance(value, Mapping):
        return {str(key): write_plain(one) for key, one in cast("Mapping[object, object]", value).items()}
    return _write_leaf(value)


def read_plain(hint: Any, value: object) -> Any:
    """Convert plain values as in a scenario file, possibly mixed with values of the scenario's classes, which are unchanged."""
    if isinstance(hint, type) and isinstance(value, hint):
        return value
    from diarkit_fixtures.texts.build import build_value  # noqa: PLC0415 - not needed with classes

    built, flaws = build_value(hint, plant(write_plain(value)))
    if flaws:
        raise ValueError("\n".join(dict.fromkeys(flaw.text for flaw in flaws)))
    return built


def _write_fields(value: object, fields: Iterable[Field], *, short: bool) -> Iterator[tuple[str, Json]]:
    for field in fields:
        came: object = getattr(value, field.name)
        if came != field.default or (field.name == VERSION and field.default is not None and not short):
            plain = write_plain(came, short=short)
            yield field.name, _shorten(plain, field.kind) if short else plain


def _write_leaf(value: object) -> Json:
    """Convert a number or text of a subclass, such as an enumeration or of numpy."""
    for kind in (bool, int, float):
        if isinstance(value, kind):
            return kind(value)
    return str.__str__(value) if isinstance(value, str) else cast("Json", value)


def _shorten(plain: Json, kind: Kind) -> Json:
    if isinstance(plain, float) and plain.is_integer() and abs(plain) < LARGEST_WHOLE:
        return int(plain) if float in kind.scalars and int not in kind.scalars else plain
    return plain
