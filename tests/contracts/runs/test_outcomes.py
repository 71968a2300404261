from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from diarkit_contracts.api.evidence import Severity
from diarkit_contracts.clauses.catalogue import USUAL
from diarkit_contracts.runs.outcomes import ANSWERS, ENOUGH, JUDGED, NAMES, list_outcomes, list_row_outcomes
from diarkit_contracts.runs.verdict import Accepted, Cause, Ending, RowOutcome, Why

TYPE = {b'"resource.not-found"': b'"request.invalid"'}
COUNT = {b'"speakers_count": 2': b'"speakers_count": 3'}


def ends(verdict: Any, fail_on: Severity = Severity.ERROR) -> dict[str, str]:
    return {outcome.name: outcome.end for outcome in list_outcomes(verdict, fail_on)}


@pytest.mark.parametrize("rows", [(), ("row-01",), ("bad-01",)])
def test_every_run_has_the_same_names(verify_stub: Any, rows: tuple[str, ...]) -> None:
    assert tuple(ends(verify_stub(None, *rows))) == NAMES == (ANSWERS, JUDGED, ENOUGH, *(clause.id for clause in USUAL))


@pytest.mark.parametrize(
    ("cause", "name"),
    [(Cause.GONE, ANSWERS), (Cause.LOST, ANSWERS), (Cause.BUSY, JUDGED), (Cause.INTERRUPTED, JUDGED), (None, "")],
)
def test_a_row_that_was_not_judged_is_an_error_of_the_run(verify_stub: Any, cause: Cause | None, name: str) -> None:
    ending = Ending.JUDGED if cause is None else Ending.INCONCLUSIVE
    outcome = RowOutcome(row="row-01[x]", ending=ending, cause=cause or Cause.LOST, reason="gone")
    verdict = replace(verify_stub(None, "row-01"), outcomes=(outcome,))
    assert [each for each, end in ends(verdict).items() if end == "error"] == [name] * bool(name)


def test_a_broken_clause_fails_alone(verify_stub: Any) -> None:
    failed = [name for name, end in ends(verify_stub(COUNT, "row-01")).items() if end == "failed"]
    assert failed == ["result.count-is-ids"]


def test_a_warning_fails_only_if_asked_to_and_is_told_all_the_same(verify_stub: Any) -> None:
    verdict = verify_stub(TYPE)
    assert ends(verdict)["refusal.type-of-status"] == "passed"
    assert ends(verdict, Severity.WARNING)["refusal.type-of-status"] == "failed"
    told = next(each for each in list_outcomes(verdict) if each.name == "refusal.type-of-status")
    assert "expected  the type resource.not-found" in told.text


def test_what_was_not_seen_or_is_accepted_is_skipped_with_its_reason(verify_stub: Any) -> None:
    verdict = verify_stub(COUNT, "row-01")
    accepted = tuple(Accepted(finding=each, reason="known", expires="2030-01-01") for each in verdict.findings)
    outcomes = {each.name: each for each in list_outcomes(replace(verdict, findings=(), accepted=accepted))}
    assert outcomes["result.count-is-ids"].message == "accepted until 2030-01-01: known"
    assert outcomes["refusal.retry-after"].end == "skipped"
    assert outcomes["refusal.retry-after"].message.startswith("never seen: a 429")


@pytest.mark.parametrize(
    ("why", "name"), [(Why(Cause.UNREACHABLE, "gone"), ANSWERS), (Why(Cause.NEVER_SEEN, "never seen: x"), ENOUGH)]
)
def test_a_run_that_says_nothing_is_an_error(verify_stub: Any, why: Why, name: str) -> None:
    outcomes = {each.name: each for each in list_outcomes(replace(verify_stub(), whys=(why,)))}
    assert (outcomes[name].end, outcomes[name].text) == ("error", why.text)


def test_each_clause_is_told_for_each_row_in_which_it_was_seen(verify_stub: Any) -> None:
    verdict = verify_stub({b'"speaker_id": 1': b'"speaker_id": 7'}, "row-01", "row-02", "bad-01")
    broken = {(finding.clause.id, finding.row) for finding in verdict.findings}
    outcomes = {(each.name, each.row): each.end for each in list_row_outcomes(verdict)}
    fails = {key for key, end in outcomes.items() if end == "failed"}
    assert fails == {(each.clause.id, each.row) for each in verdict.list_findings(Severity.ERROR)}
    assert fails <= broken
    rows = [row.name for row in verdict.rows]
    assert [row for name, row in outcomes if name == "shape.status"] == rows
    assert {end for (name, _), end in outcomes.items() if name == "shape.status"} == {"passed"}
    assert outcomes[("refusal.retry-after", "")] == "skipped"


def test_a_finding_is_accepted_in_its_row_alone(verify_stub: Any) -> None:
    verdict = verify_stub({b'"speakers_count": ': b'"speakers_count": 9'}, "row-01", "row-03")
    first, second = (each for each in verdict.findings if each.clause.id == "result.count-is-ids")
    accepted = Accepted(finding=first, reason="known", expires="2030-01-01")
    left = replace(verdict, findings=(second,), accepted=(accepted,))
    told = {each.row: each.end for each in list_row_outcomes(left) if each.name == first.clause.id}
    assert told == {first.row: "skipped", second.row: "failed"}


def test_without_rows_each_clause_is_told_for_the_whole(verify_stub: Any) -> None:
    verdict = replace(verify_stub(COUNT, "row-01"), rows=())
    assert list_row_outcomes(verdict) == list_outcomes(verdict)


def test_what_was_found_outside_of_all_rows_is_told_for_the_whole(verify_stub: Any) -> None:
    verdict = verify_stub(COUNT, "row-01")
    lost = replace(verdict, findings=tuple(replace(each, row="") for each in verdict.findings))
    (told,) = (each for each in list_row_outcomes(lost) if each.name == "result.count-is-ids")
    assert (told.row, told.end) == ("", "failed")
