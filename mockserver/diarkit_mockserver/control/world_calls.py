"""Calls of the control API about one world: its scenario, answers, tasks, time and faults. The journal's are elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from starlette.requests import Request  # noqa: TC002 - the framework reads the types of arguments at run time

from diarkit_contracts.api.states import TaskState
from diarkit_mockserver.clock import ClockView  # noqa: TC001
from diarkit_mockserver.control.body import parse_body, read_text, refuse_outages
from diarkit_mockserver.control.orders import Answers, FaultList, Move, NewState
from diarkit_mockserver.control.problem import ProblemError, list_flaws, refuse_unknown
from diarkit_mockserver.control.server_calls import TheWorld, accept_body, view_clock
from diarkit_mockserver.control.views import TaskView, Validation
from diarkit_mockserver.scenario.load import ScenarioError
from diarkit_mockserver.scenario.model import Scenario
from diarkit_mockserver.scenario.plain import write_plain
from diarkit_mockserver.world.manual import NotMovableError, move_task, step_task

if TYPE_CHECKING:
    from diarkit_mockserver.world.task import Task
    from diarkit_mockserver.world.world import World

router = APIRouter()


def tell_json(schema: str) -> dict[int | str, dict[str, object]]:
    """Describe an answer that has the form of the scenario file."""
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    return {
        200: {"description": "As in the scenario file; what is as it is by default is left out", "content": content}
    }


@router.get("/scenario", tags=["scenario"], responses=tell_json("Scenario"))
async def read_scenario(world: TheWorld) -> JSONResponse:
    """Tell what the world was told; answers that were added one by one are not among it."""
    return JSONResponse(write_plain(world.scenario))


@router.put(
    "/scenario",
    tags=["scenario"],
    responses=tell_json("Scenario"),
    openapi_extra=accept_body("Scenario", "application/yaml"),
)
async def replace_scenario(request: Request, world: TheWorld) -> JSONResponse:
    """Replace the scenario, whole or not at all. Tasks that are there keep the answers they were accepted with."""
    text = await read_text(request)
    scenario = parse_body(Scenario, text)
    if world.name:
        refuse_outages(scenario.faults, text)
    world.replace_scenario(scenario)
    return JSONResponse(write_plain(scenario))


@router.post("/scenario/validate", tags=["scenario"], openapi_extra=accept_body("Scenario", "application/yaml"))
async def validate_scenario(request: Request, world: TheWorld) -> Validation:
    """Say whether a text could replace the scenario, and all that is wrong with it; nothing is changed."""
    text = await read_text(request)
    try:
        scenario = parse_body(Scenario, text)
        if world.name:
            refuse_outages(scenario.faults, text)
    except ScenarioError as error:
        return Validation(valid=False, errors=list_flaws(error))
    except ProblemError as error:
        return Validation(valid=False, errors=error.problem.errors)
    return Validation(valid=True)


@router.post("/respond", tags=["scenario"], status_code=204, openapi_extra=accept_body("Answers"))
async def add_answers(request: Request, world: TheWorld) -> None:
    """Put rules before those of the scenario, behind the ones added earlier."""
    for rule in parse_body(Answers, await read_text(request)).rules:
        world.add_rule(rule)


@router.get("/tasks", tags=["tasks"])
async def list_tasks(world: TheWorld) -> list[TaskView]:
    """List the tasks, the oldest first. Looking here counts as no poll."""
    now = world.clock.now()
    return [
        _view_task(task, world)
        for task in tuple(world.tasks)
        if world.tasks.progress(task).lost or world.tasks.find(task.task_id, now)
    ]


@router.get("/tasks/{task_id}", tags=["tasks"])
async def read_task(task_id: str, world: TheWorld) -> TaskView:
    """Tell one task. Looking here counts as no poll."""
    return _view_task(_find_task(task_id, world), world)


@router.post("/tasks/{task_id}/step", tags=["tasks"])
async def move_to_next_state(task_id: str, world: TheWorld) -> TaskView:
    """Move a task of a manual course to its next state; a final one stays."""
    task = _find_task(task_id, world)
    try:
        world.tasks.update(task, step_task(task, world.tasks.progress(task)))
    except NotMovableError as error:
        raise ProblemError(409, "task-not-movable", str(error)) from None
    return _view_task(task, world)


@router.put("/tasks/{task_id}/state", tags=["tasks"], openapi_extra=accept_body("NewState"))
async def move_to_state(task_id: str, request: Request, world: TheWorld) -> TaskView:
    """Move a task of a manual course to a state that may follow."""
    task = _find_task(task_id, world)
    new = parse_body(NewState, await read_text(request))
    try:
        moved = move_task(task, world.tasks.progress(task), TaskState(new.state), new.message)
    except NotMovableError as error:
        raise ProblemError(409, "task-not-movable", str(error)) from None
    world.tasks.update(task, moved)
    return _view_task(task, world)


@router.delete("/tasks/{task_id}", tags=["tasks"], status_code=204)
async def lose_task(task_id: str, world: TheWorld) -> None:
    """Let a task be lost: the platform answers 404 for it from now on."""
    task = _find_task(task_id, world)
    world.tasks.update(task, world.tasks.progress(task)._replace(lost=True))


@router.get("/clock", tags=["clock"])
async def read_clock(world: TheWorld) -> ClockView:
    """Tell the world's time."""
    return view_clock(world)


