from __future__ import annotations

from typing import Any

import pytest

from diarkit_contracts.api.evidence import Severity
from diarkit_contracts.api.words import count
from diarkit_contracts.clauses.catalogue import CLAUSES
from diarkit_contracts.clauses.clause import Fault
from diarkit_contracts.runs.summary import describe_subject, sum_up
from diarkit_contracts.runs.verdict import Accepted, Cause, Finding, Passed, RunVerdict, Skipped, Why
from diarkit_contracts.target.client import Spent

ERROR, WARNING = (
    Finding(clause=next(c for c in CLAUSES if c.severity is severity), row="", at=(0,), fault=Fault("a", "b"))
    for severity in (Severity.ERROR, Severity.WARNING)
)
SPENT = "0 tasks, 0 requests, 0.00 MB sent, 0.0 s"


@pytest.mark.parametrize(
    ("fields", "fail_on", "said"),
    [
        ({}, "error", f"FINE: no findings, 0 clauses passed (0 observations); {SPENT}"),
        (
            {"findings": (ERROR, WARNING, WARNING)},
            "error",
            f"FINDINGS: 1 error, 2 warnings, 0 clauses passed (0 observations); {SPENT}",
        ),
        ({"findings": (WARNING,)}, "error", f"FINE: 1 warning, 0 clauses passed (0 observations); {SPENT}"),
        ({"findings": (WARNING,)}, "warning", f"FINDINGS: 1 warning, 0 clauses passed (0 observations); {SPENT}"),
        (
            {"whys": (Why(Cause.NEVER_SEEN, "x"),)},
            "error",
            f"INCONCLUSIVE: too few observations, no findings, 0 clauses passed (0 observations); {SPENT}",
        ),
        (
            {
                "passed": (Passed(clause=CLAUSES[0], observations=1),),
                "unseen": (Skipped(name="a", cause=Cause.NOT_SEEN, reason="b"),),
                "accepted": (Accepted(finding=ERROR, reason="r", expires="2026-01-01"),),
                "spent": Spent(tasks=1, calls=2, bytes_up=300_000, seconds=1.25),
            },
            "error",
            "FINE: 1 accepted, 1 clause passed (1 observation), 1 clause not seen; 1 task, 2 requests, 0.30 MB sent, 1.2 s",
        ),
    ],
)
def test_a_run_is_summed_up(fields: dict[str, Any], fail_on: str, said: str) -> None:
    verdict = RunVerdict(target="t", tier="lite", profile="3.6", exchanges=(), **fields)
    assert sum_up(verdict, Severity(fail_on)) == said


def test_the_subject_names_the_tier_if_there_was_one() -> None:
    assert describe_subject(RunVerdict(target="u", tier="lite", profile="3.6", exchanges=())).endswith("tier lite")
    assert describe_subject(RunVerdict(target="u", tier="", profile="3.6", exchanges=())) == "u against profile 3.6"


def test_one_thing_is_not_many() -> None:
    assert [count(number, "task") for number in (0, 1, 2)] == ["0 tasks", "1 task", "2 tasks"]
