"""Texts with named holes, such as `{task_id}`: filled for an answer, and found again in answers. Knows no single text."""

from __future__ import annotations

import json
import re
from itertools import combinations
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    Said = tuple[str, Mapping[str, str]]

HOLES: Final = ("task_id", "value", "name", "reason", "method", "allowed", "path", "version", "base", "host")
"""What a text may name of its request: the id asked for, the value that is refused and the name of its parameter, the parser's
own words, the method, those that are allowed, the path, the version, and the URL and the host of the platform."""

HOLE: Final = re.compile(r"\{(" + "|".join(HOLES) + r")\}")
JSON: Final = re.compile(r'\s*(\{\s*["}]|\[)')
"""How JSON begins: what is filled into it is escaped."""

MOST_OPEN: Final = 6
"""So many places of a text are tried each as a hole and as it stands; of more, all are holes."""


def fill_text(text: str, values: Mapping[str, str]) -> str:
    """Put values into the holes of a text; what is not known is left empty."""
    escape = _escape if JSON.match(text) else str
    return HOLE.sub(lambda hole: escape(values.get(hole[1], "")), text)


def find_text(said: Sequence[Said]) -> str | None:
    """Find the text with holes that gives each of several texts.

    A value of one character alone is a hole only if texts with different values show that it is: `0` stands in many places.

    Args:
        said: texts, each with the values of its request.

    Returns:
        The one with most holes; None if there is none for all of them.
    """
    text, values = said[0]
    differ = len({tuple(sorted(each.items())) for _, each in said}) > 1
    places = list(_find_places(text, {name: each for name, each in values.items() if differ or len(each) > 1}))
    most = len(places)
    for count in range(most, -1, -1) if most <= MOST_OPEN else (most, 0):
        for chosen in combinations(places, count):
            holed = _cut_holes(text, chosen)
            if all(fill_text(holed, each) == one for one, each in said):
                return holed
    return None


def _find_places(text: str, values: Mapping[str, str]) -> Iterator[tuple[int, int, str]]:
    """Find where values stand as words of their own, of two that overlap the longer."""
    escape = _escape if JSON.match(text) else str
    names: dict[str, str] = {}
    for name, each in values.items():
        if each:
            names.setdefault(escape(each), name)
    if not names:
        return
    words = (_bound(each) for each in sorted(names, key=len, reverse=True))
    yield from ((found.start(), found.end(), names[found[0]]) for found in re.finditer("|".join(words), text))


def _bound(word: str) -> str:
    first, last = (r"\b" if end.isalnum() else "" for end in (word[0], word[-1]))
    return first + re.escape(word) + last


def _cut_holes(text: str, places: Sequence[tuple[int, int, str]]) -> str:
    cut, at = "", 0
    for start, end, name in places:
        cut += text[at:start] + "{" + name + "}"
        at = end
    return cut + text[at:]


def _escape(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)[1:-1]


def count(number: int, noun: str) -> str:
    """Count things: `1 task`, `2 tasks`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
