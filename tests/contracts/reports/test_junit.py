from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace
from typing import Any

import pytest

from diarkit_contracts.api.evidence import Severity
from diarkit_contracts.reports.junit import WHOLE, write_junit
from diarkit_contracts.runs.outcomes import ANSWERS, ENOUGH, NAMES
from diarkit_contracts.runs.verdict import Cause, Why

ELEMENTS = {
    "testsuites": ({"name", "time", "tests", "failures", "errors", "disabled"}, ["testsuite"]),
    "testsuite": (
        {"name", "tests", "failures", "errors", "skipped", "time", "timestamp", "hostname", "id", "package"},
        ["properties", "testcase", "system-out", "system-err"],
    ),
    "properties": (set(), ["property"]),
    "property": ({"name", "value"}, []),
    "testcase": ({"name", "classname", "time", "status"}, ["skipped", "error", "failure", "system-out", "system-err"]),
    "skipped": ({"message"}, []),
    "error": ({"message", "type"}, []),
    "failure": ({"message", "type"}, []),
    "system-out": (set(), []),
}
"""What junit-10.xsd allows: attributes, and the elements inside in their order."""

COUNT = {b'"speakers_count": 2': b'"speakers_count": 3', b'"state": "running"': b'"state": "\\u001b]0;x"'}


JUST_COUNT = {b'"speakers_count": 2': b'"speakers_count": 3'}


def read(verdict: Any, *arguments: Any) -> ET.Element:
    return ET.fromstring(write_junit(verdict, *arguments))  # noqa: S314 - our own XML


def name_cases(root: ET.Element) -> list[tuple[str | None, str | None]]:
    return [(case.get("classname"), case.get("name")) for case in root.findall("./testsuite/testcase")]


@pytest.mark.parametrize("rows", [(), ("row-01", "bad-01")])
def test_a_clause_has_a_case_for_each_row_and_each_case_its_own_name(verify_stub: Any, rows: tuple[str, ...]) -> None:
    verdict = verify_stub(None, *rows)
    cases = name_cases(read(verdict))
    assert len(cases) == len(set(cases))
    assert tuple(dict.fromkeys(name for name, _ in cases)) == NAMES
    sent = [row.name for row in verdict.rows]
    assert [row for name, row in cases if name == "shape.status"] == [row for row in sent if not row.endswith("[put]")]
    assert [row for name, row in cases if name in {ANSWERS, ENOUGH}] == [WHOLE, WHOLE]


def test_the_same_rows_are_the_same_cases_whatever_came(verify_stub: Any) -> None:
    kept, broken = (name_cases(read(verify_stub(replaced))) for replaced in ({}, JUST_COUNT))
    assert {case for case in kept if case[1] != WHOLE} <= set(broken)


@pytest.mark.parametrize("replaced", [{}, COUNT])
@pytest.mark.parametrize("fail_on", Severity)
def test_the_counts_are_those_of_the_cases(verify_stub: Any, replaced: dict[bytes, bytes], fail_on: Severity) -> None:
    verdict = replace(verify_stub(replaced), whys=(Why(Cause.NEVER_SEEN, "never seen: x"),))
    root = read(verdict, fail_on)
    for element in (root, root.find("testsuite")):
        assert element is not None
        assert element.get("tests") == str(len(root.findall(".//testcase")))
        for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            if (element.tag, name) != ("testsuites", "skipped"):
                assert element.get(name) == str(len(root.findall(f".//testcase/{tag}")))
    assert root.get("errors") == "1"


def test_a_failure_stands_at_its_row_and_says_what_was_expected_and_how_to_repeat_it(verify_stub: Any) -> None:
    verdict = verify_stub(COUNT)
    for finding in (each for each in verdict.findings if each.clause.id == "result.count-is-ids"):
        (failure,) = read(verdict).findall(
            f".//testcase[@classname='result.count-is-ids'][@name='{finding.row}']/failure"
        )
        assert failure.get("message") == f"expected {finding.fault.expected}, got 3"
        assert (failure.text or "").count("diarkit verify http://stub:8000 --only") == 1
        assert finding.row in (failure.text or "")


def test_a_warning_that_does_not_fail_is_output(verify_stub: Any) -> None:
    verdict = verify_stub({b'"resource.not-found"': b'"request.invalid"'})
    case = f".//testcase[@classname='refusal.type-of-status'][@name='{verdict.findings[0].row}']"
    assert "warning: refusal.type-of-status" in read(verdict).findtext(f"{case}/system-out", "")
    assert read(verdict, Severity.WARNING).find(f"{case}/failure") is not None


def test_a_skip_has_its_reason(verify_stub: Any) -> None:
    skipped = read(verify_stub()).find(f".//testcase[@classname='refusal.retry-after'][@name='{WHOLE}']/skipped")
    assert skipped is not None
    assert (skipped.get("message") or "").startswith("never seen: a 429")


@pytest.mark.parametrize("replaced", [{}, COUNT, {b"{": b"["}])
def test_every_reader_knows_the_elements_and_attributes(verify_stub: Any, replaced: dict[bytes, bytes]) -> None:
    for element in read(verify_stub(replaced), Severity.ERROR).iter():
        attributes, inside = ELEMENTS[element.tag]
        assert set(element.keys()) <= attributes
        assert [inside.index(child.tag) for child in element] == sorted(inside.index(child.tag) for child in element)
