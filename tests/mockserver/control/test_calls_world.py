from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from diarkit_contracts.api.states import TaskState
from diarkit_mockserver.control import calls
from diarkit_mockserver.control.orders import Answers, FaultList, Move, NewState, NewWorld
from diarkit_mockserver.control.problem import RefusedError, UnknownError
from diarkit_mockserver.scenario.answer import HttpAnswer
from diarkit_mockserver.scenario.course import ByPolls, PollCounts
from diarkit_mockserver.scenario.faults import Fault, Latency
from diarkit_mockserver.scenario.limits import Limits, Rate
from diarkit_mockserver.scenario.model import Rule, Scenario, SpokenSegment, Then
from diarkit_mockserver.scenario.when import ConfigPattern, When

if TYPE_CHECKING:
    from collections.abc import Callable

    from diarkit_mockserver.control.client import Sender

    Ask = Callable[..., Any]

ENDPOINT = "/api/technology/speaker-diarization"
WORLD = "w"
WHOLE = Scenario(
    seed=3,
    course=ByPolls(polls=PollCounts(pending=1)),
    rules=(
        Rule(when=When(filename='"ß\u2028\U0001f600\x85"'), then=Then(failed="\\\n\t\x00")),
        Rule(when=When(config=ConfigPattern(max_speakers=2)), then=Then(http=HttpAnswer(status=503)), times=2),
        Rule(then=Then(segments=((SpokenSegment(speaker_id=0, start_time=0.5, end_time=1),), ()))),
        Rule(then=Then(result={"channels": []})),
    ),
    limits=Limits(upload_bytes=None, rate=Rate(requests=100, seconds=1e-3), before_body=("rate",)),
    faults=(Fault(http=HttpAnswer(status=500), ordinal=(2, 3)), Fault(latency=Latency(uniform=(0, 1)), share=0.5)),
)


@pytest.fixture
def control(sender: Sender) -> Sender:
    sender.send(calls.open_world(NewWorld(name=WORLD, scenario=Scenario(course="manual"), frozen=True)))
    return sender


@pytest.fixture
def upload(control: Sender, submit: Ask) -> Callable[..., str]:
    """Upload and return the task's id."""

    def run(**how: Any) -> str:
        answer = submit(f"{control.url}/worlds/{WORLD}", b"x", **how)
        return str(json.loads(answer.body)["task"]["task_id"])

    return run


def test_a_scenario_comes_back_as_it_was_sent(control: Sender) -> None:
    assert control.send(calls.replace_scenario(WHOLE), WORLD) == WHOLE
    assert control.send(calls.read_scenario(), WORLD) == WHOLE
    assert control.send(calls.read_scenario()) != WHOLE


@pytest.fixture
def put(control: Sender, ask: Ask) -> Callable[[str], Any]:
    """Send the text of a scenario file, as a person with curl does."""

    def run(text: str) -> Any:
        path = f"/__diarkit/v1/scenario?world={WORLD}"
        return ask(control.url, "PUT", path, text.encode(), {"Content-Type": "application/yaml"})

    return run


def test_a_scenario_may_be_sent_as_the_text_of_its_file(control: Sender, put: Callable[[str], Any]) -> None:
    assert put("seed: 5 # as in a file\nrules:\n- then: {failed: Oh}\n").status == 200
    told = control.send(calls.read_scenario(), WORLD)
    assert told == Scenario(seed=5, rules=(Rule(then=Then(failed="Oh")),))


def test_json_of_other_writers_means_the_same(control: Sender, ask: Ask) -> None:
    path = f"/__diarkit/v1/scenario?world={WORLD}"
    pretty = json.dumps({"rules": [{"then": {"failed": "\U0001f600 \u2028 \x7f \\ud83d"}}]}, indent="\t")
    for text in (pretty, json.dumps(json.loads(pretty), ensure_ascii=False)):
        assert ask(control.url, "PUT", path, text.encode(), {"Content-Type": "application/json"}).status == 200
        assert control.send(calls.read_scenario(), WORLD).rules[0].then.failed == "\U0001f600 \u2028 \x7f \\ud83d"


def test_a_scenario_is_taken_whole_or_not_at_all(
    control: Sender, put: Callable[[str], Any], upload: Callable[..., str]
) -> None:
    answer = put("seed: 5\nrules:\n- then: {speakers: -1}\n- then: {}\n- {}\n")
    assert answer.status == 422
    assert [(one["line"], one["source"]) for one in json.loads(answer.body)["errors"]] == [(3, "body"), (5, "body")]
    assert control.send(calls.read_scenario(), WORLD) == Scenario(course="manual")
    upload()


def test_what_was_sent_and_what_came_belongs_to_nobody_else(control: Sender) -> None:
    result: dict[str, Any] = {"channels": []}
    sent = Scenario(rules=(Rule(then=Then(result=result)),))
    control.send(calls.replace_scenario(sent), WORLD)
    for _ in range(2):
        result["channels"].append(1)
        told = control.send(calls.read_scenario(), WORLD).rules[0].then.result
        assert told == {"channels": []}
        result = told


def test_answers_queue_before_the_scenarios_rules(control: Sender, submit: Ask) -> None:
    control.send(calls.replace_scenario(Scenario(rules=(Rule(then=Then(http=500)),))), WORLD)
    control.send(
        calls.add_answers(
            Answers(
                rules=(
                    Rule(then=Then(http=501), times=1),
                    Rule(then=Then(http=502), times=1),
                )
            )
        ),
        WORLD,
    )
    control.send(calls.add_answers(Answers(rules=(Rule(then=Then(http=503), times=1),))), WORLD)
    statuses = [submit(f"{control.url}/worlds/{WORLD}", b"x").status for _ in range(5)]
    assert statuses == [501, 502, 503, 500, 500]


