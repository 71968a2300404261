from __future__ import annotations

import inspect
import json
from typing import TYPE_CHECKING, Any

import pytest

from diarkit_mockserver.control import calls
from diarkit_mockserver.control.calls import PAGE, Call
from diarkit_mockserver.control.orders import CONTROL, NewWorld
from diarkit_mockserver.journal.verification import Expected
from diarkit_mockserver.scenario.faults import Fault
from diarkit_mockserver.scenario.model import Rule, Scenario, Then
from diarkit_mockserver.scenario.when import When

if TYPE_CHECKING:
    from collections.abc import Callable

ODD = "a/b c?d"
SCENARIO = Scenario(seed=3)
RULE = Rule(then=Then(failed="x"))
FAULT = Fault(http=503)
DONE = {"state": "done"}
TABLE: list[tuple[Call[Any], str, str, object]] = [
    (calls.read_ready(), "GET", "/ready", None),
    (calls.list_worlds(), "GET", "/worlds", None),
    (calls.open_world(NewWorld(name="w", frozen=True)), "POST", "/worlds", {"name": "w", "frozen": True}),
    (calls.drop_world(ODD), "DELETE", "/worlds/a%2Fb%20c%3Fd", None),
    (calls.reset_world(), "POST", "/reset", None),
    (calls.reset_world("w"), "POST", "/reset?world=w", None),
    (calls.read_scenario("w"), "GET", "/scenario?world=w", None),
    (calls.replace_scenario(SCENARIO, "w"), "PUT", "/scenario?world=w", {"version": 1, "seed": 3}),
    (calls.replace_scenario("seed: 3", "w"), "PUT", "/scenario?world=w", "seed: 3"),
    (calls.validate_scenario(SCENARIO, "w"), "POST", "/scenario/validate?world=w", {"version": 1, "seed": 3}),
    (calls.validate_scenario("seed: x"), "POST", "/scenario/validate", "seed: x"),
    (calls.add_answers(iter([RULE]), "w"), "POST", "/respond?world=w", {"rules": [{"then": {"failed": "x"}}]}),
    (calls.list_tasks("w"), "GET", "/tasks?world=w", None),
    (calls.read_task(ODD, "w"), "GET", "/tasks/a%2Fb%20c%3Fd?world=w", None),
    (calls.step_task("t", "w"), "POST", "/tasks/t/step?world=w", None),
    (calls.move_task("t", "done", world="w"), "PUT", "/tasks/t/state?world=w", DONE),
    (calls.move_task("t", "failed", message="m"), "PUT", "/tasks/t/state", {"state": "failed", "message": "m"}),
    (calls.lose_task("t", "w"), "DELETE", "/tasks/t?world=w", None),
    (calls.read_clock("w"), "GET", "/clock?world=w", None),
    (calls.freeze_clock("w"), "POST", "/clock/freeze?world=w", None),
    (calls.resume_clock("w"), "POST", "/clock/resume?world=w", None),
    (calls.advance_clock(0.5, "w"), "POST", "/clock/advance?world=w", {"seconds": 0.5}),
    (calls.read_faults("w"), "GET", "/faults?world=w", None),
    (calls.replace_faults(iter([FAULT]), "w"), "PUT", "/faults?world=w", {"faults": [{"http": 503}]}),
    (calls.replace_faults([]), "PUT", "/faults", {"faults": []}),
    (calls.clear_faults("w"), "DELETE", "/faults?world=w", None),
    (calls.read_journal(), "GET", f"/journal?since=0&limit={PAGE}&reveal=false", None),
    (
        calls.read_journal(ODD, since=7, limit=2, task="t", reveal=True),
        "GET",
        "/journal?world=a%2Fb+c%3Fd&since=7&limit=2&task=t&reveal=true",
        None,
    ),
    (calls.export_journal("har"), "GET", f"/journal?since=0&limit={PAGE}&format=har&reveal=false", None),
    (
        calls.export_journal("ndjson", "w", since=7, limit=2, reveal=True),
        "GET",
        "/journal?world=w&since=7&limit=2&format=ndjson&reveal=true",
        None,
    ),
    (
        calls.verify_journal(iter([Expected(when=When(filename="a"), times=2)]), "w"),
        "POST",
        "/journal/verify?world=w",
        {"expected": [{"when": {"filename": "a"}, "times": 2}]},
    ),
    (calls.clear_journal("w"), "DELETE", "/journal?world=w", None),
]


@pytest.mark.parametrize(("call", "method", "path", "body"), TABLE, ids=lambda value: str(value)[:60])
def test_each_call_is_sent_so(call: Call[Any], method: str, path: str, body: object) -> None:
    assert (call.method, call.path, call.body) == (method, path, body)


def test_every_operation_of_the_server_but_the_health_check_has_a_call_and_all_are_in_the_table(
    start: Callable[..., Any], ask: Callable[..., Any]
) -> None:
    document = json.loads(ask(start().url, "GET", f"{CONTROL}/openapi.json").body)
    served = {(method.upper(), path) for path, item in document["paths"].items() for method in item}
    called = {(call.method, as_template(call.path)) for call, *_ in TABLE}
    assert called | {("GET", "/health")} == served
    made = [one for one in vars(calls).values() if inspect.isfunction(one) and one.__module__ == calls.__name__]
    public = [one for one in made if not one.__name__.startswith("_")]
    assert len(public) == len(called) + 1  # the journal has two, for its forms


def as_template(path: str) -> str:
    """What a path with names in it is called in the document."""
    steps = path.partition("?")[0].split("/")
    keys = {"tasks": "{task_id}", "worlds": "{name}"}
    return "/".join(keys.get(before, step) for before, step in zip(["", *steps], steps, strict=False))
