"""A verdict as one HTML page: no script, no other host, light and dark. Knows no style and draws no timeline itself."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from diarkit_contracts.api.document import DOCUMENT
from diarkit_contracts.api.evidence import Severity
from diarkit_contracts.api.lines import find_line
from diarkit_contracts.api.profiles import PROFILES
from diarkit_contracts.exchanges.history import read_history
from diarkit_contracts.exchanges.text import describe_exchange, show_text
from diarkit_contracts.reports.advice import advise
from diarkit_contracts.reports.html_rows import draw_rows, name_anchor
from diarkit_contracts.reports.html_style import STYLE
from diarkit_contracts.runs.reproduce import write_repeat
from diarkit_contracts.runs.summary import WORDS, count, describe_spent, sum_up

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from diarkit_contracts.runs.verdict import Finding, RunVerdict

POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'"
"""Whatever a server makes this page say, a browser loads and runs nothing."""


def write_html(verdict: RunVerdict, fail_on: Severity = Severity.ERROR, folder: Path | None = None) -> str:
    """Write a verdict as a page."""
    lines = [
        "<!doctype html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="color-scheme" content="light dark">',
        f"<title>{_text(WORDS[verdict.decide_exit(fail_on)])}: {_text(verdict.target)}</title>",
        f"<style>{STYLE}</style>",
        "</head>",
        "<body>",
        "<main>",
        *_list_head(verdict, fail_on),
        *_list_notes("What to do", advise(verdict)),
        *_list_findings(verdict, folder),
        *_list_accepted(verdict),
        *_list_notes("Too little was seen", verdict.vacuous),
        *_list_notes("Baseline to be tidied up", verdict.stale),
        *_list_table(
            "Undocumented",
            "Seen, but not in the contract: a client must not rely on it.",
            ("what", "first exchange", "answers"),
            ((_text(each.what), str(each.at), str(each.times)) for each in verdict.undocumented),
        ),
        *_list_table(
            "Inconclusive",
            "Begun, and told nothing.",
            ("row", "reason"),
            ((_link_row(each.row, verdict), _text(each.reason)) for each in verdict.inconclusive),
        ),
        *_list_table(
            "Skipped",
            "Left out, or nothing was seen that it is about.",
            ("row or clause", "reason"),
            ((_text(each.name), _text(each.reason)) for each in verdict.skipped),
        ),
        *_list_passed(verdict),
        *_list_notes("Events", verdict.events),
        *_list_rows(verdict),
        f"<footer><p>{_text(sum_up(verdict, fail_on))}</p></footer>",
        "</main>",
        "</body>",
        "</html>",
    ]
    return "\n".join(lines) + "\n"


def _list_head(verdict: RunVerdict, fail_on: Severity) -> Iterator[str]:
    end = verdict.decide_exit(fail_on)
    errors, warnings = (len(verdict.list_findings(each)) for each in (Severity.ERROR, Severity.WARNING))
    observations = sum(passed.observations for passed in verdict.passed)
    yield f'<header class="end-{end}">'
    yield f"<h1>{_text(WORDS[end].capitalize())}</h1>"
    yield f'<p class="target">{_text(verdict.target)}</p>'
    yield "<dl>"
    for name, value in (
        ("errors", str(errors)),
        ("warnings", str(warnings)),
        ("accepted", str(len(verdict.accepted))),
        ("clauses kept", f"{len(verdict.passed)} ({count(observations, 'observation')})"),
        ("inconclusive", str(len(verdict.inconclusive))),
        ("skipped", str(len(verdict.skipped))),
        ("profile", verdict.profile),
        ("tier", verdict.tier or "a recording"),
        ("spent", describe_spent(verdict.spent)),
    ):
        yield f"<div><dt>{name}</dt><dd>{_text(value)}</dd></div>"
    yield "</dl>"
    if verdict.unreachable:
        yield f"<p>{_text(verdict.unreachable)}</p>"
    yield "</header>"


def _list_findings(verdict: RunVerdict, folder: Path | None) -> Iterator[str]:
    if not verdict.findings:
        return
    yield "<section><h2>Findings</h2>"
    for finding in verdict.findings:
        clause = finding.clause
        yield f'<article class="finding {clause.severity}">'
        yield f"<h3><span>{clause.severity}</span> {_text(clause.id)}</h3>"
        yield f"<p>{_text(clause.sentence)}</p>"
        yield "<dl>"
        for name, value in _list_facts(finding, verdict):
            yield f"<div><dt>{name}</dt><dd>{value}</dd></div>"
        yield "</dl>"
        repeat = write_repeat(finding, verdict, folder)
        if repeat is not None:
            yield "<details><summary>How to repeat it</summary>"
            yield from (f'<pre class="line">{escape(text)}</pre>' for text in (repeat.command, repeat.curl))
            yield f'<pre tabindex="0">{escape(repeat.python)}</pre>'
            if repeat.files:
                yield f"<p>{_text(' and '.join(repeat.files))} is not saved: write this report with --report.</p>"
            yield "</details>"
        yield "</article>"
    yield "</section>"


def _list_facts(finding: Finding, verdict: RunVerdict) -> Iterator[tuple[str, str]]:
    clause = finding.clause
    yield "expected", _text(finding.fault.expected)
    yield "seen", f"<strong>{_text(finding.fault.got)}</strong>"
    if finding.row:
        yield "row", _link_row(finding.row, verdict) + (f", {finding.times} times" if finding.times > 1 else "")
    shown = "<br>".join(f"{at}: {_text(describe_exchange(verdict.exchanges[at]))}" for at in finding.at)
    yield "exchanges", shown
    yield "evidence", f"{clause.label}: {_text(clause.source)} ({DOCUMENT.name}, line {find_line(clause.place)})"


def _list_accepted(verdict: RunVerdict) -> Iterator[str]:
    yield from _list_table(
        "Accepted by the baseline",
        "Broken, known, and not counted.",
        ("clause", "row", "seen", "reason", "until"),
        (
            (
                _text(each.finding.clause.id),
                _link_row(each.finding.row, verdict),
                _text(each.finding.fault.got),
                _text(each.reason),
                each.expires,
            )
            for each in verdict.accepted
        ),
    )


def _list_passed(verdict: RunVerdict) -> Iterator[str]:
    rows = [
        (f"<code>{_text(each.clause.id)}</code>", _text(each.clause.sentence), str(each.observations))
        for each in verdict.passed
    ]
    yield from _list_table("Kept", "Each time it could be seen.", ("clause", "what holds", "observations"), rows)


def _list_rows(verdict: RunVerdict) -> Iterator[str]:
    if not verdict.exchanges:
        return
    history = read_history(verdict.exchanges, PROFILES[verdict.profile])
    broken = {finding.row for finding in verdict.findings}
    yield "<section><h2>What was sent and answered</h2>"
    yield from draw_rows(verdict.rows, history, broken)
    yield "</section>"


def _list_notes(title: str, notes: Iterable[str]) -> Iterator[str]:
    items = [f"<li>{_text(note)}</li>" for note in notes]
    if items:
        yield f"<section><h2>{title}</h2><ul>{''.join(items)}</ul></section>"


def _list_table(title: str, about: str, head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    """List a table whose cells are HTML; nothing for one without rows."""
    lines = ["<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows]
    if lines:
        names = "".join(f'<th scope="col">{name}</th>' for name in head)
        yield f"<section><h2>{title}</h2><p>{about}</p>"
        yield f'<div class="wide" tabindex="0"><table><thead><tr>{names}</tr></thead><tbody>'
        yield from lines
        yield "</tbody></table></div></section>"


def _link_row(name: str, verdict: RunVerdict) -> str:
    if any(row.name == name for row in verdict.rows):
        return f'<a href="#{name_anchor(name)}">{_text(name)}</a>'
    return _text(name)


def _text(text: str) -> str:
    return escape(show_text(text))
