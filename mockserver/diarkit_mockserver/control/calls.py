"""The table of the control API: one function for each call.

Routes, description and typed client are derived from it. Answers are immutable or copies. This module is long to have the whole
table in one place.
"""

# Annotations are evaluated when the rows are made.
import json
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from itertools import islice
from typing import Annotated, Any, Final, cast

from diarkit_contracts.api.states import TaskState
from diarkit_contracts.diarization import DiarizationError, read_result
from diarkit_contracts.exchanges.recording import write_lines
from diarkit_fixtures.score.picture import OF_PAGE, draw_svg
from diarkit_mockserver.clock import ClockView
from diarkit_mockserver.control.call import Bounds, Call, Form, Here, call
from diarkit_mockserver.control.orders import Answers, Expectations, FaultList, Move, NewState, NewWorld
from diarkit_mockserver.control.problem import BODY, refuse, refuse_unknown
from diarkit_mockserver.control.views import (
    AnswerView,
    ConductView,
    CoverageView,
    JournalPage,
    PictureView,
    Ready,
    TaskView,
    WorldView,
    view_task,
    view_world,
)
from diarkit_mockserver.journal.conduct import judge
from diarkit_mockserver.journal.export import write_entries, write_har
from diarkit_mockserver.journal.verification import Verdict
from diarkit_mockserver.journal.verification import verify_journal as hold_against
from diarkit_mockserver.scenario.dump import dump_scenario
from diarkit_mockserver.scenario.model import Scenario
from diarkit_mockserver.world import manual
from diarkit_mockserver.world.outcome import find_truth
from diarkit_mockserver.world.platform import Platform
from diarkit_mockserver.world.task import Progress, Task

VERSION: Final = version("diarkit")

PAGE: Final = 1000
"""Exchanges per page, usually at most a few megabytes."""


@call("GET", "/health", "server")
def read_health(_: Platform) -> dict[str, str]:
    """Return that the server answers."""
    return {"status": "ok"}


@call("GET", "/ready", "server")
def read_ready(platform: Platform) -> Ready:
    """Return the identity of the server."""
    return Ready(nonce=platform.nonce, version=VERSION)


@call("GET", "/worlds", "server")
def list_worlds(platform: Platform) -> tuple[WorldView, ...]:
    """List the worlds, the default one first."""
    return tuple(view_world(platform, name, world) for name, world in [("", platform.world), *platform.worlds.items()])


@call("POST", "/worlds", "server", status=201)
def open_world(platform: Platform, body: NewWorld) -> WorldView:
    """Make a world."""
    free = (
        name for number in range(len(platform.worlds) + 1) if (name := f"world-{number + 1}") not in platform.worlds
    )
    name = next(free) if body.name is None else body.name
    if name in platform.worlds:
        detail = f"there is a world {name!r} already: drop it first, or choose another name"
        raise refuse(409, "world-exists", detail)
    clock = platform.world.clock.make_another(frozen=body.frozen, epoch=body.epoch)
    try:
        world = platform.open_world(name, body.scenario, clock, ids_from=body.ids_from)
    except ValueError as error:
        raise refuse(422, BODY, str(error)) from None
    if body.counted:
        from diarkit_mockserver.journal.coverage import Coverage  # noqa: PLC0415 - clauses and rows, only for coverage

        world.journal.keeper = Coverage()
    return view_world(platform, name, world)


@call("DELETE", "/worlds/{name}", "server")
def drop_world(platform: Platform, name: str) -> None:
    """Remove a world with everything in it."""
    try:
        platform.drop_world(name)
    except KeyError:
        raise refuse_unknown("world", name, platform.worlds) from None


@call("POST", "/reset", "server")
def reset_world(here: Here) -> WorldView:
    """Reset a world to its creation: initial scenario and clock, no tasks, no journal."""
    return view_world(here.platform, here.name, here.platform.reset_world(here.name))


@call("GET", "/scenario", "scenario", forms={"yaml": Form("application/yaml", dump_scenario)})
def read_scenario(here: Here) -> Scenario:
    """Return the world's scenario, without added answers."""
    return here.world.scenario


@call("PUT", "/scenario", "scenario")
def replace_scenario(here: Here, body: Scenario) -> Scenario:
    """Replace the scenario, completely or not at all. Existing tasks retain their answers."""
    here.world.replace_scenario(body)
    return body


