"""A verdict as SARIF 2.1.0 for code scanning: a rule for each clause, a place in the contract document. Prints nothing.

Source:
    OASIS, Static Analysis Results Interchange Format 2.1.0; GitHub docs, "SARIF support for code scanning".
"""

from __future__ import annotations

import hashlib
import json
import re
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Final

from diarkit_contracts.api.document import DOCUMENT
from diarkit_contracts.api.lines import find_line
from diarkit_contracts.clauses.catalogue import CLAUSES
from diarkit_contracts.exchanges.text import describe_exchange, show_text
from diarkit_contracts.runs.reproduce import write_repeat

if TYPE_CHECKING:
    from pathlib import Path

    from diarkit_contracts.clauses.clause import Clause
    from diarkit_contracts.runs.verdict import Accepted, Finding, RunVerdict

SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"


def write_sarif(verdict: RunVerdict, folder: Path | None = None) -> str:
    """Write a verdict as SARIF; what a baseline accepts is there, suppressed."""
    results = [_write_result(finding, verdict, folder) for finding in verdict.findings]
    results += [_suppress(each, _write_result(each.finding, verdict, folder)) for each in verdict.accepted]
    run = {
        "tool": {
            "driver": {
                "name": "diarkit",
                "semanticVersion": _read_version(),
                "rules": [_write_rule(clause) for clause in CLAUSES],
            }
        },
        # Runs against other generations and of other tiers stand beside each other in code scanning, and don't close each other.
        "automationDetails": {"id": f"diarkit-verify/{verdict.profile}/{show_text(verdict.tier) or 'recording'}"},
        "invocations": [
            {
                "executionSuccessful": not verdict.unreachable and not verdict.vacuous,
                "toolExecutionNotifications": [
                    {"level": "error", "message": {"text": show_text(reason)}}
                    for reason in (*filter(None, [verdict.unreachable]), *verdict.vacuous)
                ],
            }
        ],
        "properties": {"target": verdict.target, "tier": verdict.tier, "profile": verdict.profile},
        "results": results,
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, ensure_ascii=False, indent=2) + "\n"


def _write_rule(clause: Clause) -> dict[str, object]:
    known = f"{clause.label}: {clause.source}"
    return {
        "id": clause.id,
        "name": "".join(word.capitalize() for word in re.split(r"[^a-z0-9]+", clause.id)),
        "shortDescription": {"text": clause.sentence},
        "fullDescription": {"text": f"{clause.sentence} {known}"},
        # GitHub shows it beside each finding, and refuses rules without.
        "help": {
            "text": f"{clause.sentence} Known from {known}. List all with `diarkit clauses`.",
            "markdown": f"{clause.sentence}\n\nKnown from {known}.\n\nList all with `diarkit clauses`.",
        },
        "defaultConfiguration": {"level": clause.severity.value},
        "properties": {"tags": [clause.id.partition(".")[0]]},
    }


def _write_result(finding: Finding, verdict: RunVerdict, folder: Path | None) -> dict[str, object]:
    fault = finding.fault
    where = f" ({finding.row}, {finding.times} times)" if finding.row else ""
    repeat = write_repeat(finding, verdict, folder)
    line = find_line(finding.clause.id)
    key = hashlib.sha256(f"{finding.clause.id}\n{finding.row}".encode()).hexdigest()
    return {
        "ruleId": finding.clause.id,
        "ruleIndex": next(number for number, clause in enumerate(CLAUSES) if clause.id == finding.clause.id),
        "level": finding.clause.severity.value,
        "message": {"text": _write_message(f"Expected {fault.expected}, got {fault.got}{where}.")},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": DOCUMENT.name},
                    "region": {"startLine": line, "snippet": {"text": _read_lines()[line - 1]}},
                }
            }
        ],
        "partialFingerprints": {"clauseAndRow/v1": key},
        "properties": {
            "exchanges": [describe_exchange(verdict.exchanges[at]) for at in finding.at],
            "repeat": "" if repeat is None else repeat.command,
        },
    }


def _write_message(text: str) -> str:
    """Write a text that has neither a link nor a placeholder of SARIF's (3.11.5, 3.11.6), whatever a server said."""
    return re.sub(r"\{(\d+)\}", r"{{\1}}", show_text(text).replace("](", "] ("))


def _suppress(accepted: Accepted, result: dict[str, object]) -> dict[str, object]:
    why = show_text(f"{accepted.reason} (until {accepted.expires})")
    return {**result, "suppressions": [{"kind": "external", "justification": why}]}


@cache
def _read_lines() -> tuple[str, ...]:
    return tuple(DOCUMENT.read_text("utf-8").splitlines())


def _read_version() -> str:
    try:
        return version("diarkit")
    except PackageNotFoundError:
        return "0.0.0"
