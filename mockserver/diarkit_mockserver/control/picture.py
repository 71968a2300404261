"""A picture of a task's result, below the truth if known."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from diarkit_contracts.api.states import TaskState
from diarkit_contracts.diarization import read_result
from diarkit_fixtures.score.picture import OF_PAGE, draw_svg
from diarkit_mockserver.control.views import PictureView
from diarkit_mockserver.world.outcome import find_truth

if TYPE_CHECKING:
    from diarkit_mockserver.world.task import Task
    from diarkit_mockserver.world.world import World


def draw_result(task: Task, world: World) -> PictureView:
    """Draw the result of a finished task, as the next poll would receive it; too malformed, it is a DiarizationError."""
    answer = read_result(json.loads(world.write(task, world.tasks.progress(task), TaskState.DONE)))
    truth = find_truth(task, world.scenario, world.profile)
    numbers = tuple(sorted({*answer, *dict(truth or ())}))
    given = [answer.get(number, ()) for number in numbers]
    expected = given if truth is None else [dict(truth).get(number, ()) for number in numbers]
    length = max([task.length, *(segment.end for channel in (*given, *expected) for segment in channel)])
    look = replace(OF_PAGE, label=f"Who speaks when in {task.filename}", numbers=numbers)
    drawn = draw_svg(expected, None if truth is None else given, length=length, look=look)
    return PictureView(svg=drawn.svg, has_truth=truth is not None)
