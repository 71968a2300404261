"""A world as its clients see it. A long file: each course, limit and fault of a task ends in a poll of a world."""

from __future__ import annotations

import json
import logging
import uuid
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarkit_contracts.api.dialect import Dialect
from diarkit_contracts.api.schema import list_faults
from diarkit_contracts.api.states import STEPS, TERMINAL, TaskState
from diarkit_mockserver.clock import Clock
from diarkit_mockserver.intake.refusals import Refusal
from diarkit_mockserver.intake.request import Request
from diarkit_mockserver.scenario.answer import HttpAnswer
from diarkit_mockserver.scenario.course import ByPolls, ByRealTime, BySeconds, Course, PollCounts, StateSeconds
from diarkit_mockserver.scenario.model import Rule, Scenario, SeededTask, Then
from diarkit_mockserver.scenario.when import When
from diarkit_mockserver.world.manual import step_task
from diarkit_mockserver.world.visit import Visit
from diarkit_mockserver.world.world import World

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from diarkit_mockserver.intake.submission import Submission
    from diarkit_mockserver.world.task import Task

    Make = Callable[..., Submission]

ENDS = {
    TaskState.DONE: Then(result={"channels": []}),
    TaskState.FAILED: Then(failed="Processing failed."),
    TaskState.REJECTED: Then(rejected="Bad input."),
}
COURSES: list[tuple[Course, list[str]]] = [
    ("immediate", ["end", "end"]),
    ("manual", ["pending", "pending"]),
    (ByPolls(polls=PollCounts()), ["end", "end"]),
    (ByPolls(polls=PollCounts(running=1)), ["running", "end", "end"]),
    (ByPolls(polls=PollCounts(pending=1)), ["pending", "end"]),
    (ByPolls(polls=PollCounts(pending=2, running=2)), ["pending", "pending", "running", "running", "end", "end"]),
    (BySeconds(seconds=StateSeconds()), ["end"]),
    (BySeconds(seconds=StateSeconds(pending=2, running=2)), ["pending", "pending", "running", "running", "end", "end"]),
    (ByRealTime(realtime_factor=5), ["running", "running", "end"]),
]


def make_world(*rules: Rule, course: Course = "immediate", name: str = "", **fields: Any) -> World:
    return World(name, Scenario(rules=rules, course=course, **fields), Clock(frozen=True))


def visit() -> Visit:
    return Visit(request=Request("POST", "/", "", [], scheme="http", server="x:1"))


def accept(world: World, submission: Submission) -> Task:
    return world.accept(submission, visit())


def look(world: World, task: Task) -> dict[str, Any]:
    """Poll once; the answer must fit the contract."""
    found, progress, state = world.look(task.task_id, visit())
    body: dict[str, Any] = json.loads(world.write(found, progress, state))
    assert list_faults("SpeakerDiarizationTask", body) == ()
    assert body["task"] == {"task_id": task.task_id, "state": state.value}
    return body


def error_of(world: World, submission: Submission) -> str:
    return look(world, accept(world, submission))["error"]["message"]


@pytest.mark.parametrize("final", ENDS)
@pytest.mark.parametrize(("course", "expected"), COURSES, ids=lambda value: str(value)[:60])
def test_every_course_leads_through_its_states_to_every_end(
    make_submission: Make, course: Course, expected: list[str], final: TaskState
) -> None:
    world = make_world(Rule(then=ENDS[final]), course=course)
    task = accept(world, make_submission(length=1000))
    seen: list[str] = []
    for _ in expected:
        seen.append(look(world, task)["task"]["state"])
        world.clock.advance(1)
    assert seen == [final.value if state == "end" else state for state in expected]


def test_a_manual_task_moves_by_steps_and_stays_at_its_end(make_submission: Make) -> None:
    world = make_world(course="manual")
    task = accept(world, make_submission())
    seen = [look(world, task)["task"]["state"]]
    for _ in range(3):
        world.tasks.update(task, step_task(task, world.tasks.progress(task)))
        seen.append(look(world, task)["task"]["state"])
    assert seen == ["pending", "running", "done", "done"]


