from __future__ import annotations

import json
import math
from dataclasses import is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from diarkit_mockserver.scenario.load import ScenarioError, parse_scenario
from diarkit_mockserver.scenario.schema import BOUNDS, IN_OPENAPI, IN_SCHEMA, TOGETHER, move_references, scenario_schema

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLE = """
version: 1
seed: 42
course: {polls: {pending: 1, running: 1}}
rules:
  - when: {filename: "broken*.wav"}
    then: {rejected: "The media file cannot be decoded."}
  - when: {config: {total_speakers: 3}, occurrence: 2}
    then: {failed: "Processing failed.", course: immediate}
  - when: {filename: "call.wav"}
    then: {result: {channels: [{channel_number: 0, speakers_count: 1, segments: [{speaker_id: 0, start_time: 0.5, end_time: 2.25}]}]}}
  - then: {speakers: 2}
    times: 10
"""


def schema_accepts(value: object) -> bool:
    return Draft202012Validator(scenario_schema()).is_valid(value)


def loader_accepts(value: object) -> bool:
    try:
        parse_scenario(json.dumps(value), source="s.json", directory=Path("nowhere"))
    except ScenarioError:
        return False
    return True


def rule(**then: object) -> dict[str, object]:
    return {"rules": [{"then": then}]}


ID = "123e4567-e89b-12d3-a456-42661417400a"


def seeded(**held: object) -> dict[str, object]:
    return {"profile": "5.0", "tasks": [{"id": ID, **held}]}


def result(**changed: object) -> dict[str, object]:
    segment = {"speaker_id": 0, "start_time": 0.5, "end_time": 2.25}
    return {"channels": [{"channel_number": 0, "speakers_count": 1, "segments": [segment]} | changed]}


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(scenario_schema())
    assert "$id" not in json.dumps(scenario_schema(), allow_nan=False)


def test_the_example_is_accepted_by_both() -> None:
    assert schema_accepts(yaml.safe_load(EXAMPLE))
    assert parse_scenario(EXAMPLE, source="example", directory=Path("nowhere")).seed == 42


