from __future__ import annotations

import json
from typing import Any

import pytest

from diarkit_contracts.api.states import TaskState
from diarkit_contracts.exchanges.exchange import Loss
from diarkit_mockserver.intake.request import Request
from diarkit_mockserver.journal.access_log import describe_entry, escape, write_line
from diarkit_mockserver.journal.journal import Entry

EPOCH = 946_684_800
PATH = "/api/technology/speaker-diarization"
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def make_entry(**changed: Any) -> Entry:
    head = [(b"traceparent", TRACE.encode()), (b"authorization", b"geheim")]
    fields: dict[str, Any] = {
        "number": 3,
        "asked_at": 61_500_000,
        "answered_at": 61_503_250,
        "connection": 1,
        "request": Request("POST", PATH, "key=geheim", head, scheme="http", server="x:1"),
        "submission": None,
        "received": 320_044,
        "status": 202,
        "headers": ((b"x-request-id", b"r"), (b"x-correlation-id", b"c")),
        "body": b"x" * 77,
        "task_id": "t",
        "state": TaskState.PENDING,
        "rule": "filename='*.wav'",
        "note": "",
    }
    return Entry(**{**fields, **changed})


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, "202 pending, 320044 B in, 77 B out, 3.2 ms, rule filename='*.wav'"),
        ({"received": 0, "rule": ""}, "202 pending, 77 B out, 3.2 ms"),
        (
            {"status": 422, "state": None, "rule": "", "note": "body.file: Field required"},
            "422, 320044 B in, 77 B out, 3.2 ms, body.file: Field required",
        ),
        (
            {"status": 0, "body": b"", "lost": Loss.BEFORE_HEAD, "note": "fault connection", "rule": ""},
            "no answer pending, 320044 B in, 0 B out, 3.2 ms, fault connection",
        ),
    ],
)
def test_a_line_says_what_came_what_went_and_why(changed: dict[str, Any], said: str) -> None:
    assert write_line(make_entry(**changed), EPOCH) == f"2000-01-01 00:01:01.500Z POST {PATH} {said}"


@pytest.mark.parametrize("write", [write_line, lambda *told: json.dumps(describe_entry(*told))])
def test_neither_form_has_the_secrets_of_a_head(write: Any) -> None:
    assert "geheim" not in write(make_entry(), EPOCH)


def test_a_line_stays_one_line_whatever_a_client_sends() -> None:
    request = Request("GET", "/a\n2000-01-01 GET /b\x1b[2J\ud800\u202e", "", [], scheme="http", server="x:1")
    line = write_line(make_entry(request=request, note="\u2028"), EPOCH)
    assert "/a\\n2000-01-01 GET /b\\x1b[2J\\ud800\\u202e" in line
    assert line.endswith("\\u2028")
    assert len(line.splitlines()) == 1


def test_text_without_control_characters_stays_as_it_is() -> None:
    assert escape("Ľúbica 😀.wav") == "Ľúbica 😀.wav"


def test_programs_get_the_same_keys_for_each_exchange_and_no_ticks() -> None:
    told = describe_entry(make_entry(), EPOCH)
    assert json.loads(json.dumps(told)) == {
        "time": "2000-01-01T00:01:01.500000+00:00",
        "number": 3,
        "method": "POST",
        "path": PATH,
        "status": 202,
        "state": "pending",
        "bytes_in": 320_044,
        "bytes_out": 77,
        "milliseconds": 3.25,
        "task_id": "t",
        "rule": "filename='*.wav'",
        "reason": "",
        "lost": None,
        "faults": [],
        "limit": "",
        "request_id": "r",
        "correlation_id": "c",
        "traceparent": TRACE,
    }
    bare = Request("GET", "/", "", [], scheme="http", server="x:1")
    assert describe_entry(make_entry(request=bare, headers=()), EPOCH).keys() == told.keys()
