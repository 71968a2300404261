"""The house in numbers: rooms, modules a folder, circles, lines, long files.

    python tests/house/measure.py [CHECKOUT ...]      each checkout a column; the one this file is in by default

Imports for type checkers count. A circle is a set of modules that reach each other by imports.
"""

from __future__ import annotations

import ast
import sys
from collections import Counter
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

HERE = Path(__file__).parents[2]
PACKAGES = ("fixtures/diarkit_fixtures", "contracts/diarkit_contracts", "mockserver/diarkit_mockserver")
LONG = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """One checkout in numbers.

    Attributes:
        rooms: folders of modules directly in a package, by package.
        modules: by folder, relative to its source root; `__init__` aside.
        circle: the modules of a circle of imports, in their order; empty if there is none.
        up: imports between rooms of which each uses the other, as `room -> room`.
        lines: by file.
    """

    rooms: Mapping[str, tuple[str, ...]]
    modules: Mapping[str, int]
    circle: tuple[str, ...]
    up: tuple[str, ...]
    lines: Mapping[str, int]


def measure(checkout: Path) -> House:
    """Measure a checkout."""
    files = {
        path: path.read_text("utf-8") for package in PACKAGES for path in sorted((checkout / package).rglob("*.py"))
    }
    graph = {_name(path, checkout): set(_list_imports(text)) for path, text in files.items()}
    graph = {module: {name for name in found if name in graph and name != module} for module, found in graph.items()}
    rooms = {Path(package).name: _list_rooms(checkout / package) for package in PACKAGES}
    edges = {(_room(one), _room(other)) for one, found in graph.items() for other in found}
    folders = Counter(str(path.parent.relative_to(checkout)) for path in files if path.stem != "__init__")
    return House(
        rooms=rooms,
        modules=dict(sorted(folders.items())),
        circle=_find_circle(graph),
        up=tuple(sorted(f"{one} -> {other}" for one, other in edges if one < other and (other, one) in edges)),
        lines={str(path.relative_to(checkout)): len(text.splitlines()) for path, text in files.items()},
    )


def _list_rooms(package: Path) -> tuple[str, ...]:
    return tuple(sorted(path.name for path in package.iterdir() if (path / "__init__.py").exists()))


def _name(path: Path, checkout: Path) -> str:
    parts = path.relative_to(checkout).with_suffix("").parts[1:]
    return ".".join(parts).removesuffix(".__init__")


def _room(module: str) -> str:
    return ".".join(module.split(".")[:2])


def _list_imports(text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def _find_circle(graph: Mapping[str, set[str]]) -> tuple[str, ...]:
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return tuple(error.args[1])
    return ()


def _write(houses: Mapping[str, House]) -> Iterator[str]:
    def row(what: str, *cells: object) -> str:
        return f"{what:<44}" + "".join(f"{cell!s:>16}" for cell in cells)

    all_ = list(houses.values())
    yield row("", *houses)
    for package in (Path(each).name for each in PACKAGES):
        yield row(f"rooms of {package}", *(len(house.rooms[package]) for house in all_))
    yield row("most modules in one folder", *(max(house.modules.values()) for house in all_))
    yield row("a circle of modules", *(len(set(house.circle)) or "none" for house in all_))
    yield row("pairs of rooms that use each other", *(len(house.up) for house in all_))
    yield row("files", *(len(house.lines) for house in all_))
    yield row("lines of source", *(sum(house.lines.values()) for house in all_))
    yield row(f"files of more than {LONG} lines", *(sum(n > LONG for n in house.lines.values()) for house in all_))
    for house in all_:
        yield from (f"  circle: {one} -> {other}" for one, other in pairwise(house.circle))


def main() -> None:
    """Print the table."""
    checkouts = [Path(each) for each in sys.argv[1:]] or [HERE]
    print(*_write({path.resolve().name: measure(path.resolve()) for path in checkouts}), sep="\n")  # noqa: T201


if __name__ == "__main__":
    main()
