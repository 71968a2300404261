from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from diarkit_contracts.exchanges.exchange import Answer
from diarkit_contracts.rows.plan import choose_rows
from diarkit_contracts.runs.follow import EVENTS, Followed, follow
from diarkit_contracts.runs.verdict import Cause
from diarkit_contracts.target.client import ASKED_TO_WAIT, Caps


@pytest.fixture
def send(make_target: Any) -> Any:
    """Send a row to the stub, and return it on its way."""

    def send(row: str = "row-01", **fields: Any) -> Followed:
        ((chosen,),) = choose_rows([row]).steps
        followed = Followed(chosen, make_target(**fields))
        followed.send()
        return followed

    return send


def test_an_upload_that_was_accepted_is_open_until_its_task_has_ended(send: Any) -> None:
    followed = send()
    assert followed.is_open
    follow([followed], Followed.look, lambda _: 1.0)
    assert (followed.is_open, followed.ended, followed.why) == (False, True, None)
    assert followed.run.at == tuple(range(followed.looks + 1))


def test_what_started_no_task_is_not_looked_at(send: Any) -> None:
    followed = send("bad-03")
    follow([followed], Followed.look, lambda _: 1.0)
    assert (followed.is_open, followed.looks) == (False, 0)


def test_a_task_that_takes_too_long_is_given_up_and_makes_room(send: Any, stub: Any) -> None:
    stub.polls_until_done = 10_000
    followed = send(caps=Caps(task_seconds=9.5, in_flight=1))
    follow([followed], Followed.look, lambda age: max(age, 1.0))
    assert (followed.ended, followed.why.cause) == (False, Cause.TOO_SLOW)
    assert followed.looks == 5  # at 0, 1, 2, 4, 8 seconds
    assert followed.target.has_room


def test_tasks_are_looked_at_in_turn_with_one_wait_for_all(make_target: Any, clock: Any, stub: Any) -> None:
    target = make_target(caps=Caps(in_flight=2))
    rows = choose_rows(["row-01", "row-02"]).rows
    both = [Followed(row, target) for row in rows]
    for each in both:
        each.send()
    begun = clock.now()
    follow(both, Followed.look, lambda _: 2.0)
    assert clock.now() - begun == pytest.approx(2.0 * (both[0].looks - 1), abs=0.1)
    assert both[0].looks == both[1].looks > 1
    assert all(each.ended for each in both)


@pytest.mark.parametrize("status", ASKED_TO_WAIT)
def test_a_server_that_still_asks_to_wait_ends_the_looks_and_one_that_answers_otherwise_too(
    send: Any, stub: Any, status: int
) -> None:
    followed = send()
    stub.tamper = lambda *_: Answer(status=status)
    followed.look()
    assert (followed.is_open, followed.ended, followed.why) == (False, False, EVENTS[status])
    stub.tamper = lambda _, answer: answer
    other = send()
    stub.tamper = lambda *_: Answer(status=404)
    other.look()
    assert (other.is_open, other.ended, other.why) == (False, True, None)


@pytest.mark.parametrize(("number", "fresh", "cookie"), [(79, False, False), (83, True, False), (86, True, True)])
def test_a_row_says_over_which_connections_and_with_which_cookies_its_task_is_asked_for(
    send: Any, stub: Any, number: int, fresh: bool, cookie: bool
) -> None:
    stub.tamper = lambda _, answer: replace(answer, headers=(*answer.headers, ("Set-Cookie", "node=2")))
    follow([send(f"row-{number}")], Followed.look, lambda _: 1.0)
    first, *looks = (dict(request.headers) for request in stub.seen)
    assert not {"Connection", "Cookie"} & set(first)
    assert len(looks) == 2
    assert [("Connection" in headers, "Cookie" in headers) for headers in looks] == [(fresh, cookie)] * 2
