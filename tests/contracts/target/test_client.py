from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from diarkit_contracts.exchanges.call_ids import IDS, OURS
from diarkit_contracts.exchanges.exchange import Answer, Loss, Lost
from diarkit_contracts.exchanges.history import START_PATH
from diarkit_contracts.exchanges.redaction import STRUCK, Redaction
from diarkit_contracts.rows.call import Attached, Call
from diarkit_contracts.rows.tier import Tier
from diarkit_contracts.target.client import CAPS, CapReachedError, Caps, UnreachableError

if TYPE_CHECKING:
    from diarkit_contracts.exchanges.exchange import Request

ID = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
UPLOAD = Call(body=(Attached("wav:1ch:0.5s"),))
INFO = Call(method="GET", path="/api/system/info")


def task_of(target: Any, at: int) -> str:
    return target.exchanges[at].answer.body.decode().split('"task_id": "')[1][:36]


def test_an_exchange_is_kept_with_what_was_sent_and_when(make_target: Any, clock: Any) -> None:
    target = make_target()
    at = target.send(UPLOAD)
    exchange = target.exchanges[at]
    assert (exchange.request.method, exchange.request.path, exchange.answer.status) == ("POST", START_PATH, 202)
    assert exchange.request.parts == UPLOAD.describe_body()
    assert exchange.request.sent_at == 1000.0
    assert exchange.answer.received_at == clock.now()


@pytest.mark.parametrize(
    ("caps", "sent"),
    [
        (Caps(tasks=2, in_flight=9), 2),
        (Caps(tasks=0), 0),
        (Caps(calls=3, in_flight=9), 3),
        (Caps(bytes_up=2 * len(UPLOAD.write_body()[1]), in_flight=9), 2),
        (Caps(in_flight=1), 1),
        (Caps(received=1, in_flight=9), 1),
        (Caps(seconds=0.0025, in_flight=9), 3),
    ],
)
def test_a_cap_is_a_hard_end(make_target: Any, caps: Caps, sent: int) -> None:
    target = make_target(caps=caps)
    for _ in range(sent):
        target.send(UPLOAD)
    with pytest.raises(CapReachedError, match="budget: "):
        target.send(UPLOAD)
    assert target.spent.calls == len(target.exchanges) == sent


def test_a_get_is_no_task(make_target: Any) -> None:
    target = make_target(caps=Caps(tasks=0))
    target.send(INFO)
    assert target.spent.tasks == 0


@pytest.mark.parametrize("end", ["done", "given up"])
def test_a_task_that_has_ended_makes_room(make_target: Any, stub: Any, end: str) -> None:
    stub.polls_until_done = 1 if end == "done" else 99
    target = make_target(caps=Caps(in_flight=1))
    task_id = task_of(target, target.send(UPLOAD))
    assert not target.has_room
    target.poll(task_id)
    assert not target.has_room
    if end == "done":
        target.poll(task_id)
    else:
        target.give_up(task_id)
    assert target.has_room


def limit_rate(stub: Any, times: int, *headers: tuple[str, str], status: int = 429) -> None:
    left = [times]

    def tamper(_: Request, answer: Answer) -> Answer:
        left[0] -= 1
        return stub.refuse(status, *headers) if left[0] >= 0 else answer

    stub.tamper = tamper


def test_retry_after_is_waited_for_and_the_call_is_sent_again(make_target: Any, stub: Any, clock: Any) -> None:
    limit_rate(stub, 2, ("Retry-After", "7"))
    target = make_target()
    at = target.send(INFO)
    assert [each.answer.status for each in target.exchanges] == [429, 429, 200]
    assert at == 2
    assert target.waits == 2
    assert all(7 <= wait <= 8 for wait in clock.slept)


def test_a_server_that_is_busy_without_a_word_is_asked_again_later(make_target: Any, stub: Any, clock: Any) -> None:
    stub.tamper = lambda *_: Answer(status=503)
    target = make_target(seed=3)
    assert target.exchanges[target.send(INFO)].answer.status == 503
    assert len(target.exchanges) == 4
    assert len(clock.slept) == 3
    assert sum(clock.slept) < 0.5 + 1 + 2


def test_waits_follow_from_the_seed(make_target: Any, stub: Any, clock: Any) -> None:
    stub.tamper = lambda *_: Answer(status=503)
    for seed in (1, 1, 2):
        make_target(seed=seed).send(INFO)
    assert clock.slept[0:3] == clock.slept[3:6] != clock.slept[6:9]


