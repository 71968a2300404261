from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarkit_mockserver.yaml_scalar import LONGEST_NUMBER, resolve_plain, resolve_scalar

TAG = "tag:yaml.org,2002:"


@pytest.mark.parametrize(
    "text",
    [
        "yes",
        "no",
        "on",
        "off",
        "y",
        "n",
        "Yes",
        "ON",
        "1:30",
        "190:20:30",
        "2026-01-31",
        "1_000",
        "0b11",
        "0,1",
        "9f86d0",
        "1.2.3",
        "- 1",
        "--1",
        "+",
        ".",
        "e5",
        "1e",
        "0x",
        "0o8",
        "0xg",
        "tRUE",
        "nULL",
        ".iNF",
        "-.nan",
        "=",
        "<<",
        "٣",
    ],
)
def test_what_only_yaml_1_1_converts_stays_a_text(text: str) -> None:
    assert resolve_plain(text) == text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("NULL", None),
        ("true", True),
        ("FALSE", False),
        ("012", 12),
        ("0o14", 12),
        ("0xC", 12),
        ("-7", -7),
        ("+7", 7),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("-1.5E-3", -0.0015),
        (".inf", math.inf),
        ("-.INF", -math.inf),
    ],
)
def test_the_core_schema_says_what_a_plain_scalar_is(text: str, value: object) -> None:
    read = resolve_plain(text)
    assert (read, type(read)) == (value, type(value))


def test_nan_is_a_number() -> None:
    assert math.isnan(float(str(resolve_plain(".nan"))))


@given(st.integers() | st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_as_python_writes_it_is_read_as_it_was(number: float) -> None:
    read = resolve_plain(repr(number))
    assert (read, type(read)) == (number, type(number))


@pytest.mark.parametrize("text", ["1", "true", "", "~", "1.5"])
def test_a_quoted_scalar_is_a_text_whatever_it_looks_like(text: str) -> None:
    assert resolve_scalar(text, None, quoted=True) == text


@pytest.mark.parametrize(
    ("tag", "text", "value"),
    [
        ("!", "1", "1"),
        (TAG + "str", "1", "1"),
        (TAG + "int", "1", 1),
        (TAG + "float", "1", 1.0),
        (TAG + "bool", "true", True),
        (TAG + "null", "", None),
    ],
)
def test_a_tag_counts_before_the_looks(tag: str, text: str, value: object) -> None:
    read = resolve_scalar(text, tag, quoted=True)
    assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize(
    ("tag", "text", "message"),
    [
        (TAG + "int", "x", "expected what the tag !!int says, got 'x'"),
        (TAG + "int", "true", "expected what the tag !!int says, got 'true'"),
        (
            TAG + "python/name:os.system",
            "",
            "expected no tag, or one of YAML's own, got tag:yaml.org,2002:python/name:os.system",
        ),
        ("!secret", "x", "expected no tag, or one of YAML's own, got !secret"),
    ],
)
def test_a_tag_that_is_unknown_or_does_not_fit_is_refused(tag: str, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        resolve_scalar(text, tag, quoted=False)
    assert str(caught.value) == message


def test_a_number_beyond_all_reason_is_refused_in_our_words() -> None:
    with pytest.raises(ValueError, match="expected a number of at most 1000 digits, got 5000"):
        resolve_plain("9" * 5000)
    assert resolve_plain("9" * LONGEST_NUMBER) == 10**LONGEST_NUMBER - 1
