from __future__ import annotations

import hashlib
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

import pytest

from diarkit_contracts.clauses import refusal
from diarkit_contracts.clauses.catalogue import list_clauses
from diarkit_contracts.clauses.refusal import ROUNDING_S, Promise, read_promise
from diarkit_contracts.exchanges.exchange import Answer, Exchange, Request
from diarkit_contracts.exchanges.form import BOUNDARY

if TYPE_CHECKING:
    from collections.abc import Callable

CLAUSES = list_clauses(refusal)

URL = "http://127.0.0.1:8000/api/technology/speaker-diarization"
NEVER_GIVEN = "00000000-0000-4000-8000-000000000000"
ID = "0a1b2c3d-0000-4000-8000-00000000000f"
EMPTY = hashlib.sha256().hexdigest()
NOON = 1_767_268_800

MISTAKES: list[tuple[str, dict[str, Any]]] = [
    ("refusal.both-limits", {"config": {"max_speakers": 2, "total_speakers": 2}}),
    ("refusal.bad-config", {"config": "{"}),
    ("refusal.bad-config", {"config": []}),
    ("refusal.bad-config", {"config": {"max_speakers": 0}}),
    ("refusal.bad-config", {"config": {"max_speakers": 1.5}}),
    ("refusal.bad-config", {"config": '{"max_speakers": 1e999}'}),
    ("refusal.bad-config", {"config": {"total_speakers": -1}}),
    ("refusal.bad-config", {"config": {"total_speakers": "two"}}),
    ("refusal.bad-config", {"config": {"total_speakers": [2]}}),
    ("refusal.bad-query", {"query": {"channel_mode": "keep"}}),
    ("refusal.bad-query", {"query": {"channels": "0, 1"}}),
    ("refusal.bad-query", {"query": {"channels": "a"}}),
    ("refusal.bad-query", {"query": {"range_from": -1}}),
    ("refusal.bad-query", {"query": {"range_to": "soon"}}),
    ("refusal.missing-file", {"file": False}),
    ("refusal.broken-form", {"parts": None, "sent": (("Content-Type", "application/json"),)}),
    ("refusal.broken-form", {"parts": None, "sent": (("content-type", "multipart/form-data"),)}),
    ("refusal.broken-form", {"parts": None, "sent": (("content-type", f"multipart/form-data; boundary={BOUNDARY}"),)}),
]
NO_MISTAKES: list[dict[str, Any]] = [
    {"config": {}},
    {"config": {"max_speakers": None}},
    {"config": {"max_speakers": "2"}},
    {"config": {"max_speakers": 2.0}},
    {"query": {"range_from": "nan"}},
    {"query": {"range_from": 5, "range_to": 2}},
    {"query": {"channels": "17"}},
    {"sent": (("content-type", "application/json"),)},
    {"parts": None, "sent": (("content-type", "multipart/form-data; boundary=of-somebody"),)},
    {"parts": None},
]
BROKEN = [
    ("refusal.unknown-task", lambda s: s.get(NEVER_GIVEN, "pending")),
    ("refusal.unknown-task", lambda s: s.refuse("GET", f"{URL}/{NEVER_GIVEN}", 422)),
    ("refusal.bad-task-id", lambda s: s.get("17", "pending", body=TASK_17)),
    ("refusal.method", lambda s: s.refuse("DELETE", f"{URL}/{NEVER_GIVEN}", 404)),
    ("refusal.method", lambda s: s.add("PUT", URL, {})),
    ("refusal.type-of-status", lambda s: s.refuse("POST", URL, 403, body=b'{"type":"internal","message":""}')),
    ("refusal.method", lambda s: s.refuse("PUT", URL, 405, body=b'{"detail":"Method Not Allowed"}')),
    ("refusal.method", lambda s: s.refuse("PUT", URL, 405, body=b'{"type":"request.invalid","message":""}')),
    ("refusal.method", lambda s: s.refuse("PUT", URL, 405, extra=())),
    ("refusal.method", lambda s: s.refuse("PUT", URL, 405, extra=(("allow", "POST,PUT"),))),
    ("refusal.empty-file", lambda s: s.get(s.post(sha256=EMPTY), "done", (0, 1.0, 2.0))),
    ("refusal.retry-after", lambda s: refuse_twice(s, waited=2.0)),
    ("refusal.retry-after", lambda s: refuse(s, (0.0, 2, 2_000), (1.5, 3, 2_000), (3.0, 2, 2_000))),
    ("refusal.retry-after", lambda s: refuse(s, (0.0, 4, 2_000), (2.0, 2, 2_000), (5.0, 4, 2_005))),
    ("refusal.retry-after", lambda s: refuse(s, (0.0, 60, NOON + 50), date=NOON)),
    ("refusal.retry-after", lambda s: refuse(s, (0.0, 60, 60), date=NOON)),
]
TASK_17 = b'{"task":{"task_id":"0a1b2c3d-0000-4000-8000-00000000000f","state":"pending"}}'
CORRECT = [
    lambda s: s.refuse("GET", f"{URL}/{NEVER_GIVEN}", 404),
    *[lambda s, status=status: s.refuse("GET", f"{URL}/not-a-uuid", status) for status in (400, 404, 422)],
    lambda s: s.refuse("DELETE", URL, 405),
    lambda s: s.refuse("DELETE", URL, 405, headers=(), extra=()),  # a recording without headers
    lambda s: s.add("OPTIONS", URL, None),
    lambda s: s.add("DELETE", "http://a/elsewhere", None, status=204, body=b""),
    lambda s: refuse_twice(s, waited=1.9),
    lambda s: s.refuse("PUT", URL, 405, headers=(), body=b"<h1>Method Not Allowed</h1>"),
    lambda s: s.get(s.post(sha256=EMPTY, seconds=0), "rejected"),
    lambda s: s.get(s.post(sha256=EMPTY, seconds=0), "done"),
    lambda s: s.post(
        sha256=EMPTY, seconds=0, status=422, location=None, body=b'{"type":"request.validation-error","message":""}'
    ),
    # Who asks too early is told to wait longer: of another window, or one that is not named.
    lambda s: refuse(s, (0.0, 2, 2_000), (1.5, 3, 2_002), (3.0, 2, 2_003)),
    # What was let in before the end may have used up what the end gives.
    lambda s: [refuse(s, (0.0, 3, 2_000)), s.get(ID, sent_at=2.9), refuse(s, (4.0, 3, 2_000))],
    lambda s: [refuse(s, (0.0, 3, 2_000)), s.get(ID, sent_at=3.6), refuse(s, (4.0, 3, 2_000))],
    lambda s: refuse(s, (0.0, 60, NOON + 60), date=NOON),
    lambda s: refuse(s, (0.0, 60, NOON + 56), date=NOON),
    lambda s: refuse(s, (0.0, 60, NOON + 3600), date=NOON),
    lambda s: refuse(s, (0.0, 60, 60)),
]


