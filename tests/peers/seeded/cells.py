"""What one tool said of one server, and the folder in which it is kept, so that a run that was cut off can go on. Runs nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from pathlib import Path

    from diarkit_mockserver.scenario.model import Scenario


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a tool reported.

    Attributes:
        errors: kinds of what it calls an error, each once; a kind that the correct server has too is a false alarm.
        warnings: the same of what does not fail it by default.
        told: what it mentions without calling it either.
        unseen: why it says itself that it has seen too little; empty if it does not.
    """

    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    unseen: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One tool and one server.

    Attributes:
        traffic: counted by the server.
        seconds: from the start of the tool to its end.
    """

    said: Said
    traffic: dict[str, int] = field(default_factory=dict[str, int])
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a tool works.

    Attributes:
        url: of the server.
        number: of the mutant that it is; 0 for the correct server, against which no run may be cut short.
        folder: to write to; it goes away.
        kept: the folder of the whole table.
    """

    url: str
    number: int
    folder: Path
    kept: Path


Run: TypeAlias = Callable[[Place], Said]
"""Lets a tool loose on a server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A tool in one set-up.

    Attributes:
        key: short name, as in the table.
        about: the set-up in a sentence.
        course: of the servers' tasks.
        run: holds the tool against a server.
    """

    key: str
    about: str
    course: Scenario
    run: Run


def find_cell(folder: Path, column: str, number: int) -> Cell | None:
    """Find a cell that was kept; None if there is none."""
    path = folder / column / f"{number:02d}.json"
    if not path.exists():
        return None
    kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    said: dict[str, Any] = kept["said"]
    lists = {name: tuple(said[name]) for name in ("errors", "warnings", "told")}
    return Cell(said=Said(**lists, unseen=said["unseen"]), traffic=kept["traffic"], seconds=kept["seconds"])


def keep_cell(folder: Path, column: str, number: int, cell: Cell) -> None:
    """Keep a cell."""
    path = folder / column / f"{number:02d}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(asdict(cell), ensure_ascii=False, indent=1), encoding="utf-8")
