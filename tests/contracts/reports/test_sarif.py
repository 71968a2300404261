from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from diarkit_contracts.api.document import DOCUMENT
from diarkit_contracts.clauses.catalogue import CLAUSES
from diarkit_contracts.reports.sarif import write_sarif
from diarkit_contracts.runs.verdict import Accepted

COUNT = {b'"speakers_count": 2': b'"speakers_count": 3'}


def read(verdict: Any) -> Any:
    log = json.loads(write_sarif(verdict))
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    return run


def test_there_is_a_rule_for_each_clause(verify_stub: Any) -> None:
    assert [rule["id"] for rule in read(verify_stub())["tool"]["driver"]["rules"]] == [each.id for each in CLAUSES]


def test_each_rule_has_what_code_scanning_asks_for(verify_stub: Any) -> None:
    rules = read(verify_stub(None, "row-01"))["tool"]["driver"]["rules"]
    assert len({rule["name"] for rule in rules}) == len(rules)
    for rule in rules:
        assert rule["name"].isalnum()
        assert rule["help"]["text"]
        assert rule["help"]["markdown"]
        assert rule["shortDescription"]["text"].endswith(".")
        assert rule["defaultConfiguration"]["level"] in {"error", "warning"}


@pytest.mark.parametrize("replaced", [{}, COUNT, {b"{": b"["}])
def test_every_object_has_only_what_the_standard_has(verify_stub: Any, replaced: dict[bytes, bytes]) -> None:
    verdict = verify_stub(replaced)
    accepted = tuple(Accepted(finding=each, reason="known", expires="2030-01-01") for each in verdict.findings[:1])
    run = read(replace(verdict, accepted=accepted, vacuous=("never seen: x",)))
    assert set(run) <= {"tool", "automationDetails", "invocations", "properties", "results"}
    assert run["automationDetails"]["id"] == "diarkit-verify/3.6/lite"
    for result in run["results"]:
        assert set(result) <= {
            "ruleId", "ruleIndex", "level", "message", "locations", "partialFingerprints", "properties", "suppressions",
        }  # fmt: skip
        assert result["level"] in {"error", "warning"}
        assert result["message"]["text"].endswith(".")
    for invocation in run["invocations"]:
        assert set(invocation) == {"executionSuccessful", "toolExecutionNotifications"}


def test_a_result_leads_to_its_rule_and_to_a_line_of_the_contract(verify_stub: Any) -> None:
    run = read(verify_stub(COUNT, "row-01"))
    result = run["results"][0]
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"] == "result.count-is-ids"
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == DOCUMENT.name
    line = DOCUMENT.read_text("utf-8").splitlines()[place["region"]["startLine"] - 1]
    assert line.strip() == "speakers_count:"
    assert place["region"]["snippet"]["text"] == line


def test_a_finding_keeps_its_fingerprint_when_ids_and_times_change(verify_stub: Any) -> None:
    one, other = (read(verify_stub(COUNT)) for _ in range(2))
    prints = [[each["partialFingerprints"] for each in run["results"]] for run in (one, other)]
    assert prints[0] == prints[1]
    assert len({json.dumps(each) for each in prints[0]}) == len(prints[0])


def test_what_is_accepted_is_suppressed(verify_stub: Any) -> None:
    verdict = verify_stub(COUNT, "row-01")
    accepted = Accepted(finding=verdict.findings[0], reason="known", expires="2030-01-01")
    (result,) = read(replace(verdict, findings=(), accepted=(accepted,)))["results"]
    assert result["suppressions"] == [{"kind": "external", "justification": "known (until 2030-01-01)"}]


def test_a_run_that_says_nothing_did_not_succeed(verify_stub: Any) -> None:
    verdict = verify_stub()
    assert read(verdict)["invocations"][0]["executionSuccessful"] is True
    (invocation,) = read(replace(verdict, vacuous=("never seen: x",)))["invocations"]
    assert invocation["executionSuccessful"] is False
    assert invocation["toolExecutionNotifications"][0]["message"]["text"] == "never seen: x"


def test_a_server_can_write_no_link_and_no_placeholder(verify_stub: Any) -> None:
    results = read(verify_stub({b'"state": "done"': b'"state": "[x](http://evil) {0}"'}, "row-01"))["results"]
    told = [result["message"]["text"] for result in results if "evil" in result["message"]["text"]]
    assert told
    assert not [text for text in told if "](" in text or " {0}" in text]
