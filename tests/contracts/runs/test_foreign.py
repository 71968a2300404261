from __future__ import annotations

import pytest

from diarkit_contracts.exchanges.exchange import Answer, Exchange, Request
from diarkit_contracts.runs.foreign import find_foreign

URL = "http://127.0.0.1:8000/api/technology/speaker-diarization/x"
PAGE = (("content-type", "text/html"),)


def answer(status: int, body: bytes = b"<html>", *headers: tuple[str, str]) -> Exchange:
    return Exchange(Request(method="GET", url=URL), Answer(status=status, headers=(*PAGE, *headers), body=body))


def declare(status: int, body: bytes) -> Exchange:
    """Answer with what is declared as JSON."""
    told = Answer(status=status, headers=(("Content-Type", "application/json"),), body=body)
    return Exchange(Request(method="GET", url=URL), told)


@pytest.mark.parametrize(
    ("exchanges", "said"),
    [
        ([answer(200)] * 3, "none of 3 answers is of this API (most are 200): web pages answer"),
        ([answer(404)], "no answer is of this API (most are 404): /api/technology/speaker-diarization does not exist"),
        ([answer(301, b"", ("location", "https://a.example/"))], "it redirects to https://a.example/: use that URL"),
        ([answer(200, b"{}")], "web pages answer"),
        ([declare(404, b"404 page not found")] * 2, "does not exist below this URL"),
        ([declare(422, b"[]")], "is the platform at this URL?"),
        ([declare(422, b"")], "is the platform at this URL?"),
        ([answer(404), answer(501), answer(501)], "none of 3 answers is of this API (most are 501): web pages answer"),
    ],
)
def test_something_else_is_said_in_one_sentence(exchanges: list[Exchange], said: str) -> None:
    assert said in find_foreign(exchanges)


@pytest.mark.parametrize(
    "exchanges",
    [
        [],
        [answer(404, b'{"type": "resource.not-found"}'), answer(200), answer(200)],
        [declare(422, b'{"type": "request.validation-error",}')],
        *([answer(status)] for status in (401, 403, 407, 413, 429, 500, 502, 503)),
    ],
)
def test_what_may_stand_in_front_of_the_api_is_not_taken_for_something_else(exchanges: list[Exchange]) -> None:
    assert find_foreign(exchanges) == ""