@router.post("/clock/freeze", tags=["clock"])
async def freeze_clock(world: TheWorld) -> ClockView:
    """Stop time where it is."""
    world.clock.freeze()
    return view_clock(world)


@router.post("/clock/resume", tags=["clock"])
async def resume_clock(world: TheWorld) -> ClockView:
    """Let time run on from where it stands."""
    world.clock.resume()
    return view_clock(world)


@router.post("/clock/advance", tags=["clock"], openapi_extra=accept_body("Move"))
async def advance_clock(request: Request, world: TheWorld) -> ClockView:
    """Move time forward, running or frozen."""
    move = parse_body(Move, await read_text(request))
    try:
        world.clock.advance(move.seconds)
    except ValueError as error:
        raise ProblemError(422, "body-invalid", str(error)) from None
    return view_clock(world)


@router.get("/faults", tags=["faults"], responses=tell_json("FaultList"))
async def read_faults(world: TheWorld) -> JSONResponse:
    """Tell the schedule of faults."""
    return JSONResponse(write_plain(FaultList(faults=world.scenario.faults)))


@router.put("/faults", tags=["faults"], responses=tell_json("FaultList"), openapi_extra=accept_body("FaultList"))
async def replace_faults(request: Request, world: TheWorld) -> JSONResponse:
    """Replace the schedule of faults; all of them are counted from the beginning."""
    text = await read_text(request)
    faults = parse_body(FaultList, text).faults
    if world.name:
        refuse_outages(faults, text)
    world.replace_faults(faults)
    return JSONResponse(write_plain(FaultList(faults=faults)))


@router.delete("/faults", tags=["faults"], status_code=204)
async def clear_faults(world: TheWorld) -> None:
    """Take all faults away; what they did to tasks stays done."""
    world.replace_faults(())


def _find_task(task_id: str, world: World) -> Task:
    task = world.tasks.find(task_id, world.clock.now())
    if task is None:
        raise refuse_unknown("task", task_id, (task.task_id for task in world.tasks))
    return task


def _view_task(task: Task, world: World) -> TaskView:
    progress = world.tasks.progress(task)
    return TaskView(
        task_id=task.task_id,
        state=task.state_at(progress, world.clock.now()),
        filename=task.filename,
        sha256=task.sha256,
        occurrence=task.occurrence,
        polls=progress.polls,
        manual=task.manual,
        lost=progress.lost,
    )
