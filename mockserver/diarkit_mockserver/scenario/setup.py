"""A world's scenario, prepared for use: immutable, and replaced as a whole."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from diarkit_contracts.api.dialect import Dialect, list_set
from diarkit_contracts.api.learned import SeenPoint
from diarkit_contracts.api.points import Generation
from diarkit_contracts.api.profiles import Profile
from diarkit_contracts.api.states import TaskState
from diarkit_mockserver.scenario.course import GUIDE, Course, cancels
from diarkit_mockserver.scenario.dialect import Manner, find_manner, resolve_profile
from diarkit_mockserver.scenario.faults import Schedule, check_reach
from diarkit_mockserver.scenario.model import Rule, Scenario
from diarkit_mockserver.scenario.rules import RuleBook


@dataclass(frozen=True, slots=True)
class Setup:
    """A scenario for one world.

    Attributes:
        name: of the world, part of the seed of its ids.
        manner: differences of answers; None for none.
        seeded: ids of the tasks that the scenario begins with.
    """

    name: str
    scenario: Scenario
    rules: RuleBook
    schedule: Schedule
    profile: Profile
    manner: Manner | None
    seeded: frozenset[str]


def set_up(name: str, scenario: Scenario, added: tuple[Rule, ...] = ()) -> Setup:
    """Prepare a scenario for a world; a ValueError for an outage in a named one, or a state that its generation lacks."""
    profile, manner = _find_ways(scenario.profile, scenario.dialect, scenario.seen)
    courses: list[Course | None] = [scenario.course, *(rule.then.course for rule in (*scenario.rules, *added))]
    states = {task.state for task in scenario.tasks}
    if (TaskState.CANCELLED in states or any(map(cancels, courses))) and profile["cancelled"] == "unknown":
        raise ValueError(
            f"generation {profile.name} has no state cancelled: set profile: '5.0', or dialect: {{cancelled: known}}"
        )
    check_reach(scenario.faults, name)
    schedule = Schedule(scenario.faults, scenario.seed, name)
    seeded = frozenset(task.id.lower() for task in scenario.tasks)
    return Setup(name, scenario, RuleBook(scenario.rules, added), schedule, profile, manner, seeded)


@lru_cache(maxsize=16)  # most worlds of a test suite are equal
def _find_ways(
    generation: Generation | None, dialect: Dialect, seen: tuple[SeenPoint, ...]
) -> tuple[Profile, Manner | None]:
    profile = resolve_profile(generation, dialect, seen)
    return profile, find_manner(profile)


NOTHING: Final = Scenario()
"""The neutral base."""


def put_under(scenario: Scenario, base: Scenario) -> Scenario:
    """Merge a scenario with a base, which provides its defaults.

    Points are merged individually; faults of both apply, those of the base first.
    """
    if base == NOTHING:
        return scenario
    return replace(
        scenario,
        profile=scenario.profile or base.profile,
        course=base.course if scenario.course == GUIDE else scenario.course,
        dialect=scenario.dialect
        if base.dialect == NOTHING.dialect
        else Dialect(**{**list_set(base.dialect), **list_set(scenario.dialect)}),
        media=replace(scenario.media, undecodable=scenario.media.undecodable or base.media.undecodable),
        seen=scenario.seen or base.seen,
        not_learned=scenario.not_learned or base.not_learned,
        tasks=scenario.tasks or base.tasks,
        faults=(*base.faults, *scenario.faults),
    )
