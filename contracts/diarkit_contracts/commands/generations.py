"""The command `generations`: the table of points as text or Markdown, and client-relevant differences between generations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import click

from diarkit_contracts.api.points import GENERATIONS, POINTS, Cell, Declares, Point, Sends, Shows
from diarkit_contracts.commands.flags import READ, Command, Group
from diarkit_contracts.commands.output import echo_lines, read_learned_file

LONGEST: Final = 60
"""Characters shown of a text."""


@click.group(
    cls=Group,
    invoke_without_command=True,
    examples=("diarkit generations", "diarkit generations diff 3.6 5.0"),
)
@click.option("--markdown", is_flag=True, help="Write Markdown.")
@click.option(
    "--as",
    "learned",
    type=READ,
    help="Add a column with the values that `diarkit learn` observed on a platform.",
)
@click.pass_context
def generations(ctx: click.Context, *, markdown: bool, learned: Path | None) -> None:
    """Show how the generations of the API differ.

    Each value has a label. DOC: documented on a public page. INF: inferred. SEEN: observed on a live platform, with --as. UNK: unknown;
    the value is what `diarkit serve` assumes, and `dialect` in a scenario overrides it.
    """
    if ctx.invoked_subcommand is None:
        column = None if learned is None else read_learned_file(learned, "--as").column
        head = ("point", *GENERATIONS, *(() if column is None else ("platform",)), "other values", "description")
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
        echo_lines(write_table(head, rows, markdown=markdown))
        if column is None:
            texts = [(point.key, point.about) for point in POINTS if _is_plain(point)]
            echo_lines(["", *write_table(("undocumented text", "description"), texts, markdown=markdown)])
        if not markdown:
            echo_lines(["", *(f"{name}  {about}" for name, about in GENERATIONS.items())])


@generations.command(
    cls=Command, examples=("diarkit generations diff 3.6 5.0", "diarkit generations diff 3.6 3.7 --markdown")
)
@click.argument("old", type=click.Choice(list(GENERATIONS)))
@click.argument("new", type=click.Choice(list(GENERATIONS)))
@click.option("--markdown", is_flag=True, help="Write Markdown.")
def diff(old: str, new: str, *, markdown: bool) -> None:
    """Show what changes for a client when the server moves from OLD to NEW."""
    head = ("point", old, new, "change for clients", "source")
    rows = [
        (point.key, str(was.value), _write_cell(now), advise(point, was, now), now.source)
        for point, was, now in list_changes(old, new)
    ]
    echo_lines(write_table(head, rows, markdown=markdown) if rows else [f"{old} and {new} do not differ."])


def list_changes(old: str, new: str) -> Iterator[tuple[Point, Cell, Cell]]:
    """List the points that differ between two generations."""
    for point in POINTS:
        was, now = point.cells[old], point.cells[new]
        if was.value != now.value:
            yield point, was, now


def advise(point: Point, was: Cell, now: Cell) -> str:
    """Describe what a change means for a client."""
    match point.effect:
        case Sends(header=header, leads=leads):
            if now.value != "sent":
                return f"{header} is no longer sent"
            return (
                f"{header} leads to the task: prefer it, and fall back to X-Location" if leads else f"{header} is sent"
            )
        case Declares(status=status):
            return (
                f"expect {status}" if now.value == "declared" else f"{status} is no longer declared: do not rely on it"
            )
        case Shows(state=state):
            known = f"state {state} is not terminal, and the next poll may get 404: neither wait forever nor fail"
            return known if now.value == "known" else f"state {state} does not exist"
        case _:
            return f"{point.about}: {now.value} instead of {was.value}"


def write_table(head: Sequence[str], rows: Sequence[Sequence[str]], *, markdown: bool) -> list[str]:
    """Format a table, in columns or as Markdown."""
    if markdown:
        cells = [head, ["---"] * len(head), *rows]
        return [f"| {' | '.join(each.replace('|', chr(92) + '|') for each in row)} |" for row in cells]
    widths = [max(len(row[at]) for row in (head, *rows)) for at in range(len(head))]
    return [
        "  ".join(f"{each:{width}}" for each, width in zip(row, widths, strict=True)).rstrip() for row in (head, *rows)
    ]


def _is_plain(point: Point) -> bool:
    """Return whether a point is a text that is undocumented in all generations."""
    return not any(cell.value or not point.has_holes for cell in point.cells.values())


def _write_cell(cell: Cell) -> str:
    value = str(cell.value)
    return f"{value[:LONGEST]}{'...' if value[LONGEST:] else ''} ({cell.label})".lstrip()


def _list_others(point: Point) -> str:
    seen = {cell.value for cell in point.cells.values()}
    return ", ".join(str(value) for value in point.allowed if value not in seen) or "-"