@call("POST", "/respond", "scenario")
def add_answers(here: Here, body: Answers) -> None:
    """Add rules before those of the scenario: latest first, after those for only the next submissions. Unreachable ones are refused."""
    try:
        here.world.add_rule(*body.rules)
    except ValueError as error:
        raise refuse(422, "answer-unreachable", str(error)) from None


@call("GET", "/respond", "scenario")
def list_answers(here: Here) -> tuple[AnswerView, ...]:
    """List the added answers in order of precedence, and how often each was used."""
    return tuple(
        AnswerView(rule=str(rule), then=str(rule.then), times=rule.times, used=used)
        for rule, used in here.world.list_added()
    )


@call("GET", "/tasks", "tasks")
def list_tasks(
    here: Here, latest: Annotated[int | None, Bounds("Limit to the latest", least=1)] = None
) -> tuple[TaskView, ...]:
    """List the tasks, oldest first. This does not count as a poll."""
    tasks, now = here.world.tasks, here.world.clock.now()
    found = (
        view_task(task, tasks.progress(task), now)
        for task in tuple(tasks)
        if tasks.progress(task).lost or tasks.find(task.task_id, now)
    )
    return tuple(deque(found, latest))


@call("GET", "/tasks/{task_id}/picture", "tasks")
def draw_task(here: Here, task_id: str) -> PictureView:
    """Draw the result of a finished task. This does not count as a poll."""
    task, world = _find_task(here, task_id), here.world
    if task.state_at(world.tasks.progress(task), world.clock.now()) is not TaskState.DONE:
        raise refuse(409, "task-not-done", f"task {task_id} has no result, as it is not done")
    try:
        answer = read_result(json.loads(world.write(task, world.tasks.progress(task), TaskState.DONE)))
    except DiarizationError as error:
        raise refuse(409, "result-not-drawable", str(error)) from None
    truth = find_truth(task, world.scenario, world.profile)
    numbers = tuple(sorted({*answer, *dict(truth or ())}))
    given = [answer.get(number, ()) for number in numbers]
    expected = given if truth is None else [dict(truth).get(number, ()) for number in numbers]
    length = max([task.length, *(segment.end for channel in (*given, *expected) for segment in channel)])
    look = replace(OF_PAGE, label=f"Who speaks when in {task.filename}", numbers=numbers)
    drawn = draw_svg(expected, None if truth is None else given, length=length, look=look)
    return PictureView(svg=drawn.svg, has_truth=truth is not None)


@call("POST", "/tasks/{task_id}/step", "tasks")
def step_task(here: Here, task_id: str) -> TaskView:
    """Move a task of a manual course to its next state; no effect in a final one."""
    return _move(here, task_id, manual.step_task)


@call("PUT", "/tasks/{task_id}/state", "tasks")
def move_task(here: Here, task_id: str, body: NewState) -> TaskView:
    """Move a task of a manual course to a state that may follow; to `cancelled` from generation 5.0 on."""
    profile = here.world.profile
    if body.state == "cancelled" and profile["cancelled"] == "unknown":
        raise refuse(409, "task-not-movable", f"generation {profile.name} has no state cancelled")
    return _move(
        here, task_id, lambda task, progress: manual.move_task(task, progress, TaskState(body.state), body.message)
    )


@call("GET", "/clock", "clock")
def read_clock(here: Here) -> ClockView:
    """Return the world's time."""
    return here.world.clock.view()


@call("POST", "/clock/freeze", "clock")
def freeze_clock(here: Here) -> ClockView:
    """Stop time."""
    here.world.clock.freeze()
    return here.world.clock.view()


@call("POST", "/clock/resume", "clock")
def resume_clock(here: Here) -> ClockView:
    """Let time continue."""
    here.world.clock.resume()
    return here.world.clock.view()


@call("POST", "/clock/advance", "clock")
def advance_clock(here: Here, body: Move) -> ClockView:
    """Move time forward, running or frozen."""
    try:
        here.world.clock.advance(body.seconds)
    except ValueError as error:
        raise refuse(422, BODY, str(error)) from None
    return here.world.clock.view()


@call("PUT", "/faults", "faults")
def replace_faults(here: Here, body: FaultList) -> FaultList:
    """Replace the schedule of faults, with all counts reset."""
    here.world.replace_faults(body.faults)
    return body


