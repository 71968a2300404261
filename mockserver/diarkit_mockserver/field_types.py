"""What the fields of a dataclass take, read off its annotations. Knows no file format and none of the classes."""

from __future__ import annotations

from dataclasses import MISSING, dataclass, fields, is_dataclass, replace
from functools import cache
from types import UnionType
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, Union, cast, get_args, get_origin, get_type_hints

if TYPE_CHECKING:
    from collections.abc import Iterable

Word: TypeAlias = "str | int | None"

SCALARS: dict[type, str] = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}
"""The types of single values, in plain words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """All that one field takes; it may be several things.

    Attributes:
        words: fixed values.
        scalars: of `SCALARS`.
        item: what the items are of the list that it takes.
        count: how many items; None for any number.
        mappings: dataclasses.
        free: any mapping.
    """

    words: tuple[Word, ...] = ()
    scalars: tuple[type, ...] = ()
    item: Kind | None = None
    count: int | None = None
    mappings: tuple[type, ...] = ()
    free: bool = False

    def __str__(self) -> str:
        """Say what is taken, as the end of a sentence that begins with 'expected'."""
        said = [join_words(["null" if word is None else str(word) for word in self.words])] if self.words else []
        said += [SCALARS[scalar] for scalar in self.scalars]
        if self.item is not None:
            said.append("a list" if self.count is None else f"a list of {self.count}")
        if len(self.mappings) == 1:
            said.append(f"a mapping ({', '.join(one.name for one in list_fields(self.mappings[0]))})")
        elif self.mappings:
            said.append(f"a mapping with {join_words(list_marks(self.mappings))}")
        said += ["a mapping"] if self.free else []
        return ", or ".join(said)


@dataclass(frozen=True, slots=True)
class Field:
    """One field.

    Attributes:
        name: of it, and of the key.
        kind: what it takes. None is among it only if it is not the default: to leave a key out and to leave it empty are two things,
            and the second is a mistake wherever it would mean the first.
        required: it has no default.
        default: if it is not required.
    """

    name: str
    kind: Kind
    required: bool
    default: object


@cache
def list_fields(cls: type) -> tuple[Field, ...]:
    """List the fields of a dataclass in their order.

    Raises:
        TypeError: for an annotation that this file does not know.
    """
    hints = get_type_hints(cls)
    defaults = {
        one.name: one.default if one.default_factory is MISSING else one.default_factory() for one in fields(cls)
    }
    return tuple(
        Field(name, _read_field(hints[name], default), default is MISSING, default)
        for name, default in defaults.items()
    )


def list_marks(mappings: Iterable[type]) -> list[str]:
    """List the keys that tell apart the dataclasses of a union: those that each of them requires."""
    return [one.name for mapping in mappings for one in list_fields(mapping) if one.required]


def join_words(words: list[str]) -> str:
    """Join words as in a sentence: `a, b or c`."""
    return " or ".join(part for part in (", ".join(words[:-1]), *words[-1:]) if part)


def _read_field(hint: Any, default: object) -> Kind:
    kind = _read_hint(hint)
    if default is not None and type(None) in get_args(hint):
        return replace(kind, words=(*kind.words, None))
    return kind


def _read_hint(hint: Any) -> Kind:
    arguments: tuple[Any, ...] = get_args(hint)
    match get_origin(hint):
        case origin if origin is Literal:
            return Kind(words=arguments)
        case origin if origin is Union or origin is UnionType:
            return _merge([_read_hint(one) for one in arguments if one is not type(None)])
        case origin if origin is tuple and len(set(arguments) - {...}) == 1:
            return Kind(item=_read_hint(arguments[0]), count=None if ... in arguments else len(arguments))
        case origin if origin is dict:
            return Kind(free=True)
        case _ if hint in SCALARS:
            return Kind(scalars=(hint,))
        case _ if isinstance(hint, type) and is_dataclass(hint):
            return Kind(mappings=(cast("type", hint),))
        case _:
            raise TypeError(f"expected a type that a scenario file can hold, got {hint!r}")


def _merge(kinds: list[Kind]) -> Kind:
    lists = [kind for kind in kinds if kind.item is not None]
    return Kind(
        words=tuple(word for kind in kinds for word in kind.words),
        scalars=tuple(scalar for kind in kinds for scalar in kind.scalars),
        item=lists[0].item if lists else None,
        count=lists[0].count if lists else None,
        mappings=tuple(mapping for kind in kinds for mapping in kind.mappings),
        free=any(kind.free for kind in kinds),
    )
