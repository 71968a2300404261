"""YAML text into a tree with places. Knows no scenario: any one YAML or JSON document will do.

Of the YAML library only the parser is used, event by event: nothing is constructed but plain values, and nesting and aliases
are bounded before they cost anything.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Final

import yaml

from diarkit_mockserver.yaml_scalar import resolve_scalar
from diarkit_mockserver.yaml_tree import Entries, Entry, Flaw, Items, Leaf, Node, Place

DEEPEST: Final = 64
"""Levels of nesting. A scenario needs a dozen; what reads the tree may recurse."""

MOST_COPIES: Final = 100_000
"""Values that aliases may repeat: ten lines of aliases to aliases can stand for billions."""

# What YAML 1.2 (5.1) leaves out, lone surrogates among it.
_UNPRINTABLE: Final = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_LINE_BREAK: Final = re.compile("\r\n|[\n\r\x85\u2028\u2029]")


def read_tree(text: str) -> tuple[Node | None, tuple[Flaw, ...]]:
    """Read the one document of a text.

    Returns:
        The tree and all that is wrong with it. The tree is None where reading had to stop.
    """
    text = text.removeprefix("\ufeff")
    if (odd := _UNPRINTABLE.search(text)) is not None:
        return None, (Flaw(locate(text, odd.start()), f"not YAML: the character {odd[0]!r} is not allowed"),)
    reading = _Reading()
    try:
        for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            reading.take(event)
    except _StopError as error:
        return None, (*reading.flaws, error.flaw)
    except yaml.MarkedYAMLError as error:
        return None, (*reading.flaws, _explain(error, text))
    if reading.root is None or (isinstance(reading.root, Leaf) and reading.root.value is None):
        return None, (Flaw(Place(1, 1), "the file is empty"),)
    return reading.root, tuple(reading.flaws)


def locate(text: str, index: int) -> Place:
    """Turn an index into a place, with YAML's line breaks."""
    starts = [0, *(match.end() for match in _LINE_BREAK.finditer(text, 0, index))]
    line = bisect_right(starts, index)
    return Place(line, index - starts[line - 1] + 1)


class _StopError(Exception):
    """What follows can't be read any more."""

    def __init__(self, place: Place, text: str) -> None:
        super().__init__(text)
        self.flaw = Flaw(place, text)


@dataclass(slots=True)
class _Open:
    """A list or mapping whose end has not been seen.

    Attributes:
        place: of its beginning.
        anchor: its name for aliases.
        is_list: or a mapping.
        nodes: read so far, of a list.
        entries: read so far, of a mapping.
        key: that waits for its value, with its place.
        size: values in it, with itself.
        depth: levels in it, with its own.
    """

    place: Place
    anchor: str | None
    is_list: bool
    nodes: list[Node] = field(default_factory=list[Node])
    entries: dict[str, Entry] = field(default_factory=dict[str, Entry])
    key: tuple[str, Place] | None = None
    size: int = 1
    depth: int = 1


@dataclass(frozen=True, slots=True)
class _Read:
    """A value that is complete, and how large it is."""

    node: Node
    size: int = 1
    depth: int = 1


