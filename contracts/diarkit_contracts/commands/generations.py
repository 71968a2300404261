"""The command `generations`: the table of points as text or Markdown, and what a client must mind between two columns."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from diarkit_contracts.api.points import GENERATIONS, POINTS, Declares, Sends, Shows
from diarkit_contracts.commands.flags import Command, Group
from diarkit_contracts.commands.output import read_learned_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from diarkit_contracts.api.points import Cell, Point

LONGEST: Final = 60
"""Characters of a text that the table shows."""


@click.group(
    cls=Group,
    invoke_without_command=True,
    examples=("diarkit generations", "diarkit generations diff 3.6 5.0"),
)
@click.option("--markdown", is_flag=True, help="Write Markdown.")
@click.option(
    "--as",
    "learned",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Show also what `diarkit learn` has read off a platform.",
)
@click.pass_context
def generations(ctx: click.Context, *, markdown: bool, learned: Path | None) -> None:
    """Show where the generations of the API differ.

    Each value says how it is known. DOC: read on a public page. INF: inferred. SEEN: of a live platform, with --as. UNK: not known,
    so the value is what `diarkit serve` assumes; `dialect` in a scenario sets another.
    """
    if ctx.invoked_subcommand is None:
        column = None if learned is None else read_learned_file(learned, "--as").column
        head = ("point", *GENERATIONS, *(() if column is None else ("platform",)), "other values", "what it is")
        rows = [
            (
                point.key,
                *map(_write_cell, point.cells.values()),
                *(() if column is None else (_write_cell(column.cells[point.key]),)),
                _list_others(point),
                point.about,
            )
            for point in POINTS
            if column is not None or not _is_plain(point)
        ]
        click.echo("\n".join(write_table(head, rows, markdown=markdown)))
        if column is None:
            texts = [(point.key, point.about) for point in POINTS if _is_plain(point)]
            click.echo(
                "\n".join(["", *write_table(("text that no page shows", "what it is"), texts, markdown=markdown)])
            )
        if not markdown:
            click.echo("\n" + "\n".join(f"{name}  {about}" for name, about in GENERATIONS.items()))


@generations.command(
    cls=Command, examples=("diarkit generations diff 3.6 5.0", "diarkit generations diff 3.6 3.7 --markdown")
)
@click.argument("old", type=click.Choice(list(GENERATIONS)))
@click.argument("new", type=click.Choice(list(GENERATIONS)))
@click.option("--markdown", is_flag=True, help="Write Markdown.")
def diff(old: str, new: str, *, markdown: bool) -> None:
    """Show what a client of OLD must mind when the server becomes NEW."""
    head = ("point", old, new, "a client must mind", "known from")
    rows = [
        (point.key, str(was.value), _write_cell(now), advise(point, was, now), now.source)
        for point, was, now in list_changes(old, new)
    ]
    click.echo("\n".join(write_table(head, rows, markdown=markdown)) if rows else f"{old} and {new} do not differ.")


def list_changes(old: str, new: str) -> Iterator[tuple[Point, Cell, Cell]]:
    """List the points whose value differs between two generations."""
    for point in POINTS:
        was, now = point.cells[old], point.cells[new]
        if was.value != now.value:
            yield point, was, now


def advise(point: Point, was: Cell, now: Cell) -> str:
    """Say what a change means for a client; it follows from what the point is about."""
    match point.effect:
        case Sends(header=header, leads=leads):
            if now.value != "sent":
                return f"{header} is no longer sent"
            return (
                f"{header} leads to the task: read it first, and X-Location without it"
                if leads
                else f"{header} is sent"
            )
        case Declares(status=status):
            return (
                f"expect {status}" if now.value == "declared" else f"{status} is no longer declared: don't rely on it"
            )
        case Shows(state=state):
            known = f"state {state} does not end a task, and the next look may get 404: neither wait for ever nor fail on it"
            return known if now.value == "known" else f"state {state} does not exist"
        case _:
            return f"{point.about}: {now.value} instead of {was.value}"


def write_table(head: Sequence[str], rows: Sequence[Sequence[str]], *, markdown: bool) -> list[str]:
    """Write a table, in columns or as Markdown."""
    if markdown:
        cells = [head, ["---"] * len(head), *rows]
        return [f"| {' | '.join(each.replace('|', chr(92) + '|') for each in row)} |" for row in cells]
    widths = [max(len(row[at]) for row in (head, *rows)) for at in range(len(head))]
    return [
        "  ".join(f"{each:{width}}" for each, width in zip(row, widths, strict=True)).rstrip() for row in (head, *rows)
    ]


def _is_plain(point: Point) -> bool:
    """Return whether a point is a text of which no generation says anything."""
    return not any(cell.value or not point.has_holes for cell in point.cells.values())


def _write_cell(cell: Cell) -> str:
    value = str(cell.value)
    return f"{value[:LONGEST]}{'...' if value[LONGEST:] else ''} ({cell.label})".lstrip()


def _list_others(point: Point) -> str:
    seen = {cell.value for cell in point.cells.values()}
    return ", ".join(str(value) for value in point.allowed if value not in seen) or "-"
