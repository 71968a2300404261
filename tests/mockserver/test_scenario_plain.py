from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given

from diarkit_mockserver.faults import Drip, Fault
from diarkit_mockserver.json_as_yaml import make_yaml
from diarkit_mockserver.limits import Limits
from diarkit_mockserver.scenario import Rule, Scenario, Then
from diarkit_mockserver.scenario_file import parse_scenario
from diarkit_mockserver.scenario_plain import write_plain
from diarkit_mockserver.strategies import scenarios


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (Scenario(), {"version": 1}),
        (Scenario(seed=1, rules=(Rule(then=Then()),)), {"version": 1, "seed": 1, "rules": [{"then": {}}]}),
        (Limits(upload_bytes=None), {"upload_bytes": None}),
        (Fault(drip=Drip(), ordinal=(1, 2)), {"ordinal": [1, 2], "drip": {}}),
        (Then(result={"a": [None, {"b": 1.5}]}), {"result": {"a": [None, {"b": 1.5}]}}),
    ],
)
def test_what_is_as_by_default_is_left_out(value: object, plain: Any) -> None:
    assert write_plain(value) == plain


@given(scenarios(timed=True, dialects=True))
def test_every_scenario_is_read_back_equal(scenario: Scenario) -> None:
    text = make_yaml(json.dumps(write_plain(scenario)))
    assert parse_scenario(text, source="x", directory=None) == scenario
