"""YAML text into a tree that knows where each of its values stands. Knows no scenario: any one YAML document will do.

Scalars mean what YAML 1.2's core schema says, and so what JSON says: `on`, `1:30` and `2026-01-31` are texts, `012` is twelve.
The YAML library speaks 1.1, so only its parser is used, event by event; nothing is constructed but plain values.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import yaml

DEEPEST: Final = 64
"""Levels of nesting. A scenario needs a dozen; what reads the tree may recurse."""

MOST_COPIES: Final = 100_000
"""Values that aliases may repeat: ten lines of aliases to aliases would stand for billions."""

Plain: TypeAlias = "str | int | float | bool | None"


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where something begins in the text, both counted from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True, order=True)
class Flaw:
    """What is wrong with the text at a place."""

    place: Place
    text: str


@dataclass(frozen=True, slots=True)
class Leaf:
    """A single value."""

    place: Place
    value: Plain
    size: int = 1
    depth: int = 1


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    place: Place
    nodes: tuple[Node, ...]
    size: int
    depth: int


@dataclass(frozen=True, slots=True)
class Entry:
    """A key, with its own place, and what it means."""

    place: Place
    node: Node


@dataclass(frozen=True, slots=True)
class Entries:
    """A mapping. Keys are texts, whatever they look like."""

    place: Place
    entries: Mapping[str, Entry]
    size: int
    depth: int


Node: TypeAlias = "Leaf | Items | Entries"


def read_tree(text: str) -> tuple[Node | None, tuple[Flaw, ...]]:
    """Read the one document of a YAML or JSON text.

    Returns:
        the tree, as far as it can be read, and all that is wrong with it. The tree is None where nothing can be read.
    """
    import yaml  # noqa: PLC0415 - 20 ms that only those pay who have a file

    text = text.removeprefix("\ufeff")
    if (odd := _UNPRINTABLE.search(text)) is not None:
        return None, (Flaw(locate(text, odd.start()), f"not YAML: the character {odd[0]!r} is not allowed"),)
    events = yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    reading = _Reading()
    try:
        for event in events:
            reading.take(event)
    except _HopelessError as error:
        reading.flaws.append(error.flaw)
    except yaml.MarkedYAMLError as error:
        reading.flaws.append(_explain(error, text))
    else:
        if not reading.flaws and (
            reading.root is None or (isinstance(reading.root, Leaf) and reading.root.value is None)
        ):
            return None, (Flaw(Place(1, 1), "the file is empty"),)
        return reading.root, tuple(reading.flaws)
    return None, tuple(reading.flaws)


def locate(text: str, index: int) -> Place:
    """Turn an index into a place, with YAML's line breaks."""
    starts = [match.end() for match in _LINE_BREAK.finditer(text, 0, index)]
    line = bisect_right(starts, index)
    return Place(line + 1, index - (starts[line - 1] if line else 0) + 1)


def as_plain(node: Node) -> object:
    """Drop the places: what a JSON decoder would return."""
    match node:
        case Leaf():
            return node.value
        case Items():
            return [as_plain(item) for item in node.nodes]
        case Entries():
            return {key: as_plain(entry.node) for key, entry in node.entries.items()}


def find_place(node: Node, path: tuple[str | int, ...]) -> Place:
    """Follow keys and positions down to a value, as far as they lead."""
    for step in path:
        match node, step:
            case Items(nodes=nodes), int() if step < len(nodes):
                node = nodes[step]
            case Entries(entries=entries), str() if step in entries:
                node = entries[step].node
            case _:
                break
    return node.place


# The characters that YAML 1.2 (5.1) leaves out, and lone surrogates.
_UNPRINTABLE: Final = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LINE_BREAK: Final = re.compile("\r\n|[\n\r\x85\u2028\u2029]")

# YAML 1.2 (10.3.2), core schema.
_NULL: Final = re.compile("|~|null|Null|NULL")
_TRUE: Final = re.compile("true|True|TRUE")
_FALSE: Final = re.compile("false|False|FALSE")
_INTEGER: Final = re.compile("[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT: Final = re.compile(
    r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)

_TAG: Final = "tag:yaml.org,2002:"
_KINDS: Final[Mapping[str, type]] = {"str": str, "int": int, "float": float, "bool": bool, "null": type(None)}


class _HopelessError(Exception):
    """What follows can't be understood any more."""

    def __init__(self, place: Place, text: str) -> None:
        super().__init__(text)
        self.flaw = Flaw(place, text)


@dataclass(slots=True)
class _Open:
    """A list or mapping whose end has not been seen."""

    place: Place
    anchor: str | None
    is_list: bool
    nodes: list[Node] = field(default_factory=list["Node"])
    entries: dict[str, Entry] = field(default_factory=dict[str, Entry])
    key: tuple[str, Place] | None = None
    repeated: bool = False


