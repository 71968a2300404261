from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from diarkit_contracts.api.document import load_document
from diarkit_contracts.api.result import STRUCTURE, list_result_faults

if TYPE_CHECKING:
    from collections.abc import Callable

SOUND: dict[str, Any] = {
    "channels": [
        {
            "channel_number": 0,
            "speakers_count": 2,
            "segments": [
                {"speaker_id": 0, "start_time": 1.51, "end_time": 13.99},
                {"speaker_id": 1, "start_time": 13.99, "end_time": 14.12},
                {"speaker_id": 0, "start_time": 14.2, "end_time": 15},
            ],
        },
        {"channel_number": 1, "speakers_count": 0, "segments": []},
    ]
}


def first_segment(result: Any) -> Any:
    return result["channels"][0]["segments"][0]


def test_a_result_as_in_the_guide_has_no_fault() -> None:
    assert list_result_faults(SOUND) == ()
    assert list_result_faults({"channels": []}) == ()


@pytest.mark.parametrize(
    ("spoil", "path", "text", "evidence", "severity"),
    [
        (
            lambda r: r.pop("channels"),
            (),
            "expected the key channels, got none",
            "DOC",
            "error",
        ),
        (
            lambda r: r.update(extra=1),
            ("extra",),
            "expected only channels, got the key 'extra'",
            "INF",
            "error",
        ),
        (lambda r: r.update(channels={}), ("channels",), "expected a list, got an object", "DOC", "error"),
        (
            lambda r: r["channels"].__setitem__(1, None),
            ("channels", 1),
            "expected an object with channel_number, speakers_count, segments, got null",
            "DOC",
            "error",
        ),
        (
            lambda r: r["channels"][0].pop("channel_number"),
            ("channels", 0),
            "expected the key channel_number, got none",
            "DOC",
            "error",
        ),
        (
            lambda r: r["channels"][1].update(channel_number=0),
            ("channels", 1, "channel_number"),
            "expected each channel once, got number 0, which channels[0] has too",
            "DOC",
            "error",
        ),
        (
            lambda r: r["channels"][1].update(channel_number=-1),
            ("channels", 1, "channel_number"),
            "expected at least 0, got -1",
            "DOC",
            "error",
        ),
        (
            lambda r: r["channels"][0].update(speakers_count=True),
            ("channels", 0, "speakers_count"),
            "expected a whole number, got true",
            "DOC",
            "error",
        ),
        (
            lambda r: r["channels"][0].update(speakers_count=3),
            ("channels", 0, "speakers_count"),
            "expected 2, the number of speakers in its segments, got 3",
            "INF",
            "error",
        ),
        (
            lambda r: r["channels"][1].update(segments="none"),
            ("channels", 1, "segments"),
            "expected a list, got 'none'",
            "DOC",
            "error",
        ),
        (
            lambda r: first_segment(r).update(speaker_id=0.5),
            ("channels", 0, "segments", 0, "speaker_id"),
            "expected a whole number, got 0.5",
            "DOC",
            "error",
        ),
        (
            lambda r: first_segment(r).update(start_time="1.51"),
            ("channels", 0, "segments", 0, "start_time"),
            "expected a number, got '1.51'",
            "DOC",
            "error",
        ),
        (
            lambda r: first_segment(r).update(start_time=float("nan")),
            ("channels", 0, "segments", 0, "start_time"),
            "expected a number, got nan",
            "DOC",
            "error",
        ),
        (
            lambda r: r["channels"][0]["segments"][2].update(end_time=float("inf")),
            ("channels", 0, "segments", 2, "end_time"),
            "expected a number, got inf",
            "DOC",
            "error",
        ),
        (
            lambda r: first_segment(r).update(start_time=-0.5),
            ("channels", 0, "segments", 0, "start_time"),
            "expected at least 0, got -0.5",
            "DOC",
            "error",
        ),
        (
            lambda r: first_segment(r).update(end_time=1.51),
            ("channels", 0, "segments", 0, "end_time"),
            "expected an end after the start at 1.51, got 1.51",
            "INF",
            "error",
        ),
        (
            lambda r: first_segment(r).update(end_time=13.994),
            ("channels", 0, "segments", 0, "end_time"),
            "expected at most two decimals, got 13.994",
            "INF",
            "warning",
        ),
        (
            lambda r: [s.update(speaker_id=1 - s["speaker_id"]) for s in r["channels"][0]["segments"]],
            ("channels", 0, "segments", 0, "speaker_id"),
            "expected ids in the order of first appearance, so 0 here, got 1",
            "INF",
            "warning",
        ),
        (
            lambda r: r["channels"][0]["segments"][1].update(start_time=13.98),
            ("channels", 0, "segments", 1, "start_time"),
            "expected no overlap with the previous segment, which ends at 13.99, got 13.98",
            "INF",
            "warning",
        ),
        (
            lambda r: r["channels"][0]["segments"][1].update(start_time=1.5, end_time=1.51),
            ("channels", 0, "segments", 1, "start_time"),
            "expected segments in the order of their start, so at least 1.51, got 1.5",
            "INF",
            "warning",
        ),
    ],
)
def test_each_fault_is_named_with_its_place_and_evidence(
    spoil: Callable[[Any], object], path: tuple[str | int, ...], text: str, evidence: str, severity: str
) -> None:
    result = deepcopy(SOUND)
    spoil(result)
    faults = list_result_faults(result)
    assert (path, text, evidence, severity) in [(f.path, f.text, f.rule.evidence.label, f.severity) for f in faults]


