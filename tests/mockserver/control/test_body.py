from __future__ import annotations

import pytest

from diarkit_mockserver.control.body import parse_body
from diarkit_mockserver.control.orders import Answers, FaultList, Move, NewWorld
from diarkit_mockserver.control.problem import RefusedError
from diarkit_mockserver.scenario.model import Scenario


@pytest.mark.parametrize(
    ("cls", "text", "place"),
    [
        (Move, "seconds: x", "body:1:10: seconds: expected a number"),
        (Move, "{}", "body:1:1: expected the key seconds"),
        (Answers, '{"rules": [\n{"then": {"result": {}}}]}', "body:2:"),
        (FaultList, "faults: [{}]", "body:1:10: expected one of http"),
        (Answers, "rules: [{then: {rttm: a.rttm}}]", "referenced over the network"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(cls: type, text: str, place: str) -> None:
    with pytest.raises(RefusedError) as raised:
        parse_body(cls, text, "")
    assert place in raised.value.problem.detail
    assert "body:" not in str(raised.value)  # which the caller of a Python function has never seen


OUTAGES = "faults:\n- outage: {seconds: 1}\n- body: empty\n- outage: {seconds: 1}\n"


@pytest.mark.parametrize(
    ("cls", "text", "world", "line", "column"),
    [
        (FaultList, OUTAGES, "a", 2, 11),
        (Scenario, OUTAGES, "a", 2, 11),
        (NewWorld, "scenario:\n  " + OUTAGES.replace("\n", "\n  ").rstrip(), "", 3, 13),
    ],
)
def test_each_outage_of_a_world_with_a_name_is_refused_at_its_place(
    cls: type, text: str, world: str, line: int, column: int
) -> None:
    with pytest.raises(RefusedError) as raised:
        parse_body(cls, text, world)
    assert [(one.line, one.column, one.detail[:8]) for one in raised.value.problem.errors] == [
        (line, column, "fault 1:"),
        (line + 2, column, "fault 3:"),
    ]


def test_the_default_world_may_have_an_outage() -> None:
    assert len(parse_body(FaultList, OUTAGES, "").faults) == 3