@dataclass(slots=True)
class _Reading:
    """A document, read up to some event."""

    root: Node | None = None
    flaws: list[Flaw] = field(default_factory=list[Flaw])
    _open: list[_Open] = field(default_factory=list[_Open])
    _anchors: dict[str, Node] = field(default_factory=dict[str, "Node"])
    _documents: int = 0
    _copies: int = 0

    def take(self, event: yaml.Event) -> None:
        import yaml  # noqa: PLC0415

        place = Place(event.start_mark.line + 1, event.start_mark.column + 1)
        match event:
            case yaml.DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    raise _HopelessError(place, "expected one document, but a second one begins here")
            case yaml.ScalarEvent():
                self._take_scalar(event, place)
            case yaml.AliasEvent():
                self._put(self._follow(event.anchor, place), place)
            case yaml.SequenceStartEvent() | yaml.MappingStartEvent():
                self._begin(event, place)
            case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
                done = self._open.pop()
                self._remember(done.anchor, node := _close(done))
                self._put(node, done.place)
            case _:
                pass

    def _begin(self, event: yaml.SequenceStartEvent | yaml.MappingStartEvent, place: Place) -> None:
        is_list = type(event).__name__ == "SequenceStartEvent"
        if self._wants_key:
            raise _HopelessError(place, f"expected a text as key, got a {'list' if is_list else 'mapping'}")
        if event.tag not in (None, "!", _TAG + ("seq" if is_list else "map")):
            raise _HopelessError(place, f"unknown tag {event.tag}")
        if len(self._open) >= DEEPEST:
            raise _HopelessError(place, f"nested deeper than {DEEPEST} levels")
        if event.anchor is not None:
            self._anchors.pop(event.anchor, None)
        self._open.append(_Open(place, event.anchor, is_list))

    def _take_scalar(self, event: yaml.ScalarEvent, place: Place) -> None:
        if self._wants_key:
            holder = self._open[-1]
            holder.repeated = event.value in holder.entries
            if holder.repeated:
                line = holder.entries[event.value].place.line
                self.flaws.append(Flaw(place, f"the key {event.value!r:.60} is there twice, first in line {line}"))
            self._remember(event.anchor, Leaf(place, event.value))
            holder.key = (event.value, place)
            return
        try:
            value = _resolve(event)
        except ValueError as error:
            raise _HopelessError(place, str(error)) from None
        self._remember(event.anchor, leaf := Leaf(place, value))
        self._put(leaf, place)

    def _follow(self, anchor: str, place: Place) -> Node:
        node = self._anchors.get(anchor)
        if any(one.anchor == anchor for one in self._open) and node is None:
            raise _HopelessError(place, f"the alias *{anchor} stands inside what it means")
        if node is None:
            raise _HopelessError(place, f"the alias *{anchor} has no anchor &{anchor} above it")
        self._copies += node.size
        if self._copies > MOST_COPIES:
            raise _HopelessError(place, f"the aliases repeat more than {MOST_COPIES} values")
        if len(self._open) + node.depth > DEEPEST:
            raise _HopelessError(place, f"nested deeper than {DEEPEST} levels")
        return node

    def _remember(self, anchor: str | None, node: Node) -> None:
        if anchor is not None:
            self._anchors[anchor] = node

    @property
    def _wants_key(self) -> bool:
        return bool(self._open) and not self._open[-1].is_list and self._open[-1].key is None

    def _put(self, node: Node, place: Place) -> None:
        if not self._open:
            self.root = node
            return
        holder = self._open[-1]
        if holder.is_list:
            holder.nodes.append(node)
        elif holder.key is None:
            if not isinstance(node, Leaf):
                raise _HopelessError(place, "expected a text as key, got an alias of something else")
            holder.key = (str(node.value), place)
        else:
            key, where = holder.key
            if not holder.repeated:
                holder.entries[key] = Entry(where, node)
            holder.key, holder.repeated = None, False


def _close(done: _Open) -> Node:
    held = done.nodes if done.is_list else [entry.node for entry in done.entries.values()]
    size = 1 + sum(node.size for node in held)
    depth = 1 + max((node.depth for node in held), default=0)
    if done.is_list:
        return Items(done.place, tuple(done.nodes), size, depth)
    return Entries(done.place, done.entries, size, depth)


def _resolve(event: yaml.ScalarEvent) -> Plain:
    """Find out what a scalar means.

    Raises:
        ValueError: for a tag that is unknown or does not fit.
    """
    text = event.value
    if event.tag is None:
        return _resolve_plain(text) if event.style is None or event.implicit[0] else text
    kind = event.tag.removeprefix(_TAG)
    if event.tag == "!" or kind == "str":
        return text
    if kind not in _KINDS:
        raise ValueError(f"unknown tag {event.tag}")
    value = _resolve_plain(text)
    if kind == "float" and type(value) is int:
        return float(value)
    if type(value) is not _KINDS[kind]:
        raise ValueError(f"{text!r:.60} is not what its tag !!{kind} says")
    return value


def _resolve_plain(text: str) -> Plain:
    if _NULL.fullmatch(text):
        return None
    if _TRUE.fullmatch(text) or _FALSE.fullmatch(text):
        return text.lower() == "true"
    if _INTEGER.fullmatch(text):
        if len(text) > 1000:
            raise ValueError("the number has more than 1000 digits")
        return int(text, 0) if text[1:2] in ("o", "x") else int(text)
    if _FLOAT.fullmatch(text):
        return float(text.replace(".inf", "inf").replace(".nan", "nan") if "n" in text else text)
    return text


def _explain(error: yaml.MarkedYAMLError, text: str) -> Flaw:
    mark = error.problem_mark or error.context_mark
    place = Place(1, 1) if mark is None else Place(mark.line + 1, mark.column + 1)
    said = ", ".join(part for part in (error.context, error.problem) if part)
    lines = _LINE_BREAK.split(text)
    if place.line <= len(lines) and lines[place.line - 1][place.column - 1 : place.column] == "\t":
        said += ": YAML is indented with spaces, and here is a tab"
    return Flaw(place, f"not YAML: {said}")


def walk(node: Node) -> Iterator[Node]:
    """Visit a value and all values in it."""
    yield node
    if isinstance(node, Items):
        for item in node.nodes:
            yield from walk(item)
    elif isinstance(node, Entries):
        for entry in node.entries.values():
            yield from walk(entry.node)
