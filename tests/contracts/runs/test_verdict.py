from __future__ import annotations

import pytest

from diarkit_contracts.api.evidence import Severity
from diarkit_contracts.clauses.catalogue import CLAUSES
from diarkit_contracts.clauses.clause import Fault
from diarkit_contracts.runs.verdict import Exit, Finding, RunVerdict

ERROR, WARNING = (
    Finding(clause=next(c for c in CLAUSES if c.severity is severity), row="", at=(0,), fault=Fault("a", "b"))
    for severity in (Severity.ERROR, Severity.WARNING)
)


@pytest.mark.parametrize(
    ("fields", "fail_on", "ends"),
    [
        ({}, Severity.ERROR, Exit.FINE),
        ({"findings": (ERROR,)}, Severity.ERROR, Exit.FINDINGS),
        ({"findings": (WARNING,)}, Severity.ERROR, Exit.FINE),
        ({"findings": (WARNING,)}, Severity.WARNING, Exit.FINDINGS),
        ({"vacuous": ("x",)}, Severity.ERROR, Exit.VACUOUS),
        ({"vacuous": ("x",), "findings": (WARNING,)}, Severity.ERROR, Exit.VACUOUS),
        ({"vacuous": ("x",), "findings": (ERROR,)}, Severity.ERROR, Exit.FINDINGS),
        ({"vacuous": ("x",), "unreachable": "y"}, Severity.ERROR, Exit.UNREACHABLE),
    ],
)
def test_how_a_run_ends(fields: dict[str, object], fail_on: Severity, ends: Exit) -> None:
    verdict = RunVerdict(target="t", tier="lite", profile="3.6", exchanges=(), **fields)  # type: ignore[arg-type]
    assert verdict.decide_exit(fail_on) is ends


def test_findings_are_listed_by_severity() -> None:
    verdict = RunVerdict(target="t", tier="lite", profile="3.6", exchanges=(), findings=(ERROR, WARNING))
    assert verdict.list_findings(Severity.WARNING) == (WARNING,)
