from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarkit_contracts.exchanges.history import read_history
from diarkit_contracts.exchanges.recording import read_recording, write_recording
from diarkit_contracts.rows.plan import list_rows, make_plan
from diarkit_contracts.rows.tier import Tier
from diarkit_contracts.runs.parity.answers import (
    compare_skeletons,
    match_rows,
    read_answers,
    read_error_type,
    read_skeleton,
)
from diarkit_contracts.runs.verify import verify_target
from diarkit_contracts.target.client import CAPS


def read(verdict: Any) -> Any:
    return read_answers(verdict.rows[0], read_history(verdict.exchanges))


def test_a_task_is_read_with_its_states_and_channels(verify_stub: Any) -> None:
    answers = read(verify_stub(None, "row-01"))
    assert (answers.is_task, answers.states, answers.end) == (True, ("running", "done"), "done")
    assert answers.channels == {0: True, 1: True}
    assert answers.describe() == "202 pending, then done"
    assert answers.location_form == "absolute"
    assert not answers.is_refused


def test_a_refusal_is_read_as_one(verify_stub: Any) -> None:
    answers = read(verify_stub(None, "bad-03"))
    assert (answers.is_task, answers.end, answers.is_refused, answers.location_form) == (False, "", True, "absent")
    assert read_error_type(answers.start) == "request.validation-error"


def test_a_rejected_task_is_a_refusal_too(verify_stub: Any) -> None:
    answers = read(verify_stub(None, "row-07"))
    assert (answers.is_task, answers.is_refused, answers.channels) == (True, True, None)
    assert read_error_type(answers.looks["rejected"]) == "task.validation-error"
    assert read_error_type(answers.start) == ""


def test_the_last_of_several_tries_counts(verify_stub: Any, stub: Any, make_target: Any) -> None:
    from diarkit_contracts.rows.plan import choose_rows  # noqa: PLC0415
    from diarkit_contracts.runs.verify import verify_target  # noqa: PLC0415

    tries = []

    def tamper(request: Any, answer: Any) -> Any:
        tries.append(request)
        return stub.refuse(429, ("Retry-After", "1")) if len(tries) == 1 else answer

    stub.tamper = tamper
    verdict = verify_target(choose_rows(["row-01"]), make_target())
    assert read(verdict).start.answer.status == 202


@pytest.mark.parametrize("told", [b'"/api/technology/speaker-diarization/x"'])
def test_a_relative_location_is_told_from_an_absolute_one(verify_stub: Any, stub: Any, told: bytes) -> None:
    stub.URL = ""
    assert read(verify_stub(None, "row-01")).location_form == "relative"
    assert told.startswith(b'"/')


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-9, 9)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=12,
)


def compare(one: object, other: object) -> list[tuple[str, str, str]]:
    return list(compare_skeletons(*(read_skeleton(json.dumps(each).encode()) for each in (one, other))))


@pytest.mark.parametrize(
    ("one", "other", "differences"),
    [
        ({"a": 1}, {"a": 2.5}, []),
        ({"a": "x"}, {"a": "y"}, []),
        ({"a": True}, {"a": 1}, [("a", "boolean", "number")]),
        ({"a": None}, {}, [("a", "null", "absent")]),
        ({"a": None}, {"a": {"b": 1}}, [("a", "null", "object")]),
        ({}, {"a": {"b": {"c": 1}}}, [("a", "absent", "object")]),
        ({"a": []}, {"a": [{"b": 1}]}, []),
        ({"a": [{"b": 1}]}, {"a": [{"b": 1}, {"b": 2}]}, []),
        ({"a": [{"b": 1}]}, {"a": [{"b": "x"}]}, [("a[].b", "number", "string")]),
        ({"a": [{"b": []}]}, {"a": [{"b": [{"c": 1}]}]}, []),
        ({"a": [{"b": []}, {"b": [{"c": 1}]}]}, {"a": [{"b": [{"c": "x"}]}]}, [("a[].b[].c", "number", "string")]),
        ({"a": [1, None]}, {"a": [1]}, [("a[]", "null or number", "number")]),
        ([], {}, [("", "array", "object")]),
        ({"ab": None, "a": {"b": 1}}, {"ab": 1, "a": None}, [("a", "object", "null"), ("ab", "null", "number")]),
    ],
)
def test_types_and_nulls_differ_and_values_do_not(
    one: object, other: object, differences: list[tuple[str, str, str]]
) -> None:
    assert compare(one, other) == differences
    assert compare(other, one) == [(path, second, first) for path, first, second in differences]


@given(VALUES)
def test_a_body_does_not_differ_from_itself(value: object) -> None:
    assert compare(value, value) == []


@pytest.mark.parametrize(("body", "types"), [(b"", "empty"), (b"<html>", "no JSON"), (b"{" * 9, "no JSON")])
def test_what_is_no_json_has_no_fields(body: bytes, types: str) -> None:
    assert read_skeleton(body) == {"": {types}}


@pytest.mark.parametrize("tier", [Tier.PROBE, Tier.LITE, Tier.FULL])
def test_the_rows_of_a_run_are_found_in_its_recording(make_target: Any, tmp_path: Any, tier: Tier) -> None:
    verdict = verify_target(make_plan(tier), make_target(caps=CAPS[tier]))
    path = tmp_path / "run.ndjson"
    path.write_text("".join(write_recording(verdict.exchanges)), encoding="utf-8")
    found = {row.name: row.at for row in match_rows(read_recording(path))}
    assert found == {row.name: tuple(sorted(row.at)) for row in verdict.rows}


def test_a_prefix_of_the_path_does_not_matter_and_other_requests_are_left_out(verify_stub: Any) -> None:
    exchanges = verify_stub(None, "row-01", "bad-01").exchanges
    moved = [
        replace(each, request=replace(each.request, url=each.request.url.replace("/api/", "/gateway/api/")))
        for each in exchanges
    ]
    other = replace(exchanges[0], request=replace(exchanges[0].request, url="http://stub:8000/other"))
    assert [row.name.partition("[")[0] for row in match_rows([other, *moved])] == ["row-01", "bad-01"]
    assert match_rows([other]) == ()


def test_no_two_rows_are_the_same_request(make_target: Any) -> None:
    rows = [row for row in list_rows() if row.needs is None]
    assert len({(row.call.method, row.call.target, row.call.write_body()) for row in rows}) == len(rows)
