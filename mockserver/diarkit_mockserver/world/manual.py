"""A task moved by hand, or put in by hand: which moves there are, and how far they bring it. Knows no HTTP.

The course of such a task is `manual`.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from diarkit_contracts.api.states import STEPS, TaskState
from diarkit_mockserver.errors import FakeError
from diarkit_mockserver.intake.media import assume
from diarkit_mockserver.intake.submission import Submission
from diarkit_mockserver.scenario.course import BY_HAND
from diarkit_mockserver.world.task import UNTOUCHED, Outcome, Progress, Task

if TYPE_CHECKING:
    from diarkit_mockserver.intake.submission import Media
    from diarkit_mockserver.scenario.model import SeededTask


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


def seed_task(seeded: SeededTask, media: Media) -> tuple[Task, Progress]:
    """Make a task that nobody has uploaded, and how far it has come; what is drawn for it follows from its id.

    Args:
        seeded: as the scenario has it.
        media: to assume of the recording that it has none of.
    """
    task_id, end = seeded.id.lower(), seeded.end
    digest = hashlib.sha256(task_id.encode()).hexdigest()
    submission = Submission(filename="", sha256=digest, size=0, media=assume(media), occurrence=0, upload=0)
    outcome = Outcome(end, seeded.failed or seeded.rejected or "")
    task = Task.make(task_id, submission, then=seeded.then, outcome=outcome, timetable=BY_HAND)
    positions = {TaskState.PENDING: 0, TaskState.RUNNING: BY_HAND.runs_at}
    return task, UNTOUCHED._replace(moves=positions.get(seeded.state or end, BY_HAND.ends_at))


def _check_manual(task: Task) -> None:
    if not task.manual:
        raise NotMovableError(f"task {task.task_id} has a course of its own; only those of course: manual move by hand")
