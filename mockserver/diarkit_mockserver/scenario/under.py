"""One scenario under another, such as a learned platform under the scenario of a test. Reads no file."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from diarkit_mockserver.scenario.course import GUIDE
from diarkit_mockserver.scenario.dialect import Dialect, list_set

if TYPE_CHECKING:
    from diarkit_mockserver.scenario.model import Scenario


def put_under(scenario: Scenario, base: Scenario) -> Scenario:
    """Put a scenario over a base: what it says itself counts, and the base where it says nothing.

    Points are put together one by one; faults of both happen, those of the base first.
    """
    return replace(
        scenario,
        profile=scenario.profile or base.profile,
        course=base.course if scenario.course == GUIDE else scenario.course,
        dialect=Dialect(**{**list_set(base.dialect), **list_set(scenario.dialect)}),
        seen=scenario.seen or base.seen,
        not_learned=scenario.not_learned or base.not_learned,
        faults=(*base.faults, *scenario.faults),
    )
