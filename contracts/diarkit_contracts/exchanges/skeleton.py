"""The skeleton of a JSON body: its fields and their types."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final, TypeAlias, cast

Skeleton: TypeAlias = "Mapping[str, frozenset[str]]"
"""Types by path, such as `{"task.state": {"string"}}`; `[]` for the items of a list, an empty path for the body."""

NO_JSON: Final = "no JSON"
ABSENT: Final = "absent"
ANY: Final = "anything"
"""The items of an empty list, whose types are unknown."""


def read_skeleton(body: bytes) -> Skeleton:
    """Read the skeleton of a body."""
    try:
        value: object = json.loads(body)
    except (ValueError, RecursionError):
        return {"": frozenset({NO_JSON if body else "empty"})}
    found: dict[str, set[str]] = {}
    _collect(value, "", found)
    return {path: frozenset(types) for path, types in found.items()}


def compare_skeletons(one: Skeleton, other: Skeleton) -> tuple[tuple[str, str, str], ...]:
    """List the paths in which two skeletons differ, with the types of both, omitting the content of missing fields."""
    differing: list[tuple[str, str, str]] = []
    hidden: list[str] = []
    for path in sorted({*one, *other}):
        if any(path.startswith((f"{outer}.", f"{outer}[]")) for outer in hidden):
            continue
        first, second = (_find_types(skeleton, path) for skeleton in (one, other))
        if first != second and ANY not in {*first, *second}:
            differing.append((path, _write_types(first), _write_types(second)))
            hidden.append(path)
    return tuple(differing)


def _collect(value: object, path: str, found: dict[str, set[str]]) -> None:
    types = found.setdefault(path, set())
    if isinstance(value, dict):
        types.add("object")
        for name, inner in cast("dict[str, object]", value).items():
            _collect(inner, f"{path}.{name}" if path else name, found)
    elif isinstance(value, list):
        types.add("array")
        items = cast("list[object]", value)
        for item in items:
            _collect(item, f"{path}[]", found)
        if not items:
            found.setdefault(f"{path}[]", set()).add(ANY)
    elif isinstance(value, bool):
        types.add("boolean")
    elif isinstance(value, int | float):
        # 2 and 2.5 are the same type in JSON, depending on the value.
        types.add("number")
    else:
        types.add("null" if value is None else "string")


def _find_types(skeleton: Skeleton, path: str) -> frozenset[str]:
    if path in skeleton:
        types = skeleton[path] - {ANY}
        return types or skeleton[path]
    # The content of unknown items is unknown too.
    outer = path
    while "[]" in outer:
        outer = outer[: outer.rindex("[]") + 2]
        if skeleton.get(outer) == frozenset({ANY}):
            return frozenset({ANY})
        outer = outer[:-2]
    return frozenset({ABSENT})


def _write_types(types: frozenset[str]) -> str:
    return " or ".join(sorted(types))
