from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from diarkit_contracts.api.evidence import Severity
from diarkit_contracts.clauses.clause import Fault
from diarkit_contracts.reports.github import MOST_ANNOTATIONS, MOST_LINES, list_annotations, write_summary
from diarkit_contracts.runs.verdict import Accepted, Cause, Why

NASTY = "\\u001b[1m|</td>`x` [a](http://b) @team https://d www.e.org ![](http://c) <img src=x> %0A::error::y \\n"
EVIL = {b'"state": "done"': f'"state": "{NASTY}"'.encode()}


def test_the_top_findings_are_annotated(verify_stub: Any) -> None:
    verdict = verify_stub({b'"speakers_count": 2': b'"speakers_count": 3'}, "row-01")
    finding = verdict.findings[0]
    assert next(iter(list_annotations(verdict))) == (
        f"::error title=result.count-is-ids::{finding.clause.sentence} "
        f"Expected {finding.fault.expected}, got 3 (row-01[2ch-4.0s])"
    )


def test_few_are_annotated_and_all_are_summarised(verify_stub: Any) -> None:
    verdict = verify_stub({b'"type": "': b'"type": "x'})
    assert len(verdict.findings) > MOST_ANNOTATIONS
    assert len(list(list_annotations(verdict))) == MOST_ANNOTATIONS
    assert len(re.findall(r"^\| (error|warning) \|", write_summary(verdict), re.MULTILINE)) == len(verdict.findings)


def test_a_warning_that_fails_is_an_error(verify_stub: Any) -> None:
    verdict = verify_stub({b'"resource.not-found"': b'"request.invalid"'})
    assert [line.split()[0] for line in list_annotations(verdict)] == ["::warning"]
    assert [line.split()[0] for line in list_annotations(verdict, Severity.WARNING)] == ["::error"]


def test_a_run_that_says_nothing_is_an_error(verify_stub: Any) -> None:
    verdict = replace(
        verify_stub(),
        whys=(Why(Cause.NEVER_SEEN, "never seen: a, b"), Why(Cause.UNREACHABLE, "u: gone")),
        stale=("f:1: old",),
    )
    assert list(list_annotations(verdict)) == [
        "::error title=diarkit verify::u: gone",
        "::error title=diarkit verify::never seen: a, b",
        "::warning title=diarkit verify%2C baseline::f:1: old",
    ]


def test_a_server_can_write_no_command_and_no_markup(verify_stub: Any) -> None:
    verdict = verify_stub(EVIL, "row-01")
    assert verdict.findings
    for line in list_annotations(verdict):
        assert line.startswith("::error title=")
        assert "%0A" not in line.replace("%250A", "")
        assert "\n" not in line
    summary = write_summary(verdict)
    for markup in ("<img", "</td>", "](http", "`x`", " @team", "\x1b", "https://d", "www.e"):
        assert markup not in summary.replace("<code>", "").replace("</code>", "")


def test_a_summary_stays_under_the_mebibyte_that_github_shows(verify_stub: Any) -> None:
    verdict = verify_stub(EVIL, "row-01")
    finding = replace(verdict.findings[0], fault=Fault("|" * 9999, "&" * 9999))
    many = replace(
        verdict,
        findings=(finding,) * 5000,
        stale=("<" * 9999,) * 5000,
        whys=(Why(Cause.NEVER_SEEN, "#" * 9999),) * 5000,
    )
    summary = write_summary(many)
    assert len(summary.encode()) < 1 << 20
    assert summary.count(f"... and {5000 - MOST_LINES} more") == 3


@pytest.mark.parametrize("replaced", [{}, EVIL, {b"{": b"["}])
def test_each_row_of_the_table_has_its_cells(verify_stub: Any, replaced: dict[bytes, bytes]) -> None:
    rows = [line for line in write_summary(verify_stub(replaced)).splitlines() if line.startswith("| ")]
    assert {row.count(" | ") for row in rows} <= {5}


def test_the_summary_says_how_to_repeat_and_what_is_accepted_or_stale(verify_stub: Any) -> None:
    verdict = verify_stub({b'"speakers_count": 2': b'"speakers_count": 3'}, "row-01")
    accepted = Accepted(finding=verdict.findings[0], reason="known", expires="2030-01-01")
    summary = write_summary(replace(verdict, accepted=(accepted,), stale=("f:1: old",)))
    assert summary.startswith("## diarkit verify: FINDINGS&#58; 1 error")
    assert "diarkit verify http://stub:8000 --only row-01" in summary
    assert "until 2030-01-01: known" in summary
    assert "- f&#58;1&#58; old" in summary
