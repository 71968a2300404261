from __future__ import annotations

import pytest

from diarkit_contracts.redaction import STRUCK, Redaction

REDACTION = Redaction(["Bearer s3cret-token", "pass word"])


def test_only_known_headers_of_a_request_keep_their_values() -> None:
    headers = (("Content-Type", "text/plain"), ("Authorization", "Bearer s3cret-token"), ("X-Whatever", "1"))
    assert REDACTION.strike_request_headers(headers) == (
        ("Content-Type", "text/plain"),
        ("Authorization", STRUCK),
        ("X-Whatever", STRUCK),
    )


@pytest.mark.parametrize("name", ["Set-Cookie", "www-authenticate", "Proxy-Authenticate"])
def test_what_an_answer_hands_out_is_struck(name: str) -> None:
    assert REDACTION.strike_answer_headers(((name, "x"), ("X-Location", "/x"))) == (
        (name, STRUCK),
        ("X-Location", "/x"),
    )


def test_a_secret_that_is_echoed_is_struck_whole_or_in_its_words() -> None:
    assert REDACTION.strike_text("sent Bearer s3cret-token; s3cret-token") == f"sent {STRUCK}; {STRUCK}"
    assert REDACTION.strike_body(b'{"came": "s3cret-token", "word": 1}') == b'{"came": "***", "***": 1}'
    assert REDACTION.strike_text("Bearer of good news") == "Bearer of good news"


def test_short_texts_are_not_searched_for() -> None:
    assert Redaction(["a", ""]).strike_text("banana") == "banana"


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("http://user:pw@host:8000/api/x", "http://host:8000/api/x"),
        ("http://host/api?channels=0,1&range_to=2", "http://host/api?channels=0,1&range_to=2"),
        ("http://host/api?channels=0,%201", "http://host/api?channels=0,%201"),
        ("http://host/api?token=abc&channels=", "http://host/api?token=***&channels="),
        ("http://host/x/s3cret-token", "http://host/x/***"),
        ("http://host/api#s", "http://host/api"),
    ],
)
def test_a_url_keeps_where_it_leads(url: str, kept: str) -> None:
    assert REDACTION.strike_url(url) == kept
