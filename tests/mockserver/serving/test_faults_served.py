"""Faults as a client meets them: which answer comes instead, and what the journal says of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from diarkit_mockserver.clock import Clock
from diarkit_mockserver.intake.request import ENDPOINT
from diarkit_mockserver.scenario.answer import HttpAnswer
from diarkit_mockserver.scenario.faults import Fault
from diarkit_mockserver.scenario.model import Rule, Scenario, Then
from diarkit_mockserver.world.disturb import PROXY_PAGE
from diarkit_mockserver.world.platform import Platform
from diarkit_mockserver.world.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

    from diarkit_mockserver.journal.journal import Entry

    Ask = Callable[..., Any]

SPOKEN = (Rule(then=Then(speakers=2)),)


class Bench:
    """A server whose default world stands still, and one task in it, that is done."""

    def __init__(self, start: Ask, submit: Ask, ask: Ask, *faults: Fault, seed: int = 0) -> None:
        scenario = Scenario(course="immediate", rules=SPOKEN, faults=faults, seed=seed)
        self.world = World("", scenario, Clock(frozen=True))
        self.thread = start(platform=Platform(self.world))
        self.accepted = submit(self.thread.url, b"no audio")
        self._ask = ask

    def poll(self) -> Any:
        (task,) = self.world.tasks
        return self._ask(f"{self.thread.url}{ENDPOINT}/{task.task_id}")

    @property
    def last(self) -> Entry:
        return list(self.world.journal)[-1]


@pytest.fixture
def meet(start: Ask, submit: Ask, ask: Ask) -> Callable[..., Bench]:
    return lambda *faults, **more: Bench(start, submit, ask, *faults, **more)


@pytest.mark.parametrize("status", [400, 404, 418, 429, 499, 500, 503, 599])
def test_http_gives_the_documented_envelope(meet: Callable[..., Bench], status: int) -> None:
    bench = meet(Fault(on="poll", http=status))
    answer = bench.poll()
    assert (answer.status, answer.header("content-type")) == (status, "application/json")
    assert set(json.loads(answer.body)) == {"type", "message", "detail"}
    assert (bench.last.status, bench.last.note) == (status, "fault http; by a fault")
    assert bench.last.body == answer.body


def test_http_may_have_a_foreign_body_and_a_retry_after(meet: Callable[..., Bench]) -> None:
    fault = HttpAnswer(status=503, body="<h1>Later</h1>", content_type="text/html", retry_after=7)
    answer = meet(Fault(on="submit", http=fault)).accepted
    assert (answer.status, answer.body) == (503, b"<h1>Later</h1>")
    assert (answer.header("content-type"), answer.header("retry-after")) == ("text/html", "7")


@pytest.mark.parametrize(("kind", "status"), [("truncated", 200), ("garbled", 200), ("empty", 200), ("html", 502)])
def test_a_damaged_body_is_sound_http(meet: Callable[..., Bench], kind: Any, status: int) -> None:
    sound = meet().poll().body
    bench = meet(Fault(on="poll", body=kind))
    answer = bench.poll()
    assert int(answer.header("content-length")) == len(answer.body)
    assert (answer.status, bench.last.status, bench.last.body) == (status, status, answer.body)
    assert bench.last.note == f"fault body:{kind}"
    assert answer.body != sound
    if kind == "html":
        assert (answer.header("content-type"), answer.body) == ("text/html", PROXY_PAGE)
    elif kind == "truncated":
        assert sound.startswith(answer.body)
    elif kind == "garbled":
        assert len(answer.body) == len(sound)


def test_a_task_can_be_lost(meet: Callable[..., Bench]) -> None:
    bench = meet(Fault(task="lost"))
    assert (bench.accepted.status, bench.last.note) == (202, "fault task:lost")
    assert bench.poll().status == 404


def test_a_task_can_be_stuck(meet: Callable[..., Bench]) -> None:
    bench = meet(Fault(task="stuck"))
    assert (bench.accepted.status, bench.last.note) == (202, "fault task:stuck")
    for _ in range(3):
        assert json.loads(bench.poll().body)["task"]["state"] == "running"
        bench.thread.call(bench.world.clock.advance, 1e6)


def test_a_result_breaks_the_contract_in_the_named_way(meet: Callable[..., Bench]) -> None:
    bench = meet(Fault(result="unknown_state"))
    assert bench.last.note == "fault result:unknown_state"
    assert json.loads(bench.poll().body)["task"]["state"] == "finished"


def test_two_runs_with_one_seed_are_disturbed_alike(meet: Callable[..., Bench]) -> None:
    """Row 25 of the demands: whom a fault meets, and how, follows from the seed."""

    def run(seed: int) -> list[tuple[int, bytes]]:
        bench = meet(Fault(on="poll", body="garbled", share=0.5), Fault(on="poll", http=503, share=0.3), seed=seed)
        answers = [bench.poll() for _ in range(30)]
        return [(answer.status, answer.body) for answer in answers]

    assert run(3) == run(3)
    assert run(3) != run(4)
    assert {status for status, _ in run(3)} == {200, 503}
