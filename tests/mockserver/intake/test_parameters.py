from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from diarkit_contracts.api.states import ErrorType
from diarkit_mockserver.intake.parameters import DEEPEST, decode_config, read_parameters
from diarkit_mockserver.intake.refusals import Refusal
from diarkit_mockserver.intake.submission import Parameters

GOOD_QUERIES: list[tuple[dict[str, str], Parameters]] = [
    ({}, Parameters()),
    ({"channel_mode": "split"}, Parameters()),
    ({"channel_mode": "mix"}, Parameters(channel_mode="mix")),
    ({"channels": ""}, Parameters()),
    ({"channels": "0"}, Parameters(channels=(0,))),
    ({"channels": "1,0"}, Parameters(channels=(1, 0))),
    ({"channels": "1,1,0,1"}, Parameters(channels=(1, 0))),
    ({"channels": "00,012"}, Parameters(channels=(0, 12))),
    ({"channels": "9" * 4096}, Parameters(channels=(int("9" * 4096),))),
    ({"range_from": "0"}, Parameters()),
    ({"range_from": "-0"}, Parameters()),
    ({"range_from": "1.5", "range_to": "2.25"}, Parameters(range_from=1.5, range_to=2.25)),
    ({"range_from": "1.", "range_to": ".5"}, Parameters(range_from=1.0, range_to=0.5)),
    ({"range_from": "+1e2", "range_to": "1E-3"}, Parameters(range_from=100.0, range_to=0.001)),
    ({"range_to": "0"}, Parameters(range_to=0.0)),
    ({"range_to": "1e-999"}, Parameters(range_to=0.0)),
    ({"range_to": "1e308"}, Parameters(range_to=1e308)),
    ({"Channels": "x", "unknown": "", "RANGE_FROM": "-1"}, Parameters()),
]
GOOD_CONFIGS: list[tuple[str, Parameters]] = [
    ("{}", Parameters()),
    (' \n{"max_speakers": 5}\t', Parameters(max_speakers=5)),
    ('{"max_speakers": 5.0}', Parameters(max_speakers=5)),
    ('{"max_speakers": 1e2}', Parameters(max_speakers=100)),
    ('{"total_speakers": 1}', Parameters(total_speakers=1)),
    ('{"total_speakers": 100000}', Parameters(total_speakers=100_000)),
    ('{"MAX_SPEAKERS": 0, "Total_Speakers": "a", "x": [null]}', Parameters()),
    ('{"max_speakers": 0, "max_speakers": 2}', Parameters(max_speakers=2)),
    ('{"max_speakers": 2, "total_speaker": 3}', Parameters(max_speakers=2)),
]
BAD_QUERIES = [
    ("channel_mode", "", "enum", "Expected 'split' or 'mix', got ''"),
    ("channel_mode", "MIX", "enum", "Expected 'split' or 'mix', got 'MIX'"),
    ("channel_mode", "mix ", "enum", "Expected 'split' or 'mix', got 'mix '"),
    *(
        ("channels", came, "value_error", f"Expected channel numbers with commas between, as in 0,1, got {came!r}")
        for came in (",", "0,", ",1", "0, 1", " 0", "0 ", "0\n", "-1", "+1", "a", "0;1", "1.0", "٣", "²", "[0]", "0x1")
    ),
    *(
        (name, came, "float_parsing", f"Expected a number of seconds, got {came!r}")
        for name in ("range_from", "range_to")
        for came in (
            "",
            " 1",
            "1 ",
            "1\n",
            "a",
            "1,5",
            "0x10",
            "1_0",
            "nan",
            "inf",
            "-inf",
            "1e999",
            ".",
            "e5",
            "٣",
            "--1",
        )
    ),
    *(
        (name, came, "greater_than_equal", f"Expected a number of at least 0, got {came!r}")
        for name in ("range_from", "range_to")
        for came in ("-1", "-0.01", "-1e-300")
    ),
]
BAD_SPEAKERS = [
    ("0", "greater_than_equal", "Expected an integer of at least 1, got 0"),
    ("-1", "greater_than_equal", "Expected an integer of at least 1, got -1"),
    ("-2.0", "greater_than_equal", "Expected an integer of at least 1, got -2.0"),
    ("1.5", "int_type", "Expected an integer, got 1.5"),
    ("1e999", "int_type", "Expected an integer, got inf"),
    ('"2"', "int_type", "Expected an integer, got '2'"),
    ("null", "int_type", "Expected an integer, got None"),
    ("true", "int_type", "Expected an integer, got True"),
    ("[2]", "int_type", "Expected an integer, got [2]"),
    ("{}", "int_type", "Expected an integer, got {}"),
]
NOT_JSON = ["", " ", "max_speakers=5", "{'max_speakers': 5}", '{"max_speakers": 5', "{} {}", '{"a": NaN}', "[Infinity]"]
NOT_AN_OBJECT = ["[]", "1", '"{}"', "null", "true", '[{"max_speakers": 2}]']


def refusal_of(query: dict[str, str], config: dict[str, object] | None = None) -> Refusal:
    with pytest.raises(Refusal) as caught:
        read_parameters(query, config)
    return caught.value


@pytest.mark.parametrize(("query", "expected"), GOOD_QUERIES, ids=lambda value: repr(value)[:60])
def test_a_good_query_is_read(query: dict[str, str], expected: Parameters) -> None:
    assert read_parameters(query, None) == expected


