"""All that a world is made of: what it was told, and what changes in it. Decides nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from diarkit_mockserver.journal.journal import Journal
from diarkit_mockserver.world.counters import Counters

if TYPE_CHECKING:
    from diarkit_mockserver.clock import Clock
    from diarkit_mockserver.scenario.model import Scenario
    from diarkit_mockserver.scenario.setup import Setup
    from diarkit_mockserver.world.ids import AnswerIds
    from diarkit_mockserver.world.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldState:
    """A world in its parts.

    Attributes:
        origin: the scenario that it begins with, and again when it is reset.
        setup: what it is told now.
        answer_ids: made of that.
        closed: why it takes no uploads; empty if it does.
        clock: its time.
        tasks: that it has.
        counters: of what came.
        journal: of what was asked and answered.
    """

    origin: Scenario
    setup: Setup
    answer_ids: AnswerIds
    closed: str
    clock: Clock
    tasks: Store
    counters: Counters = field(default_factory=Counters)
    journal: Journal = field(default_factory=Journal)
