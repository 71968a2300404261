"""What a world was told, made ready for use: it never changes, and is replaced as a whole. Counts nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from diarkit_mockserver.scenario.faults import Schedule, check_reach
from diarkit_mockserver.scenario.rules import RuleBook

if TYPE_CHECKING:
    from diarkit_mockserver.scenario.model import Rule, Scenario


@dataclass(frozen=True, slots=True)
class Setup:
    """A scenario for one world.

    Attributes:
        name: of the world, part of every id drawn there.
        scenario: as it was told.
        rules: its rules, and those added by hand.
        schedule: its faults.
    """

    name: str
    scenario: Scenario
    rules: RuleBook
    schedule: Schedule


def set_up(name: str, scenario: Scenario, added: tuple[Rule, ...] = ()) -> Setup:
    """Make a scenario ready for a world.

    Args:
        name: of the world.
        scenario: that it is told.
        added: rules that were added by hand.

    Raises:
        ValueError: for an outage in a world that has a name.
    """
    check_reach(scenario.faults, name)
    schedule = Schedule(scenario.faults, scenario.seed, name)
    return Setup(name, scenario, RuleBook(scenario.rules, added), schedule)
