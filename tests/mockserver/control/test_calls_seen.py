"""The calls by which people and reports look at a world: tasks on their course, pictures, conduct, coverage."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from diarkit_mockserver.control import calls
from diarkit_mockserver.control.orders import NewWorld
from diarkit_mockserver.control.problem import RefusedError
from diarkit_mockserver.scenario.load import parse_scenario
from diarkit_mockserver.scenario.model import Rule, Scenario, Then
from diarkit_mockserver.scenario.when import When

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from diarkit_mockserver.control.client import Sender

API = "/api/technology/speaker-diarization"
COURSES: list[tuple[Any, str, int | None, int | None]] = [
    ("immediate", "polls", 0, 0),
    ({"polls": {"pending": 1, "running": 2}}, "polls", 2, 4),
    ({"seconds": {"pending": 1, "running": 2}}, "ticks", 1_000_000, 3_000_000),
    ("manual", "moves", 1, 2),
]


@pytest.mark.parametrize(("course", "counts", "runs_at", "ends_at"), COURSES)
def test_a_task_tells_its_course(
    sender: Sender,
    submit: Callable[..., Any],
    course: Any,
    counts: str,
    runs_at: int | None,
    ends_at: int | None,
    tmp_path: Path,
) -> None:
    scenario = parse_scenario(json.dumps({"course": course}), source="x", directory=tmp_path)
    sender.send(calls.open_world(NewWorld(name="w", scenario=scenario, frozen=True)))
    submit(f"{sender.url}/worlds/w", b"x")
    (task,) = sender.send(calls.list_tasks(), "w")
    assert (task.counts, task.runs_at, task.ends_at) == (counts, runs_at, ends_at)


def test_a_task_that_is_stuck_has_no_end(sender: Sender, submit: Callable[..., Any], tmp_path: Path) -> None:
    scenario = parse_scenario("faults: [{task: stuck}]", source="x", directory=tmp_path)
    sender.send(calls.open_world(NewWorld(name="w", scenario=scenario)))
    submit(f"{sender.url}/worlds/w", b"x")
    (task,) = sender.send(calls.list_tasks(), "w")
    assert (task.runs_at, task.ends_at) == (1, None)


def test_the_latest_tasks_are_those_that_came_last(sender: Sender, submit: Callable[..., Any]) -> None:
    for number in range(5):
        submit(sender.url, b"x", filename=f"{number}.wav")
    names = [[task.filename for task in sender.send(calls.list_tasks(latest))] for latest in (None, 2, 9)]
    assert names[0] == names[2] == [f"{number}.wav" for number in range(5)]
    assert names[1] == ["3.wav", "4.wav"]


def test_a_scenario_is_also_a_file(sender: Sender, ask: Callable[..., Any], tmp_path: Path) -> None:
    scenario = Scenario(seed=3, rules=(Rule(when=When(filename="*.wav"), then=Then(speakers=2)),))
    sender.send(calls.replace_scenario(scenario))
    answer = ask(sender.url, "GET", "/__diarkit/v1/scenario?format=yaml")
    assert answer.header("content-type") == "application/yaml"
    assert parse_scenario(answer.body.decode(), source="x", directory=tmp_path) == scenario


def test_a_picture_is_drawn_of_a_task_that_is_done_and_counts_as_no_poll(
    sender: Sender, submit: Callable[..., Any], make_wav: Any
) -> None:
    task = json.loads(submit(sender.url, make_wav(2.0)).body)["task"]["task_id"]
    with pytest.raises(RefusedError, match="has no result"):
        sender.send(calls.draw_task(task))
    scenario = Scenario(course="immediate")
    sender.send(calls.replace_scenario(scenario))
    task = json.loads(submit(sender.url, make_wav(3.0)).body)["task"]["task_id"]
    assert sender.send(calls.draw_task(task)).svg.startswith("<svg")
    assert [one.polls for one in sender.send(calls.list_tasks())] == [0, 0]


def test_conduct_says_which_rule_was_broken_how_and_where(sender: Sender, submit: Callable[..., Any]) -> None:
    assert sender.send(calls.judge_conduct()) == ()
    submit(sender.url, b"x")
    (found,) = sender.send(calls.judge_conduct())
    assert (found.rule, found.severity, found.entries) == ("conduct.never-reads-result", "error", (1,))
    assert "never polled task" in found.text


@pytest.mark.parametrize("counted", [True, False])
def test_coverage_goes_over_resets_where_it_is_counted(
    sender: Sender, submit: Callable[..., Any], counted: bool
) -> None:
    sender.send(calls.open_world(NewWorld(name="w", counted=counted)))
    submit(f"{sender.url}/worlds/w", b"x")
    accepted = f"answer:POST {API} 202"
    before = sender.send(calls.read_coverage(), "w")
    assert accepted in before.met
    assert before.behaved == (), "the client never asked what became of it"
    sender.send(calls.reset_world(), "w")
    assert (accepted in sender.send(calls.read_coverage(), "w").met) is counted
