"""Tasks moved or created by hand, with the course `manual`."""

from __future__ import annotations

import hashlib

from diarkit_contracts.api.states import STEPS, TaskState
from diarkit_mockserver.errors import FakeError
from diarkit_mockserver.intake.media import assume
from diarkit_mockserver.intake.submission import Media, Submission
from diarkit_mockserver.scenario.course import BY_HAND
from diarkit_mockserver.scenario.model import SeededTask
from diarkit_mockserver.world.task import UNTOUCHED, Outcome, Progress, Task


class NotMovableError(FakeError, ValueError):
    """The task can't be moved."""


def step_task(task: Task, progress: Progress) -> Progress:
    """Move a task of a manual course to its next state; no effect in a final one, and a cancelled task is removed."""
    _check_manual(task)
    timetable = task.timetable
    last = timetable.gone_at if task.end_of(progress).state is TaskState.CANCELLED else timetable.ends_at
    return progress._replace(moves=min(progress.moves + 1, last))


def move_task(task: Task, progress: Progress, state: TaskState, message: str | None) -> Progress:
    """Move a task of a manual course to a state that may follow; no effect if it is the current one."""
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
    """Make a task without an upload, and its progress; everything random depends on its id."""
    task_id, end = seeded.id.lower(), seeded.end
    digest = hashlib.sha256(task_id.encode()).hexdigest()
    submission = Submission(filename="", sha256=digest, size=0, media=assume(media), occurrence=0, upload=0)
    outcome = Outcome(end, seeded.failed or seeded.rejected or "")
    task = Task.make(task_id, submission, then=seeded.then, outcome=outcome, timetable=BY_HAND)
    positions = {TaskState.PENDING: 0, TaskState.RUNNING: BY_HAND.runs_at}
    return task, UNTOUCHED._replace(moves=positions.get(seeded.state or end, BY_HAND.ends_at))


def _check_manual(task: Task) -> None:
    if not task.manual:
        raise NotMovableError(f"task {task.task_id} can't be moved by hand: expected course: manual")
