from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from diarkit_contracts.api.states import TaskState
from diarkit_mockserver.scenario.course import Timetable
from diarkit_mockserver.scenario.model import Then
from diarkit_mockserver.world.outcome import Outcome
from diarkit_mockserver.world.task import Task

if TYPE_CHECKING:
    from collections.abc import Callable

    from diarkit_mockserver.intake.submission import Submission


@pytest.fixture
def make_task(make_submission: Callable[..., Submission]) -> Callable[..., Task]:
    def make(final: TaskState, *, counts_polls: bool) -> Task:
        timetable = Timetable(counts_polls=counts_polls, runs_at=2, ends_at=4)
        return Task("id", make_submission(), Then(), Outcome(final), timetable)

    return make


@pytest.mark.parametrize("final", [TaskState.DONE, TaskState.FAILED, TaskState.REJECTED])
def test_a_task_by_polls_follows_its_own_polls_and_no_clock(make_task: Callable[..., Task], final: TaskState) -> None:
    task = make_task(final, counts_polls=True)
    seen: list[TaskState] = []
    for polls in range(7):
        task.polls = polls
        seen.append(task.state_at(now=99))
    assert seen == [TaskState.PENDING] * 2 + [TaskState.RUNNING] * 2 + [final] * 3


@pytest.mark.parametrize("final", [TaskState.DONE, TaskState.FAILED, TaskState.REJECTED])
def test_a_task_by_time_follows_the_clock_and_no_polls(make_task: Callable[..., Task], final: TaskState) -> None:
    task = make_task(final, counts_polls=False)
    task.polls = 99
    assert [task.state_at(now) for now in range(6)] == [TaskState.PENDING] * 2 + [TaskState.RUNNING] * 2 + [final] * 2


def test_a_look_at_the_state_changes_nothing(make_task: Callable[..., Task]) -> None:
    task = make_task(TaskState.DONE, counts_polls=True)
    assert {task.state_at(0) for _ in range(9)} == {TaskState.PENDING}
    assert task.polls == 0
