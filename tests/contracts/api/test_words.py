from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarkit_contracts.api.words import HOLES, fill_text, find_text

ID = "00000000-0000-4000-8000-000000000000"


@pytest.mark.parametrize(
    ("text", "values", "filled"),
    [
        ("no task {task_id}", {"task_id": ID}, f"no task {ID}"),
        ("got {value}", {}, "got "),
        ("got {anything}", {"anything": "x"}, "got {anything}"),
        ('{"message":"got {value}"}', {"value": '"x"'}, json.dumps({"message": 'got "x"'}, separators=(",", ":"))),
        ("got {value}", {"value": '"x"'}, 'got "x"'),
    ],
)  # fmt: skip
def test_holes_are_filled_and_what_is_filled_into_json_is_escaped(
    text: str, values: dict[str, str], filled: str
) -> None:
    assert fill_text(text, values) == filled


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ([(f"no task {ID}", {"task_id": ID})], "no task {task_id}"),
        ([("got stereo", {"value": "stereo", "name": ""})], "got {value}"),
        ([("got 0", {"value": "0"})], "got 0"),
        ([("1 or more, got 0", {"value": "0"}), ("1 or more, got -1", {"value": "-1"})], "1 or more, got {value}"),
        ([("above 0, got 0", {"value": "0"}), ("above 0, got -1", {"value": "-1"})], "above 0, got {value}"),
        ([("stereophonic", {"value": "stereo"})], "stereophonic"),
        ([(f"at /tasks/{ID}", {"task_id": ID, "path": f"/tasks/{ID}"})], "at {path}"),
        ([("a", {"value": "x1"}), ("b", {"value": "x2"})], None),
        ([("same", {"value": "x1"}), ("same", {"value": "x2"})], "same"),
        ([(" ".join(["many"] * 9), {"value": "many"})], " ".join(["{value}"] * 9)),
    ],
)  # fmt: skip
def test_the_text_with_most_holes_that_gives_each_text_is_found(
    said: list[tuple[str, dict[str, str]]], text: str | None
) -> None:
    assert find_text(said) == text


PIECES = st.lists(st.sampled_from([*(f"{{{name}}}" for name in HOLES), "is", "no", "of"]), min_size=1, max_size=5)
VALUES = st.fixed_dictionaries({name: st.from_regex(f"{name}-[a-z0-9]{{4,8}}", fullmatch=True) for name in HOLES})


@given(PIECES, VALUES, VALUES, st.booleans())
def test_what_was_filled_is_found_again(
    pieces: list[str], one: dict[str, str], other: dict[str, str], is_json: bool
) -> None:
    text = json.dumps({"message": " ".join(pieces)}) if is_json else " ".join(pieces)
    assert find_text([(fill_text(text, values), values) for values in (one, other)]) == text
