from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from diarkit_contracts.api.evidence import Severity
from diarkit_contracts.reports.json import write_json
from diarkit_contracts.runs.verdict import Accepted, Cause, Why

WHYS = (Why(Cause.UNREACHABLE, "x"), Why(Cause.NEVER_SEEN, "y"))
SCHEMA = json.loads((Path(__file__).parent / "verdict.schema.json").read_text("utf-8"))
COUNT = {b'"speakers_count": 2': b'"speakers_count": 3', b'"message": "No."': b'"message": "No.", "extra": 1'}


def write(verdict: Any, *arguments: Any) -> Any:
    return json.loads(write_json(verdict, *arguments))


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize(
    ("replaced", "fields"),
    [
        ({}, {}),
        (COUNT, {}),
        ({b'"state": "done"': b'"state": "gone"'}, {"whys": WHYS, "stale": ("z",)}),
        ({b"{": b"\xff\x00"}, {}),
    ],
)
def test_each_report_fits_the_schema(verify_stub: Any, replaced: dict[bytes, bytes], fields: dict[str, Any]) -> None:
    verdict = replace(verify_stub(replaced), **fields)
    if verdict.findings:
        accepted = Accepted(finding=verdict.findings[-1], reason="known", expires="2030-01-01")
        verdict = replace(verdict, accepted=(accepted,))
    Draft202012Validator(SCHEMA).validate(write(verdict))


def test_the_same_run_is_the_same_text(verify_stub: Any) -> None:
    verdict = verify_stub(COUNT)
    assert write_json(verdict) == write_json(verdict)


def test_a_finding_brings_its_exchanges_and_how_to_repeat_it(verify_stub: Any) -> None:
    report = write(verify_stub(COUNT, "row-01"))
    finding = report["findings"][0]
    assert (finding["clause"], finding["row"], finding["got"]) == ("result.count-is-ids", "row-01[2ch-4.0s]", "3")
    first, last = (report["exchanges"][str(at)] for at in finding["at"])
    assert (first["method"], first["status"], last["method"]) == ("POST", 202, "GET")
    assert '"speakers_count": 3' in last["body"]
    assert finding["repeat"]["unsaved"] == ["wav-2ch-4.0s.wav"]


def test_undocumented_fields_are_told_with_an_exchange(verify_stub: Any) -> None:
    report = write(verify_stub(COUNT))
    (found,) = report["undocumented"]
    assert found["what"] == "field extra"
    assert '"extra": 1' in report["exchanges"][str(found["at"])]["body"]


@pytest.mark.parametrize("fail_on", Severity)
def test_the_exit_code_is_the_runs(verify_stub: Any, fail_on: Severity) -> None:
    verdict = verify_stub({b'"resource.not-found"': b'"request.invalid"'})
    assert write(verdict, fail_on)["exit"] == verdict.decide_exit(fail_on) == (fail_on is Severity.WARNING)
