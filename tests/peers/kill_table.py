"""Which of 32 seeded mistakes today's tools see, and which ours: each tool against each broken server, counted by the server.

    pip install 'diarkit[verify]'                            # brings schemathesis
    python -m venv core && core/bin/pip install openapi-core  # of its own: it wants other versions of what we use
    npm install @stoplight/prism-cli @redocly/cli
    python tests/peers/kill_table.py CELLS --npm node_modules/.bin --openapi-core core/bin/python

Each cell is kept in the folder CELLS as soon as it is known: a run that was cut off goes on where it was, and a cell that is
deleted there is made anew. The table in `kill_table.txt` is written from all cells that are there; with `--before RESULTS`, a file as
`seeded/beside.py` writes it, it says what our tiers named then.
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from seeded import with_openapi_core, with_ours, with_prism, with_respect, with_schemathesis
from seeded.beside import Found, read_results, write_beside
from seeded.broken import CORRECT, MUTANTS, fake
from seeded.cells import Cell, Place, find_cell, keep_cell
from seeded.listening import listen
from seeded.table import write_table
from seeded.versions import list_versions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seeded.broken import Mutant
    from seeded.cells import Column

TABLE = Path(__file__).with_suffix(".txt")


def main() -> None:
    asked = read_arguments()
    logging.disable(logging.CRITICAL)  # of the fake
    columns = make_columns(asked.npm, asked.openapi_core)
    wanted = asked.columns.split(",") if asked.columns else [column.key for column in columns]
    by_key = {column.key: column for column in columns}
    for key in wanted:
        fill_column(by_key[key], asked.cells)
    table = write_table(columns, asked.cells, find_versions(asked))
    beside = write_beside(read_results(asked.before), read_ours(asked.cells))
    text = "\n".join((table, "Our tiers before and now:", "", *beside))
    TABLE.write_text(text + "\n", encoding="utf-8")


def read_ours(cells: Path) -> dict[str, dict[str, Found]]:
    """Read from the cells what our tiers named of each server that they do not name of the correct one."""
    tiers = {"lite": "VL", "full": "VF", "fuzz": "VM"}
    found: dict[str, dict[str, Found]] = {}
    for mutant in MUTANTS:
        known = {tier: find_cell(cells, key, mutant.number) for tier, key in tiers.items()}
        said = {tier: cell.said for tier, cell in known.items() if cell is not None}
        name = f"{mutant.number:02d} {mutant.what}"
        found[name] = {tier: Found(each.errors, each.warnings) for tier, each in said.items()}
    return found


def find_versions(asked: argparse.Namespace) -> tuple[str, ...]:
    """Find the versions of all tools, as they were when the folder of cells was begun."""
    kept: Path = asked.cells / "versions.txt"
    if not kept.exists():
        kept.write_text("\n".join(list_versions(asked.npm, asked.openapi_core)), encoding="utf-8")
    return tuple(kept.read_text(encoding="utf-8").splitlines())


def make_columns(npm: Path, openapi_core: Path) -> tuple[Column, ...]:
    """Make all columns, those of others first.

    Args:
        npm: folder of prism and redocly.
        openapi_core: a Python that has it.
    """
    return (
        *with_schemathesis.ALONE,
        *with_prism.make_columns(npm / "prism"),
        *with_respect.make_columns(npm / "redocly"),
        *with_openapi_core.make_columns(openapi_core),
        *with_schemathesis.WITH_CLAUSES,
        *with_ours.COLUMNS,
    )


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cells", type=Path, help="folder to keep cells in")
    parser.add_argument("--npm", type=Path, default=Path("node_modules/.bin"), help="folder of prism and redocly")
    parser.add_argument(
        "--openapi-core", type=Path, default=Path(sys.executable), help="a Python that has openapi-core"
    )
    parser.add_argument("--before", type=Path, help="what our tiers named before")
    parser.add_argument("--columns", default="", help="keys of columns to fill, in this order; all of them by default")
    asked = parser.parse_args()
    asked.cells, asked.npm = asked.cells.resolve(), asked.npm.resolve()
    return asked


def fill_column(column: Column, cells: Path, mutants: Sequence[Mutant] = (CORRECT, *MUTANTS)) -> None:
    """Let a tool loose on each server that it has not yet seen."""
    for mutant in mutants:
        if find_cell(cells, column.key, mutant.number) is None:
            cell = make_cell(column, mutant, cells)
            keep_cell(cells, column.key, mutant.number, cell)
            said = ", ".join((*cell.said.errors, *(f"({each})" for each in cell.said.warnings)))
            sys.stderr.write(f"{column.key} {mutant.number:02d} {mutant.what}: {said or '-'}  {cell.seconds:.1f} s\n")


def make_cell(column: Column, mutant: Mutant, cells: Path) -> Cell:
    """Let a tool loose on a server."""
    server = mutant.build(column.course)
    with tempfile.TemporaryDirectory() as folder, listen(server, fake.Asked, fake.Told) as (url, traffic):
        began = time.monotonic()
        said = column.run(Place(url=url, number=mutant.number, folder=Path(folder), kept=cells))
        return Cell(said=said, traffic=asdict(traffic), seconds=round(time.monotonic() - began, 1))


if __name__ == "__main__":
    main()