def refuse(s: Any, *refusals: tuple[float, int, int | None], date: int | None = None) -> None:
    """Refuse for the rate: when, Retry-After, X-RateLimit-Reset."""
    for sent_at, seconds, reset in refusals:
        told = {"retry-after": seconds, "x-ratelimit-limit": 10, "x-ratelimit-remaining": 0, "x-ratelimit-reset": reset}
        extra = [(name, str(value)) for name, value in told.items() if value is not None]
        if date is not None:
            extra.append(("date", formatdate(date, usegmt=True)))
        s.refuse("POST", URL, 429, sent_at=sent_at, extra=tuple(extra))


def refuse_twice(s: Any, waited: float) -> None:
    s.refuse("POST", URL, 429, sent_at=1.0)  # answered at 1.5 with Retry-After 2
    s.refuse("POST", URL, 429, sent_at=1.5 + waited)


@pytest.mark.parametrize(("clause", "sent"), MISTAKES)
def test_a_mistake_that_is_processed_is_caught_by_its_clause_alone(
    script: Any, clause: str, sent: dict[str, Any]
) -> None:
    script.get(script.post(**sent), "done", (0, 1.0, 2.0))
    assert set(script.findings()) == {clause}


@pytest.mark.parametrize(("clause", "sent"), MISTAKES)
@pytest.mark.parametrize("status", [400, 422])
def test_a_mistake_may_be_refused_with_either_status(
    script: Any, clause: str, sent: dict[str, Any], status: int
) -> None:
    kind = {400: "request.invalid", 422: "request.validation-error"}[status]
    script.post(**sent, status=status, body=b'{"type":"%s","message":""}' % kind.encode(), location=None)
    assert script.findings() == {}
    assert clause in script.observed()


