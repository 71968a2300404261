"""A world's scenario, prepared for use: it never changes, and is replaced as a whole. Counts nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from diarkit_contracts.api.dialect import Dialect, list_set
from diarkit_contracts.api.states import TaskState
from diarkit_mockserver.scenario.course import GUIDE, cancels
from diarkit_mockserver.scenario.dialect import find_manner, resolve_profile
from diarkit_mockserver.scenario.faults import Schedule, check_reach
from diarkit_mockserver.scenario.model import Scenario
from diarkit_mockserver.scenario.rules import RuleBook

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diarkit_contracts.api.learned import SeenPoint
    from diarkit_contracts.api.points import Generation
    from diarkit_contracts.api.profiles import Profile
    from diarkit_mockserver.scenario.course import Course
    from diarkit_mockserver.scenario.dialect import Manner
    from diarkit_mockserver.scenario.model import Rule


@dataclass(frozen=True, slots=True)
class Setup:
    """A scenario for one world.

    Attributes:
        name: of the world, part of every id drawn there.
        scenario: as it was given.
        rules: its rules, and those added by hand.
        schedule: its faults.
        profile: the value of each point on which generations and platforms differ.
        manner: how answers look; None for the usual way.
    """

    name: str
    scenario: Scenario
    rules: RuleBook
    schedule: Schedule
    profile: Profile
    manner: Manner | None


def set_up(name: str, scenario: Scenario, added: tuple[Rule, ...] = ()) -> Setup:
    """Make a scenario ready for a world.

    Args:
        name: of the world.
        scenario: of the world.
        added: rules that were added by hand.

    Raises:
        ValueError: for an outage in a world that has a name, and for a state that its generation does not know.
    """
    profile, manner = _find_ways(scenario.profile, scenario.dialect, scenario.seen)
    cancelled = any(map(cancels, list_courses(scenario, added))) or TaskState.CANCELLED in {
        task.state for task in scenario.tasks
    }
    if cancelled and profile["cancelled"] == "unknown":
        raise ValueError(
            f"cancelled is no state of generation {profile.name}: say profile: '5.0', or dialect: {{cancelled: known}}"
        )
    check_reach(scenario.faults, name)
    schedule = Schedule(scenario.faults, scenario.seed, name)
    return Setup(name, scenario, RuleBook(scenario.rules, added), schedule, profile, manner)


@lru_cache(maxsize=16)  # the worlds of a test suite are alike
def _find_ways(
    generation: Generation | None, dialect: Dialect, seen: tuple[SeenPoint, ...]
) -> tuple[Profile, Manner | None]:
    profile = resolve_profile(generation, dialect, seen)
    return profile, find_manner(profile)


def list_courses(scenario: Scenario, added: tuple[Rule, ...] = ()) -> Iterator[Course]:
    """List the courses that tasks may take."""
    yield scenario.course
    for rule in (*scenario.rules, *added):
        if rule.then.course is not None:
            yield rule.then.course


NOTHING: Final = Scenario()
"""As a base it changes nothing."""


def put_under(scenario: Scenario, base: Scenario) -> Scenario:
    """Put a scenario over a base: what it says itself counts, and the base where it says nothing.

    Points are put together one by one; faults of both happen, those of the base first.
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
