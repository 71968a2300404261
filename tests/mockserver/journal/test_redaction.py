from __future__ import annotations

from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarkit_mockserver.journal.journal import REDACTED
from diarkit_mockserver.journal.redaction import hide_query, hide_values, is_secret


@pytest.mark.parametrize(
    "name",
    [
        "token",
        "access_token",
        "apikey",
        "API-Key",
        "x_auth",
        "passwd",
        "Password",
        "client_secret",
        "sig",
        "X-Amz-Signature",
        "session_id",
        "jwt",
        "credentials",
        "license",
    ],
)
def test_a_name_like_this_may_stand_for_a_secret(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize(
    "name", ["channels", "channel_mode", "range_from", "range_to", "max_speakers", "filename", "sigma"]
)
def test_a_name_like_this_stands_for_none(name: str) -> None:
    assert not is_secret(name)


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("", ""),
        ("channels=0&token=a%26b&x=1", "channels=0&token=%5Bredacted%5D&x=1"),
        ("to%6ben=a&token&=&&key=", "to%6ben=%5Bredacted%5D&token&=&&key=%5Bredacted%5D"),
    ],
)
def test_a_query_loses_secrets_and_nothing_else(query: str, told: str) -> None:
    assert hide_query(query) == told


@given(st.text(alphabet="ab=&%+token7", max_size=60))
def test_names_and_harmless_values_stay_whatever_a_client_sends(query: str) -> None:
    before, after = (parse_qsl(each, keep_blank_values=True) for each in (query, hide_query(query)))
    assert [name for name, _ in after] == [name for name, _ in before]
    for (name, was), (_, told) in zip(before, after, strict=True):
        assert told == (REDACTED if is_secret(name) and "=" in query else was) or was == ""


def test_values_are_hidden_however_deep() -> None:
    sent = {"a": 1, "token": {"b": 2}, "list": [{"password": None, "c": [3]}]}
    assert hide_values(sent) == {"a": 1, "token": REDACTED, "list": [{"password": REDACTED, "c": [3]}]}
