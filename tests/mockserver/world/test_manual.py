from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from diarkit_contracts.api.states import STEPS, TERMINAL, TaskState
from diarkit_mockserver.scenario.course import Workers, lay_out
from diarkit_mockserver.scenario.model import Then
from diarkit_mockserver.world.manual import NotMovableError, move_task, step_task
from diarkit_mockserver.world.outcome import Outcome
from diarkit_mockserver.world.task import Task

if TYPE_CHECKING:
    from collections.abc import Callable

    from diarkit_mockserver.intake.submission import Submission


@pytest.fixture
def make(make_submission: Callable[..., Submission]) -> Callable[..., Task]:
    def run(*, manual: bool = True) -> Task:
        timetable = lay_out("manual" if manual else "immediate", 5, 0, Workers())
        return Task("t", make_submission(), Then(), Outcome(TaskState.DONE), timetable, manual=manual)

    return run


@pytest.mark.parametrize(("state", "to"), list(itertools.product(TaskState, repeat=2)))
def test_the_moves_are_the_legal_steps(make: Callable[..., Task], state: TaskState, to: TaskState) -> None:
    task = make()
    move_task(task, state, None, 5)
    assert task.state_at(5) == state
    if to == state or to in STEPS[state]:
        move_task(task, to, None, 5)
        assert task.state_at(5) == to == task.state_at(10**9)
    else:
        with pytest.raises(NotMovableError, match=f"is {state}: after that comes"):
            move_task(task, to, None, 5)
        assert task.state_at(5) == state


@pytest.mark.parametrize("state", [TaskState.FAILED, TaskState.REJECTED])
@pytest.mark.parametrize("message", [None, "Told."])
def test_an_end_that_was_not_laid_out_has_a_message(
    make: Callable[..., Task], state: TaskState, message: str | None
) -> None:
    task = make()
    move_task(task, state, message, 5)
    assert task.outcome == Outcome(state, message or f"The task was {state} by hand.")


def test_steps_lead_to_the_end_that_was_laid_out_and_stay_there(make: Callable[..., Task]) -> None:
    task = make()
    seen: list[TaskState] = []
    for _ in range(4):
        seen.append(task.state_at(5))
        step_task(task)
    assert seen == ["pending", "running", "done", "done"]
    assert seen[-1] in TERMINAL


def test_a_task_with_a_course_is_left_alone(make: Callable[..., Task]) -> None:
    task = make(manual=False)
    before = task.state_at(5)
    with pytest.raises(NotMovableError, match="course of its own"):
        step_task(task)
    with pytest.raises(NotMovableError, match="course of its own"):
        move_task(task, TaskState.FAILED, None, 5)
    assert task.state_at(5) == before
