"""A verdict for GitHub Actions: annotations for the top findings, a summary in Markdown for all. Writes no file itself."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from diarkit_contracts.clauses.clause import Severity
from diarkit_contracts.exchange_text import show_text
from diarkit_contracts.reproduce import write_repeat
from diarkit_contracts.summary import describe_subject, sum_up

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from diarkit_contracts.verdict import Finding, RunVerdict

MOST_ANNOTATIONS: Final = 8
"""GitHub shows few annotations of a step; the summary has all findings."""

LONGEST: Final = 200
"""Characters of a cell."""


def list_annotations(verdict: RunVerdict, fail_on: Severity = Severity.ERROR) -> Iterator[str]:
    """List the workflow commands for the first findings, or for a run that saw too little."""
    for finding in verdict.findings[:MOST_ANNOTATIONS]:
        level = "error" if fail_on is Severity.WARNING else finding.clause.severity.value
        fault = finding.fault
        text = f"{finding.clause.sentence} Expected {fault.expected}, got {fault.got} {_name_row(finding)}".strip()
        yield _write_command(level, finding.clause.id, show_text(text, 2 * LONGEST))
    for reason in filter(None, (verdict.unreachable, "; ".join(verdict.vacuous))):
        yield _write_command("error", "diarkit verify", show_text(reason))
    for stale in verdict.stale:
        yield _write_command("warning", "diarkit verify, baseline", show_text(stale))


def write_summary(verdict: RunVerdict, fail_on: Severity = Severity.ERROR, folder: Path | None = None) -> str:
    """Write the summary, in GitHub's Markdown."""
    lines = [f"## diarkit verify: {_escape(sum_up(verdict, fail_on))}", "", _escape(describe_subject(verdict)), ""]
    if verdict.unreachable:
        lines += [_escape(verdict.unreachable), ""]
    lines += _list_table(
        ("", "clause", "row", "expected", "seen", "evidence"),
        [
            (
                finding.clause.severity.value,
                f"{_code(finding.clause.id)}<br>{_escape(finding.clause.sentence)}",
                f"{_escape(finding.row)} ({finding.times} times)" if finding.times > 1 else _escape(finding.row),
                _escape(finding.fault.expected),
                _escape(finding.fault.got),
                f"{finding.clause.label}: {_escape(finding.clause.source)}",
            )
            for finding in verdict.findings
        ],
    )
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
    lines += _list_section(
        "Accepted by the baseline",
        (
            f"{_code(each.finding.clause.id)} {_escape(each.finding.row)} until {each.expires}: {_escape(each.reason)}"
            for each in verdict.accepted
        ),
    )
    lines += _list_section("Baseline to be tidied up", map(_escape, verdict.stale))
    lines += _list_section("Too little was seen", map(_escape, verdict.vacuous))
    lines += _list_section(
        "Undocumented", (f"{_escape(each.what)} ({each.times} times)" for each in verdict.undocumented)
    )
    lines += _list_section(
        "Inconclusive", (f"{_escape(each.row)}: {_escape(each.reason)}" for each in verdict.inconclusive)
    )
    lines += _list_section("Skipped", (f"{_escape(each.name)}: {_escape(each.reason)}" for each in verdict.skipped))
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


def _list_table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    if not rows:
        return []
    lines = [head, ("---",) * len(head), *rows]
    return [*(f"| {' | '.join(line)} |" for line in lines), ""]


def _list_section(title: str, lines: Iterable[str]) -> list[str]:
    items = [f"- {line}" for line in lines]
    return [f"### {title}", "", *items, ""] if items else []


def _code(text: str) -> str:
    return f"<code>{_escape(text)}</code>"


def _escape(text: str) -> str:
    """Make a text of a server plain in Markdown: no markup, no link, no mention, no end of the cell."""
    shown = escape_html(show_text(text, LONGEST))
    return re.sub(r"[\\`*_{}\[\]#|~@!]", lambda match: f"&#{ord(match[0])};", shown)
