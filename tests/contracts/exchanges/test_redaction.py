from __future__ import annotations

import json
from dataclasses import replace
from urllib.parse import quote

import pytest

from diarkit_contracts.exchanges.exchange import Answer, Exchange, Loss, Lost, Part, Request, describe_field
from diarkit_contracts.exchanges.history import START_PATH, read_history
from diarkit_contracts.exchanges.redaction import STRUCK, Redaction, list_secrets

REDACTION = Redaction(["Bearer s3cret-token", "pass word"])


def test_only_known_headers_of_a_request_keep_their_values() -> None:
    headers = (("Content-Type", "text/plain"), ("Authorization", "Bearer s3cret-token"), ("X-Whatever", "1"))
    assert REDACTION.strike_headers(headers) == (
        ("Content-Type", "text/plain"),
        ("Authorization", STRUCK),
        ("X-Whatever", STRUCK),
    )


def test_the_ids_of_a_call_are_kept_but_not_a_secret_in_them() -> None:
    trace = ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    headers = (("X-Request-ID", "d1a1"), ("x-correlation-id", "by s3cret-token"))
    assert REDACTION.strike_headers((*headers, trace)) == (headers[0], ("x-correlation-id", f"by {STRUCK}"), trace)


@pytest.mark.parametrize(
    "name",
    ["Set-Cookie", "www-authenticate", "Proxy-Authenticate", "X-Amz-Security-Token", "X-Session-Id", "X-Whatever"],
)
def test_what_an_answer_hands_out_is_struck(name: str) -> None:
    assert REDACTION.strike_headers(((name, "x"), ("X-Location", "/x"))) == (
        (name, STRUCK),
        ("X-Location", "/x"),
    )


def test_what_is_judged_stays() -> None:
    kept = tuple(
        (name, "1") for name in ("Date", "Retry-After", "X-RateLimit-Reset", "location", "x-location", "server")
    )
    assert REDACTION.strike_headers(kept) == kept


@pytest.mark.parametrize(
    ("part", "text"),
    [
        (describe_field("config", '{"max_speakers":  2}'), '{"max_speakers":  2}'),
        (describe_field("config", '{"total_speakers": 2, "key": "abc"}'), '{"total_speakers": 2, "key": "***"}'),
        (describe_field("config", '{"deep": [{"total_speakers": "abc"}]}'), '{"deep": "***"}'),
        (describe_field("config", "no JSON: abc"), STRUCK),
        (describe_field("config", '["abc"]'), STRUCK),
        (describe_field("password", "abc"), STRUCK),
        (describe_field("colour", "red, not s3cret-token"), f"red, not {STRUCK}"),
        (Part(name="password"), None),
    ],
)
def test_a_form_keeps_the_values_that_the_contract_has(part: Part, text: str | None) -> None:
    request = Request(method="POST", url="http://h/api", parts=(part,))
    (struck,) = REDACTION.strike(Exchange(request, Answer(status=200))).request.parts or ()
    assert struck == replace(part, text=text)


@pytest.mark.parametrize(
    "config",
    ['{"x": NaN}', '{"x": 1e999}', '{"x": 1, "x": 2}', '{"x": ' + "[" * 65 + "]" * 65 + "}"],
)
def test_a_config_whose_struck_values_decide_whether_it_is_valid_is_unknown(config: str) -> None:
    request = Request(method="POST", url=f"http://h{START_PATH}", parts=(describe_field("config", config),))
    struck = REDACTION.strike(Exchange(request, Answer(status=422)))
    (start,) = read_history([struck]).starts
    assert (start.config, start.knows_config) == (None, False)


def test_an_exchange_is_struck_in_all_its_places() -> None:
    secret = "s3cret-token"  # noqa: S105 - of a test
    request = Request(
        method="POST",
        url=f"http://u:{secret}@h/{secret}?key={secret}",
        headers=(("cookie", secret), ("host", secret)),
        parts=(Part(name="file", filename=f"{secret}.wav"),),
    )
    lost = Lost(kind=Loss.CUT, status=200, headers=(("server", secret), ("x-own", secret)), body=f'"{secret}'.encode())
    struck = REDACTION.strike(Exchange(request, lost))
    assert secret not in repr(struck)
    assert (struck.answer.status, struck.answer.body) == (200, b'"***')


def test_a_secret_that_is_echoed_is_struck_whole_or_in_its_words() -> None:
    assert REDACTION.strike_text("sent Bearer s3cret-token; s3cret-token") == f"sent {STRUCK}; {STRUCK}"
    assert REDACTION.strike_body(b'{"came": "s3cret-token", "word": 1}') == b'{"came": "***", "***": 1}'
    assert REDACTION.strike_text("Bearer of good news") == "Bearer of good news"


@pytest.mark.parametrize("secret", ['quo"te\\d', "pass%word/ä", "tab\there"])
def test_a_secret_is_struck_in_the_forms_that_json_and_urls_give_it(secret: str) -> None:
    redaction = Redaction([secret])
    for text in (secret, json.dumps(secret), json.dumps(secret, ensure_ascii=False), quote(secret, safe="")):
        assert redaction.strike_text(f"<{text}>").strip('<">') == STRUCK


def test_each_cookie_is_a_secret_of_its_own() -> None:
    redaction = Redaction(["sid=abcdef; theme=darkest"])
    assert redaction.strike_text("abcdef, darkest, sid=abcdef") == f"{STRUCK}, {STRUCK}, {STRUCK}"


@pytest.mark.parametrize(
    "harmless",
    ["done", "running", "application/json", "speaker_id", "resource.not-found", "split", "2026", "404", "Bearer"],
)
def test_what_answers_say_anyway_is_never_struck(harmless: str) -> None:
    assert Redaction([harmless, f"x={harmless}"]).strike_text(f"<{harmless}>") == f"<{harmless}>"


def test_headers_that_are_kept_are_no_secrets() -> None:
    assert list_secrets((("accept", "application/json"), ("User-Agent", "us/1"), ("X-Own", "s3cret"))) == ("s3cret",)


@pytest.mark.parametrize(
    "name",
    ["Origin", "referer", "Accept-Language", "X-Forwarded-Host", "x-request-id", "Sec-Fetch-Mode", "Cache-Control"],
)
def test_what_an_answer_may_repeat_is_not_searched_for_there(name: str) -> None:
    assert list_secrets(((name, "https://platform.example"),)) == ()


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
