"""A verdict as text: findings first, each with commands to repeat it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from textwrap import indent, wrap
from typing import Final

import click

from diarkit_contracts.api.evidence import Severity
from diarkit_contracts.api.words import count
from diarkit_contracts.exchanges.text import show_text
from diarkit_contracts.reports.summary import WORDS, advise, describe_subject, sum_up
from diarkit_contracts.runs.outcomes import list_facts, list_fault, name_place
from diarkit_contracts.runs.reproduce import write_repeat
from diarkit_contracts.runs.verdict import Exit, Finding, RunVerdict

COLOURS: Final = {Severity.ERROR: "red", Severity.WARNING: "yellow"}
END_COLOURS: Final = {Exit.FINE: "green", Exit.VACUOUS: "yellow"}

MOST_OTHERS: Final = 5
"""Further rows of a violated clause that are shown in detail; the rest only by name."""

MOST_LISTED: Final = 20
"""Limit of undocumented fields listed, as a server may have any number."""

WIDTH: Final = 116
"""Characters in a line of names, which is indented by 4."""

LONGEST: Final = 400
"""Characters of an answer; the other reports have all of it."""


def list_lines(verdict: RunVerdict, fail_on: Severity = Severity.ERROR, *, folder: Path | None = None) -> Iterator[str]:
    """List the lines of a report, with colour codes."""
    if verdict.unreachable:
        # All rows were skipped for this one reason, which a list of them would hide.
        yield show_text(verdict.unreachable)
        yield click.style(f"{WORDS[Exit.UNREACHABLE]}: {describe_subject(verdict)}", fg="red", bold=True)
        return
    yield from _list_findings(verdict, folder)
    yield from _list_accepted(verdict)
    yield from list_section(
        "undocumented: not in the contract, so clients must not rely on it",
        [f"{show_text(each.what)} ({count(each.times, 'answer')})" for each in verdict.undocumented],
        MOST_LISTED,
    )
    yield from _list_reasons("inconclusive", [(each.row, each.reason) for each in verdict.inconclusive])
    yield from _list_reasons("skipped", [(each.name, each.reason) for each in verdict.skipped])
    yield from list_section("events", [show_text(event) for event in verdict.events])
    width = max((len(each.clause.id) for each in verdict.passed), default=0)
    yield from list_section("passed", [f"{each.clause.id:{width}}  {each.observations}" for each in verdict.passed])
    yield from list_section("too few observations", list(verdict.vacuous))
    yield from list_section("what to do", list(advise(verdict)))
    yield describe_subject(verdict)
    yield click.style(sum_up(verdict, fail_on), fg=END_COLOURS.get(verdict.decide_exit(fail_on), "red"), bold=True)


def _list_findings(verdict: RunVerdict, folder: Path | None) -> Iterator[str]:
    repeated: set[str] = set()
    is_short = False
    for _, group in groupby(verdict.findings, key=lambda finding: finding.clause.id):
        first, *others = group
        yield from _list_finding(first, verdict, folder, repeated)
        for finding in others[:MOST_OTHERS]:
            yield from _list_finding(finding, verdict, folder)
        left = [finding.row for finding in others[MOST_OTHERS:]]
        if left:
            yield f"{_name_clause(first)}  and in {count(len(left), 'row')} more"
            yield from (f"  {line}" for line in _wrap(left))
            yield ""
        is_short = is_short or bool(others)
    if is_short:
        yield "for complete findings: --report html=FILE"
        yield ""


def _list_finding(
    finding: Finding, verdict: RunVerdict, folder: Path | None, repeated: set[str] | None = None
) -> Iterator[str]:
    """List a finding, and add its row to those `repeated`; without them only what differs in a further row."""
    yield _name_clause(finding) + name_place(finding)
    yield from list_fault(finding, LONGEST) if repeated is None else list_facts(finding, verdict, LONGEST)
    repeat = write_repeat(finding, verdict, folder)
    if repeat is not None:
        is_above = repeated is not None and finding.row in repeated
        yield f"  repeat    {repeat.command}{' (curl and Python as above)' if is_above else ''}"
        if repeated is not None and not is_above:
            repeated.add(finding.row)
            yield f"  curl      {repeat.curl}"
            if repeat.unsaved:
                yield f"            (--report html=FILE saves {' and '.join(repeat.unsaved)} for it)"
            yield "  python"
            yield indent(repeat.python, "    | ", lambda _: True)
    yield ""


def _name_clause(finding: Finding) -> str:
    severity = finding.severity
    return click.style(f"{severity}: {finding.clause.id}", fg=COLOURS[severity], bold=True)


def _list_accepted(verdict: RunVerdict) -> Iterator[str]:
    yield from list_section(
        "accepted by the baseline",
        [
            f"{each.finding.severity}: {each.finding.clause.id} {show_text(each.finding.row)}: "
            f"{show_text(each.finding.fault.got, LONGEST)} (until {each.expires}: {show_text(each.reason)})"
            for each in verdict.accepted
        ],
    )
    yield from list_section("stale baseline entries", [show_text(each) for each in verdict.stale])


def list_section(title: str, lines: list[str], most: int | None = None) -> Iterator[str]:
    """List lines under a heading, at most `most` of them; empty without lines."""
    if lines:
        yield click.style(title, bold=True)
        yield from (f"  {line}" for line in lines[:most])
        if most is not None and len(lines) > most:
            yield f"  and {len(lines) - most} more: --report json=FILE has them all"
        yield ""


def _list_reasons(title: str, pairs: list[tuple[str, str]]) -> Iterator[str]:
    """List names grouped by reason."""
    by_reason: dict[str, list[str]] = {}
    for name, reason in pairs:
        by_reason.setdefault(reason, []).append(name)
    lines = [line for reason, names in by_reason.items() for line in (show_text(reason), *_wrap(names))]
    yield from list_section(title, lines)


def _wrap(names: list[str]) -> list[str]:
    text = ", ".join(map(show_text, names))
    return indent("\n".join(wrap(text, WIDTH, break_long_words=False, break_on_hyphens=False)), "  ").splitlines()
