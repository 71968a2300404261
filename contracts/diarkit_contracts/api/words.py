"""Text templates with placeholders such as `{task_id}`: filled for an answer, and derived from answers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Final

Example = tuple[str, Mapping[str, str]]

HOLES: Final = ("task_id", "value", "name", "reason", "method", "allowed", "path", "version", "base", "host")
"""Placeholders: the requested id, the refused value and its parameter, the parser's message, the method, the allowed methods, the path,
the version, and the URL and host of the platform."""

HOLE: Final = re.compile(r"\{(" + "|".join(HOLES) + r")\}")
JSON: Final = re.compile(r'\s*(\{\s*["}]|\[)')
"""Start of JSON, in which values are escaped."""

MOST_OPEN: Final = 6
"""Up to so many occurrences are each tried as placeholder and as literal; of more, all are placeholders."""


def fill_text(text: str, values: Mapping[str, str]) -> str:
    """Fill a template; unknown placeholders become empty."""
    escape = _escape if JSON.match(text) else str
    return HOLE.sub(lambda hole: escape(values.get(hole[1], "")), text)


def find_text(examples: Sequence[Example]) -> str | None:
    """Find the template with the most placeholders that produces each of several texts; None if there is none for all.

    A value of a single character becomes a placeholder only if texts with different values prove it, as `0` is common.
    """
    text, values = examples[0]
    differ = len({tuple(sorted(each.items())) for _, each in examples}) > 1
    places = list(_find_places(text, {name: each for name, each in values.items() if differ or len(each) > 1}))
    most = len(places)
    for count in range(most, -1, -1) if most <= MOST_OPEN else (most, 0):
        for chosen in combinations(places, count):
            holed = _cut_holes(text, chosen)
            if all(fill_text(holed, each) == one for one, each in examples):
                return holed
    return None


def _find_places(text: str, values: Mapping[str, str]) -> Iterator[tuple[int, int, str]]:
    """Find values that occur as separate words; of overlapping ones the longer."""
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
