"""What becomes of a request to a proxy, and of its answer. Long, as each row of rules, faults and headers is a way through one decision.

Longer than other files, as each kind of rule and fault is played before a live platform.
"""

from __future__ import annotations

import http.client
import json
import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from diarkit_contracts.exchanges.exchange import Loss, Lost
from diarkit_mockserver.intake.request import ENDPOINT
from diarkit_mockserver.scenario.answer import HttpAnswer
from diarkit_mockserver.scenario.faults import Fault
from diarkit_mockserver.scenario.limits import Limits, Rate
from diarkit_mockserver.scenario.model import Rule, Scenario, Then
from diarkit_mockserver.scenario.when import When

if TYPE_CHECKING:
    from collections.abc import Callable

DONE = Scenario(course="immediate", rules=(Rule(then=Then(speakers=2)),))
MIX = Rule(when=When(channel_mode="mix"), then=Then(speakers=3))
NAMED = Rule(when=When(filename="b*"), then=Then(failed="by a rule"))


def poll(ask: Any, accepted: Any) -> Any:
    """Ask for the task that an upload was told."""
    return ask(accepted.header("x-location"))


def test_an_answer_is_the_platforms_but_for_where_it_leads(stand_before: Any, submit: Any, ask: Any) -> None:
    proxied = stand_before(DONE)
    accepted = submit(proxied.url, b"x")
    (task,) = proxied.live.tasks
    assert accepted.header("x-location") == f"{proxied.url}{ENDPOINT}/{task.task_id}"
    behind = next(iter(proxied.live.journal))
    own = {(name.decode(), value.decode()) for name, value in behind.headers}
    assert {pair for pair in accepted.headers if pair[0] != "content-length"} ^ own == {
        ("x-location", accepted.header("x-location")),
        ("x-location", accepted.header("x-location").replace(proxied.url, f"http://{behind.request.headers['host']}")),
    }
    answer = poll(ask, accepted)
    assert json.loads(answer.body)["task"]["state"] == "done"
    assert answer.body == list(proxied.live.journal)[1].body
    assert proxied.last.state == "done"
    assert proxied.last.task_id == task.task_id


def test_what_is_sent_comes_to_the_platform(stand_before: Any, stub: Any, ask: Any) -> None:
    live = stub(b"HTTP/1.1 418 Teapot\r\nContent-Length: 2\r\nX-A: 1\r\nX-A: 2\r\nKeep-Alive: 5\r\n\r\nhi")
    proxied = stand_before(live.url, prefix="/below", headers=(("X-Own", "of the way"),))
    headers = {
        "Authorization": "Bearer s3cret", "X-Own": "of the client", "Connection": "X-Hop", "X-Hop": "1", "TE": "trailers",
        "Accept-Encoding": "br", "X-Forwarded-For": "10.0.0.1",
    }  # fmt: skip
    answer = ask(proxied.url, "PATCH", "/api/else/w%C3%A9?a=%20&b", b"body", headers)
    (asked,) = live.asked
    head, _, body = asked.partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    assert first == b"PATCH /below/api/else/w%C3%A9?a=%20&b HTTP/1.1"
    assert body == b"body"
    sent = {name.lower(): value for name, value in (line.split(b": ", 1) for line in lines)}
    assert sent == {
        b"host": urlsplit(live.url).netloc.encode(), b"accept-encoding": b"identity", b"content-length": b"4",
        b"authorization": b"Bearer s3cret", b"x-own": b"of the way", b"x-forwarded-for": b"10.0.0.1",
    }  # fmt: skip
    assert (answer.status, answer.body) == (418, b"hi")
    assert [pair for pair in answer.headers if pair[0] != "content-length"] == [("x-a", "1"), ("x-a", "2")]


