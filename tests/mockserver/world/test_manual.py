from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest

from diarkit_contracts.api.states import STEPS, TERMINAL, TaskState
from diarkit_mockserver.intake.submission import Media
from diarkit_mockserver.scenario.course import lay_out
from diarkit_mockserver.scenario.model import SeededTask, Then
from diarkit_mockserver.world.manual import NotMovableError, move_task, seed_task, step_task
from diarkit_mockserver.world.task import UNTOUCHED, Outcome, Task

if TYPE_CHECKING:
    from collections.abc import Callable

    from diarkit_mockserver.intake.submission import Submission


@pytest.fixture
def make(make_submission: Callable[..., Submission]) -> Callable[..., Task]:
    def run(*, manual: bool = True) -> Task:
        timetable = lay_out("manual" if manual else "immediate", 5, 0, [])
        return Task.make("t", make_submission(), then=Then(), outcome=Outcome(TaskState.DONE), timetable=timetable)

    return run


@pytest.mark.parametrize(("state", "to"), list(itertools.product(TaskState, repeat=2)))
def test_the_moves_are_the_legal_steps(make: Callable[..., Task], state: TaskState, to: TaskState) -> None:
    task = make()
    progress = move_task(task, UNTOUCHED, state, None)
    assert task.state_at(progress, 5) == state
    if to == state or to in STEPS[state]:
        progress = move_task(task, progress, to, None)
        assert task.state_at(progress, 5) == to == task.state_at(progress, 10**9)
    else:
        with pytest.raises(NotMovableError, match=f"is {state}: after that comes"):
            move_task(task, progress, to, None)


@pytest.mark.parametrize("state", [TaskState.FAILED, TaskState.REJECTED])
@pytest.mark.parametrize("message", [None, "Told."])
def test_an_end_that_was_not_laid_out_has_a_message(
    make: Callable[..., Task], state: TaskState, message: str | None
) -> None:
    task = make()
    assert task.end_of(move_task(task, UNTOUCHED, state, message)) == Outcome(
        state, message or f"The task was {state} by hand."
    )


ID = "123E4567-e89b-12d3-a456-426614174000"


@pytest.mark.parametrize(
    ("held", "states"),
    [
        ({"state": TaskState.PENDING, "rejected": "why"}, ["pending", "running", "rejected"]),
        ({"state": TaskState.RUNNING, "failed": "why"}, ["running", "failed", "failed"]),
        ({"state": TaskState.PENDING}, ["pending", "running", "done"]),
        ({"state": TaskState.DONE}, ["done", "done", "done"]),
        ({"failed": "why"}, ["failed", "failed", "failed"]),
    ],
    ids=str,
)
def test_a_seeded_task_is_in_its_state_and_moves_on_by_hand(held: dict[str, Any], states: list[str]) -> None:
    task, progress = seed_task(SeededTask(id=ID, **held), Media(duration=2.5, channels=2))
    assert (task.task_id, task.length, task.loud, task.size) == (ID.lower(), 250, (True, True), 0)
    seen: list[str] = []
    for _ in states:
        seen.append(task.state_at(progress, 10**9))
        progress = step_task(task, progress)
    assert seen == states
    assert task.outcome.message == ("why" if "why" in held.values() else "")


def test_what_is_drawn_for_a_seeded_task_follows_from_its_id() -> None:
    one, same, other = (
        seed_task(SeededTask(id=task_id), Media())[0].digest for task_id in (ID, ID.lower(), ID[:-1] + "1")
    )
    assert one == same != other


def test_steps_lead_to_the_end_that_was_laid_out_and_stay_there(make: Callable[..., Task]) -> None:
    task = make()
    seen: list[TaskState] = []
    progress = UNTOUCHED
    for _ in range(4):
        seen.append(task.state_at(progress, 5))
        progress = step_task(task, progress)
    assert seen == ["pending", "running", "done", "done"]
    assert seen[-1] in TERMINAL


def test_a_task_with_a_course_is_left_alone(make: Callable[..., Task]) -> None:
    task = make(manual=False)
    with pytest.raises(NotMovableError, match="by hand: expected course: manual"):
        step_task(task, UNTOUCHED)
    with pytest.raises(NotMovableError, match="by hand: expected course: manual"):
        move_task(task, UNTOUCHED, TaskState.FAILED, None)


def test_a_cancelled_task_goes_at_the_next_step(make: Callable[..., Task]) -> None:
    task = make()
    progress = move_task(task, UNTOUCHED, TaskState.CANCELLED, None)
    assert not task.is_gone(progress, 5)
    assert task.is_gone(step_task(task, progress), 5)
    assert not task.is_gone(step_task(task, move_task(task, UNTOUCHED, TaskState.DONE, None)), 5)
