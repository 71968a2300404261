"""A verdict as one HTML page: the values for its template."""

from __future__ import annotations

import re
from importlib.metadata import version
from itertools import groupby
from typing import TYPE_CHECKING

from diarkit_contracts.api.document import DOCUMENT
from diarkit_contracts.api.evidence import Severity
from diarkit_contracts.api.lines import find_line
from diarkit_contracts.api.words import count
from diarkit_contracts.exchanges.text import (
    describe_answer,
    describe_exchange,
    describe_part,
    describe_request,
    show_body,
)
from diarkit_contracts.reports.advice import advise
from diarkit_contracts.reports.html_pictures import draw_results
from diarkit_contracts.reports.templates import make_environment
from diarkit_contracts.runs.reproduce import Repeat, write_repeat
from diarkit_contracts.runs.summary import WORDS, describe_spent, sum_up
from diarkit_contracts.runs.verdict import Ending, Finding, RowRun, RunVerdict

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from diarkit_contracts.clauses.clause import Clause
    from diarkit_contracts.exchanges.exchange import Exchange


def write_html(verdict: RunVerdict, fail_on: Severity = Severity.ERROR, folder: Path | None = None) -> str:
    """Write a verdict as a page."""
    environment = make_environment()
    environment.filters |= {
        "anchor": _name_anchor,
        "request": describe_request,
        "part": describe_part,
        "answer": describe_answer,
    }
    end = verdict.decide_exit(fail_on)
    return environment.get_template("report.html.jinja").render(
        verdict=verdict,
        end=int(end),
        end_word=WORDS[end],
        counts=list(_count(verdict)),
        advice=list(advise(verdict)),
        names={row.name for row in verdict.rows},
        broken={finding.row for finding in verdict.findings},
        findings=list(_group_findings(verdict, folder)),
        rows=list(_list_rows(verdict)),
        figures=draw_results(verdict.history),
        summary=sum_up(verdict, fail_on),
    )


def _group_findings(
    verdict: RunVerdict, folder: Path | None
) -> Iterator[tuple[Clause, str, list[tuple[Finding, list[tuple[int, str]], Repeat | None]]]]:
    """Group the findings by clause and evidence: a violation in ten rows is one problem."""
    for _, group in groupby(verdict.findings, lambda finding: (finding.clause.id, finding.evidence)):
        found = list(group)
        yield (
            found[0].clause,
            f"{found[0].evidence} ({DOCUMENT.name}, line {find_line(found[0].clause.place)})",
            [
                (
                    finding,
                    [(at, describe_exchange(verdict.find_exchange(at))) for at in finding.at],
                    write_repeat(finding, verdict, folder),
                )
                for finding in found
            ],
        )


def _name_anchor(name: str) -> str:
    return re.sub(r"[^0-9a-z-]+", "-", name.partition("[")[0].lower())


def _list_rows(verdict: RunVerdict) -> Iterator[tuple[str, list[tuple[int, Exchange, str]]]]:
    """List the rows, or one with all exchanges; each exchange with its number and body."""
    everything = (RowRun(name="all exchanges", at=tuple(range(len(verdict.exchanges)))),) if verdict.exchanges else ()
    for row in verdict.rows or everything:
        exchanges = [(at, verdict.exchanges[at]) for at in row.at]
        yield row.name, [(at, exchange, show_body(exchange.answer.body)) for at, exchange in exchanges]


def _count(verdict: RunVerdict) -> Iterator[tuple[str, object]]:
    for severity in (Severity.ERROR, Severity.WARNING):
        yield f"{severity}s", len(verdict.list_findings(severity))
    yield "accepted", len(verdict.accepted)
    observations = sum(passed.observations for passed in verdict.passed)
    yield "clauses passed", f"{len(verdict.passed)} ({count(observations, 'observation')})"
    yield "inconclusive", len(verdict.inconclusive)
    yield "skipped", len(verdict.skipped)
    yield "profile", verdict.profile
    yield "tier", verdict.tier or "a recording"
    unjudged = sum(each.ending is not Ending.JUDGED for each in verdict.outcomes)
    yield "rows judged", f"{len(verdict.outcomes) - unjudged} of {len(verdict.outcomes)}"
    yield "finished", verdict.finished_at or "not known"
    yield "diarkit", version("diarkit")
    yield "spent", describe_spent(verdict.spent)
