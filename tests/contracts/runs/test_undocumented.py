from __future__ import annotations

import json

import pytest

from diarkit_contracts.exchanges.exchange import Answer, Exchange, Request
from diarkit_contracts.runs.undocumented import MOST, list_undocumented

URL = "http://stub/api/technology/speaker-diarization"
TASK = "0a1b2c3d-0000-4000-8000-00000000000f"
LOOK = Request(method="GET", url=f"{URL}/{TASK}")


def told(request: Request, status: int, body: object, *headers: tuple[str, str]) -> list[tuple[str, int, int]]:
    exchange = Exchange(request, Answer(status=status, headers=headers, body=json.dumps(body).encode()))
    return [(each.what, each.at, each.times) for each in list_undocumented([exchange, exchange], ("X-Location",))]


def result(**extra: object) -> dict[str, object]:
    segment = {"speaker_id": 0, "start_time": 0, "end_time": 1, **extra}
    channels = [{"channel_number": 0, "speakers_count": 1, "segments": [segment, segment]}]
    return {"task": {"task_id": TASK, "state": "done"}, "result": {"channels": channels}, "error": None}


def test_documented_fields_are_not_listed() -> None:
    assert told(LOOK, 200, result()) == []


def test_a_field_deep_in_a_list_is_listed_once_with_its_path() -> None:
    assert told(LOOK, 200, result(score=1)) == [("field result.channels[].segments[].score", 0, 2)]


def test_a_field_beside_the_envelope_is_listed_and_what_context_holds_is_not() -> None:
    detail = [{"location": ["body"], "message": "", "type": "", "context": {"limit": 1}}]
    envelope = {"type": "request.invalid", "message": "", "detail": detail, "trace": "x"}
    assert told(LOOK, 400, envelope) == [("field trace", 0, 2)]


@pytest.mark.parametrize("body", [[], "text", None, {"task": []}, {"task": {"state": "done"}, "result": [1]}])
def test_a_body_of_another_shape_is_for_the_clauses(body: object) -> None:
    assert told(LOOK, 200, body) == []


def test_headers_of_http_and_of_the_contract_are_not_listed() -> None:
    post = Request(method="POST", url=URL)
    headers = (("Date", "x"), ("X-LOCATION", "/x"), ("x-request-id", "1"), ("X-Powered-By", "me"))
    assert told(post, 202, {"task": {"task_id": TASK, "state": "pending"}}, *headers) == [("header X-Powered-By", 0, 2)]


def test_rate_headers_are_documented_for_429_only() -> None:
    headers = (("Retry-After", "1"), ("X-RateLimit-Limit", "1"))
    assert told(LOOK, 429, {"type": "request.rate-limit-exceeded", "message": ""}, *headers) == []
    assert [what for what, _, _ in told(LOOK, 200, result(), *headers)] == [
        "header Retry-After",
        "header X-Ratelimit-Limit",
    ]


@pytest.mark.parametrize("answers", [1, 3])
def test_names_are_bounded_in_an_answer_and_in_all(answers: int) -> None:
    exchanges = [
        Exchange(
            LOOK,
            Answer(
                status=200, headers=(), body=json.dumps({**result(), **{f"{at}-{n}": 0 for n in range(MOST)}}).encode()
            ),
        )
        for at in range(answers)
    ]
    assert len(list_undocumented(exchanges, ())) == MOST


def test_what_is_not_the_api_is_not_looked_at() -> None:
    assert told(Request(method="GET", url="http://stub/docs"), 200, {"x": 1}, ("X-Y", "z")) == []
