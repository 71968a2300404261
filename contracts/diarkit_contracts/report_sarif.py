"""A verdict as SARIF 2.1.0 for code scanning: a rule for each clause, a place in the contract document. Prints nothing.

Source:
    OASIS, Static Analysis Results Interchange Format 2.1.0.
"""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Final

from diarkit_contracts.clauses.catalogue import CLAUSES
from diarkit_contracts.contract_lines import find_line
from diarkit_contracts.document import DOCUMENT
from diarkit_contracts.exchange_text import describe_exchange, show_text
from diarkit_contracts.reproduce import write_repeat

if TYPE_CHECKING:
    from pathlib import Path

    from diarkit_contracts.verdict import Accepted, Finding, RunVerdict

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
                "rules": [
                    {
                        "id": clause.id,
                        "shortDescription": {"text": clause.sentence},
                        "fullDescription": {"text": f"{clause.sentence} {clause.label}: {clause.source}"},
                        "defaultConfiguration": {"level": clause.severity.value},
                    }
                    for clause in CLAUSES
                ],
            }
        },
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


def _write_result(finding: Finding, verdict: RunVerdict, folder: Path | None) -> dict[str, object]:
    fault = finding.fault
    where = f" ({finding.row}, {finding.times} times)" if finding.row else ""
    repeat = write_repeat(finding, verdict, folder)
    key = hashlib.sha256(f"{finding.clause.id}\n{finding.row}".encode()).hexdigest()
    return {
        "ruleId": finding.clause.id,
        "ruleIndex": next(number for number, clause in enumerate(CLAUSES) if clause.id == finding.clause.id),
        "level": finding.clause.severity.value,
        "message": {"text": show_text(f"Expected {fault.expected}, got {fault.got}{where}.")},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": DOCUMENT.name},
                    "region": {"startLine": find_line(finding.clause.id)},
                }
            }
        ],
        "partialFingerprints": {"clauseAndRow/v1": key},
        "properties": {
            "exchanges": [describe_exchange(verdict.exchanges[at]) for at in finding.at],
            "repeat": "" if repeat is None else repeat.command,
        },
    }


def _suppress(accepted: Accepted, result: dict[str, object]) -> dict[str, object]:
    why = show_text(f"{accepted.reason} (until {accepted.expires})")
    return {**result, "suppressions": [{"kind": "external", "justification": why}]}


def _read_version() -> str:
    try:
        return version("diarkit")
    except PackageNotFoundError:
        return "0.0.0"
