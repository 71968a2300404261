from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarkit_contracts.exchanges.skeleton import compare_skeletons, read_skeleton

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
