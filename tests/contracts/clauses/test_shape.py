from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from diarkit_contracts.api.profiles import PROFILES
from diarkit_contracts.clauses import shape
from diarkit_contracts.clauses.catalogue import find_clause, list_clauses
from diarkit_contracts.clauses.clause import judge
from diarkit_contracts.exchanges.exchange import Exchange, Loss, Lost, Request
from diarkit_contracts.exchanges.history import read_history

if TYPE_CHECKING:
    from collections.abc import Callable

CLAUSES = list_clauses(shape)

URL = "http://127.0.0.1:8000/api/technology/speaker-diarization"
ID = "0a1b2c3d-0000-4000-8000-00000000000f"
NO_SPEECH = '{"channels":[{"channel_number":0,"speakers_count":0,"segments":[]}]}'


def ask_with_ids(s: Any, *came: tuple[str, str], sent: tuple[tuple[str, str], ...] = ()) -> None:
    s.get(ID, extra=came, sent=sent)


def write_done(result: str, more: str = "") -> bytes:
    return f'{{"task":{{"task_id":"{ID}","state":"done"}},"result":{result}{more}}}'.encode()


BROKEN = [
    ("shape.status", "200 for 202", lambda s: s.post(status=200)),
    ("shape.status", "500", lambda s: s.refuse("GET", f"{URL}/{ID}", 500)),
    ("shape.status", "411 for a body with its length", lambda s: s.refuse("POST", URL, 411)),
    ("shape.status", "405 on a declared method", lambda s: s.refuse("POST", URL, 405)),
    ("shape.status", "401 among answers", lambda s: [s.get(ID), s.add("GET", f"{URL}/{ID}", None, status=401), s.get(ID)]),
    ("shape.status", "503 of the system", lambda s: s.refuse("GET", "http://a/api/system/info", 503)),
    ("shape.content-type", "text", lambda s: s.get(ID, headers=(("Content-Type", "text/plain"),))),
    ("shape.content-type", "none", lambda s: s.post(headers=())),
    ("shape.json", "NaN", lambda s: s.get(ID, body=write_done('{"channels":[]}', ',"extra":NaN'))),
    ("shape.json", "a key twice", lambda s: s.get(ID, body=write_done('{"channels":[],"channels":[]}'))),
    ("shape.json", "Latin-1", lambda s: s.get(ID, body=write_done('{"channels":[]}', ',"extra":"é"').decode().encode("latin1"))),
    ("shape.json", "no JSON", lambda s: s.refuse("GET", f"{URL}/{ID}", 404, body=b"not found")),
    ("shape.json", "nothing", lambda s: s.refuse("GET", f"{URL}/{ID}", 404, body=b"")),
    ("shape.schema", "unknown state", lambda s: s.get(ID, "finished")),
    ("shape.schema", "done without result", lambda s: s.get(ID, body=write_done("null"))),
    ("shape.schema", "error beside the result", lambda s: s.get(ID, body=write_done('{"channels":[]}', ',"error":{"type":"internal","message":""}'))),
    ("shape.schema", "no id while it runs", lambda s: s.get(ID, "running", body=b'{"task":{"state":"running"}}')),
    ("shape.content-type", "a page in place of a task", lambda s: s.get(ID, headers=PAGE)),
    ("shape.schema", "text for a time", lambda s: s.get(ID, "done", (0, "1.5", 2.0))),
    ("shape.schema", "a time below 0", lambda s: s.get(ID, "done", (0, -0.01, 2.0))),
    ("shape.schema", "404 of a framework", lambda s: s.refuse("GET", f"{URL}/{ID}", 404, body=b'{"detail":"Not Found"}')),
    ("shape.schema", "rejected without error", lambda s: s.get(ID, "rejected", body=b'{"task":{"task_id":"%s","state":"rejected"}}' % ID.encode())),
    ("shape.schema", "202 without a task", lambda s: s.post(body=b"{}")),
    ("shape.schema", "null for the message of a refusal", lambda s: s.refuse("GET", f"{URL}/{ID}", 404, body=b'{"type":"resource.not-found","message":null}')),
    ("shape.schema", "null for a place", lambda s: s.refuse("GET", f"{URL}/{ID}", 404, body=b'{"type":"resource.not-found","message":"","detail":[{"location":null}]}')),
    ("shape.schema", "null for the type of a task's error", lambda s: s.get(ID, "failed", body=FAILED % b'{"type":null,"message":""}')),
    ("shape.schema", "null for a count", lambda s: s.get(ID, body=write_done('{"channels":[{"channel_number":0,"speakers_count":null,"segments":[]}]}'))),
    ("shape.schema", "details without number", lambda s: s.refuse("GET", f"{URL}/{ID}", 404, body=b'{"type":"resource.not-found","message":"","detail":[%s]}' % b",".join([b'{"message":"","location":[]}'] * 1000))),
    ("shape.headers", "no X-Location", lambda s: s.post(location=None)),
    ("shape.rate-headers", "none", lambda s: s.refuse("POST", URL, 429, extra=())),
    ("shape.ids-echoed", "another id", lambda s: ask_with_ids(s, ("X-Request-Id", "8"), sent=(("x-request-id", "7"),))),
    ("shape.ids-echoed", "the one as the other", lambda s: ask_with_ids(s, ("x-correlation-id", "7"), sent=(("x-request-id", "7"), ("X-Correlation-ID", "9")))),
    ("shape.ids-echoed", "a part of it", lambda s: ask_with_ids(s, ("x-request-id", "70"), sent=(("x-request-id", "7"),))),
    ("shape.ids-echoed", "nothing for one that was sent", lambda s: ask_with_ids(s, ("x-request-id", ""), sent=(("x-request-id", "7"),))),
    ("shape.ids-echoed", "none", lambda s: ask_with_ids(s, ("x-request-id", " "))),
    ("shape.server-error", "500 for a path of its own", lambda s: s.refuse("GET", "http://a/status", 500)),
]  # fmt: skip

