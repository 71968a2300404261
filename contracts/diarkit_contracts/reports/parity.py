"""A comparison of two servers as text and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

import click

from diarkit_contracts.api.evidence import Severity
from diarkit_contracts.api.words import count
from diarkit_contracts.exchanges.text import show_text
from diarkit_contracts.reports.summary import WORDS
from diarkit_contracts.reports.text import COLOURS, list_section

if TYPE_CHECKING:
    from diarkit_contracts.runs.parity.compare import Parity

FORMAT: Final = "diarkit-parity"
VERSION: Final = 1

WIDEST: Final = 60
"""Characters of a cell, so that two and the rest fit on a wide terminal."""


MOST_NAMES: Final = 4
"""Rows listed per difference; the JSON has all."""


def list_lines(parity: Parity, fail_on: Severity = Severity.ERROR) -> Iterator[str]:
    """List the lines of the table of differences, with colour codes."""
    one, other = map(show_text, parity.sides)
    yield f"A  {one}"
    yield f"B  {other}"
    yield ""
    if parity.unreachable:
        yield show_text(parity.unreachable)
    yield from _list_table(parity)
    yield from list_section("not compared", [f"{name}: {show_text(reason)}" for name, reason in parity.left_out])
    yield from list_section("too few observations", list(map(show_text, parity.vacuous)))
    yield click.style(sum_up(parity, fail_on), bold=True)


def sum_up(parity: Parity, fail_on: Severity = Severity.ERROR) -> str:
    """Summarise a comparison in one line."""
    errors = sum(each.severity is Severity.ERROR for each in parity.differences)
    warnings = len(parity.differences) - errors
    numbers = (
        ", ".join([count(errors, "error"), count(warnings, "warning")]) if parity.differences else "no differences"
    )
    more = f", {len(parity.left_out)} not compared" if parity.left_out else ""
    return f"{WORDS[parity.decide_exit(fail_on)]}: {numbers} in {count(len(parity.compared), 'row')}{more}"


def write_json(parity: Parity, fail_on: Severity = Severity.ERROR) -> str:
    """Write a comparison as JSON."""
    plain = {
        "format": FORMAT,
        "version": VERSION,
        "sides": parity.sides,
        "exit": int(parity.decide_exit(fail_on)),
        "summary": sum_up(parity, fail_on),
        **asdict(parity),
        "left_out": [{"row": name, "reason": reason} for name, reason in parity.left_out],
    }
    return json.dumps(plain, ensure_ascii=False, indent=2) + "\n"


def _list_table(parity: Parity) -> Iterator[str]:
    """List a line for each difference, errors first, with its rows."""
    rows: dict[tuple[str, ...], list[str]] = {}
    for each in sorted(parity.differences, key=lambda each: each.severity is not Severity.ERROR):
        place = f"{each.clause}, line {each.line}"
        cells = (each.severity.value, *(show_text(text, WIDEST) for text in (each.what, each.one, each.other)), place)
        rows.setdefault(cells, []).append(each.row.partition("[")[0])
    if not rows:
        return
    table = [(*cells, _list_names(names)) for cells, names in rows.items()]
    head = ("", "what", "A", "B", "contract", "rows")
    widths = [max(len(line[column]) for line in (head, *table)) for column in range(len(head))]
    yield click.style(_pad(head, widths), bold=True)
    for line in table:
        yield click.style(f"{line[0]:{widths[0]}}", fg=COLOURS[Severity(line[0])]) + "  " + _pad(line[1:], widths[1:])
    yield ""


def _list_names(names: list[str]) -> str:
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return ", ".join(names[:MOST_NAMES]) + more


def _pad(cells: tuple[str, ...], widths: list[int]) -> str:
    return "  ".join(f"{cell:{width}}" for cell, width in zip(cells, widths, strict=True)).rstrip()