IDS = [f"123e4567-e89b-12d3-a456-42661417400{digit}" for digit in range(4)]


def list_states(world: World) -> list[tuple[str, str]]:
    return [(task.task_id, look(world, task)["task"]["state"]) for task in list(world.tasks)]


def test_a_world_has_its_seeded_tasks_from_the_beginning_and_again_after_each_reset(make_submission: Make) -> None:
    seeded = (SeededTask(id=IDS[0], state=TaskState.RUNNING), SeededTask(id=IDS[1], failed="Processing failed."))
    world = make_world(tasks=seeded, name="other")
    expected = [(IDS[0], "running"), (IDS[1], "failed")]
    assert list_states(world) == list_states(world) == expected
    assert world.tasks.queue_length == 1
    task = next(iter(world.tasks))
    world.tasks.update(task, step_task(task, world.tasks.progress(task)))
    accept(world, make_submission())
    assert [state for _, state in list_states(world)] == ["done", "failed", "done"]
    assert list_states(world.begin_again()) == expected


def test_an_upload_does_not_get_the_id_of_a_seeded_task(make_submission: Make) -> None:
    task_id = accept(make_world(), make_submission()).task_id
    world = make_world(tasks=(SeededTask(id=task_id.upper(), failed="why"),))
    ids = [accept(world, make_submission()).task_id for world in (world, world.begin_again())]
    assert ids[0] == ids[1] != task_id
    assert [task.task_id for task in world.tasks] == [task_id, ids[0]]


def test_another_scenario_puts_in_the_tasks_that_it_seeds_and_the_former_one_did_not(make_submission: Make) -> None:
    first, second = SeededTask(id=IDS[0], state=TaskState.RUNNING), SeededTask(id=IDS[1], failed="why")
    world = make_world(tasks=(first, second))
    uploaded = accept(world, make_submission()).task_id
    task = next(iter(world.tasks))
    world.tasks.update(task, step_task(task, world.tasks.progress(task)))
    changed = SeededTask(id=IDS[1], rejected="why")
    world.replace_scenario(Scenario(tasks=(first, changed, SeededTask(id=IDS[2], state=TaskState.PENDING))))
    assert dict(list_states(world)) == {IDS[0]: "done", IDS[1]: "rejected", IDS[2]: "pending", uploaded: "done"}


@pytest.mark.parametrize("final", ENDS)
@pytest.mark.parametrize(("course", "_expected"), COURSES, ids=lambda value: str(value)[:60])
def test_an_end_is_final_to_the_byte(
    make_submission: Make, course: Course, _expected: list[str], final: TaskState
) -> None:
    world = make_world(Rule(then=ENDS[final]), course=course)
    task = accept(world, make_submission())
    bodies: list[bytes] = []
    states: list[TaskState] = []
    for _ in range(12):
        found, progress, state = world.look(task.task_id, visit())
        states.append(state)
        if state in TERMINAL:
            bodies.append(world.write(found, progress, state))
        if task.manual:
            world.tasks.update(task, step_task(task, world.tasks.progress(task)))
        world.clock.advance(100)
        accept(world, make_submission())
    assert len(bodies) > 5
    assert len(set(bodies)) == 1
    assert all(after is before or after in STEPS[before] for before, after in pairwise(states))


@given(
    counts=st.tuples(st.integers(0, 4), st.integers(0, 4)),
    lasts=st.tuples(st.floats(0, 5), st.floats(0, 5)),
    moves=st.lists(st.floats(0, 3), max_size=12),
    by_polls=st.booleans(),
)
def test_no_course_takes_an_illegal_step(
    make_submission: Make, counts: tuple[int, int], lasts: tuple[float, float], moves: list[float], *, by_polls: bool
) -> None:
    course: Course = (
        ByPolls(polls=PollCounts(pending=counts[0], running=counts[1]))
        if by_polls
        else BySeconds(seconds=StateSeconds(pending=lasts[0], running=lasts[1]))
    )
    world = make_world(course=course)
    task = accept(world, make_submission())
    states = [TaskState.PENDING]
    for move in moves:
        states.append(world.look(task.task_id, visit())[2])
        world.clock.advance(move)
    assert all(after is before or after in STEPS[before] for before, after in pairwise(states))


