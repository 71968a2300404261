"""A verdict for GitHub Actions: annotations for the top findings, a summary in Markdown for all. Writes no file itself."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, TypeVar

from diarkit_contracts.api.evidence import Severity
from diarkit_contracts.exchanges.text import show_text
from diarkit_contracts.reports.advice import advise
from diarkit_contracts.runs.reproduce import write_repeat
from diarkit_contracts.runs.summary import describe_subject, sum_up
from diarkit_contracts.runs.verdict import Exit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from diarkit_contracts.runs.verdict import Accepted, Finding, RunVerdict

Thing = TypeVar("Thing")

MOST_ANNOTATIONS: Final = 8
"""GitHub shows few annotations of a step; the summary has all findings."""

MOST_LINES: Final = 100
"""Of a table or a list: GitHub shows nothing at all of a summary above 1 MiB, and a line has up to 4 KiB."""

LONGEST: Final = 200
"""Characters of a cell."""


def list_annotations(verdict: RunVerdict, fail_on: Severity = Severity.ERROR) -> Iterator[str]:
    """List the workflow commands for the first findings, or for a run that saw too little."""
    for finding in verdict.findings[:MOST_ANNOTATIONS]:
        level = "error" if fail_on is Severity.WARNING else finding.severity.value
        fault = finding.fault
        text = f"{finding.clause.sentence} Expected {fault.expected}, got {fault.got} {_name_row(finding)}".strip()
        yield _write_command(level, finding.clause.id, show_text(text, 2 * LONGEST))
    end = verdict.decide_exit(fail_on)
    unjudged = "" if end in {Exit.FINE, Exit.FINDINGS} or verdict.unreachable else sum_up(verdict, fail_on)
    for reason in filter(None, (verdict.unreachable, unjudged, "; ".join(verdict.vacuous))):
        yield _write_command("error", "diarkit verify", show_text(reason))
    for stale in verdict.stale:
        yield _write_command("warning", "diarkit verify, baseline", show_text(stale))


def write_summary(verdict: RunVerdict, fail_on: Severity = Severity.ERROR, folder: Path | None = None) -> str:
    """Write the summary, in GitHub's Markdown."""
    lines = [f"## diarkit verify: {_escape(sum_up(verdict, fail_on))}", "", _escape(describe_subject(verdict)), ""]
    if verdict.unreachable:
        lines += [_escape(verdict.unreachable), ""]
    lines += _list_section("What to do", advise(verdict), _escape)
    lines += _list_table(verdict.findings)
    for finding in verdict.findings[:MOST_ANNOTATIONS]:
        repeat = write_repeat(finding, verdict, folder)
        if repeat is not None:
            text = escape_html(f"{repeat.command}\n\n{repeat.curl}\n\n{repeat.python}")
            lines += [
                f"<details><summary>Repeat {_escape(finding.clause.id)}, {_escape(finding.row)}</summary>",
                "",
                f"<pre>{text.replace(chr(10), '&#10;')}</pre>",
                "",
                "</details>",
                "",
            ]
    lines += _list_section("Accepted by the baseline", verdict.accepted, _write_accepted)
    lines += _list_section("Baseline to be tidied up", verdict.stale, _escape)
    lines += _list_section("Too little was seen", verdict.vacuous, _escape)
    lines += _list_section(
        "Undocumented", verdict.undocumented, lambda each: f"{_escape(each.what)} ({each.times} times)"
    )
    lines += _list_section(
        "Inconclusive", verdict.inconclusive, lambda each: f"{_escape(each.row)}: {_escape(each.reason)}"
    )
    lines += _list_section("Skipped", verdict.skipped, lambda each: f"{_escape(each.name)}: {_escape(each.reason)}")
    return "\n".join(lines).rstrip() + "\n"


def escape_html(text: str) -> str:
    """Make a text show as it is in HTML, also in the HTML of Markdown."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def _write_command(level: str, title: str, text: str) -> str:
    """Write a workflow command.

    Source:
        GitHub docs, "Workflow commands": `%`, line ends, and in properties `:` and `,` are escaped like in URLs.
    """
    data = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    head = title.replace("%", "%25").replace(":", "%3A").replace(",", "%2C")
    return f"::{level} title={head}::{data}"


def _name_row(finding: Finding) -> str:
    return f"({finding.row})" if finding.row else ""


def _list_table(findings: Sequence[Finding]) -> list[str]:
    if not findings:
        return []
    head = ("", "clause", "row", "expected", "seen", "evidence")
    lines = [head, ("---",) * len(head), *map(_write_cells, findings[:MOST_LINES])]
    return [*(f"| {' | '.join(line)} |" for line in lines), "", *_say_more(findings)]


def _write_cells(finding: Finding) -> tuple[str, ...]:
    clause = finding.clause
    return (
        finding.severity.value,
        f"{_code(clause.id)}<br>{_escape(clause.sentence)}",
        f"{_escape(finding.row)} ({finding.times} times)" if finding.times > 1 else _escape(finding.row),
        _code(finding.fault.expected),
        _code(finding.fault.got),
        _escape(str(finding.evidence)),
    )


def _write_accepted(accepted: Accepted) -> str:
    finding = accepted.finding
    return f"{_code(finding.clause.id)} {_escape(finding.row)} until {accepted.expires}: {_escape(accepted.reason)}"


def _list_section(title: str, things: Sequence[Thing], write: Callable[[Thing], str]) -> list[str]:
    items = [f"- {write(thing)}" for thing in things[:MOST_LINES]]
    return [f"### {title}", "", *items, "", *_say_more(things)] if items else []


def _say_more(lines: Sequence[object]) -> list[str]:
    left = len(lines) - MOST_LINES
    return [f"... and {left} more: the other reports have all of them.", ""] if left > 0 else []


def _code(text: str) -> str:
    return f"<code>{_escape(text)}</code>"


def _escape(text: str) -> str:
    """Make a text of a server plain in Markdown: no markup, no link, no mention, no end of the cell."""
    shown = escape_html(show_text(text, LONGEST))
    plain = re.sub(r"[\\`*_{}\[\]#|~@!:]", lambda match: f"&#{ord(match[0])};", shown)
    return plain.replace("www.", "www&#46;")
