from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarkit_mockserver.control_body import make_yaml, parse_body, refuse_outages
from diarkit_mockserver.control_orders import Answers, FaultList, Move
from diarkit_mockserver.control_problem import ProblemError
from diarkit_mockserver.faults import Fault, Outage
from diarkit_mockserver.scenario_file import ScenarioError
from diarkit_mockserver.yaml_reader import read_tree
from diarkit_mockserver.yaml_tree import as_plain

NO_SURROGATES = st.characters(exclude_categories=["Cs"])
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(NO_SURROGATES),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(NO_SURROGATES, max_size=20), inner, max_size=4),
    max_leaves=20,
)


@given(
    st.dictionaries(st.text(NO_SURROGATES, max_size=20), JSON, min_size=1, max_size=4),
    st.booleans(),
    st.sampled_from([None, 1, "\t"]),
)
def test_json_means_as_yaml_what_it_means_as_json(value: Any, ascii_only: bool, indent: Any) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    tree, flaws = read_tree(make_yaml(text))
    assert flaws == ()
    assert tree is not None
    assert as_plain(tree) == value


def test_each_line_stays_a_line() -> None:
    text = '{"a": "\u2028\\ud83d\\ude00",\n\t"b": 1}'
    assert make_yaml(text).count("\n") == 1


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
    with pytest.raises(ProblemError) as raised:
        refuse_outages((outage, Fault(body="empty"), outage), text, "scenario")
    assert [(one.line, one.column, one.detail[:8]) for one in raised.value.problem.errors] == [
        (3, 13, "fault 1:"),
        (5, 13, "fault 3:"),
    ]
    refuse_outages((Fault(body="empty"),), text)
