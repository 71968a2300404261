from __future__ import annotations

import inspect
import json
from typing import TYPE_CHECKING, Any

import pytest

from diarkit_mockserver.control import calls
from diarkit_mockserver.control.call import parse_body
from diarkit_mockserver.control.orders import (
    CONTROL,
    Answers,
    Expectations,
    FaultList,
    Move,
    NewState,
    NewWorld,
)
from diarkit_mockserver.control.problem import RefusedError
from diarkit_mockserver.journal.verification import Expected
from diarkit_mockserver.scenario.faults import Fault
from diarkit_mockserver.scenario.model import Rule, Scenario, Then
from diarkit_mockserver.scenario.when import When

if TYPE_CHECKING:
    from collections.abc import Callable

    from diarkit_mockserver.control.call import Order

ODD = "a/b c?d"
RULE = Rule(then=Then(failed="x"))
SENT: list[tuple[Order[Any], str, str, str, object]] = [
    (calls.read_ready(), "", "GET", "/ready", None),
    (calls.list_worlds(), "", "GET", "/worlds", None),
    (calls.open_world(NewWorld(name="w", frozen=True)), "", "POST", "/worlds", {"name": "w", "frozen": True}),
    (calls.drop_world(ODD), "", "DELETE", "/worlds/a%2Fb%20c%3Fd", None),
    (calls.reset_world(), ODD, "POST", "/reset?world=a%2Fb+c%3Fd", None),
    (calls.replace_scenario(Scenario(seed=3)), "w", "PUT", "/scenario?world=w", {"version": 1, "seed": 3}),
    (calls.add_answers(Answers(rules=(RULE,))), "", "POST", "/respond", {"rules": [{"then": {"failed": "x"}}]}),
    (calls.step_task(ODD), "w", "POST", "/tasks/a%2Fb%20c%3Fd/step?world=w", None),
    (calls.move_task("t", NewState(state="done")), "", "PUT", "/tasks/t/state", {"state": "done"}),
    (calls.move_task(body=NewState(state="done"), task_id="t"), "", "PUT", "/tasks/t/state", {"state": "done"}),
    (calls.advance_clock(Move(seconds=0.5)), "w", "POST", "/clock/advance?world=w", {"seconds": 0.5}),
    (calls.replace_faults(FaultList(faults=(Fault(http=503),))), "", "PUT", "/faults", {"faults": [{"http": 503}]}),
    (calls.read_journal(), "", "GET", "/journal", None),
    (
        calls.read_journal(since=7, task="t", reveal=True),
        "w",
        "GET",
        "/journal?world=w&since=7&task=t&reveal=true",
        None,
    ),
    (calls.read_journal(task=None), "", "GET", "/journal", None),
    (
        calls.verify_journal(Expectations(expected=(Expected(when=When(filename="a"), times=2),))),
        "",
        "POST",
        "/journal/verify",
        {"expected": [{"when": {"filename": "a"}, "times": 2}]},
    ),
]


@pytest.mark.parametrize(("order", "world", "method", "path", "body"), SENT, ids=lambda value: str(value)[:60])
def test_each_call_is_sent_so(order: Order[Any], world: str, method: str, path: str, body: object) -> None:
    assert (order.call.method, order.write_path(world)) == (method, path)
    sent = order.write_body()
    assert (None if sent is None else json.loads(sent)) == body


@pytest.mark.parametrize("wrong", [{"tasks": "t"}, {"since": 1, "world": "w"}])
def test_a_slip_in_an_argument_is_noticed_where_it_is_made(wrong: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match="unexpected keyword"):
        calls.read_journal(**wrong)


def test_what_is_served_is_the_table(start: Callable[..., Any], ask: Callable[..., Any]) -> None:
    document = json.loads(ask(start().url, "GET", f"{CONTROL}/openapi.json").body)
    served = {
        (method.upper(), path): operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
    }
    assert set(served) == {(call.method, call.path) for call in calls.TABLE}
    for call in calls.TABLE:
        operation = served[call.method, call.path]
        assert operation["description"] == inspect.getdoc(call.handle)
        assert ("requestBody" in operation) == (call.body is not None)
        named = {one["name"] for one in operation.get("parameters", ())}
        own = {"world"} if not call.about_server else set()
        assert named == {one.name for one in call.parameters} | own | ({"format"} if call.forms else set())


def test_no_two_rows_of_the_table_are_one_operation() -> None:
    assert len({(call.method, call.path) for call in calls.TABLE}) == len(calls.TABLE)
    assert len({call.handle.__name__ for call in calls.TABLE}) == len(calls.TABLE)


@pytest.mark.parametrize(
    ("cls", "text", "place"),
    [
        (Move, "seconds: x", "body:1:10: seconds: expected a number"),
        (Move, "{}", "body:1:1: expected the key seconds"),
        (Answers, '{"rules": [\n{"then": {"result": {}}}]}', "body:2:"),
        (FaultList, "faults: [{}]", "body:1:10: expected one of http"),
        (Answers, "rules: [{then: {rttm: a.rttm}}]", "referenced over the network"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(cls: type, text: str, place: str) -> None:
    with pytest.raises(RefusedError) as raised:
        parse_body(cls, text, "")
    assert place in raised.value.problem.detail
    assert "body:" not in str(raised.value)  # which the caller of a Python function has never seen


OUTAGES = "faults:\n- outage: {seconds: 1}\n- body: empty\n- outage: {seconds: 1}\n"


@pytest.mark.parametrize(
    ("cls", "text", "world", "line", "column"),
    [
        (FaultList, OUTAGES, "a", 2, 11),
        (Scenario, OUTAGES, "a", 2, 11),
        (NewWorld, "scenario:\n  " + OUTAGES.replace("\n", "\n  ").rstrip(), "", 3, 13),
    ],
)
def test_each_outage_of_a_world_with_a_name_is_refused_at_its_place(
    cls: type, text: str, world: str, line: int, column: int
) -> None:
    with pytest.raises(RefusedError) as raised:
        parse_body(cls, text, world)
    assert [(one.line, one.column, one.detail[:8]) for one in raised.value.problem.errors] == [
        (line, column, "fault 1:"),
        (line + 2, column, "fault 3:"),
    ]


def test_the_default_world_may_have_an_outage() -> None:
    assert len(parse_body(FaultList, OUTAGES, "").faults) == 3