@pytest.mark.parametrize("told", ["301", "100000000"])
def test_a_wait_that_is_too_long_is_not_waited(make_target: Any, stub: Any, clock: Any, told: str) -> None:
    limit_rate(stub, 1, ("Retry-After", told))
    target = make_target(caps=Caps(seconds=1e12))
    assert target.exchanges[target.send(INFO)].answer.status == 429
    assert clock.slept == []


def test_a_wait_does_not_go_past_the_end_of_the_run(make_target: Any, stub: Any, clock: Any) -> None:
    limit_rate(stub, 1, ("Retry-After", "10"))
    target = make_target(caps=Caps(seconds=9))
    target.send(INFO)
    assert clock.slept == []


def test_calls_keep_their_distance(make_target: Any, stub: Any) -> None:
    target = make_target(pace_s=0.5)
    for _ in range(3):
        target.send(INFO)
    times = [each.request.sent_at for each in target.exchanges]
    assert [round(later - earlier, 6) for earlier, later in pairwise(times)] == [0.5, 0.5]


@pytest.mark.parametrize("status", [413, 507, 400])
def test_other_refusals_are_taken_as_they_are(make_target: Any, stub: Any, clock: Any, status: int) -> None:
    stub.tamper = lambda *_: stub.refuse(status)
    target = make_target()
    target.send(UPLOAD)
    assert (len(target.exchanges), clock.slept) == (1, [])


@pytest.mark.parametrize(
    ("location", "asked"),
    [
        (None, "http://stub:8000" + START_PATH + "/x"),
        ("/a/x", "http://stub:8000/a/x"),
        ("http://stub:8000/b/x", "http://stub:8000/b/x"),
        ("?b", "http://stub:8000" + START_PATH + "?b"),
        ("http://other:8000/c/x", "http://stub:8000" + START_PATH + "/x"),
        ("https://stub:8000/c/x", "http://stub:8000" + START_PATH + "/x"),
        ("http://stub:8001/c/x", "http://stub:8000" + START_PATH + "/x"),
        ("//evil/x", "http://stub:8000" + START_PATH + "/x"),
        ("http://stub:port/x", "http://stub:8000" + START_PATH + "/x"),
    ],
)
def test_a_told_url_is_followed_on_this_server_only(
    make_target: Any, stub: Any, location: str | None, asked: str
) -> None:
    make_target(headers=(("Authorization", "Bearer x"),)).poll("x", location)
    assert [request.url for request in stub.seen] == [asked]


def test_secrets_are_sent_and_kept_nowhere(make_target: Any, stub: Any) -> None:
    def echo(_: Request, answer: Answer) -> Answer:
        return Answer(status=answer.status, headers=(*answer.headers, ("X-Echo", "s3cret")), body=b'{"came": "s3cret"}')

    stub.tamper = echo
    target = make_target(headers=(("X-Token", "s3cret"),), redaction=Redaction(["s3cret"]))
    target.send(UPLOAD)
    assert ("X-Token", "s3cret") in stub.seen[0].headers
    assert "s3cret" not in repr(target.exchanges)
    assert ("X-Token", STRUCK) in target.exchanges[0].request.headers


def test_a_server_that_is_not_there_is_named_without_its_password(make_target: Any, stub: Any) -> None:
    def lose(request: Request, _: Answer) -> Answer:
        raise UnreachableError(request.url, "connection refused by pass-word")

    stub.tamper = lose
    target = make_target(url="http://user:pass-word@stub:8000", redaction=Redaction(["pass-word"]))
    with pytest.raises(UnreachableError, match="http://stub:8000 does not answer") as caught:
        target.send(INFO)
    assert "pass-word" not in str(caught.value)
    assert (target.spent.calls, target.exchanges) == (1, [])


def test_a_lost_answer_is_recorded_with_what_came_and_without_secrets(make_target: Any, stub: Any) -> None:
    def lose(request: Request, answer: Answer) -> Answer:
        cut = Lost(kind=Loss.CUT, status=200, headers=(("Set-Cookie", "x"),), body=b'{"came": "s3cret')
        if request.method == "GET":
            raise UnreachableError(request.url, "gone", cut)
        return answer

    stub.tamper = lose
    target = make_target(headers=(("X-Token", "s3cret"),), redaction=Redaction(["s3cret"]))
    target.send(UPLOAD)
    with pytest.raises(UnreachableError):
        target.send(INFO)
    (lost,) = target.lost
    assert (len(target.exchanges), lost.request.method, lost.request.sent_at > 0) == (1, "GET", True)
    assert lost.answer == Lost(
        kind=Loss.CUT,
        status=200,
        headers=(("Set-Cookie", STRUCK),),
        body=b'{"came": "***',
        received_at=lost.answer.received_at,
    )


