"""A verdict as JSON for programs: one object with a version."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Final

from diarkit_contracts.api.evidence import Severity
from diarkit_contracts.api.lines import find_line
from diarkit_contracts.exchanges.exchange import Exchange
from diarkit_contracts.exchanges.text import describe_part, show_body
from diarkit_contracts.reports.summary import advise, sum_up
from diarkit_contracts.runs.reproduce import write_repeat
from diarkit_contracts.runs.verdict import Finding, RunVerdict

FORMAT: Final = "diarkit-verdict"
VERSION: Final = 1
"""Incremented for incompatible changes, but not for new keys."""


def write_json(verdict: RunVerdict, fail_on: Severity = Severity.ERROR, folder: Path | None = None) -> str:
    """Write a verdict as JSON, with the relevant exchanges by their positions in the recording."""
    shown = sorted(
        {at for finding in verdict.findings for at in finding.at}
        | {at for accepted in verdict.accepted for at in accepted.finding.at}
        | {each.at for each in verdict.undocumented}
    )
    plain = {
        "format": FORMAT,
        "version": VERSION,
        "target": verdict.target,
        "tier": verdict.tier,
        "profile": verdict.profile,
        "finished_at": verdict.finished_at,
        "exit": int(verdict.decide_exit(fail_on)),
        "fail_on": fail_on.value,
        "summary": sum_up(verdict, fail_on),
        "findings": [_write_finding(finding, verdict, folder) for finding in verdict.findings],
        "accepted": [
            {**_write_finding(each.finding, verdict, folder), "reason": each.reason, "expires": each.expires}
            for each in verdict.accepted
        ],
        "undocumented": list(map(asdict, verdict.undocumented)),
        "inconclusive": list(map(asdict, verdict.inconclusive)),
        "skipped": list(map(asdict, verdict.skipped)),
        "passed": [
            {"clause": each.clause.id, "severity": each.clause.severity, "observations": each.observations}
            for each in verdict.passed
        ],
        "outcomes": list(map(asdict, verdict.outcomes)),
        "rows": [{"name": row.name, "at": row.at} for row in verdict.rows],
        "events": verdict.events,
        "stale": verdict.stale,
        "vacuous": verdict.vacuous,
        "advice": advise(verdict),
        "unreachable": verdict.unreachable,
        "spent": {**asdict(verdict.spent), "seconds": round(verdict.spent.seconds, 3)},
        "exchanges": {str(at): _write_exchange(verdict.find_exchange(at)) for at in shown},
    }
    return json.dumps(plain, ensure_ascii=False, indent=2) + "\n"


def _write_finding(finding: Finding, verdict: RunVerdict, folder: Path | None) -> dict[str, object]:
    repeat = write_repeat(finding, verdict, folder)
    clause = finding.clause
    return {
        "clause": clause.id,
        "severity": finding.severity,
        "sentence": clause.sentence,
        "label": finding.evidence.label,
        "source": finding.evidence.source,
        "line": find_line(clause.place),
        "row": finding.row,
        "at": finding.at,
        "times": finding.times,
        "expected": finding.fault.expected,
        "got": finding.fault.got,
        "repeat": None if repeat is None else asdict(repeat),
    }


def _write_exchange(exchange: Exchange) -> dict[str, object]:
    request, answer = exchange.request, exchange.answer
    parts = None if request.parts is None else [describe_part(part) for part in request.parts]
    return {
        "method": request.method,
        "url": request.url,
        "request_headers": request.headers,
        "parts": parts,
        "status": answer.status,
        "headers": answer.headers,
        "body": show_body(answer.body),
        "seconds": round(answer.received_at - request.sent_at, 6),
    }