@pytest.mark.parametrize(("clause", "sent"), MISTAKES)
@pytest.mark.parametrize("end", ["rejected", "failed"])
def test_a_mistake_may_be_accepted_and_then_not_processed(
    script: Any, clause: str, sent: dict[str, Any], end: str
) -> None:
    task = script.post(**sent)
    script.get(task, "pending")
    assert clause not in script.observed()
    script.get(task, end)
    assert script.findings() == {}
    assert clause in script.observed()


@pytest.mark.parametrize("sent", NO_MISTAKES)
def test_what_the_documents_leave_open_is_no_mistake(script: Any, sent: dict[str, Any]) -> None:
    script.get(script.post(**sent), "done")
    assert not {clause for clause in script.observed() if clause in {clause for clause, _ in MISTAKES}}


@pytest.mark.parametrize("status", [403, 413, 429, 507])
def test_a_refusal_for_another_reason_says_nothing_of_a_mistake(script: Any, status: int) -> None:
    script.refuse("POST", f"{URL}?channel_mode=keep", status)
    assert "refusal.bad-query" not in script.observed()


@pytest.mark.parametrize(("clause", "write"), BROKEN)
def test_a_wrong_refusal_is_caught_by_its_clause_alone(script: Any, clause: str, write: Callable[[Any], None]) -> None:
    write(script)
    assert set(script.findings()) == {clause}


@pytest.mark.parametrize("write", CORRECT)
def test_a_correct_refusal_passes(script: Any, write: Callable[[Any], None]) -> None:
    write(script)
    assert script.findings() == {}


def test_every_clause_has_a_server_that_breaks_it() -> None:
    assert {clause for clause, _ in [*MISTAKES, *BROKEN]} == {clause.id for clause in CLAUSES}


@pytest.mark.parametrize("status", [401, 407, 429, 503])
def test_a_server_that_is_busy_says_nothing_of_the_request(script: Any, status: int) -> None:
    for method, path in (("GET", "/00000000-0000-4000-8000-000000000000"), ("GET", "/17"), ("PUT", "/17")):
        script.refuse(method, URL + path, status)
    judged = {"refusal.unknown-task", "refusal.bad-task-id", "refusal.method"}
    assert not judged & script.observed()


def test_a_window_without_a_name_may_be_another_one(script: Any) -> None:
    refuse(script, (0.0, 2, None), (1.5, 3, None), (3.0, 2, None))
    assert "refusal.retry-after" not in script.findings()


def test_an_empty_file_that_is_refused_for_another_reason_is_not_judged(script: Any) -> None:
    script.post(sha256=EMPTY, status=429, location=None)
    assert "refusal.empty-file" not in script.observed()


def announce(*headers: tuple[str, str]) -> Exchange:
    request = Request(method="GET", url="http://stub/api/system/info", sent_at=1.0)
    return Exchange(request, Answer(status=429, headers=headers, received_at=1.5))


def test_a_wait_counts_from_when_it_was_told() -> None:
    promise = read_promise(3, announce(("retry-after", "20"), ("X-RateLimit-Reset", "77")))
    assert promise == Promise(at=3, announced_at=1.5, seconds=20, reset="77")
    assert promise.end == 21.5


@pytest.mark.parametrize("told", ["", "1.5", "-1", "²", "9" * 5_000, "soon", "Fri, 31 Dec 2027 23:59:59 GMT"])
def test_what_is_no_number_of_seconds_promises_nothing(told: str) -> None:
    assert read_promise(0, announce(("Retry-After", told))) is None
    assert read_promise(0, announce()) is None


@pytest.mark.parametrize(
    ("reset", "later_s", "holds"),
    [("77", ROUNDING_S + 0.1, "earlier"), ("77", ROUNDING_S, "later"), ("78", 10.0, "later"), ("", 10.0, "later")],
)
def test_the_earlier_promise_holds_for_the_same_window_only(reset: str, later_s: float, holds: str) -> None:
    earlier = Promise(at=0, announced_at=0.0, seconds=10, reset="77" if reset else "")
    later = Promise(at=1, announced_at=later_s, seconds=10, reset=reset)
    assert later.follow(earlier) is {"earlier": earlier, "later": later}[holds]
    assert later.follow(None) is later
