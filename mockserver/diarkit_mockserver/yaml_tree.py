"""Values that know where they stand in a text: a tree of leaves, lists and mappings. Knows neither YAML's syntax nor any meaning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diarkit_mockserver.yaml_scalar import Plain


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


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    place: Place
    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """A key's own place, and what the key stands for."""

    place: Place
    node: Node


@dataclass(frozen=True, slots=True)
class Entries:
    """A mapping. Keys are texts, whatever they look like."""

    place: Place
    entries: Mapping[str, Entry]


Node: TypeAlias = Leaf | Items | Entries


def as_plain(node: Node) -> object:
    """Drop the places: what a JSON decoder would return."""
    match node:
        case Leaf(value=value):
            return value
        case Items(nodes=nodes):
            return [as_plain(item) for item in nodes]
        case Entries(entries=entries):
            return {key: as_plain(entry.node) for key, entry in entries.items()}


def find_place(node: Node, path: tuple[str | int, ...]) -> Place:
    """Find where the value stands to which keys and positions lead."""
    return find_node(node, path).place


def find_node(node: Node, path: tuple[str | int, ...]) -> Node:
    """Follow keys and positions down to a value, as far as they lead."""
    for step in path:
        match node, step:
            case Items(nodes=nodes), int() if step < len(nodes):
                node = nodes[step]
            case Entries(entries=entries), str() if step in entries:
                node = entries[step].node
            case _:
                break
    return node
