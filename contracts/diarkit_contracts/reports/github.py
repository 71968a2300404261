"""A verdict for GitHub Actions: annotations for the top findings, and a Markdown summary."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Final

from markupsafe import Markup

from diarkit_contracts.api.evidence import Severity
from diarkit_contracts.exchanges.text import show_text
from diarkit_contracts.reports.summary import advise, describe_subject, sum_up
from diarkit_contracts.reports.templates import make_environment
from diarkit_contracts.runs.reproduce import Repeat, write_repeat
from diarkit_contracts.runs.verdict import Exit, RunVerdict

MOST_ANNOTATIONS: Final = 8
"""GitHub shows few annotations per step; the summary has all findings."""

MOST_LINES: Final = 100
"""Lines of a table or list: GitHub drops summaries above 1 MiB, and a line has up to 4 KiB."""

LONGEST: Final = 200
"""Characters of a cell."""


def list_annotations(verdict: RunVerdict, fail_on: Severity = Severity.ERROR) -> Iterator[str]:
    """List the workflow commands for the first findings, or for an inconclusive run."""
    for finding in verdict.findings[:MOST_ANNOTATIONS]:
        level = "error" if fail_on is Severity.WARNING else finding.severity.value
        fault = finding.fault
        row = f" ({finding.row})" if finding.row else ""
        text = f"{finding.clause.sentence} Expected {fault.expected}, got {fault.got}{row}".strip()
        yield _write_command(level, finding.clause.id, show_text(text, 2 * LONGEST))
    end = verdict.decide_exit(fail_on)
    unjudged = "" if end in {Exit.FINE, Exit.FINDINGS} or verdict.unreachable else sum_up(verdict, fail_on)
    for reason in filter(None, (verdict.unreachable, unjudged, "; ".join(verdict.vacuous))):
        yield _write_command("error", "diarkit verify", show_text(reason))
    for stale in verdict.stale:
        yield _write_command("warning", "diarkit verify, baseline", show_text(stale))


def write_summary(verdict: RunVerdict, fail_on: Severity = Severity.ERROR, folder: Path | None = None) -> str:
    """Write the summary in GitHub's Markdown."""
    repeats = [(finding, write_repeat(finding, verdict, folder)) for finding in verdict.findings[:MOST_ANNOTATIONS]]
    text = (
        make_environment(_escape)
        .get_template("summary.md.jinja")
        .render(
            verdict=verdict,
            summary=sum_up(verdict, fail_on),
            subject=describe_subject(verdict),
            advice=advise(verdict),
            repeats=[(finding, _write_repeat(repeat)) for finding, repeat in repeats if repeat is not None],
            most=MOST_LINES,
        )
    )
    return text.rstrip() + "\n"


def _write_command(level: str, title: str, text: str) -> str:
    """Write a workflow command.

    Source:
        GitHub docs, "Workflow commands": `%`, line ends, and in properties `:` and `,` are percent-encoded.
    """
    data = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    head = title.replace("%", "%25").replace(":", "%3A").replace(",", "%2C")
    return f"::{level} title={head}::{data}"


def _write_repeat(repeat: Repeat) -> Markup:
    text = escape(f"{repeat.command}\n\n{repeat.curl}\n\n{repeat.python}")
    return Markup(text.replace("\n", "&#10;"))  # noqa: S704 - it is escaped


def _escape(text: str) -> Markup:
    """Escape a text from a server for Markdown tables: no markup, link or mention."""
    shown = escape(show_text(text, LONGEST), quote=False)
    plain = re.sub(r"[\\`*_{}\[\]#|~@!:]", lambda match: f"&#{ord(match[0])};", shown)
    return Markup(plain.replace("www.", "www&#46;"))  # noqa: S704 - it is escaped