@pytest.mark.parametrize(
    ("told", "led"),
    [
        ("{live}/up/api/technology/speaker-diarization/1", "{proxy}/api/technology/speaker-diarization/1"),
        (
            "https://inside:8443/api/technology/speaker-diarization/1?a=b",
            "{proxy}/api/technology/speaker-diarization/1?a=b",
        ),
        ("/up/api/technology/speaker-diarization/1", "/api/technology/speaker-diarization/1"),
        ("{live}/up/else", "{proxy}/else"),
        ("{live}/outside", "{live}/outside"),
        ("https://elsewhere/login", "https://elsewhere/login"),
        ("speaker-diarization/1", "speaker-diarization/1"),
    ],
)
@pytest.mark.parametrize("name", ["X-Location", "Location"])
def test_what_leads_to_the_platform_leads_to_the_proxy(
    stand_before: Any, stub: Any, ask: Any, name: str, told: str, led: str
) -> None:
    live = stub()
    live.answer = f"HTTP/1.1 302 F\r\n{name}: {told.format(live=live.url)}\r\nContent-Length: 0\r\n\r\n".encode()
    proxied = stand_before(live.url, prefix="/up")
    assert ask(proxied.url, path="/x").header(name) == led.format(live=live.url, proxy=proxied.url)


def test_a_world_and_an_external_address_are_in_what_leads_back(stand_before: Any, submit: Any) -> None:
    proxied = stand_before(DONE, external_url="https://public.example/p")
    proxied.platform.open_world("one")
    accepted = submit(f"{proxied.url}/worlds/one", b"x")
    assert accepted.header("x-location").startswith(f"https://public.example/p/worlds/one{ENDPOINT}/")
    assert [entry.request.path for entry in proxied.live.journal] == [ENDPOINT]
    assert submit(f"{proxied.url}/worlds/none", b"x").status == 404
    assert proxied.forwarded == 1


def test_a_rule_of_the_head_keeps_a_request_from_the_platform(stand_before: Any, submit: Any, ask: Any) -> None:
    proxied = stand_before(DONE, Scenario(course="immediate", rules=(MIX,)))
    accepted = submit(proxied.url, b"x", query="channel_mode=mix")
    assert json.loads(poll(ask, accepted).body)["result"]["channels"][0]["speakers_count"] == 3
    assert proxied.forwarded == 0
    assert submit(proxied.url, b"x", query="channel_mode=split").status == 202
    assert proxied.forwarded == 1


def test_a_rule_of_the_head_counts_its_uses(stand_before: Any, submit: Any) -> None:
    rule = Rule(then=Then(http=HttpAnswer(status=429, retry_after=1)), times=1)
    proxied = stand_before(DONE, Scenario(rules=(rule,)))
    assert [submit(proxied.url, b"x").status for _ in range(3)] == [429, 202, 202]
    assert proxied.forwarded == 2


@pytest.mark.parametrize(
    ("more", "asked"),
    [
        ({}, 2),  # the head is enough
        ({"filename": "*.wav"}, 3),  # the body has to be seen, so the platform gets it
    ],
)
def test_a_rule_for_the_third_upload_answers_that_one(
    stand_before: Any, submit: Any, ask: Any, more: dict[str, str], asked: int
) -> None:
    third = Rule(when=When(upload=3, **more), then=Then(failed="the third"))
    # Of another seed than the platform in its place: ids of tasks follow from it.
    proxied = stand_before(DONE, Scenario(seed=7, course="immediate", rules=(third,)))
    accepted = [submit(proxied.url, b"x", filename="a.wav") for _ in range(4)]
    assert proxied.forwarded == asked + 1
    messages = [json.loads(poll(ask, each).body).get("error") for each in accepted]
    assert [told and told["message"] for told in messages].count("the third") == 1
    assert messages[2]["message"] == "the third"


@pytest.mark.parametrize(("name", "state", "speakers"), [("b.wav", "failed", None), ("a.wav", "done", 2)])
def test_a_rule_of_the_body_replaces_the_answer(
    stand_before: Any, submit: Any, ask: Any, make_wav: Any, name: str, state: str, speakers: int | None
) -> None:
    proxied = stand_before(DONE, Scenario(course="immediate", rules=(NAMED,)))
    accepted = submit(proxied.url, make_wav(), filename=name)
    told = json.loads(poll(ask, accepted).body)
    assert told["task"]["state"] == state
    assert proxied.forwarded == (1 if state == "failed" else 2)
    assert speakers is None or told["result"]["channels"][0]["speakers_count"] == speakers


