"""What the control API answers, from plain values into those of its views. Knows no HTTP and no calls."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from diarkit_contracts.api.states import TaskState
from diarkit_fixtures.texts.json_as_yaml import make_yaml
from diarkit_mockserver.clock import ClockView
from diarkit_mockserver.control.views import Flawed, Problem, Ready, TaskView, Validation, WorldView
from diarkit_mockserver.journal.export import read_entry
from diarkit_mockserver.journal.verification import Check, Miss, Verdict
from diarkit_mockserver.scenario.load import parse_scenario

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diarkit_mockserver.journal.journal import Entry
    from diarkit_mockserver.scenario.faults import Fault
    from diarkit_mockserver.scenario.model import Scenario

Json: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalPage:
    """A part of a world's journal.

    Attributes:
        total: exchanges that the world ever had.
        now: its time, in ticks.
        epoch: the date at its time 0, in seconds since 1970 UTC.
        connections: numbers of the clients' connections that are open.
        entries: the oldest first.
    """

    total: int
    now: int
    epoch: int
    connections: frozenset[int]
    entries: tuple[Entry, ...]


def nothing(_: object) -> None:
    """Read an answer without a body."""


def ready(data: Json) -> Ready:
    """Read which server answers."""
    return Ready(**data)


def scenario(data: Json) -> Scenario:
    """Read a scenario, or a part of one that is a mapping."""
    return parse_scenario(make_yaml(json.dumps(data)), source="answer", directory=None)


def faults(data: Json) -> tuple[Fault, ...]:
    """Read a schedule of faults."""
    return scenario(data).faults


def clock(data: Json) -> ClockView:
    """Read a world's time."""
    return ClockView(**data)


def world(data: Json) -> WorldView:
    """Read a world in short."""
    changed: Json = {**data, "clock": clock(data["clock"])}
    return WorldView(**changed)


def worlds(data: Sequence[Json]) -> tuple[WorldView, ...]:
    """Read a list of worlds."""
    return tuple(map(world, data))


def task(data: Json) -> TaskView:
    """Read a task."""
    changed: Json = {**data, "state": TaskState(data["state"])}
    return TaskView(**changed)


def tasks(data: Sequence[Json]) -> tuple[TaskView, ...]:
    """Read a list of tasks."""
    return tuple(map(task, data))


def validation(data: Json) -> Validation:
    """Read whether a text is a scenario."""
    return Validation(valid=data["valid"], errors=_read_flaws(data))


def problem(data: Json) -> Problem:
    """Read a refusal."""
    changed: Json = {**data, "errors": _read_flaws(data)}
    return Problem(**changed)


def page(data: Json) -> JournalPage:
    """Read a part of a journal."""
    entries = tuple(map(read_entry, data["entries"]))
    return JournalPage(
        total=data["total"],
        now=data["now"],
        epoch=data["epoch"],
        connections=frozenset(data["connections"]),
        entries=entries,
    )


def verdict(data: Json) -> Verdict:
    """Read whether expectations hold."""
    checks = tuple(map(_read_check, data["checks"]))
    changed: Json = {
        **data,
        "checks": checks,
        "exchanges": tuple(data["exchanges"]),
        "clock": clock(data["clock"]),
    }
    return Verdict(**changed)


def _read_flaws(data: Json) -> tuple[Flawed, ...]:
    return tuple(Flawed(**one) for one in data.get("errors", ()))


def _read_check(data: Json) -> Check:
    changed: Json = {**data, "nearest": tuple(map(_read_miss, data["nearest"]))}
    return Check(**changed)


def _read_miss(data: Json) -> Miss:
    changed: Json = {**data, "reasons": tuple(data["reasons"])}
    return Miss(**changed)