PAGE = (("content-type", "text/html; charset=utf-8"),)
RUNNING = b'{"task":{"task_id":"%s","state":"running"},%%s}' % ID.encode()

FAILED = b'{"task":{"task_id":"%s","state":"failed"},"result":null,"error":%%s}' % ID.encode()

RATE_AS_DATE = (
    ("Retry-After", "Fri, 31 Dec 2027 23:59:59 GMT"),
    ("X-RateLimit-Limit", "10"),
    ("X-RateLimit-Remaining", "0"),
    ("X-RateLimit-Reset", "1767225600.5"),
)

CORRECT = [
    ("411 for a body without its length", lambda s: s.refuse("POST", URL, 411, sent=(("Transfer-Encoding", "chunked"),))),
    ("a date in Retry-After", lambda s: s.refuse("POST", URL, 429, extra=RATE_AS_DATE)),
    ("501 for a path of its own", lambda s: s.refuse("GET", "http://a/status", 501)),
    ("null for what an error leaves out", lambda s: s.refuse("GET", f"{URL}/{ID}", 404, body=b'{"type":"resource.not-found","message":"","detail":null}')),
    ("null for what a task's error leaves out", lambda s: s.get(ID, "failed", body=FAILED % b'{"type":"internal","message":"","detail":[{"location":[],"context":null}]}')),
    ("who it is, wanted to know by a proxy", lambda s: s.add("GET", f"{URL}/{ID}", None, status=401, headers=PAGE, body=b"<html>")),
    ("an upload that took too long", lambda s: s.add("POST", URL, None, status=408, headers=PAGE, body=b"<html>")),
    ("too large for a proxy", lambda s: s.add("POST", URL, None, status=413, headers=PAGE, body=b"<html>")),
    ("the ids that were sent", lambda s: ask_with_ids(s, ("x-request-id", "7"), ("X-Correlation-Id", "9"), sent=(("X-Request-ID", "7"), ("x-correlation-id", "9")))),
    ("ids of its own where none was sent", lambda s: ask_with_ids(s, ("x-request-id", "1f"), ("x-correlation-id", "2e"))),
    ("no ids", lambda s: ask_with_ids(s, sent=(("x-request-id", "7"),))),
    ("the id that was sent beside that of a proxy", lambda s: ask_with_ids(s, ("x-request-id", "edge-1"), ("x-request-id", "7"), sent=(("x-request-id", "7"),))),
    ("the id that was sent behind that of a proxy", lambda s: ask_with_ids(s, ("x-request-id", "edge-1, 7"), sent=(("x-request-id", "7"),))),
    ("an id that is a list by its looks", lambda s: ask_with_ids(s, ("x-request-id", "7, 8"), sent=(("x-request-id", "7, 8"),))),
    ("the first of two ids", lambda s: ask_with_ids(s, ("x-request-id", "7"), sent=(("x-request-id", "7"), ("X-Request-Id", "8")))),
    ("an id that was struck out in part", lambda s: ask_with_ids(s, ("x-request-id", "7-8"), sent=(("x-request-id", "7-***"),))),
    ("an id that was struck out", lambda s: ask_with_ids(s, ("x-request-id", "7"), sent=(("x-request-id", "***"),))),
    ("without the empty keys", lambda s: s.get(ID, body=write_done('{"channels":[]}'))),
    ("with a field of its own", lambda s: s.get(ID, body=write_done('{"channels":[],"model":"xl5"}', ',"took":1.5'))),
    ("with a charset", lambda s: s.get(ID, headers=(("content-type", "Application/JSON; charset=utf-8"),))),
    ("no speech", lambda s: s.get(ID, body=write_done(NO_SPEECH))),
    ("an error without detail", lambda s: s.refuse("GET", f"{URL}/{ID}", 404, body=json.dumps({"type": "resource.not-found", "message": ""}).encode())),
    ("under a prefix", lambda s: s.refuse("GET", f"http://a/worlds/b/api/technology/speaker-diarization/{ID}", 404)),
    ("storage full", lambda s: s.refuse("POST", URL, 507)),
    ("too many requests", lambda s: s.refuse("POST", URL, 429)),
    ("the status of the system", lambda s: s.add("GET", "http://a/api/system/status", None, headers=(), body=b"")),
    ("the version of the system", lambda s: s.add("GET", "http://a/api/system/info", {"version": "3.6.0"})),
    ("a page nobody described", lambda s: s.add("GET", "http://a/docs", None, headers=(), body=b"<html>")),
]  # fmt: skip