@pytest.mark.parametrize(("text", "expected"), GOOD_CONFIGS, ids=repr)
def test_a_good_config_is_read_and_unknown_keys_are_ignored(text: str, expected: Parameters) -> None:
    assert read_parameters({}, decode_config(text)) == expected


@pytest.mark.parametrize(("name", "came", "kind", "message"), BAD_QUERIES)
def test_a_bad_query_is_refused_with_its_place_and_value(name: str, came: str, kind: str, message: str) -> None:
    refusal = refusal_of({name: came})
    assert (refusal.status, refusal.type) == (422, ErrorType.VALIDATION)
    assert [(d.location, d.type, d.message) for d in refusal.detail] == [(("query", name), kind, message)]


@pytest.mark.parametrize("key", ["max_speakers", "total_speakers"])
@pytest.mark.parametrize(("came", "kind", "message"), BAD_SPEAKERS)
def test_a_bad_number_of_speakers_is_refused_with_its_place_and_value(
    key: str, came: str, kind: str, message: str
) -> None:
    refusal = refusal_of({}, decode_config(f'{{"{key}": {came}}}'))
    assert (refusal.status, refusal.type) == (422, ErrorType.VALIDATION)
    assert [(d.location, d.type, d.message) for d in refusal.detail] == [(("body", "config", key), kind, message)]


def test_both_limits_at_once_are_refused() -> None:
    (detail,) = refusal_of({}, {"max_speakers": 2, "total_speakers": 2}).detail
    assert (detail.location, detail.type) == (("body", "config"), "value_error")
    assert "Only one of max_speakers and total_speakers" in detail.message


def test_a_bad_limit_is_told_before_the_clash_of_the_two() -> None:
    (detail,) = refusal_of({}, {"max_speakers": 2, "total_speakers": None}).detail
    assert detail.location == ("body", "config", "total_speakers")


@pytest.mark.parametrize("text", [*NOT_JSON, "[" * 100_000, "1" * 5000, '{"a": 1' + "0" * 5000 + "}"], ids=repr)
def test_a_config_that_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(Refusal) as caught:
        decode_config(text)
    (detail,) = caught.value.detail
    assert (caught.value.status, detail.location, detail.type) == (422, ("body", "config"), "json_invalid")
    assert detail.message.startswith("Invalid JSON: ")
    assert len(detail.message) < 200


@pytest.mark.parametrize("text", NOT_AN_OBJECT)
def test_a_config_that_is_no_object_is_refused(text: str) -> None:
    with pytest.raises(Refusal) as caught:
        decode_config(text)
    (detail,) = caught.value.detail
    assert (caught.value.status, detail.location, detail.type) == (422, ("body", "config"), "dict_type")
    assert detail.message == f"Expected a JSON object, got {json.loads(text)!r}"


@given(st.text())
@example("[" * 1000)
@example('{"max_speakers": 1e400}')
def test_no_config_text_raises_anything_but_a_refusal(text: str) -> None:
    try:
        read_parameters({}, decode_config(text))
    except Refusal as refusal:
        assert refusal.status == 422  # noqa: PT017 - a config that is no refusal is right too


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
KEYS = st.sampled_from(["max_speakers", "total_speakers", "other"])


@given(st.dictionaries(KEYS, JSON_VALUES | st.integers(-1, 3), max_size=3))
def test_a_config_is_either_refused_or_holds_one_limit_of_at_least_one(config: dict[str, object]) -> None:
    try:
        read = read_parameters({}, decode_config(json.dumps(config)))
    except Refusal as refusal:
        assert {"max_speakers", "total_speakers"} & set(config)
        assert refusal.detail[0].location[:2] == ("body", "config")  # noqa: PT017 - see above
    else:
        limits = [limit for limit in (read.max_speakers, read.total_speakers) if limit is not None]
        assert len(limits) <= 1
        assert all(limit >= 1 for limit in limits)


@given(st.dictionaries(st.sampled_from(["channel_mode", "channels", "range_from", "range_to", "x"]), st.text()))
def test_no_query_raises_anything_but_a_refusal(query: dict[str, str]) -> None:
    try:
        read_parameters(query, None)
    except Refusal as refusal:
        assert refusal.status == 422  # noqa: PT017 - see above
        assert refusal.detail[0].location[0] == "query"  # noqa: PT017 - see above


@given(st.floats(0, allow_infinity=False))
def test_any_number_of_seconds_is_read_as_it_is_written(seconds: float) -> None:
    assert read_parameters({"range_from": repr(seconds)}, None).range_from == seconds


@given(st.lists(st.integers(0, 99), unique=True, max_size=8))
def test_channels_keep_the_order_asked_for(channels: list[int]) -> None:
    assert read_parameters({"channels": ",".join(map(str, channels))}, None).channels == tuple(channels)


def test_a_config_is_as_deep_as_the_journal_can_be_written_and_read() -> None:
    def nest(levels: int) -> str:
        return '{"a":' * (levels - 1) + "[]" + "}" * (levels - 1)

    assert decode_config(nest(DEEPEST))
    for text in (nest(DEEPEST + 1), nest(900), nest(100_000), '{"a": ' + "[" * 900 + "]" * 900 + "}"):
        with pytest.raises(Refusal) as caught:
            decode_config(text)
        assert (caught.value.status, caught.value.detail[0].type) == (422, "json_invalid")


def test_equal_parameters_are_one_object() -> None:
    assert read_parameters({}, {"total_speakers": 3}) is read_parameters({}, {"total_speakers": 3})
