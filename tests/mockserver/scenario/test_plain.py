from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given

from diarkit_fixtures.segments import Segment
from diarkit_fixtures.texts.read import make_yaml
from diarkit_mockserver.scenario.faults import Drip, Fault, Latency
from diarkit_mockserver.scenario.limits import Limits
from diarkit_mockserver.scenario.load import parse_scenario
from diarkit_mockserver.scenario.model import Rule, Scenario, Then
from diarkit_mockserver.scenario.plain import write_plain
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


@pytest.mark.parametrize(
    ("value", "long", "short"),
    [
        (Scenario(), '{"version": 1}', "{}"),
        (Limits(audio_seconds=2.0, upload_bytes=3), '{"upload_bytes": 3, "audio_seconds": 2.0}', None),
        (Limits(audio_seconds=2.0), '{"audio_seconds": 2.0}', '{"audio_seconds": 2}'),
        (Limits(audio_seconds=2.5), '{"audio_seconds": 2.5}', '{"audio_seconds": 2.5}'),
        (Limits(audio_seconds=1e15), '{"audio_seconds": 1000000000000000.0}', '{"audio_seconds": 1000000000000000.0}'),
        (Latency(uniform=(1.0, 2.5)), '{"uniform": [1.0, 2.5]}', '{"uniform": [1.0, 2.5]}'),
        (
            Rule(then=Then(result={"a": [1.0]})),
            '{"then": {"result": {"a": [1.0]}}}',
            '{"then": {"result": {"a": [1.0]}}}',
        ),
        (Fault(drip=Drip(every=3.0)), '{"drip": {"every": 3.0}}', '{"drip": {"every": 3}}'),
    ],
    ids=repr,
)
def test_the_short_form_has_whole_numbers_where_the_reader_makes_floats_of_them(
    value: object, long: str, short: str | None
) -> None:
    assert json.dumps(write_plain(value)) == long
    assert short is None or json.dumps(write_plain(value, short=True)) == short


def test_a_segment_of_the_kit_is_one_of_the_platform() -> None:
    assert write_plain({"segments": [(Segment(1, 50, 225),)]}) == {"segments": [[[1, 0.5, 2.25]]]}


@given(scenarios(timed=True, dialects=True))
def test_every_scenario_is_read_back_equal(scenario: Scenario) -> None:
    text = make_yaml(json.dumps(write_plain(scenario)))
    assert parse_scenario(text, source="x", directory=None) == scenario
