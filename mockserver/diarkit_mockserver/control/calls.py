"""The calls of the control API, each once: method, path, what is sent, what comes back. Sends nothing.

A call is a value, so that one definition serves clients that wait and clients that do not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, TypeVar
from urllib.parse import quote, urlencode

from diarkit_mockserver.control import answers as read
from diarkit_mockserver.control.orders import Answers, Expectations, FaultList, Move, NewState, NewWorld
from diarkit_mockserver.scenario.plain import write_plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from diarkit_mockserver.clock import ClockView
    from diarkit_mockserver.control.answers import JournalPage
    from diarkit_mockserver.control.views import Ready, TaskView, Validation, WorldView
    from diarkit_mockserver.journal.verification import Expected, Verdict
    from diarkit_mockserver.scenario.faults import Fault
    from diarkit_mockserver.scenario.model import Rule, Scenario
    from diarkit_mockserver.scenario.plain import Json

T_co = TypeVar("T_co", covariant=True)

PAGE: Final = 1000
"""Exchanges asked for at once."""


@dataclass(frozen=True, slots=True)
class Call(Generic[T_co]):
    """One call.

    Attributes:
        method: of HTTP.
        path: below the prefix of the control API, with its query.
        read: makes the answer's value of what came: JSON decoded, another text as it is, None for an empty body.
        body: that is sent as JSON, or a text that is sent as YAML; None for no body.
    """

    method: Literal["GET", "POST", "PUT", "DELETE"]
    path: str
    read: Callable[[Any], T_co]
    body: Json = None


def read_ready() -> Call[Ready]:
    """Ask which server answers."""
    return Call("GET", "/ready", read.ready)


def list_worlds() -> Call[tuple[WorldView, ...]]:
    """List all worlds."""
    return Call("GET", "/worlds", read.worlds)


def open_world(new: NewWorld) -> Call[WorldView]:
    """Make a world."""
    return Call("POST", "/worlds", read.world, write_plain(new))


def drop_world(name: str) -> Call[None]:
    """Take a world away."""
    return Call("DELETE", f"/worlds/{quote(name, safe='')}", read.nothing)


def reset_world(world: str = "") -> Call[WorldView]:
    """Let a world begin again."""
    return Call("POST", _at("/reset", world), read.world)


def read_scenario(world: str = "") -> Call[Scenario]:
    """Ask what a world was told."""
    return Call("GET", _at("/scenario", world), read.scenario)


def replace_scenario(scenario: Scenario | str, world: str = "") -> Call[Scenario]:
    """Replace the scenario of a world: a value, or the text of a file."""
    return Call("PUT", _at("/scenario", world), read.scenario, _write_scenario(scenario))


def validate_scenario(scenario: Scenario | str, world: str = "") -> Call[Validation]:
    """Ask whether a scenario could be taken, and change nothing."""
    return Call("POST", _at("/scenario/validate", world), read.validation, _write_scenario(scenario))


def add_answers(rules: Iterable[Rule], world: str = "") -> Call[None]:
    """Put rules before those of the scenario."""
    return Call("POST", _at("/respond", world), read.nothing, write_plain(Answers(rules=tuple(rules))))


def list_tasks(world: str = "") -> Call[tuple[TaskView, ...]]:
    """List the tasks of a world."""
    return Call("GET", _at("/tasks", world), read.tasks)


def read_task(task_id: str, world: str = "") -> Call[TaskView]:
    """Ask for one task, without a poll."""
    return Call("GET", _at(_task(task_id), world), read.task)


def step_task(task_id: str, world: str = "") -> Call[TaskView]:
    """Move a task of a manual course to its next state."""
    return Call("POST", _at(f"{_task(task_id)}/step", world), read.task)


def move_task(
    task_id: str,
    state: Literal["running", "done", "failed", "rejected"],
    *,
    message: str | None = None,
    world: str = "",
) -> Call[TaskView]:
    """Move a task of a manual course to a state that may follow."""
    new = NewState(state=state, message=message)
    return Call("PUT", _at(f"{_task(task_id)}/state", world), read.task, write_plain(new))


def lose_task(task_id: str, world: str = "") -> Call[None]:
    """Let a task be lost."""
    return Call("DELETE", _at(_task(task_id), world), read.nothing)


def read_clock(world: str = "") -> Call[ClockView]:
    """Ask for a world's time."""
    return Call("GET", _at("/clock", world), read.clock)


def freeze_clock(world: str = "") -> Call[ClockView]:
    """Stop a world's time."""
    return Call("POST", _at("/clock/freeze", world), read.clock)


def resume_clock(world: str = "") -> Call[ClockView]:
    """Let a world's time run on."""
    return Call("POST", _at("/clock/resume", world), read.clock)


def advance_clock(seconds: float, world: str = "") -> Call[ClockView]:
    """Move a world's time forward."""
    return Call("POST", _at("/clock/advance", world), read.clock, write_plain(Move(seconds=seconds)))


def read_faults(world: str = "") -> Call[tuple[Fault, ...]]:
    """Ask for the schedule of faults."""
    return Call("GET", _at("/faults", world), read.faults)


def replace_faults(faults: Iterable[Fault], world: str = "") -> Call[tuple[Fault, ...]]:
    """Replace the schedule of faults."""
    body = write_plain(FaultList(faults=tuple(faults)))
    return Call("PUT", _at("/faults", world), read.faults, body)


def clear_faults(world: str = "") -> Call[None]:
    """Take all faults away."""
    return Call("DELETE", _at("/faults", world), read.nothing)


def read_journal(
    world: str = "", *, since: int = 0, limit: int = PAGE, task: str | None = None, reveal: bool = False
) -> Call[JournalPage]:
    """Ask for exchanges with numbers above `since`, at most `limit` of them."""
    return Call("GET", _at("/journal", world, since=since, limit=limit, task=task, reveal=reveal), read.page)


def export_journal(
    form: Literal["har", "ndjson"], world: str = "", *, since: int = 0, limit: int = PAGE, reveal: bool = False
) -> Call[Any]:
    """Ask for exchanges in another form: NDJSON as a text, HAR as plain values."""
    query = _at("/journal", world, since=since, limit=limit, format=form, reveal=reveal)
    return Call("GET", query, lambda data: data)


def verify_journal(expected: Iterable[Expected], world: str = "") -> Call[Verdict]:
    """Ask whether the client made these submissions."""
    body = write_plain(Expectations(expected=tuple(expected)))
    return Call("POST", _at("/journal/verify", world), read.verdict, body)


def clear_journal(world: str = "") -> Call[None]:
    """Forget a world's exchanges."""
    return Call("DELETE", _at("/journal", world), read.nothing)


def _at(path: str, world: str, **query: object) -> str:
    named = {"world": world or None, **query}
    sent = {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in named.items()
        if value is not None
    }
    return f"{path}?{urlencode(sent)}" if sent else path


def _task(task_id: str) -> str:
    return f"/tasks/{quote(task_id, safe='')}"


def _write_scenario(scenario: Scenario | str) -> Json:
    return scenario if isinstance(scenario, str) else write_plain(scenario)
