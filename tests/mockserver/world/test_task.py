from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from diarkit_contracts.api.states import TaskState
from diarkit_mockserver.scenario.course import BY_HAND, Timetable
from diarkit_mockserver.scenario.model import Then
from diarkit_mockserver.world.task import Outcome, Progress, Task

if TYPE_CHECKING:
    from collections.abc import Callable

    from diarkit_mockserver.intake.submission import Submission


@pytest.fixture
def make_task(make_submission: Callable[..., Submission]) -> Callable[..., Task]:
    def make(final: TaskState, *, counts_polls: bool) -> Task:
        timetable = Timetable("polls" if counts_polls else "ticks", 2, 4)
        return Task.make("id", make_submission(), then=Then(), outcome=Outcome(final), timetable=timetable)

    return make


@pytest.mark.parametrize("final", [TaskState.DONE, TaskState.FAILED, TaskState.REJECTED])
def test_a_task_by_polls_follows_its_own_polls_and_no_clock(make_task: Callable[..., Task], final: TaskState) -> None:
    task = make_task(final, counts_polls=True)
    seen = [task.state_at(Progress(polls=polls), 99) for polls in range(7)]
    assert seen == [TaskState.PENDING] * 2 + [TaskState.RUNNING] * 2 + [final] * 3


@pytest.mark.parametrize("final", [TaskState.DONE, TaskState.FAILED, TaskState.REJECTED])
def test_a_task_by_time_follows_the_clock_and_no_polls(make_task: Callable[..., Task], final: TaskState) -> None:
    task = make_task(final, counts_polls=False)
    assert [task.state_at(Progress(polls=99), now) for now in range(6)] == [TaskState.PENDING] * 2 + [
        TaskState.RUNNING
    ] * 2 + [final] * 2


def test_a_task_by_hand_follows_its_moves_and_ends_as_the_hand_says(make_submission: Callable[..., Submission]) -> None:
    end = Outcome(TaskState.DONE)
    task = Task.make("id", make_submission(), then=Then(), outcome=end, timetable=BY_HAND)
    assert [task.state_at(Progress(polls=9, moves=moves), 99) for moves in range(3)] == ["pending", "running", "done"]
    failed = Progress(moves=2, outcome=Outcome(TaskState.FAILED))
    assert (task.state_at(failed, 99), task.end_of(failed), task.end_of(Progress())) == ("failed", failed.outcome, end)


def test_a_task_is_made_of_what_its_answers_follow_from(make_submission: Callable[..., Submission]) -> None:
    submission = make_submission(sha256="0f" * 32, loud=(True, False), truth=((), ()), max_speakers=2)
    task = Task.make("id", submission, then=Then(), outcome=Outcome(TaskState.DONE), timetable=BY_HAND)
    for name in ("filename", "sha256", "size", "parameters", "occurrence"):
        assert getattr(task, name) == getattr(submission, name)
    assert (task.length, task.loud, task.truth) == (1000, (True, False), ((), ()))


def test_what_tasks_have_in_common_is_one_object(make_submission: Callable[..., Submission]) -> None:
    one, other = (
        Task.make(
            "id", make_submission(total_speakers=3), then=Then(), outcome=Outcome(TaskState.DONE), timetable=BY_HAND
        )
        for _ in range(2)
    )
    assert one.loud is other.loud