ACCEPTED: list[dict[str, object]] = [
    {},
    {"rules": []},
    {"course": "manual"},
    {"course": {"seconds": {"pending": 0.5}}},
    {"course": {"realtime_factor": 60, "workers": 2}},
    {"dialect": {"x_location": "relative"}},
    {"media": {"duration": 0}},
    {"limits": {"upload_bytes": None, "rate": {"requests": 1, "seconds": 1}, "before_body": ["rate"]}},
    {
        "faults": [
            {"body": "html", "every": 3},
            {"body": "html", "ordinal": 1},
            {"latency": {"uniform": [0, 1]}, "ordinal": [1, 2]},
        ]
    },
    rule(),
    rule(http=429),
    rule(http={"status": 503, "on": "poll", "retry_after": 0}, speakers=2),
    rule(http={"status": 503, "message": "x"}),
    rule(segments=[[], [{"speaker_id": 0, "start_time": 0, "end_time": 1}]]),
    rule(segments=[]),
    rule(segments=[[[0, 0.5, 2]]]),
    *(seeded(state=state) for state in ("pending", "running", "done", "cancelled")),
    seeded(),
    seeded(state="running", failed="why"),
    seeded(state="rejected", rejected="why"),
    seeded(id=ID.upper(), state="done", segments=[[[0, 0.5, 2]]]),
    seeded(result=result()),
    {"tasks": [{"id": ID, "speakers": 0}, {"id": ID[:-1] + "1", "failed": ""}]},
    {"x-anchors": [1], "rules": None, "faults": None},
    rule(result=result(), course="immediate"),
    rule(result={"channels": []}),
    rule(result={"anything": None}, breaks_contract=True),
]
REFUSED: list[object] = [
    [],
    None,
    "x",
    {"version": 2},
    {"version": "1"},
    {"version": True},
    {"sed": 1},
    {"seed": "1"},
    {"seed": 1.5},
    {"seed": True},
    {"seed": None},
    {"rules": {}},
    {"rules": [{}]},
    {"rules": [{"then": {}, "also": 1}]},
    {"course": "sometimes"},
    {"course": {}},
    {"course": {"pols": {}}},
    {"course": {"polls": {}, "seconds": {}}},
    {"course": {"workers": 1}},
    {"course": {"polls": {"pending": 1.5}}},
    {"course": {"polls": {"pending": -1}}},
    {"dialect": {"x_location": "other"}},
    {"media": {"duration": "long"}},
    {"limits": {"licensed": None}},
    {"limits": {"rate": {"requests": 1}}},
    {"limits": {"before_body": ["all"]}},
    {"faults": [{}]},
    {"faults": [{"body": "html", "task": "lost"}]},
    {"faults": [{"latency": {}}]},
    {"faults": [{"latency": {"fixed": 1, "uniform": [0, 1]}}]},
    {"faults": [{"latency": {"uniform": [0]}}]},
    {"faults": [{"body": "html", "ordinal": [0]}]},
    {"faults": [{"body": "html", "every": 0}]},
    {"faults": [{"body": "html", "every": 2, "ordinal": 1}]},
    {"rules": [{"when": {"channel_mode": "both"}, "then": {}}]},
    {"rules": [{"when": {"channels": 0}, "then": {}}]},
    {"rules": [{"when": {"config": {"speakers": 1}}, "then": {}}]},
    {"rules": [{"when": {"sha256": "9f86d08g"}, "then": {}}]},
    {"rules": [{"when": {"sha256": "9f86d0"}, "then": {}}]},
    rule(speakers="2"),
    rule(failed=None),
    rule(failed="a", rejected="b"),
    rule(failed="a", rejected="b", speakers=1),
    rule(http="429"),
    rule(http={}),
    rule(http={"status": 429, "on": "get"}),
    rule(http=429, speakers=2),
    rule(http={"status": 429, "on": "submit"}, failed="x"),
    rule(http={"status": 429}, failed="x"),
    rule(segments={}),
    rule(segments=[[[0, 0.5]]]),
    {"y-anchors": 1},
    rule(segments=[[{"speaker_id": 0, "start_time": 0}]]),
    rule(segments=[[{"speaker_id": 0.5, "start_time": 0, "end_time": 1}]]),
    rule(result=[]),
    rule(result={}),
    rule(result={"channels": [{}]}),
    rule(result=result(speakers_count="1")),
    rule(result=result(channel_number=-1)),
    rule(result=result(other=1)),
    rule(result={"anything": None}, breaks_contract=False),
    rule(result=[], breaks_contract=True),
    rule(breaks_contract="yes"),
    {"tasks": [{"state": "done"}]},
    *(seeded(id=wrong) for wrong in ("", ID[:-1], f"{{{ID}}}", ID.replace("-", ""), f"{ID} ")),
    seeded(state="failed"),
    seeded(state="rejected", failed="why"),
    seeded(state="done", rejected="why"),
    seeded(state="cancelled", speakers=1),
    seeded(state="ended"),
    seeded(state=None),
    seeded(failed="why", speakers=1),
    seeded(result={}),
    seeded(rttm="a.rttm"),
]


@pytest.mark.parametrize("value", ACCEPTED, ids=json.dumps)
def test_what_is_right_is_accepted_by_both(value: object) -> None:
    assert (schema_accepts(value), loader_accepts(value)) == (True, True)


@pytest.mark.parametrize("value", REFUSED, ids=json.dumps)
def test_what_is_wrong_is_refused_by_both(value: object) -> None:
    assert (schema_accepts(value), loader_accepts(value)) == (False, False)


