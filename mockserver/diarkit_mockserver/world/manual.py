"""A task moved by hand: which moves there are, and how far they bring it. Knows no HTTP; the course of such a task is `manual`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diarkit_contracts.api.states import STEPS, TaskState
from diarkit_mockserver.errors import FakeError
from diarkit_mockserver.world.task import Outcome

if TYPE_CHECKING:
    from diarkit_mockserver.world.task import Progress, Task


class NotMovableError(FakeError, ValueError):
    """A task can't be moved so."""


def step_task(task: Task, progress: Progress) -> Progress:
    """Move a task to its next state; a final one stays, a cancelled one goes.

    Raises:
        NotMovableError: for a task that has a course of its own.
    """
    _check_manual(task)
    timetable = task.timetable
    last = timetable.gone_at if task.end_of(progress).state is TaskState.CANCELLED else timetable.ends_at
    return progress._replace(moves=min(progress.moves + 1, last))


def move_task(task: Task, progress: Progress, state: TaskState, message: str | None) -> Progress:
    """Move a task to a state; the one it is in already is no move.

    Args:
        task: of a manual course.
        progress: of the task.
        state: one that may follow the one it is in.
        message: of the error, where it ends in one that was not laid out for it.

    Raises:
        NotMovableError: for a state that can't follow, and for a task that has a course of its own.
    """
    _check_manual(task)
    current = task.state_at(progress, 0)
    if state is current:
        return progress
    if state not in STEPS[current]:
        following = ", ".join(sorted(STEPS[current])) or "nothing"
        raise NotMovableError(f"task {task.task_id} is {current}: after that comes {following}, not {state}")
    if state is TaskState.RUNNING:
        return progress._replace(moves=task.timetable.runs_at)
    if state is not task.end_of(progress).state or message is not None:
        end = Outcome(
            state,
            message or ("" if state in {TaskState.DONE, TaskState.CANCELLED} else f"The task was {state} by hand."),
        )
        progress = progress._replace(outcome=end)
    return progress._replace(moves=task.timetable.ends_at)


def _check_manual(task: Task) -> None:
    if not task.manual:
        raise NotMovableError(f"task {task.task_id} has a course of its own; only those of course: manual move by hand")
