"""A scenario, or a part of one, as the plain values that its file holds: the way back from `tree_dataclass`. Knows no text."""

from __future__ import annotations

from dataclasses import MISSING, fields, is_dataclass
from typing import TYPE_CHECKING, TypeAlias, cast

if TYPE_CHECKING:
    from collections.abc import Mapping
    from dataclasses import Field

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

WRITTEN_ALWAYS = "version"
"""A file says which format it has, even the first one."""


def write_plain(value: object) -> Json:
    """Write a value of the scenario's classes; what is as it is by default is left out."""
    if is_dataclass(value) and not isinstance(value, type):
        return {
            one.name: write_plain(came)
            for one in fields(value)
            if (came := getattr(value, one.name)) != _find_default(one) or one.name == WRITTEN_ALWAYS
        }
    if isinstance(value, (tuple, list)):
        return [write_plain(one) for one in cast("tuple[object, ...]", value)]
    if isinstance(value, dict):
        return {str(key): write_plain(one) for key, one in cast("Mapping[object, object]", value).items()}
    return cast("Json", value)


def _find_default(field: Field[object]) -> object:
    return field.default if field.default_factory is MISSING else field.default_factory()