# For each class that has bounds: a scenario around a mapping of that class, and what the mapping must have besides.
AROUND: dict[str, tuple[Any, dict[str, object]]] = {
    "When": (lambda held: {"rules": [{"when": held, "then": {}}]}, {}),
    "HttpAnswer": (lambda held: rule(http=held), {"status": 500}),
    "SpokenSegment": (lambda held: rule(segments=[[held]]), {"speaker_id": 0, "start_time": 0, "end_time": 9e9}),
    "Then": (lambda held: {"rules": [{"then": held}]}, {}),
    "Rule": (lambda held: {"rules": [held]}, {"then": {}}),
    "SeededTask": (lambda held: {"tasks": [held]}, {"id": ID}),
    "Media": (lambda held: {"media": held}, {}),
    "PollCounts": (lambda held: {"course": {"polls": held}}, {}),
    "StateSeconds": (lambda held: {"course": {"seconds": held}}, {}),
    "ByRealTime": (lambda held: {"course": held}, {"realtime_factor": 1}),
    "Limits": (lambda held: {"limits": held}, {}),
    "Rate": (lambda held: {"limits": {"rate": held}}, {"requests": 1, "seconds": 1}),
    "Fault": (lambda held: {"faults": [held]}, {}),
    "Latency": (lambda held: {"faults": [{"latency": held}]}, {}),
    "LogNormal": (lambda held: {"faults": [{"latency": {"log_normal": held}}]}, {"median": 1}),
    "Drip": (lambda held: {"faults": [{"drip": held}]}, {}),
    "Outage": (lambda held: {"faults": [{"outage": held}]}, {"seconds": 1}),
}


def list_edges() -> Iterator[Any]:
    """List the values at each bound and right beyond it."""
    for cls, bounds in BOUNDS.items():
        around, others = AROUND[cls.__name__]
        for name, bound in bounds.items():
            edges: list[float] = []
            for key, step in (("minimum", -1), ("maximum", 1), ("exclusiveMinimum", -1)):
                if isinstance(edge := bound.get(key), int | float):
                    edges += [edge, edge + step, edge - step]
            for edge in edges:
                whole = int(edge) if math.isfinite(edge) else edge
                held = {**others, name: [whole, whole] if name == "uniform" else whole}
                # A fault needs an effect, and has one already where the bound is about it.
                if cls.__name__ == "Fault" and name != "http":
                    held["task"] = "lost"
                if name in {"start_time", "end_time"}:
                    held = {"speaker_id": 0, "start_time": min(whole, 0), "end_time": max(whole, 1)}
                yield pytest.param(around(held), id=f"{cls.__name__}.{name}={whole}")


@pytest.mark.parametrize("value", list(list_edges()))
def test_both_draw_each_bound_in_the_same_place(value: object) -> None:
    assert schema_accepts(value) == loader_accepts(value)


def test_the_bounds_are_of_fields_that_exist() -> None:
    definitions: Any = scenario_schema()["$defs"]
    for cls, bounds in BOUNDS.items():
        assert is_dataclass(cls)
        assert set(bounds) <= set(definitions[cls.__name__]["properties"])
    assert {cls.__name__ for cls in TOGETHER} <= set(definitions)


def test_an_editor_gets_a_text_for_what_is_documented() -> None:
    schema: Any = scenario_schema()
    assert schema["properties"]["seed"]["description"] == "for everything random."
    when = schema["$defs"]["When"]
    assert when["description"] == "A pattern of submissions; missing keys match everything."
    assert when["properties"]["occurrence"]["description"].startswith("number among identical requests")
    assert schema["properties"]["course"]["default"] == {"polls": {"pending": 0, "running": 1, "cancelled": 0}}
    assert all(one["additionalProperties"] is False for one in schema["$defs"].values())


def test_references_are_moved_wherever_they_stand_and_evidence_stays_behind() -> None:
    there = {"a": [{"$ref": "#/$defs/X"}, 1, None], "b": {"x-evidence": "DOC", "c": "no reference"}, "maximum": 2.5}
    moved = {"a": [{"$ref": "#/components/schemas/X"}, 1, None], "b": {"c": "no reference"}, "maximum": 2.5}
    assert move_references(there, IN_SCHEMA, IN_OPENAPI) == moved
    assert move_references(moved, IN_OPENAPI, IN_SCHEMA) == {**there, "b": {"c": "no reference"}}
