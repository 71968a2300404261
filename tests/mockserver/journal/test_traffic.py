from __future__ import annotations

from typing import Any

import pytest

from diarkit_contracts.api.states import TaskState
from diarkit_contracts.exchanges.exchange import Loss
from diarkit_mockserver.clock import SECOND
from diarkit_mockserver.intake.request import ENDPOINT, Request
from diarkit_mockserver.intake.submission import MediaFacts, Submission
from diarkit_mockserver.journal.journal import Entry
from diarkit_mockserver.journal.traffic import (
    Traffic,
    comes_after,
    is_heard,
    is_upload,
    read_task_id,
    tells_end,
)


def exchange(
    number: int = 1, method: str = "GET", path: str = f"{ENDPOINT}/t", status: int = 200, **more: Any
) -> Entry:
    fields: dict[str, Any] = {
        "asked_at": 0,
        "answered_at": 0,
        "connection": 1,
        "submission": None,
        "headers": (),
        "task_id": None,
        "state": None,
        "note": "",
        "follows": number - 1,
        **more,
    }
    request = Request(method, path, "", [], scheme="http", server="x:1")
    return Entry(number=number, status=status, request=request, received=0, body=b"", rule="", **fields)


def upload(number: int, filename: str, task_id: str, status: int = 202, **more: Any) -> Entry:
    submission = Submission(filename=filename, sha256="a" * 64, size=1, media=MediaFacts(kind="wav"))
    return exchange(number, "POST", ENDPOINT, status, task_id=task_id, submission=submission, **more)


def arrange(*entries: Entry) -> Traffic:
    return Traffic(entries=tuple(entries), now=0, open_connections=(), pace=0)


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", f"{ENDPOINT}/T", "t"),
        ("GET", f"/worlds/w{ENDPOINT}/t", "t"),
        ("GET", ENDPOINT, None),
        ("GET", f"{ENDPOINT}/", None),
        ("GET", f"{ENDPOINT}/t/more", None),
        ("DELETE", f"{ENDPOINT}/t", None),
        ("GET", "/api/system/info", None),
    ],
)
def test_polls_are_told_from_all_else(method: str, path: str, expected: str | None) -> None:
    assert read_task_id(exchange(method=method, path=path)) == expected


def test_the_canonical_id_counts_before_the_paths_spelling() -> None:
    assert read_task_id(exchange(path=f"{ENDPOINT}/%7Bt%7D", task_id="t")) == "t"


def test_uploads_are_told_from_all_else() -> None:
    assert is_upload(exchange(method="POST", path=f"/worlds/w{ENDPOINT}"))
    assert not is_upload(exchange(method="POST", path="/other"))
    assert not is_upload(exchange(method="GET", path=ENDPOINT))


@pytest.mark.parametrize(
    ("entry", "heard"),
    [
        (exchange(), True),
        (exchange(status=500), True),
        (exchange(status=0, lost=Loss.BEFORE_HEAD), False),
        (exchange(lost=Loss.CUT), False),
        (exchange(faults=("latency", "body:empty")), False),
        (exchange(faults=("latency", "drip")), True),
    ],
)
def test_what_a_client_could_not_read_it_has_not_heard(entry: Entry, *, heard: bool) -> None:
    assert is_heard(entry) is heard


@pytest.mark.parametrize(
    ("status", "state", "ends"),
    [
        (200, TaskState.DONE, True),
        (200, TaskState.FAILED, True),
        (200, TaskState.REJECTED, True),
        (200, TaskState.RUNNING, False),
        (200, TaskState.PENDING, False),
        (404, None, True),
        (429, None, False),
        (500, None, False),
    ],
)
def test_an_end_is_a_final_state_or_a_404(status: int, state: TaskState | None, *, ends: bool) -> None:
    assert tells_end(exchange(status=status, state=state)) is ends
    assert not tells_end(exchange(status=status, state=state, faults=("body:html",)))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"0", 0),
        (b"7", 7 * SECOND),
        (b"Thu, 01 Jan 1970 00:01:47 GMT", 6 * SECOND),  # a second less than to the date: it is no more exact
        (b"Thu, 01 Jan 1970 00:01:40 GMT", 0),
        (b"soon", None),
        (b"-1", None),
        (b"", None),
        (b"\xb2", None),
        (b"9" * 5_000, None),
    ],
)
def test_retry_after_is_whole_seconds_or_a_date(value: bytes, expected: int | None) -> None:
    def read(epoch: int | None, **parts: Any) -> int | None:
        traffic = Traffic(entries=(), now=0, open_connections=(), pace=0, epoch=epoch)
        return traffic.read_retry_after(exchange(answered_at=100 * SECOND, **parts))

    told = ((b"retry-after", value),)
    assert read(0, status=429, headers=told) == expected
    assert read(None, status=429, headers=told) == (expected if value in (b"0", b"7") else None)
    assert read(0, status=429) is None
    assert read(0, status=0, lost=Loss.BEFORE_HEAD, headers=told) is None


def test_what_comes_after_an_answer_comes_after_it_in_place_and_in_time() -> None:
    first = exchange(1, answered_at=5)
    assert comes_after(exchange(2, asked_at=5, follows=1), first)
    assert not comes_after(exchange(2, asked_at=5, follows=0), first)
    assert not comes_after(exchange(2, asked_at=4, follows=1), first)


def test_a_chain_is_an_accepted_upload_and_its_polls() -> None:
    refused = upload(2, "b", "unused", status=429)
    traffic = arrange(upload(1, "a", "t"), refused, exchange(3, task_id="t"), exchange(4, path=f"{ENDPOINT}/other"))
    assert [(one.task_id, [entry.number for entry in one.entries]) for one in traffic.chains] == [
        ("t", [1, 3]),
        ("other", [4]),
    ]
    assert [one.upload is None for one in traffic.chains] == [False, True]


@pytest.mark.parametrize(("fault", "hopeless"), [("task:stuck", True), ("task:lost", True), ("drip", False)])
def test_a_task_without_an_end_is_hopeless(fault: str, *, hopeless: bool) -> None:
    (chain,) = arrange(upload(1, "a", "t", faults=(fault,))).chains
    assert chain.is_hopeless is hopeless


def test_repeats_are_accepted_uploads_that_come_again() -> None:
    entries = (upload(1, "a", "t1"), upload(2, "b", "t2"), upload(3, "a", "t3"), upload(4, "a", "t4"))
    assert [(a.number, b.number) for a, b in arrange(*entries).list_repeats()] == [(1, 3), (3, 4)]


def test_an_upload_that_was_refused_unheard_or_is_still_on_its_way_may_be_sent_again() -> None:
    again = upload(2, "a", "t2")
    assert list(arrange(upload(1, "a", "t1", status=507), again).list_repeats()) == []
    assert list(arrange(upload(1, "a", "t1", lost=Loss.CUT), again).list_repeats()) == []
    assert list(arrange(upload(1, "a", "t1"), upload(2, "a", "t2", follows=0)).list_repeats()) == []
