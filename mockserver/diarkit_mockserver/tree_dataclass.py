"""A tree with places into dataclasses, all that does not fit named at once. Knows neither YAML nor what the classes are for."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any, TypeVar, cast

from diarkit_mockserver.field_types import Kind, join_words, list_fields, list_marks
from diarkit_mockserver.yaml_tree import Entries, Flaw, Items, Leaf, as_plain

if TYPE_CHECKING:
    from collections.abc import Iterable

    from diarkit_mockserver.field_types import Field
    from diarkit_mockserver.yaml_tree import Node, Place

Built = TypeVar("Built")


def build_dataclass(cls: type[Built], node: Node) -> tuple[Built | None, tuple[Flaw, ...]]:
    """Build a value of a dataclass, with the dataclasses in it.

    Types are strict: a text is no number and 1.0 no whole one, but a whole number is a number. Nothing is converted, and a key
    without a value is not the same as no key.

    Returns:
        The value, or None with all the reasons, in no particular order.
    """
    builder = _Builder()
    try:
        return cast("Built", builder.build(Kind(mappings=(cls,)), node, "")), ()
    except _MisfitError:
        return None, tuple(builder.flaws)


class _MisfitError(Exception):
    """A value could not be built; the reason is among the flaws."""


class _Builder:
    def __init__(self) -> None:
        self.flaws: list[Flaw] = []

    def build(self, kind: Kind, node: Node, name: str) -> object:
        """Build what a field takes.

        Raises:
            _MisfitError: the reason is noted.
        """
        match node:
            case Leaf(value=value):
                if (
                    any(type(value) is type(word) and value == word for word in kind.words)
                    or type(value) in kind.scalars
                ):
                    return self._check_finite(node, name)
                if float in kind.scalars and type(value) is int:
                    return self._make_float(value, node, name)
            case Items(nodes=nodes) if kind.item is not None and kind.count in (None, len(nodes)):
                return self._build_items(kind.item, nodes, name)
            case Entries() if kind.mappings:
                return self._build_mapping(self._choose(kind, node, name), kind.mappings, node)
            case Entries() if kind.free:
                return as_plain(node)
            case _:
                pass
        raise self._misfit(
            node.place, f"{_prefix(name)}expected {kind}, got {_describe(node, kind)}{_advise(kind, node)}"
        )

    def _check_finite(self, leaf: Leaf, name: str) -> object:
        if isinstance(leaf.value, float) and not abs(leaf.value) < float("inf"):
            raise self._misfit(leaf.place, f"{_prefix(name)}expected a finite number, got {leaf.value}")
        return leaf.value

    def _make_float(self, value: int, leaf: Leaf, name: str) -> float:
        try:
            return float(value)
        except OverflowError:
            raise self._misfit(
                leaf.place, f"{_prefix(name)}expected a smaller number, got {_cut(str(value))}"
            ) from None

    def _build_items(self, kind: Kind, nodes: Iterable[Node], name: str) -> tuple[object, ...]:
        built: list[object] = []
        misfits = 0
        for node in nodes:
            try:
                built.append(self.build(kind, node, name))
            except _MisfitError:
                misfits += 1
        if misfits:
            raise _MisfitError
        return tuple(built)

    def _choose(self, kind: Kind, node: Entries, name: str) -> type:
        """Choose the dataclass of a union by the first key that is known to one of them."""
        if len(kind.mappings) == 1:
            return kind.mappings[0]
        for key in node.entries:
            for mapping in kind.mappings:
                if any(key == one.name for one in list_fields(mapping)):
                    return mapping
        for key, entry in node.entries.items():
            near = _nearest(key, list_marks(kind.mappings))
            raise self._misfit(entry.place, f"{_prefix(name)}expected {kind}, got the key {key!r:.60}{near}")
        raise self._misfit(node.place, f"{_prefix(name)}expected {kind}, got an empty mapping")

    def _build_mapping(self, cls: type, union: tuple[type, ...], node: Entries) -> object:
        known = {one.name: one for one in list_fields(cls)}
        values: dict[str, object] = {}
        before = len(self.flaws)
        for key, entry in node.entries.items():
            if key not in known:
                self.flaws.append(Flaw(entry.place, _refuse_key(key, cls, union, node)))
                continue
            try:
                values[key] = self.build(known[key].kind, entry.node, key)
            except _MisfitError:
                continue
        missing = [one.name for one in known.values() if one.required and one.name not in node.entries]
        self.flaws += [Flaw(node.place, f"expected the key {name}, got none") for name in missing]
        built = None
        if all(one.name in values for one in known.values() if one.required):
            built = self._construct(cls, known.values(), values, node)
        if len(self.flaws) > before:
            raise _MisfitError
        return built

    def _construct(self, cls: Any, known: Iterable[Field], values: dict[str, object], node: Entries) -> object:
        try:
            return cls(**values)
        except ValueError as error:
            self.flaws.append(Flaw(_blame(cls, known, values, node, str(error)), str(error)))
            return None

    def _misfit(self, place: Place, text: str) -> _MisfitError:
        self.flaws.append(Flaw(place, text))
        return _MisfitError()


def _blame(cls: Any, known: Iterable[Field], values: dict[str, object], node: Entries, text: str) -> Place:
    """Find the last key without which a class would not have refused its values with this text."""
    required = {one.name for one in known if one.required}
    for key in reversed(values):
        if key not in required:
            try:
                cls(**{name: value for name, value in values.items() if name != key})
            except ValueError as error:
                if str(error) == text:
                    continue
            return node.entries[key].node.place
    return node.entries[required.pop()].node.place if len(required) == 1 else node.place


def _refuse_key(key: str, cls: type, union: tuple[type, ...], node: Entries) -> str:
    names = [one.name for one in list_fields(cls)]
    if any(key == one.name for other in union for one in list_fields(other)):
        chosen = next(name for name in node.entries if name in names)
        return f"{key} can't stand beside {chosen}: expected {join_words(list_marks(union))}"
    return f"unknown key {key!r:.60}: expected {join_words(names)}{_nearest(key, names)}"


def _nearest(came: str, allowed: Iterable[str]) -> str:
    near = difflib.get_close_matches(came[:60], list(allowed), n=1)
    return f"; did you mean {near[0]}?" if near else ""


def _advise(kind: Kind, node: Node) -> str:
    """Say what to do about the usual mistakes."""
    if not isinstance(node, Leaf):
        return ""
    value = node.value
    if isinstance(value, str):
        if bool in kind.scalars and value.lower() in ("yes", "no", "on", "off", "y", "n"):
            return f": write {'true' if value.lower() in ('yes', 'on', 'y') else 'false'}"
        return _nearest(value, map(str, kind.words))
    return ": put it in quotes" if str in kind.scalars and value is not None else ""


def _describe(node: Node, kind: Kind) -> str:
    match node:
        case Leaf(value=bool(value)):
            return "true" if value else "false"
        case Leaf(value=str(value)):
            return f"the text {_cut(repr(value))}"
        case Leaf(value=None):
            return "nothing"
        case Leaf(value=value):
            return f"the number {_cut(str(value))}"
        case Items(nodes=nodes):
            return "a list" if kind.count is None else f"a list of {len(nodes)}"
        case Entries():
            return "a mapping"


def _cut(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."


def _prefix(name: str) -> str:
    return f"{name}: " if name else ""