def test_a_tier_may_cost_what_it_was_announced_to() -> None:
    assert CAPS[Tier.PROBE].tasks <= 2
    assert CAPS[Tier.LITE].tasks == 10
    assert CAPS[Tier.FULL].tasks >= 45


def read_ids(request: Request) -> list[str]:
    return [value for name, value in request.headers if name.lower() in IDS]


def test_each_call_carries_ids_of_its_own_and_the_same_in_the_next_run(make_target: Any, stub: Any) -> None:
    for seed in (5, 5, 6):
        target = make_target(seed=seed)
        task_id = task_of(target, target.send(UPLOAD))
        target.poll(task_id)
        target.send(INFO)
    sent = [tuple(read_ids(request)) for request in stub.seen]
    assert sent[:3] == sent[3:6] != sent[6:]
    assert all(len(ids) == 2 for ids in sent)
    assert len({told for ids in sent for told in ids}) == 12


def test_a_call_that_is_sent_again_has_other_ids(make_target: Any, stub: Any) -> None:
    limit_rate(stub, 2, ("Retry-After", "1"))
    make_target().send(INFO)
    assert len({tuple(read_ids(request)) for request in stub.seen}) == 3


def test_a_call_may_go_without_ids(make_target: Any, stub: Any) -> None:
    target = make_target()
    target.poll(task_of(target, target.send(UPLOAD, named=False)), named=False)
    assert [read_ids(request) for request in stub.seen] == [[], []]


def test_an_id_that_was_given_is_sent_in_place_of_ours(make_target: Any, stub: Any) -> None:
    target = make_target(headers=(("X-Request-ID", "mine"),))
    target.send(INFO)
    sent = {name.lower(): value for name, value in stub.seen[0].headers}
    assert sent["x-request-id"] == "mine"
    assert sent["x-correlation-id"].startswith(OURS)
    assert len(stub.seen[0].headers) == 2


def test_ids_are_kept_in_the_exchange(make_target: Any, stub: Any) -> None:
    target = make_target()
    target.send(INFO)
    assert read_ids(target.exchanges[0].request) == read_ids(stub.seen[0])


def test_cookies_are_sent_back_to_who_asks_for_it_and_kept_nowhere(make_target: Any, stub: Any) -> None:
    def bake(_: Request, answer: Answer) -> Answer:
        return replace(
            answer,
            headers=(
                *answer.headers,
                ("set-cookie", f"n{len(stub.seen)}=abcd{len(stub.seen)}; Path=/"),
                ("Set-Cookie", "none"),
            ),
        )

    stub.tamper = bake
    target, jar = make_target(), dict[str, str]()
    target.send(UPLOAD, cookies=jar)
    for cookies in (jar, None, jar):
        target.poll(ID, cookies=cookies)
    sent = [dict(request.headers).get("Cookie") for request in stub.seen]
    assert sent == [None, "n1=abcd1", None, "n1=abcd1; n2=abcd2"]
    assert set(jar) == {"n1", "n2", "n4"}
    assert "abcd" not in str(target.exchanges)


def test_a_fresh_connection_is_one_that_the_call_ahead_has_closed(make_target: Any, stub: Any) -> None:
    target = make_target()
    for fresh in (True, False):
        target.poll(ID, fresh=fresh)
    assert [("Connection", "close") in request.headers for request in stub.seen] == [True, False]


@pytest.mark.parametrize(("seconds", "most"), [(3_600.0, 10.0), (60.0, 6.0), (0.5, 1.0)])
def test_what_is_asked_aside_leaves_the_run_most_of_its_time(
    make_target: Any, stub: Any, monkeypatch: pytest.MonkeyPatch, seconds: float, most: float
) -> None:
    bounds: list[float] = []
    send = stub.send

    def note(request: Request, content: bytes, within_s: float) -> Answer:
        bounds.append(within_s)
        return send(request, content, within_s)

    monkeypatch.setattr(stub, "send", note)
    target = make_target(caps=Caps(seconds=seconds))
    target.ask_aside(Call(method="GET", path="/api/system/info"))
    target.poll(ID)
    assert bounds == [most, pytest.approx(max(seconds, 1.0), abs=0.1)]
    assert len(target.exchanges) == 1
