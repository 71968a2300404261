from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import pytest

from diarkit_contracts.api.states import TaskState
from diarkit_contracts.exchanges.recording import HEAD
from diarkit_mockserver.clock import ClockView
from diarkit_mockserver.control import answers as read
from diarkit_mockserver.control.views import Flawed, Problem, Ready, TaskView, Validation, WorldView
from diarkit_mockserver.intake.request import Request
from diarkit_mockserver.journal.export import write_entries
from diarkit_mockserver.journal.journal import Entry
from diarkit_mockserver.journal.verification import Check, Miss, Verdict
from diarkit_mockserver.scenario.faults import Fault
from diarkit_mockserver.scenario.model import Rule, Scenario, Then

if TYPE_CHECKING:
    from collections.abc import Callable

CLOCK = ClockView(ticks=1_500_000, frozen=True, epoch=7)
WORLD = WorldView(name="w", path="/worlds/w", seed=3, clock=CLOCK, tasks=1, exchanges=2)
TASK = TaskView(
    task_id="t",
    state=TaskState.RUNNING,
    filename="a.wav",
    sha256="0",
    occurrence=1,
    polls=2,
    manual=True,
    lost=False,
)
FLAWED = Flawed(detail="wrong", source="body", line=1, column=2)
PROBLEM = Problem(type="about:blank", title="Wrong", status=400, detail="no", errors=(FLAWED,))
CHECK = Check(
    expected="any submission",
    times=None,
    found=0,
    holds=False,
    nearest=(Miss(number=1, filename="a.wav", reasons=("far", "off")),),
)
VERDICT = Verdict(holds=False, checks=(CHECK,), exchanges=("1. GET /",), forgotten=4, seed=3, clock=CLOCK)


@pytest.mark.parametrize(
    ("reader", "value"),
    [
        (read.ready, Ready(nonce="n", version="1")),
        (read.clock, CLOCK),
        (read.world, WORLD),
        (read.task, TASK),
        (read.validation, Validation(valid=True)),
        (read.validation, Validation(valid=False, errors=(FLAWED, replace(FLAWED, line=3)))),
        (read.problem, PROBLEM),
        (read.problem, replace(PROBLEM, errors=())),
        (read.verdict, VERDICT),
        (read.verdict, replace(VERDICT, checks=(), exchanges=())),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_the_server_tells_is_read_as_the_same_value_that_nobody_can_change(
    reader: Callable[[Any], Any], value: Any
) -> None:
    came = reader(json.loads(json.dumps(asdict(value))))
    assert came == value
    assert hash(came) == hash(value)


@pytest.mark.parametrize(("reader", "value"), [(read.worlds, WORLD), (read.tasks, TASK)])
def test_lists_are_read_in_their_order(reader: Callable[[Any], Any], value: Any) -> None:
    other = replace(value, **{"name": "x"} if isinstance(value, WorldView) else {"task_id": "x"})
    assert reader([asdict(value), asdict(other)]) == (value, other)
    assert reader([]) == ()


def test_a_state_is_one_of_the_enumeration() -> None:
    assert type(read.task({**asdict(TASK), "state": "running"}).state) is TaskState


def test_an_answer_without_errors_has_none() -> None:
    data = {key: one for key, one in asdict(PROBLEM).items() if key != "errors"}
    assert read.problem(data).errors == ()


def test_an_answer_without_a_body_is_nothing() -> None:
    read.nothing(None)


def test_a_scenario_is_read_from_json_whatever_its_texts() -> None:
    text = "\u2028 \U0001f600 \x7f 'a': {b}"
    assert read.scenario({"version": 1, "rules": [{"then": {"failed": text}}]}) == Scenario(
        rules=(Rule(then=Then(failed=text)),)
    )


def test_faults_are_read_in_their_order() -> None:
    data = {"faults": [{"http": 503, "times": 1}, {"body": "html"}]}
    assert read.faults(data) == (Fault(http=503, times=1), Fault(body="html"))


def test_a_page_of_the_journal_is_read_with_its_moment_and_connections() -> None:
    request = Request("GET", "/x", b"a=1", ((b"host", b"h"),), scheme="http", server="x:1")
    entry = Entry(
        number=5,
        asked_at=1,
        answered_at=2,
        connection=3,
        follows=4,
        request=request,
        submission=None,
        received=0,
        status=404,
        headers=((b"x-a", b"b"),),
        body=b"\xff",
        task_id=None,
        state=None,
        rule="",
        note="n",
    )
    (written,) = write_entries([entry], 7, reveal=True)
    data = {**HEAD, "total": 9, "now": 8, "epoch": 7, "connections": [2, 1, 2], "entries": [written, written]}
    page = read.page(json.loads(json.dumps(data)))
    assert (page.total, page.now, page.epoch, page.connections) == (9, 8, 7, frozenset({1, 2}))
    assert list(write_entries(page.entries, 7, reveal=True)) == [written, written]