@pytest.mark.parametrize("result", [None, True, 1, "result", [], (SOUND,)])
def test_what_is_no_object_is_one_fault(result: object) -> None:
    assert [fault.path for fault in list_result_faults(result)] == [()]


def test_all_faults_are_named_at_once() -> None:
    result = deepcopy(SOUND)
    result["channels"][0]["speakers_count"] = 7
    first_segment(result)["start_time"] = -1
    result["channels"][1]["segments"] = None
    assert {fault.path for fault in list_result_faults(result)} == {
        ("channels", 0, "speakers_count"),
        ("channels", 0, "segments", 0, "start_time"),
        ("channels", 1, "segments"),
    }


def test_a_fault_reads_as_one_would_index_the_result() -> None:
    result = deepcopy(SOUND)
    first_segment(result)["end_time"] = None
    assert [str(fault) for fault in list_result_faults(result)] == [
        "result.channels[0].segments[0].end_time: expected a number, got null"
    ]


def test_an_integer_is_one_as_json_schema_has_it() -> None:
    result = deepcopy(SOUND)
    result["channels"][0]["speakers_count"] = 2.0
    assert list_result_faults(result) == ()


NUMBERS = st.one_of(st.integers(-1, 4), st.floats(-1, 20), st.sampled_from([10**400, 1e308, 0.29, 2.0]))
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


def objects(**values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Mostly an object with these keys; sometimes one is missing or wrong, and sometimes it is no object."""
    sound = st.fixed_dictionaries(dict(values))
    spoilt = st.fixed_dictionaries({}, optional={key: value | ANYTHING for key, value in values.items()})
    return sound | spoilt | ANYTHING


SEGMENTS = objects(speaker_id=NUMBERS, start_time=NUMBERS, end_time=NUMBERS)
CHANNELS = objects(channel_number=NUMBERS, speakers_count=NUMBERS, segments=st.lists(SEGMENTS, max_size=3))
RESULTS = objects(channels=st.lists(CHANNELS, max_size=2))


@given(RESULTS)
def test_structural_faults_are_those_of_the_contract_document(result: object) -> None:
    document = load_document()
    schema = {"$ref": "#/components/schemas/SpeakerDiarizationResult", "components": document["components"]}
    documented = [fault for fault in list_result_faults(result) if fault.rule is STRUCTURE]
    # NaN and infinity are no JSON, so the schema has no opinion on them.
    unwritable = [fault for fault in documented if fault.text.endswith(("got nan", "got inf", "got -inf"))]
    if not unwritable:
        assert (not documented) == Draft202012Validator(schema).is_valid(result)