@pytest.mark.parametrize(("clause", "name", "write"), BROKEN, ids=[f"{clause}-{name}" for clause, name, _ in BROKEN])
def test_a_broken_shape_is_caught_by_its_clause_alone(
    script: Any, clause: str, name: str, write: Callable[[Any], None]
) -> None:
    write(script)
    assert set(script.findings()) == {clause}


@pytest.mark.parametrize(("name", "write"), CORRECT, ids=[name for name, _ in CORRECT])
def test_a_correct_shape_passes(script: Any, name: str, write: Callable[[Any], None]) -> None:
    write(script)
    assert script.findings() == {}


@pytest.mark.parametrize("told", [b'"result":{"segments":[]}', b'"error":{"type":"other","message":""}', b'"result":0'])
def test_what_is_told_too_early_has_to_be_right_all_the_same(script: Any, told: bytes) -> None:
    script.get(ID, "running", body=RUNNING % told)
    assert script.findings() == {"shape.schema": "error", "task.nothing-before-end": "warning"}


@pytest.mark.parametrize(("body", "broken"), [(None, {}), (b'{"detail":"No"}', {"shape.schema": "error"})])
def test_a_refusal_of_a_later_generation_has_the_same_envelope(script: Any, body: bytes | None, broken: object) -> None:
    script.refuse("POST", URL, 405, body=body)
    assert script.findings(PROFILES["5.0"]) == broken


def test_a_long_result_that_is_wrong_says_where_all_the_same(script: Any) -> None:
    """What is beside it is judged no further than is right for a small one."""
    segments = [{"speaker_id": 0, "start_time": n, "end_time": n + 0.5} for n in range(1000)]
    channel = {"channel_number": 0, "speakers_count": 1, "segments": [*segments, {"speaker_id": "0"}]}
    script.get(ID, body=write_done(json.dumps({"channels": [channel]})))
    (broken,) = judge(find_clause("shape.schema"), read_history(script.exchanges)).broken
    assert "segments[1000]" in str(broken.fault)


def test_every_clause_has_a_server_that_breaks_it() -> None:
    assert {clause for clause, _, _ in BROKEN} | {"shape.whole-answer"} == {clause.id for clause in CLAUSES}


@pytest.mark.parametrize(
    ("lost", "broken"),
    [
        ((), 0),
        (("a",), 0),
        (("a", "b"), 0),
        (("a", "a"), 2),
        (("a", "b", "a"), 2),
        (("a", "look at a"), 2),
        (("look at a", "look at a", "look at a"), 3),
    ],
)
def test_what_is_lost_twice_is_a_finding_of_a_run_of_ours_alone(
    script: Any, lost: tuple[str, ...], broken: int
) -> None:
    uploads = {
        name: script.exchanges[-1].request
        for name in ("a", "b")
        if script.post(sha256=name * 64, task_id=ID if name == "a" else None)
    }
    script.get(ID)
    requests = uploads | {"look at a": script.exchanges[-1].request}
    exchanges = [*script.exchanges, *(Exchange(requests[name], Lost(kind=Loss.CUT)) for name in lost)]
    judged = judge(find_clause("shape.whole-answer"), read_history(exchanges, given_up=frozenset()))
    assert len(judged.broken) == broken
    assert all(exchanges[len(script.exchanges) + ~each.at].answer == Lost(kind=Loss.CUT) for each in judged.broken)
    assert judge(find_clause("shape.whole-answer"), read_history(exchanges)).observations == ()


def test_a_body_that_was_not_recorded_is_not_judged(script: Any) -> None:
    script.add("GET", f"{URL}/0a1b2c3d-0000-4000-8000-00000000000f", {}, body=b"{")
    (exchange,) = script.exchanges
    assert "shape.json" in script.findings()
    script.exchanges[:] = [replace(exchange, answer=replace(exchange.answer, is_body_known=False))]
    assert script.findings() == {}


@pytest.mark.parametrize(("header", "broken"), [("Content-Length", 1), ("X-Length", 0)])
def test_an_answer_has_one_way_to_find_its_end(script: Any, header: str, broken: int) -> None:
    script.post(extra=(("transfer-encoding", "chunked"), (header, "9")))
    judged = judge(find_clause("shape.whole-answer"), read_history(script.exchanges, given_up=frozenset()))
    assert len(judged.broken) == broken


def test_a_client_that_goes_away_has_lost_nothing() -> None:
    history = read_history(
        [Exchange(Request(method="GET", url=URL), Lost(kind=Loss.GIVEN_UP))] * 2, given_up=frozenset()
    )
    assert judge(find_clause("shape.whole-answer"), history).broken == ()
