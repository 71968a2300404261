from __future__ import annotations

import json
from typing import Any

import pytest

from diarkit_mockserver.control.orders import (
    MOST_AT_ONCE,
    Answers,
    Expectations,
    FaultList,
    Move,
    NewState,
    NewWorld,
)
from diarkit_mockserver.journal.verification import Expected
from diarkit_mockserver.scenario.faults import Fault
from diarkit_mockserver.scenario.load import ScenarioError, parse_value
from diarkit_mockserver.scenario.model import Rule, Scenario, Then
from diarkit_mockserver.scenario.plain import write_plain
from diarkit_mockserver.scenario.when import When


def read(cls: type[Any], data: object) -> Any:
    return parse_value(cls, json.dumps(data), source="body", directory=None)[0]


@pytest.mark.parametrize(
    ("value", "body"),
    [
        (NewWorld(), {}),
        (
            NewWorld(name="w", scenario=Scenario(seed=1), frozen=True, epoch=7, ids_from="x"),
            {"name": "w", "scenario": {"version": 1, "seed": 1}, "frozen": True, "epoch": 7, "ids_from": "x"},
        ),
        (Answers(rules=(Rule(then=Then(failed="x"), times=2),)), {"rules": [{"then": {"failed": "x"}, "times": 2}]}),
        (FaultList(faults=(Fault(http=503),)), {"faults": [{"http": 503}]}),
        (FaultList(faults=()), {"faults": []}),
        (Move(seconds=0.5), {"seconds": 0.5}),
        (NewState(state="running"), {"state": "running"}),
        (NewState(state="failed", message="m"), {"state": "failed", "message": "m"}),
        (Expectations(expected=(Expected(),)), {"expected": [{}]}),
        (
            Expectations(expected=(Expected(when=When(filename="a"), times=0),)),
            {"expected": [{"when": {"filename": "a"}, "times": 0}]},
        ),
    ],
    ids=lambda value: str(value)[:50],
)
def test_the_keys_of_a_body_are_its_fields_and_it_is_read_back_equal(value: Any, body: object) -> None:
    assert write_plain(value) == body
    assert read(type(value), body) == value


@pytest.mark.parametrize(
    ("cls", "body"),
    [
        (Answers, {}),
        (FaultList, {}),
        (Move, {}),
        (NewState, {}),
        (NewState, {"state": "pending"}),
        (Expectations, {}),
        (Expectations, {"expected": [{"times": -1}]}),
        (Expectations, {"expected": [{}] * (MOST_AT_ONCE + 1)}),
        (Answers, {"rules": [{"then": {}}] * (MOST_AT_ONCE + 1)}),
        (NewWorld, {"names": "w"}),
        (NewWorld, {"epoch": -1}),
        (NewWorld, {"epoch": 253402300800}),
    ],
)
def test_what_is_missing_unknown_or_senseless_is_refused(cls: type[Any], body: object) -> None:
    with pytest.raises(ScenarioError):
        read(cls, body)


def test_nobody_expects_less_than_nothing() -> None:
    assert Expected(times=0).times == 0
    with pytest.raises(ValueError, match=r"^expected times >= 0, got -1$"):
        Expected(times=-1)