def test_the_first_rule_that_matches_answers(make_submission: Make) -> None:
    world = make_world(
        Rule(when=When(filename="*.mp3"), then=Then(failed="mp3")),
        Rule(when=When(filename="a*"), then=Then(failed="a")),
        Rule(when=When(filename="*"), then=Then(failed="rest")),
    )
    said = [error_of(world, make_submission(filename=name)) for name in ("a.mp3", "a.wav", "b.wav", "A.wav")]
    assert said == ["mp3", "a", "rest", "rest"]


def test_a_used_up_rule_lets_those_below_it_answer_and_says_so(
    make_submission: Make, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "diarkit")
    world = make_world(Rule(then=Then(failed="two"), times=2), Rule(then=Then(failed="below")))
    said = [error_of(world, make_submission()) for _ in range(4)]
    assert said == ["two", "two", "below", "below"]
    assert [record.getMessage() for record in caplog.records if "used up" in record.getMessage()] == [
        "the rule for any submission is used up (times: 2); later rules apply from now on"
    ]


def test_rules_added_by_hand_come_first_in_their_own_order(make_submission: Make) -> None:
    world = make_world(Rule(then=Then(failed="script")))
    world.add_rule(Rule(then=Then(failed="first"), times=1))
    world.add_rule(Rule(then=Then(failed="second"), times=1))
    assert error_of(world, make_submission()) == "first"
    world.replace_faults(())  # leaves the rules and their counts
    assert [error_of(world, make_submission()) for _ in range(2)] == ["second", "script"]


def test_submissions_are_counted_for_each_request_by_itself(make_submission: Make) -> None:
    world = make_world(Rule(when=When(occurrence=2), then=Then(failed="second")), Rule(then=Then(failed="other")))
    one, other = make_submission(), make_submission(max_speakers=2)
    assert [error_of(world, each) for each in (one, other, one, one, other)] == [
        "other",
        "other",
        "second",
        "other",
        "second",
    ]


@pytest.mark.parametrize("state", ["failed", "rejected"])
def test_a_task_that_ends_badly_says_why(make_submission: Make, state: str) -> None:
    world = make_world(Rule(then=Then(failed="Why") if state == "failed" else Then(rejected="Why")))
    body = look(world, accept(world, make_submission()))
    kind = {"failed": "internal", "rejected": "task.validation-error"}[state]
    assert (body["task"]["state"], body["result"]) == (state, None)
    assert body["error"] == {"type": kind, "message": "Why", "detail": []}


def test_a_rules_course_counts_before_the_scenarios(make_submission: Make) -> None:
    world = make_world(Rule(when=When(filename="slow"), then=Then(course="manual")), course="immediate")
    slow, fast = accept(world, make_submission(filename="slow")), accept(world, make_submission())
    assert look(world, slow)["task"]["state"] == "pending"
    assert look(world, fast)["task"]["state"] == "done"


def test_a_rule_may_refuse_the_submission(make_submission: Make) -> None:
    world = make_world(Rule(then=Then(http=HttpAnswer(status=507, message="Full.", retry_after=3)), times=1))
    with pytest.raises(Refusal) as caught:
        accept(world, make_submission())
    assert (caught.value.status, caught.value.message, caught.value.headers) == (507, "Full.", (("retry-after", "3"),))
    assert len(world.tasks) == 0
    assert look(world, accept(world, make_submission()))["task"]["state"] == "done"


def test_refused_polls_do_not_move_the_task(make_submission: Make) -> None:
    course = ByPolls(polls=PollCounts(pending=1, running=1))
    world = make_world(Rule(then=Then(http=HttpAnswer(status=429, on="poll", times=2), course=course)))
    task = accept(world, make_submission())
    for _ in range(2):
        with pytest.raises(Refusal) as caught:
            world.look(task.task_id, visit())
        assert caught.value.status == 429
    assert [look(world, task)["task"]["state"] for _ in range(3)] == ["pending", "running", "done"]


