from __future__ import annotations

from dataclasses import replace

import pytest

from diarkit_contracts.api.evidence import Severity
from diarkit_contracts.clauses.catalogue import CLAUSES
from diarkit_contracts.clauses.clause import Fault
from diarkit_contracts.runs.verdict import (
    MEANINGS,
    Cause,
    Ending,
    Exit,
    Finding,
    RowOutcome,
    RunVerdict,
    Why,
    list_exits,
)

ERROR, WARNING = (
    Finding(clause=next(c for c in CLAUSES if c.severity is severity), row="", at=(0,), fault=Fault("a", "b"))
    for severity in (Severity.ERROR, Severity.WARNING)
)
UNSEEN, GONE, STOPPED, ENDED = (
    Why(cause, cause.value) for cause in (Cause.NEVER_SEEN, Cause.UNREACHABLE, Cause.INTERRUPTED, Cause.TERMINATED)
)
SLOW = RowOutcome(row="row-01", ending=Ending.INCONCLUSIVE, cause=Cause.TOO_SLOW)


@pytest.mark.parametrize(
    ("fields", "fail_on", "ends"),
    [
        ({}, Severity.ERROR, Exit.FINE),
        ({"findings": (ERROR,)}, Severity.ERROR, Exit.FINDINGS),
        ({"findings": (WARNING,)}, Severity.ERROR, Exit.FINE),
        ({"findings": (WARNING,)}, Severity.WARNING, Exit.FINDINGS),
        ({"whys": (UNSEEN,)}, Severity.ERROR, Exit.VACUOUS),
        ({"whys": (UNSEEN,), "findings": (WARNING,)}, Severity.ERROR, Exit.VACUOUS),
        ({"whys": (UNSEEN,), "findings": (ERROR,)}, Severity.ERROR, Exit.FINDINGS),
        ({"whys": (UNSEEN, GONE), "findings": (ERROR,)}, Severity.ERROR, Exit.UNREACHABLE),
        ({"whys": (GONE, STOPPED), "findings": (ERROR,)}, Severity.ERROR, Exit.INTERRUPTED),
        ({"whys": (STOPPED, ENDED)}, Severity.ERROR, Exit.TERMINATED),
        ({"outcomes": (SLOW,)}, Severity.ERROR, Exit.VACUOUS),
        ({"outcomes": (SLOW,), "findings": (ERROR,)}, Severity.ERROR, Exit.FINDINGS),
        ({"outcomes": (replace(SLOW, ending=Ending.JUDGED),)}, Severity.ERROR, Exit.FINE),
    ],
)
def test_how_a_run_ends(fields: dict[str, object], fail_on: Severity, ends: Exit) -> None:
    verdict = RunVerdict(target="t", tier="lite", profile="3.6", exchanges=(), **fields)  # type: ignore[arg-type]
    assert verdict.decide_exit(fail_on) is ends


def test_findings_are_listed_by_severity() -> None:
    verdict = RunVerdict(target="t", tier="lite", profile="3.6", exchanges=(), findings=(ERROR, WARNING))
    assert verdict.list_findings(Severity.WARNING) == (WARNING,)


def test_what_is_said_of_the_whole_run_follows_from_its_causes() -> None:
    verdict = RunVerdict(target="t", tier="", profile="3.6", exchanges=(), whys=(UNSEEN, STOPPED))
    assert (verdict.vacuous, verdict.unreachable, verdict.stopped) == (("never-seen",), "", STOPPED)
    foreign = replace(verdict, whys=(UNSEEN, Why(Cause.FOREIGN, "web pages")))
    assert (foreign.unreachable, foreign.stopped) == ("web pages", None)


def test_each_exit_code_is_listed_once_with_the_causes_of_what_was_not_judged() -> None:
    listed = dict(list_exits())
    assert list(listed) == list(MEANINGS)
    assert set(listed) == set(Exit)
    assert "busy" in listed[Exit.VACUOUS]
    assert "foreign" in listed[Exit.UNREACHABLE]


def test_a_finding_in_a_failed_assertion_shows_its_clause_by_its_id() -> None:
    clause = CLAUSES[0]
    shown = repr(Finding(clause=clause, row="row-01", at=(0,), fault=Fault("expected", "got")))
    assert shown.startswith(f"Finding(clause=<{clause.id}>, row='row-01'")
    assert "function" not in repr(clause.needs)
