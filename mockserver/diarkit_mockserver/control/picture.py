"""Who speaks when in a task's result, as an image: the platform's answer, and the truth above it where it is known. Sends nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from diarkit_contracts.api.states import TaskState
from diarkit_contracts.diarization import read_result
from diarkit_fixtures.score.picture import draw_svg
from diarkit_mockserver.control.views import PictureView
from diarkit_mockserver.world.outcome import find_truth

if TYPE_CHECKING:
    from diarkit_mockserver.world.task import Task
    from diarkit_mockserver.world.world import World


def draw_result(task: Task, world: World) -> PictureView:
    """Draw the result of a task that is done, as the next poll gets it.

    Raises:
        DiarizationError: for a result that breaks the contract too far to be drawn.
    """
    answer = read_result(json.loads(world.write(task, TaskState.DONE)))
    truth = find_truth(task.then, task.submission, world.scenario)
    numbers = sorted({*answer, *dict(truth or ())})
    given = [answer.get(number, ()) for number in numbers]
    said = None if truth is None else [dict(truth).get(number, ()) for number in numbers]
    last = max((segment.end for channel in (*given, *(said or ())) for segment in channel), default=0)
    length = max(task.submission.media.length, last)
    drawn = draw_svg(given, length=length) if said is None else draw_svg(said, given, length=length)
    return PictureView(svg=drawn.svg, has_truth=truth is not None)