def test_a_rule_of_the_head_waits_for_a_rule_before_it_that_the_body_decides(
    stand_before: Any, submit: Any, ask: Any
) -> None:
    every = Rule(then=Then(rejected="by the last rule"))
    proxied = stand_before(DONE, Scenario(course="immediate", rules=(NAMED, every)))
    for name, state in (("b.wav", "failed"), ("a.wav", "rejected")):
        accepted = submit(proxied.url, b"x", filename=name)
        assert json.loads(poll(ask, accepted).body)["task"]["state"] == state
    assert proxied.forwarded == 2
    narrow = Rule(when=When(filename="b*", channel_mode="mix"), then=Then(failed="never"))
    proxied.platform.world.replace_scenario(Scenario(course="immediate", rules=(narrow, every)))
    submit(proxied.url, b"x", filename="b.wav")
    assert proxied.forwarded == 2  # the rule before it is for other heads


@pytest.mark.parametrize(
    ("fault", "statuses", "forwarded"),
    [
        (Fault(on="submit", ordinal=2, http=503), (202, 503, 202), 2),
        (Fault(on="submit", when=When(channel_mode="mix"), http=503), (202, 202, 202), 3),
        (Fault(on="submit", when=When(filename="call*"), ordinal=2, http=503), (202, 503, 202), 3),
        (Fault(on="submit", body="html"), (502, 502, 502), 3),
        (Fault(on="poll", http=503), (202, 202, 202), 3),
    ],
)
def test_faults_of_uploads(
    stand_before: Any, submit: Any, fault: Fault, statuses: tuple[int, ...], forwarded: int
) -> None:
    proxied = stand_before(DONE, Scenario(faults=(fault,)))
    assert tuple(submit(proxied.url, b"x").status for _ in statuses) == statuses
    assert proxied.forwarded == forwarded
    assert all(exchange.answer.status == 202 for exchange in proxied.witness.exchanges)


@pytest.mark.parametrize(
    ("fault", "status", "body", "forwarded"),
    [
        (Fault(on="poll", http=503), 503, b"internal", 1),
        (Fault(on="poll", when=When(filename="other"), http=503), 200, b'"done"', 2),
        (Fault(on="poll", body="empty"), 200, b"", 2),
        (Fault(task="lost"), 404, b"", 1),
        (Fault(task="stuck"), 200, b'"running"', 2),
        (Fault(result="unknown_state"), 200, b'"finished"', 2),
        (Fault(result="null_result"), 200, b'"result":null', 2),
    ],
)
def test_faults_of_polls(
    stand_before: Any, submit: Any, ask: Any, fault: Fault, status: int, body: bytes, forwarded: int
) -> None:
    proxied = stand_before(DONE, Scenario(faults=(fault,)))
    answer = poll(ask, submit(proxied.url, b"no audio"))
    assert answer.status == status
    assert body.lower() in answer.body.lower()
    assert proxied.forwarded == forwarded


def test_a_poll_of_a_task_that_nobody_saw_meets_faults_too(stand_before: Any, ask: Any) -> None:
    proxied = stand_before(DONE, Scenario(faults=(Fault(on="poll", ordinal=1, http=500), Fault(on="system", http=429))))
    path = f"{ENDPOINT}/11111111-1111-4111-8111-111111111111"
    assert [ask(proxied.url, path=path).status for _ in range(2)] == [500, 404]
    assert ask(proxied.url, path="/api/system/info").status == 429
    assert proxied.forwarded == 1


@pytest.mark.parametrize("how", ["reset_before_headers", "close_in_body"])
def test_a_connection_that_breaks_is_the_proxys(stand_before: Any, submit: Any, how: Any) -> None:
    proxied = stand_before(DONE, Scenario(faults=(Fault(connection=how),)))
    with pytest.raises((OSError, http.client.HTTPException)):
        submit(proxied.url, b"x")
    assert proxied.forwarded == 1
    assert proxied.last.lost is not None


def test_a_rate_and_a_licence_are_the_proxys_too(stand_before: Any, submit: Any) -> None:
    proxied = stand_before(DONE, Scenario(limits=Limits(rate=Rate(requests=1, seconds=1000))))
    assert [submit(proxied.url, b"x").status for _ in range(2)] == [202, 429]
    assert proxied.forwarded == 1


def test_an_upload_is_not_held_to_the_fakes_own_limits(stand_before: Any, submit: Any) -> None:
    proxied = stand_before(DONE, Scenario(limits=Limits(upload_bytes=10, storage_bytes=10)))
    assert submit(proxied.url, b"x" * 1000).status == 202