@dataclass(slots=True)
class _Reading:
    """A document, read up to some event."""

    root: Node | None = None
    flaws: list[Flaw] = field(default_factory=list[Flaw])
    _open: list[_Open] = field(default_factory=list[_Open])
    _anchors: dict[str, _Read] = field(default_factory=dict[str, _Read])
    _documents: int = 0
    _copies: int = 0

    def take(self, event: yaml.Event) -> None:
        mark = event.start_mark
        place = Place(1, 1) if mark is None else Place(mark.line + 1, mark.column + 1)
        match event:
            case yaml.DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    raise _StopError(place, "expected one document, but a second one begins here")
            case yaml.ScalarEvent():
                self._take_scalar(event, place)
            case yaml.AliasEvent():
                self._put(self._follow(str(event.anchor), place), place)
            case yaml.SequenceStartEvent():
                self._begin(event, place, is_list=True)
            case yaml.MappingStartEvent():
                self._begin(event, place, is_list=False)
            case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
                done = self._open.pop()
                node = Items(done.place, tuple(done.nodes)) if done.is_list else Entries(done.place, done.entries)
                self._finish(_Read(node, done.size, done.depth), done.anchor, done.place)
            case _:
                pass

    def _take_scalar(self, event: yaml.ScalarEvent, place: Place) -> None:
        if _SURROGATE.search(event.value):
            raise _StopError(place, "not YAML: an escaped half of a surrogate pair; write the character itself")
        if self._wants_key:
            self._finish(_Read(Leaf(place, event.value)), event.anchor, place)
            return
        try:
            value = resolve_scalar(event.value, event.tag, quoted=bool(event.style))
        except ValueError as error:
            value = None
            self.flaws.append(Flaw(place, str(error)))
        self._finish(_Read(Leaf(place, value)), event.anchor, place)

    def _begin(self, event: yaml.CollectionStartEvent, place: Place, *, is_list: bool) -> None:
        if event.tag not in (None, "!", "tag:yaml.org,2002:" + ("seq" if is_list else "map")):
            self.flaws.append(Flaw(place, f"expected no tag, got {event.tag}"))
        if len(self._open) >= DEEPEST:
            raise _StopError(place, f"nested deeper than {DEEPEST} levels")
        if event.anchor is not None:
            self._anchors.pop(event.anchor, None)
        self._open.append(_Open(place, event.anchor, is_list))

    def _finish(self, read: _Read, anchor: str | None, place: Place) -> None:
        if anchor is not None:
            self._anchors[anchor] = read
        self._put(read, place)

    def _follow(self, anchor: str, place: Place) -> _Read:
        read = self._anchors.get(anchor)
        if read is None:
            inside = any(one.anchor == anchor for one in self._open)
            reason = "stands inside what it means" if inside else f"has no anchor &{anchor} above it"
            raise _StopError(place, f"the alias *{anchor} {reason}")
        self._copies += read.size
        if self._copies > MOST_COPIES:
            raise _StopError(place, f"the aliases repeat more than {MOST_COPIES} values")
        if len(self._open) + read.depth > DEEPEST:
            raise _StopError(place, f"nested deeper than {DEEPEST} levels")
        return read

    @property
    def _wants_key(self) -> bool:
        return bool(self._open) and not self._open[-1].is_list and self._open[-1].key is None

    def _put(self, read: _Read, place: Place) -> None:
        """Give a complete value to the list, the mapping or the key that waits for it."""
        if not self._open:
            self.root = read.node
            return
        holder = self._open[-1]
        if self._wants_key:
            holder.key = self._read_key(holder, read.node, place)
            return
        holder.size += read.size
        holder.depth = max(holder.depth, read.depth + 1)
        if holder.is_list:
            holder.nodes.append(read.node)
        elif holder.key is not None:
            key, where = holder.key
            holder.entries.setdefault(key, Entry(where, read.node))
            holder.key = None

    def _read_key(self, holder: _Open, node: Node, place: Place) -> tuple[str, Place]:
        if not isinstance(node, Leaf):
            raise _StopError(place, f"expected a text as key, got a {'list' if isinstance(node, Items) else 'mapping'}")
        key = str(node.value)
        if key in holder.entries:
            self.flaws.append(
                Flaw(place, f"the key {key!r:.60} is there twice, first in line {holder.entries[key].place.line}")
            )
        return key, place


def _explain(error: yaml.MarkedYAMLError, text: str) -> Flaw:
    mark = error.problem_mark or error.context_mark
    place = Place(1, 1) if mark is None else Place(mark.line + 1, mark.column + 1)
    said = ", ".join(part for part in (error.context, error.problem) if part)
    if error.context_mark is not None and error.context_mark.line + 1 < place.line:
        said += f" (it begins in line {error.context_mark.line + 1})"
    line = _LINE_BREAK.split(text)[place.line - 1 : place.line]
    if line and line[0][place.column - 1 : place.column] == "\t":
        said += ": here is a tab, but YAML is indented with spaces"
    return Flaw(place, f"not YAML: {said}")
