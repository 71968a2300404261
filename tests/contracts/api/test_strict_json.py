from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarkit_contracts.api.strict_json import StrictJsonError, decode_json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(VALUES)
def test_every_json_value_is_read_as_it_was_written(value: object) -> None:
    assert decode_json(json.dumps(value).encode()) == value


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "expected JSON in UTF-8, got b''"),
        (b"{", "expected JSON in UTF-8"),
        (b"{} {}", "Extra data"),
        (b'{"a": NaN}', "got NaN"),
        (b"[-Infinity]", "got -Infinity"),
        (b"[1e999]", "got 1e999, which is too large"),
        (b'{"a": {"b": 1, "b": 1}}', "got 'b' twice in one object"),
        ('"é"'.encode("latin-1"), "expected JSON in UTF-8"),
        (b"\xef\xbb\xbf{}", "expected JSON in UTF-8"),
        ("{}".encode("utf-16"), "expected JSON in UTF-8"),
        (b"[" * 100_000, "nested too deeply"),
    ],
)
def test_what_other_readers_understand_differently_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(StrictJsonError, match=reason):
        decode_json(data)


def test_a_long_text_is_shortened_in_the_error() -> None:
    with pytest.raises(StrictJsonError) as caught:
        decode_json(b"x" * 10_000)
    assert len(str(caught.value)) < 200
