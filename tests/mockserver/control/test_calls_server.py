from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from diarkit_mockserver.clock import STANDSTILL_EPOCH
from diarkit_mockserver.control import calls
from diarkit_mockserver.control.orders import Answers, FaultList, Move, NewWorld
from diarkit_mockserver.control.problem import RefusedError, UnknownError
from diarkit_mockserver.scenario.faults import Fault, Outage
from diarkit_mockserver.scenario.model import Rule, Scenario, Then
from diarkit_mockserver.world.platform import Platform
from diarkit_mockserver.world.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

    from diarkit_mockserver.control.client import Sender

    Ask = Callable[..., Any]


@pytest.fixture
def control(sender: Sender) -> Sender:
    return sender


def test_a_server_says_which_one_it_is(control: Sender) -> None:
    assert control.send(calls.read_ready()).nonce == "a-nonce"


def test_two_servers_have_different_nonces() -> None:
    assert Platform(World()).nonce != Platform(World()).nonce


def test_worlds_are_made_listed_and_dropped(control: Sender, submit: Ask) -> None:
    made = control.send(calls.open_world(NewWorld(name="a", scenario=Scenario(seed=7), frozen=True)))
    assert (made.name, made.path, made.seed) == ("a", "/worlds/a", 7)
    assert (made.clock.frozen, made.clock.ticks, made.clock.epoch) == (True, 0, STANDSTILL_EPOCH)
    submit(f"{control.url}/worlds/a", b"x")
    listed = control.send(calls.list_worlds())
    assert [(world.name, world.tasks, world.exchanges) for world in listed] == [("", 0, 0), ("a", 1, 1)]
    control.send(calls.drop_world("a"))
    assert [world.name for world in control.send(calls.list_worlds())] == [""]
    assert submit(f"{control.url}/worlds/a", b"x").status == 404


def test_a_world_without_a_name_is_given_one(control: Sender) -> None:
    names = [control.send(calls.open_world(NewWorld())).name for _ in range(2)]
    assert names == ["world-1", "world-2"]


def test_a_name_is_given_once(control: Sender) -> None:
    control.send(calls.open_world(NewWorld(name="a")))
    with pytest.raises(RefusedError, match="already") as raised:
        control.send(calls.open_world(NewWorld(name="a")))
    assert raised.value.problem.status == 409


def test_the_default_world_can_not_be_dropped(control: Sender) -> None:
    with pytest.raises(UnknownError):
        control.send(calls.drop_world(""))


def test_ids_follow_from_the_name_or_from_what_stands_for_it(control: Sender, submit: Ask) -> None:
    for name, ids_from in (("a", None), ("b", "a"), ("c", None)):
        control.send(calls.open_world(NewWorld(name=name, ids_from=ids_from)))
    ids = [json.loads(submit(f"{control.url}/worlds/{name}", b"x").body)["task"]["task_id"] for name in "abc"]
    assert ids[0] == ids[1] != ids[2]


def test_an_outage_is_for_the_default_world_only(control: Sender) -> None:
    with pytest.raises(RefusedError, match=r"fault 1: an outage closes the port for all worlds"):
        control.send(calls.open_world(NewWorld(name="a", scenario=_scenario_with_outage())))
    control.send(calls.open_world(NewWorld(name="a")))
    outages = _scenario_with_outage().faults
    for order in (calls.replace_faults(FaultList(faults=outages)), calls.replace_scenario(_scenario_with_outage())):
        with pytest.raises(RefusedError, match="outage"):
            control.send(order, "a")
    assert control.send(calls.replace_faults(FaultList(faults=outages))).faults == outages
    with pytest.raises(ValueError, match="outage"):
        World("a", _scenario_with_outage())


@pytest.mark.parametrize("name", ["", "a"])
def test_reset_goes_back_to_the_beginning(control: Sender, submit: Ask, name: str) -> None:
    if name:
        scenario = Scenario(rules=(Rule(then=Then(failed="first"), times=1),), course="immediate")
        control.send(calls.open_world(NewWorld(name=name, scenario=scenario, frozen=True)))
    began = control.send(calls.read_scenario(), name)
    base = control.url + (f"/worlds/{name}" if name else "")
    answers = []
    for _ in range(2):
        answers.append([submit(base, b"x", headers={"Host": "x"}).body for _ in range(2)])
        control.send(calls.replace_scenario(Scenario(seed=9)), name)
        control.send(calls.add_answers(Answers(rules=(Rule(then=Then(rejected="x")),))), name)
        control.send(calls.advance_clock(Move(seconds=1e6)), name)
        view = control.send(calls.reset_world(), name)
        assert (view.tasks, view.exchanges, view.clock.frozen) == (0, 0, bool(name))
        assert control.send(calls.read_scenario(), name) == began
        assert view.clock.seconds < 1000
    assert answers[0] == answers[1]


def _scenario_with_outage() -> Scenario:
    return Scenario(faults=(Fault(outage=Outage(seconds=0)),))