@call("DELETE", "/faults", "faults")
def clear_faults(here: Here) -> None:
    """Remove all faults; their effects on tasks remain."""
    here.world.replace_faults(())


FORMS: Final = {
    "ndjson": Form("application/x-ndjson", lambda page: "".join(write_lines(page.entries))),
    "har": Form("application/json", lambda page: json.dumps(write_har(page.entries), separators=(",", ":"))),
}


@call("GET", "/journal", "journal", forms=FORMS, guarded="reveal")
def read_journal(
    here: Here,
    since: Annotated[int, Bounds("Only exchanges with a higher number", least=0)] = 0,
    limit: Annotated[int, Bounds("Maximum number of exchanges", least=0, most=PAGE)] = PAGE,
    task: Annotated[str | None, Bounds("Only exchanges about this task")] = None,
    reveal: Annotated[bool, Bounds("Return the values of all headers and parameters; needs the token")] = False,  # noqa: FBT002 - the parameter's default
) -> JournalPage:
    """Return the requests to the world and its answers, redacted by default.

    Each format is a recording for `diarkit verify --recording`, oldest exchange first. HAR also works with browser tools, NDJSON
    has one exchange per line.
    """
    journal, clock = here.world.journal, here.world.clock
    chosen = (entry for entry in journal if entry.number > since and task in (None, entry.task_id))
    connections = here.platform.list_connections() & {entry.connection for entry in journal}
    return JournalPage(
        total=journal.total,
        now=clock.now(),
        epoch=clock.epoch,
        connections=tuple(sorted(connections)),
        entries=tuple(write_entries(islice(chosen, limit), clock.epoch, reveal=reveal)),
    )


@call("DELETE", "/journal", "journal")
def clear_journal(here: Here) -> None:
    """Delete the exchanges; numbering continues. Tasks, rules and time are unchanged."""
    here.world.journal.clear()


@call("GET", "/conduct", "journal")
def judge_conduct(here: Here) -> tuple[ConductView, ...]:
    """Judge the client's conduct by the journal, assuming that it has finished."""
    journal, connections = here.world.journal, here.platform.list_connections()
    clock = here.world.clock
    found = judge(journal, now=clock.now(), open_connections=connections, epoch=clock.epoch)
    return tuple(
        ConductView(
            rule=finding.rule.id,
            severity=finding.rule.evidence.severity.value,
            sentence=finding.rule.sentence,
            text=finding.text,
            entries=finding.entries,
        )
        for finding in found
    )


@call("GET", "/coverage", "journal")
def read_coverage(here: Here) -> CoverageView:
    """Return the coverage of the client: since the world began if it is counted, otherwise from the journal."""
    from diarkit_mockserver.journal.coverage import Coverage  # noqa: PLC0415 - clauses and rows, only for coverage

    journal = here.world.journal
    counting = journal.keeper if isinstance(journal.keeper, Coverage) else Coverage()
    tally = counting.tally(journal, here.platform.list_connections())
    met, behaved = (tuple(sorted(ids)) for ids in (tally.met, tally.behaved))
    return CoverageView(met=met, behaved=behaved, generation=here.world.profile.name)


@call("POST", "/journal/verify", "journal")
def verify_journal(here: Here, body: Expectations) -> Verdict:
    """Check whether the client made the expected submissions, and list near misses."""
    return hold_against(here.world.journal, body.expected, seed=here.world.scenario.seed, clock=here.world.clock)


def _move(here: Here, task_id: str, move: Callable[[Task, Progress], Progress]) -> TaskView:
    task, tasks = _find_task(here, task_id), here.world.tasks
    try:
        moved = move(task, tasks.progress(task))
    except manual.NotMovableError as error:
        raise refuse(409, "task-not-movable", str(error)) from None
    tasks.update(task, moved)
    return view_task(task, moved, here.world.clock.now())


def _find_task(here: Here, task_id: str) -> Task:
    task = here.world.tasks.find(task_id, here.world.clock.now())
    if task is None:
        raise refuse_unknown("task", task_id, (one.task_id for one in here.world.tasks))
    return task


TABLE: Final = tuple(cast("Call[..., Any]", one) for one in list(globals().values()) if isinstance(one, Call))
"""All calls, in order."""