def test_what_the_fake_would_refuse_is_the_platforms_to_refuse(stand_before: Any, stub: Any, ask: Any) -> None:
    live = stub(b'HTTP/1.1 202 A\r\nContent-Length: 39\r\n\r\n{"task":{"task_id":"1","state":"odd"}}  ')
    proxied = stand_before(live.url)
    answer = ask(
        proxied.url,
        "POST",
        f"{ENDPOINT}?channel_mode=odd",
        b"no form",
        {"Content-Type": "multipart/form-data; boundary=b"},
    )
    assert answer.status == 202
    assert "the fake would have refused it: multipart" in proxied.last.note
    assert (proxied.last.task_id, proxied.last.state) == ("1", None)


@pytest.mark.parametrize(
    ("answer", "status", "said", "loss"),
    [
        (b"", 502, "Server disconnected", Loss.BEFORE_HEAD),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", 502, "incomplete", Loss.CUT),
        (b"SSH-2.0\r\n\r\n", 502, "not HTTP", Loss.BADLY_FRAMED),
        (b"HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n", 502, "999", Loss.BADLY_FRAMED),
    ],
)
def test_no_answer_is_told_in_the_proxys_own_words(
    stand_before: Any, stub: Any, ask: Any, answer: bytes, status: int, said: str, loss: Loss
) -> None:
    proxied = stand_before(stub(answer).url)
    told = ask(proxied.url, path="/api/system/info")
    assert (told.status, told.header("content-type")) == (status, "application/problem+json")
    problem = json.loads(told.body)
    assert problem["status"] == status
    assert problem["detail"].startswith("diarkit proxy: http://127.0.0.1:")
    assert said in problem["detail"]
    (seen,) = proxied.witness.exchanges
    assert isinstance(seen.answer, Lost)
    assert seen.answer.kind == loss


def test_nobody_behind_the_proxy_is_told(stand_before: Any, submit: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as bound:
        gone = f"http://127.0.0.1:{bound.getsockname()[1]}"
    proxied = stand_before(gone)
    answer = submit(proxied.url, b"x" * 3_000_000)
    assert answer.status == 502
    assert "connection refused" in json.loads(answer.body)["detail"]


def test_who_hangs_up_in_the_middle_of_a_body_ends_the_upload(
    stand_before: Any, stub: Any, make_form: Callable[..., bytes], form_type: str
) -> None:
    """The client is still sending, and has an answer: the platform's, or the proxy's where the reset of the connection took that along."""
    live = stub(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno", reads_body=False)
    address = urlsplit(stand_before(live.url).url)
    head = f"POST {ENDPOINT} HTTP/1.1\r\nHost: h\r\nContent-Type: {form_type}\r\nContent-Length: {1 << 40}\r\n\r\n"
    with socket.create_connection((address.hostname, address.port), 60) as client:
        client.sendall(head.encode())
        piece = make_form(('name="file"; filename="a"', bytes(1 << 16)))
        with suppress(OSError):
            while True:
                client.sendall(piece)
        with suppress(ConnectionError):
            assert client.recv(65536).startswith((b"HTTP/1.1 413 ", b"HTTP/1.1 502 "))


def test_a_client_that_leaves_in_the_middle_takes_its_upload_along(stand_before: Any, form_type: str) -> None:
    proxied = stand_before(DONE)
    begun, ended = threading.Event(), threading.Event()
    read_upload = proxied.live_platform.read_upload
    proxied.live_platform.read_upload = lambda *arguments: (begun.set(), read_upload(*arguments))[1]
    proxied.live_platform.on_exchange = lambda *_: ended.set()
    address = urlsplit(proxied.url)
    head = f"POST {ENDPOINT} HTTP/1.1\r\nHost: h\r\nContent-Type: {form_type}\r\nContent-Length: 1000\r\n\r\nhalf"
    with socket.create_connection((address.hostname, address.port), 60) as client:
        client.sendall(head.encode())
        assert begun.wait(60)
    assert ended.wait(60)
    assert next(iter(proxied.live.journal)).lost is Loss.GIVEN_UP
    assert proxied.last.lost is Loss.GIVEN_UP
    assert proxied.witness.exchanges == ()
