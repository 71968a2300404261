from __future__ import annotations

import pytest

from diarkit_mockserver.control.body import parse_body, refuse_outages
from diarkit_mockserver.control.orders import Answers, FaultList, Move
from diarkit_mockserver.scenario.faults import Fault, Outage
from diarkit_mockserver.scenario.load import ScenarioError


@pytest.mark.parametrize(
    ("cls", "text", "place"),
    [
        (Move, "seconds: x", "body:1:10: seconds: expected a number"),
        (Move, "{}", "body:1:1: expected the key seconds"),
        (Answers, '{"rules": [\n{"then": {"result": {}}}]}', "body:2:"),
        (FaultList, "faults: [{}]", "body:1:10: expected one of http"),
        (Answers, "rules: [{then: {rttm: a.rttm}}]", "names no files here"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(cls: type, text: str, place: str) -> None:
    with pytest.raises(ScenarioError) as raised:
        parse_body(cls, text)
    assert place in str(raised.value)


def test_each_outage_is_refused_at_its_place() -> None:
    outage = Fault(outage=Outage(seconds=1))
    text = "scenario:\n  faults:\n  - outage: {seconds: 1}\n  - body: empty\n  - outage: {seconds: 1}\n"
    with pytest.raises(ScenarioError) as raised:
        refuse_outages((outage, Fault(body="empty"), outage), text, "scenario")
    assert [(one.line, one.column, one.text[:8]) for one in raised.value.problems] == [
        (3, 13, "fault 1:"),
        (5, 13, "fault 3:"),
    ]
    refuse_outages((Fault(body="empty"),), text)
