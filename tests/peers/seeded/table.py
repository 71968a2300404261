"""All cells as one text: who caught what, what it cost, and by which clause. Runs nothing and judges nothing but K, w, u and -."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from seeded.broken import CORRECT, MUTANTS
from seeded.cells import find_cell
from seeded.notes import NOTES
from seeded.with_schemathesis import DEFAULT, FEW, SEED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from seeded.broken import Mutant
    from seeded.cells import Cell, Column

WIDTH = 30
LEGEND = """\
K  reported as an error: something that it does not report of the correct server
w  reported as a warning only (exit 0 by default)
u  only mentioned, among what is not in the contract
-  not reported        ?  not run
"""
STATEFUL = "(stateful)"
WITHOUT_STATEFUL = "S1"


@dataclass(frozen=True, slots=True)
class Shown:
    """A column as it is shown: `S1` is `S2` without what only its last phase has found."""

    key: str
    about: str
    cells: tuple[Cell | None, ...]
    counts: bool = True

    def judge(self, number: int) -> str:
        """Say K, w, u, - or ?."""
        cell, correct = self.cells[number], self.cells[0]
        if cell is None or correct is None:
            return "?"
        if set(cell.said.errors) - set(correct.said.errors):
            return "K"
        if set(cell.said.warnings) - set(correct.said.warnings):
            return "w"
        return "u" if set(cell.said.told) - set(correct.said.told) else "-"

    def count(self, *kinds: str) -> int:
        """Count mutants by what is said of them."""
        return sum(self.judge(mutant.number) in kinds for mutant in MUTANTS)


def write_table(columns: Sequence[Column], folder: Path, versions: Sequence[str]) -> str:
    """Write the table.

    Args:
        columns: in their order.
        folder: with the cells.
        versions: of all tools.
    """
    shown = list(list_shown(columns, folder))
    lines = [
        f"{len(MUTANTS)} seeded mistakes: the fake with one thing broken each, on loopback, a new server for each cell",
        "",
        *(f"  {each}" for each in versions),
        f"  seed {SEED}; schemathesis with --max-examples {DEFAULT} (its default) in S0, {FEW} in all others",
        "",
        *(f"  {column.key}  {column.about}" for column in shown),
        "",
        *LEGEND.splitlines(),
        "",
        " " * WIDTH + "  ".join(column.key for column in shown),
        *(list_row(mutant, shown) for mutant in MUTANTS),
        "",
        *list_sums(shown),
        "",
        "By which clause, those of severity warning in brackets:",
        "",
        *list_clauses(shown),
        "",
        *NOTES.splitlines(),
    ]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def list_shown(columns: Sequence[Column], folder: Path) -> Iterator[Shown]:
    """List the columns, and `S1` ahead of `S2`."""
    for column in columns:
        cells = tuple(find_cell(folder, column.key, mutant.number) for mutant in (CORRECT, *MUTANTS))
        if column.key == "S2":
            without = tuple(cell and drop_stateful(cell) for cell in cells)
            yield Shown(WITHOUT_STATEFUL, "S2 without its stateful phase", without, counts=False)
        yield Shown(column.key, column.about, cells)


def drop_stateful(cell: Cell) -> Cell:
    """Leave out what the stateful phase has found; it is the last one, so nothing else changes."""
    errors = tuple(error for error in cell.said.errors if not error.endswith(STATEFUL))
    return replace(cell, said=replace(cell.said, errors=errors))


def list_row(mutant: Mutant, shown: Sequence[Shown]) -> str:
    head = f"{mutant.number:02d} {mutant.what}"
    return f"{head:<{WIDTH}}" + " ".join(f"{column.judge(mutant.number):>{len(column.key)}} " for column in shown)


def list_sums(shown: Sequence[Shown]) -> Iterator[str]:
    """List what the columns come to: kills, and what the correct server was asked."""
    cost: tuple[tuple[str, Callable[[Shown], object]], ...] = (
        ("K of 32", lambda column: column.count("K")),
        ("K or w of 32", lambda column: column.count("K", "w")),
        ("false alarms", count_false_alarms),
        ("calls", lambda column: read_traffic(column, "calls")),
        ("uploads taken", lambda column: read_traffic(column, "uploads")),
        ("kilobytes sent", read_kilobytes),
        ("looks that saw done", lambda column: read_traffic(column, "results")),
        ("looks that saw rejected", lambda column: read_traffic(column, "rejected")),
        ("seconds, roughly", read_seconds),
    )
    yield "Against the correct server from `false alarms` on; a run against a broken one may end at the first find."
    yield ""
    yield " " * (WIDTH - 2) + "".join(f"{column.key:>6}" for column in shown)
    for name, read in cost:
        yield f"{name:<{WIDTH - 2}}" + "".join(f"{read(column)!s:>6}" for column in shown)


def count_false_alarms(column: Shown) -> str:
    correct = column.cells[0]
    return "?" if correct is None else str(len(correct.said.errors) + len(correct.said.warnings))


def read_traffic(column: Shown, name: str) -> str:
    correct = column.cells[0]
    if not column.counts:
        return ""
    return "?" if correct is None else str(correct.traffic[name])


def read_kilobytes(column: Shown) -> str:
    told = read_traffic(column, "bytes_up")
    return str(round(int(told) / 1000)) if told.isdigit() else told


def read_seconds(column: Shown) -> str:
    correct = column.cells[0]
    if not column.counts:
        return ""
    return "?" if correct is None else f"{correct.seconds:.0f}"


def list_clauses(shown: Sequence[Shown]) -> Iterator[str]:
    """List for each mutant what our tiers called it."""
    ours = [column for column in shown if column.key in {"VL", "VF", "VM"}]
    for mutant in MUTANTS:
        by_clause: dict[str, list[str]] = {}
        for column in ours:
            cell = column.cells[mutant.number]
            if cell is not None:
                found = (*cell.said.errors, *(f"({name})" for name in cell.said.warnings))
                for name in found or ([f"told: {cell.said.told[0]}"] if cell.said.told else ["nothing"]):
                    by_clause.setdefault(name, []).append(column.key)
        said = ", ".join(name if len(by) == len(ours) else f"{name} {'+'.join(by)}" for name, by in by_clause.items())
        yield f"  {mutant.number:02d} {mutant.what:<{WIDTH - 3}} {said}"
