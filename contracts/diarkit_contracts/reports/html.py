"""A verdict as one HTML page: the values that its template shows. Knows no markup and no style."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from diarkit_contracts.api.document import DOCUMENT
from diarkit_contracts.api.lines import find_line
from diarkit_contracts.api.profiles import PROFILES
from diarkit_contracts.clauses.clause import Severity
from diarkit_contracts.exchanges.history import read_history
from diarkit_contracts.exchanges.text import describe_exchange, show_text
from diarkit_contracts.reports.advice import advise
from diarkit_contracts.reports.html_rows import list_rows, name_anchor
from diarkit_contracts.runs.reproduce import write_repeat
from diarkit_contracts.runs.summary import WORDS, count, describe_spent, sum_up

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from diarkit_contracts.runs.verdict import Finding, RunVerdict


def write_html(verdict: RunVerdict, fail_on: Severity = Severity.ERROR, folder: Path | None = None) -> str:
    """Write a verdict as a page."""
    environment = Environment(
        loader=PackageLoader("diarkit_contracts", "reports"),
        autoescape=True,
        finalize=_show,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    end = verdict.decide_exit(fail_on)
    history = read_history(verdict.exchanges, PROFILES[verdict.profile])
    broken = {finding.row for finding in verdict.findings}
    return environment.get_template("report.html.jinja").render(
        verdict=verdict,
        end=int(end),
        end_word=WORDS[end],
        counts=list(_count(verdict)),
        advice=list(advise(verdict)),
        anchors={row.name: name_anchor(row.name) for row in verdict.rows},
        findings=[
            (
                finding,
                [(at, describe_exchange(verdict.exchanges[at])) for at in finding.at],
                _describe_evidence(finding),
                write_repeat(finding, verdict, folder),
            )
            for finding in verdict.findings
        ],
        accepted=[
            (each.finding.clause.id, each.finding.row, each.finding.fault.got, each.reason, each.expires)
            for each in verdict.accepted
        ],
        undocumented=[(each.what, each.at, each.times) for each in verdict.undocumented],
        inconclusive=[(each.row, each.reason) for each in verdict.inconclusive],
        skipped=[(each.name, each.reason) for each in verdict.skipped],
        passed=[(each.clause.id, each.clause.sentence, each.observations) for each in verdict.passed],
        rows=list(list_rows(verdict.rows, history, broken)) if verdict.exchanges else [],
        summary=sum_up(verdict, fail_on),
    )


def _show(value: object) -> object:
    """Make each text of the page printable before it is escaped; markup is the template's own."""
    return show_text(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _count(verdict: RunVerdict) -> Iterator[tuple[str, object]]:
    for severity in (Severity.ERROR, Severity.WARNING):
        yield f"{severity}s", len(verdict.list_findings(severity))
    yield "accepted", len(verdict.accepted)
    observations = sum(passed.observations for passed in verdict.passed)
    yield "clauses kept", f"{len(verdict.passed)} ({count(observations, 'observation')})"
    yield "inconclusive", len(verdict.inconclusive)
    yield "skipped", len(verdict.skipped)
    yield "profile", verdict.profile
    yield "tier", verdict.tier or "a recording"
    yield "spent", describe_spent(verdict.spent)


def _describe_evidence(finding: Finding) -> str:
    clause = finding.clause
    return f"{clause.label}: {clause.source} ({DOCUMENT.name}, line {find_line(clause.id)})"