def test_answers_are_listed_with_their_uses(control: Sender, submit: Ask) -> None:
    used, unused = Rule(then=Then(failed="a"), times=2), Rule(when=When(filename="b"), then=Then(speakers=2))
    control.send(calls.add_answers(Answers(rules=(used, unused))), WORLD)
    submit(f"{control.url}/worlds/{WORLD}", b"x")
    listed = control.send(calls.list_answers(), WORLD)
    assert [(str(one), one.times, one.used) for one in listed] == [
        ("any submission -> failed='a'", 2, 1),
        ("filename='b' -> speakers=2", None, 0),
    ]


def test_answers_that_could_never_be_used_are_refused_and_all_that_came_with_them(control: Sender) -> None:
    rules = (Rule(then=Then(failed="a")), Rule(when=When(channels="0, 1"), then=Then(failed="b")))
    with pytest.raises(RefusedError, match="'0, 1' could never be used: channels are compared in the form 0,1"):
        control.send(calls.add_answers(Answers(rules=rules)), WORLD)
    assert control.send(calls.list_answers(), WORLD) == ()


def test_answers_are_held_to_the_contract(control: Sender) -> None:
    with pytest.raises(RefusedError, match="breaks_contract"):
        control.send(calls.add_answers(Answers(rules=(Rule(then=Then(result={"channels": 3})),))), WORLD)


def test_a_task_is_looked_at_without_a_poll(control: Sender, upload: Callable[..., str]) -> None:
    task_id = upload(filename="a.wav")
    (task,) = control.send(calls.list_tasks(), WORLD)
    assert type(task.state) is TaskState
    assert (task.task_id, task.state, task.filename, task.polls) == (task_id, TaskState.PENDING, "a.wav", 0)
    assert (task.manual, task.lost, task.occurrence) == (True, False, 1)


def test_a_manual_task_is_stepped_to_its_end(control: Sender, upload: Callable[..., str]) -> None:
    task_id = upload()
    states = [control.send(calls.step_task(task_id), WORLD).state for _ in range(3)]
    assert states == ["running", "rejected", "rejected"]


def test_a_manual_task_is_moved_to_any_state_that_may_follow(
    control: Sender, upload: Callable[..., str], ask: Ask
) -> None:
    control.send(calls.add_answers(Answers(rules=(Rule(then=Then(speakers=1)),))), WORLD)
    for state in ("done", "failed", "rejected"):
        task_id = upload()
        assert control.send(calls.move_task(task_id, NewState(state="running")), WORLD).state == "running"
        assert control.send(calls.move_task(task_id, NewState(state=state, message="By hand.")), WORLD).state == state
        body = json.loads(ask(f"{control.url}/worlds/{WORLD}{ENDPOINT}", "GET", f"/{task_id}").body)
        assert body["task"]["state"] == state
        assert (body["error"] or {}).get("message") == (None if state == "done" else "By hand.")
        with pytest.raises(RefusedError, match=f"is {state}: after that comes nothing"):
            control.send(calls.move_task(task_id, NewState(state="running")), WORLD)


def test_a_task_with_a_course_is_not_moved_by_hand(control: Sender, upload: Callable[..., str]) -> None:
    control.send(calls.add_answers(Answers(rules=(Rule(then=Then(course="immediate")),))), WORLD)
    task_id = upload()
    for order in (calls.step_task(task_id), calls.move_task(task_id, NewState(state="failed"))):
        with pytest.raises(RefusedError, match="by hand: expected course: manual"):
            control.send(order, WORLD)


def test_a_lost_task_is_not_moved_but_listed(control: Sender, upload: Callable[..., str]) -> None:
    control.send(calls.replace_faults(FaultList(faults=(Fault(task="lost"),))), WORLD)
    task_id = upload()
    assert [task.lost for task in control.send(calls.list_tasks(), WORLD)] == [True]
    with pytest.raises(UnknownError, match="there is no task"):
        control.send(calls.step_task(task_id), WORLD)


def test_time_is_read_moved_and_stopped(control: Sender) -> None:
    assert control.send(calls.read_clock(), WORLD).ticks == 0
    moved = control.send(calls.advance_clock(Move(seconds=1.5)), WORLD)
    assert (moved.ticks, moved.seconds, moved.frozen) == (1_500_000, 1.5, True)
    assert moved.date.isoformat() == "2000-01-01T00:00:01.500000+00:00"
    assert not control.send(calls.resume_clock(), WORLD).frozen
    assert control.send(calls.freeze_clock(), WORLD).frozen


def test_faults_are_replaced_and_cleared_and_nothing_else(control: Sender, submit: Ask) -> None:
    faults = (Fault(http=503, on="submit"), Fault(body="empty", times=1))
    base = f"{control.url}/worlds/{WORLD}"
    submit(base, b"before")
    assert control.send(calls.replace_faults(FaultList(faults=faults)), WORLD).faults == faults
    assert control.send(calls.read_scenario(), WORLD).faults == faults
    assert submit(base, b"x").status == 503
    control.send(calls.clear_faults(), WORLD)
    assert control.send(calls.read_scenario(), WORLD).faults == ()
    assert submit(base, b"x").status == 202
    assert (len(control.send(calls.list_tasks(), WORLD)), control.send(calls.read_journal(), WORLD).total) == (2, 3)