def test_an_unknown_task_is_not_found(make_submission: Make) -> None:
    world, other = make_world(), make_world(name="other")
    task = accept(other, make_submission())
    for unknown in (task.task_id, str(uuid.UUID(int=0))):
        with pytest.raises(Refusal) as caught:
            world.look(unknown, visit())
        assert caught.value.status == 404


def test_fields_that_are_not_populated_may_be_absent(make_submission: Make) -> None:
    world = make_world(dialect=Dialect(unpopulated="absent"), course=ByPolls(polls=PollCounts(running=1)))
    task = accept(world, make_submission())
    assert set(look(world, task)) == {"task"}
    assert set(look(world, task)) == {"task", "result"}


def test_an_assumed_length_is_said_in_the_log(make_submission: Make, caplog: pytest.LogCaptureFixture) -> None:
    accept(make_world(), make_submission(filename="call.m4a", length=6000, assumed=True))
    assert "call.m4a: the length of this wav file can't be measured; assuming 60.0 s" in caplog.text


def test_every_part_of_a_request_makes_other_ids(make_submission: Make) -> None:
    differences: list[dict[str, Any]] = [
        {},
        {"filename": "b"},
        {"sha256": "b" * 64},
        {"channel_mode": "mix"},
        {"channels": (0,)},
        {"range_from": 0.5},
        {"range_to": 0.5},
        {"max_speakers": 5},
        {"total_speakers": 5},
    ]
    world = make_world()
    ids = [accept(world, make_submission(**each)).task_id for each in (*differences, *differences)]
    ids += [
        accept(make_world(name="b"), make_submission()).task_id,
        accept(make_world(seed=1), make_submission()).task_id,
    ]
    assert len(set(ids)) == len(ids)


REQUESTS = st.lists(
    st.fixed_dictionaries(
        {"sha256": st.sampled_from(["a" * 64, "b" * 64]), "filename": st.sampled_from(["a.wav", "fail.wav", "b.wav"])},
        optional={"total_speakers": st.integers(1, 3), "channel_mode": st.just("mix"), "range_to": st.just(5.0)},
    ),
    max_size=20,
)


@given(requests=REQUESTS, chance=st.randoms(use_true_random=False))
def test_the_order_of_requests_changes_no_answer(
    make_submission: Make, requests: list[dict[str, Any]], chance: random.Random
) -> None:
    rules = (
        Rule(when=When(filename="fail*", occurrence=2), then=Then(failed="second")),
        Rule(when=When(filename="fail*"), then=Then(rejected="other")),
    )

    def collect(order: list[dict[str, Any]]) -> list[tuple[str, str]]:
        world = make_world(*rules)
        tasks = [accept(world, make_submission(length=3000, **each)) for each in order]
        chance.shuffle(tasks)
        return sorted((task.task_id, json.dumps(look(world, task))) for task in tasks)

    shuffled = chance.sample(requests, len(requests))
    assert collect(requests) == collect(shuffled)


@pytest.mark.parametrize(
    "course", [ByPolls(polls=PollCounts(cancelled=2)), BySeconds(seconds=StateSeconds(running=1, cancelled=2))]
)
def test_a_cancelled_task_waits_for_nothing_and_is_gone_in_the_end(make_submission: Make, course: Course) -> None:
    """Its client may never ask again: it takes no place in the queue and no room in the storage."""
    world = make_world(course=course, profile="5.0")
    task = accept(world, make_submission())
    assert world.tasks.queue_length == 1
    world.clock.advance(1)
    assert world.look(task.task_id, visit())[2] is TaskState.CANCELLED
    assert (world.tasks.queue_length, world.tasks.stored_bytes) == (0, 0)
    assert world.look(task.task_id, visit())[2] is TaskState.CANCELLED
    world.clock.advance(2)
    with pytest.raises(Refusal) as caught:
        world.look(task.task_id, visit())
    assert caught.value.status == 404
