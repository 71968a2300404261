from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace
from typing import Any

import pytest

from diarkit_contracts.clauses.clause import Severity
from diarkit_contracts.outcomes import NAMES
from diarkit_contracts.report_junit import write_junit

COUNT = {b'"speakers_count": 2': b'"speakers_count": 3', b'"state": "running"': b'"state": "\\u001b]0;x"'}


def read(verdict: Any, *arguments: Any) -> ET.Element:
    return ET.fromstring(write_junit(verdict, *arguments))  # noqa: S314 - our own XML


@pytest.mark.parametrize("replaced", [{}, COUNT])
def test_each_run_has_the_same_test_cases(verify_stub: Any, replaced: dict[bytes, bytes]) -> None:
    cases = read(verify_stub(replaced)).findall("./testsuite/testcase")
    assert tuple(case.get("name") for case in cases) == NAMES
    assert cases[-1].get("classname") == "diarkit.audio"


@pytest.mark.parametrize("replaced", [{}, COUNT])
@pytest.mark.parametrize("fail_on", Severity)
def test_the_counts_are_those_of_the_cases(verify_stub: Any, replaced: dict[bytes, bytes], fail_on: Severity) -> None:
    verdict = replace(verify_stub(replaced), vacuous=("never seen: x",))
    root = read(verdict, fail_on)
    for element in (root, root.find("testsuite")):
        assert element is not None
        assert element.get("tests") == str(len(root.findall(".//testcase")))
        for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert element.get(name) == str(len(root.findall(f".//testcase/{tag}")))
    assert root.get("errors") == "1"


def test_a_failure_says_what_was_expected_in_each_row(verify_stub: Any) -> None:
    verdict = verify_stub(COUNT)
    failure = read(verdict).find(".//testcase[@name='result.count-is-ids']/failure")
    assert failure is not None
    broken = next(each for each in verdict.findings if each.clause.id == "result.count-is-ids")
    assert failure.get("message") == f"expected {broken.fault.expected}, got 3"
    assert "row-01[2ch-4.0s]" in (failure.text or "")
    assert "diarkit verify http://stub:8000 --only row-01" in (failure.text or "")


def test_a_warning_that_does_not_fail_is_output(verify_stub: Any) -> None:
    verdict = verify_stub({b'"resource.not-found"': b'"request.invalid"'})
    case = ".//testcase[@name='refusal.type-of-status']"
    assert "warning: refusal.type-of-status" in read(verdict).findtext(f"{case}/system-out", "")
    assert read(verdict, Severity.WARNING).find(f"{case}/failure") is not None


def test_a_skip_has_its_reason(verify_stub: Any) -> None:
    skipped = read(verify_stub()).find(".//testcase[@name='refusal.retry-after']/skipped")
    assert skipped is not None
    assert (skipped.get("message") or "").startswith("no 429 was seen")
