"""What a world is made of: what it was told, its tasks and its journal, and all else that it counts. Decides nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from diarkit_mockserver.journal.journal import Journal
from diarkit_mockserver.scenario.faults import FaultCounts
from diarkit_mockserver.scenario.limits import RateWindow

if TYPE_CHECKING:
    from diarkit_mockserver.clock import Clock
    from diarkit_mockserver.scenario.model import Scenario
    from diarkit_mockserver.scenario.setup import Setup
    from diarkit_mockserver.world.ids import AnswerIds
    from diarkit_mockserver.world.store import Store

MOST_COUNTED: Final = 100_000
"""Different things whose repetitions are counted: far more than a test suite's, in about 12 MB."""


class Repeats:
    """Counts each thing by itself; beyond a bound the one that came longest ago is forgotten.

    Args:
        most: how many different ones are counted.
    """

    __slots__ = ("_came", "_most")

    def __init__(self, most: int = MOST_COUNTED) -> None:
        self._came: dict[bytes, int] = {}
        self._most = most

    def count(self, key: str) -> int:
        """Count one more of a thing, named by a UUID; 1 for the first."""
        name = bytes.fromhex(key.replace("-", ""))
        count = self._came[name] = self._came.pop(name, 0) + 1
        if len(self._came) > self._most:
            self._came.pop(next(iter(self._came)))
        return count


@dataclass(slots=True)
class Counters:
    """The counters of one world.

    Attributes:
        rules: submissions that each rule has answered, by its number in the `RuleBook`.
        faults: requests that each fault has met.
        window: of the rate.
        free_at: when the workers are free again, as `book_worker` keeps it.
        uploads: that could be read.
        repeats: how often the same submission came, and the same answer was given.
    """

    rules: Counter[int] = field(default_factory=Counter[int])
    faults: FaultCounts = field(default_factory=FaultCounts)
    window: RateWindow = field(default_factory=RateWindow)
    free_at: list[int] = field(default_factory=list[int])
    uploads: int = 0
    repeats: Repeats = field(default_factory=Repeats)

    def begin_scenario(self) -> None:
        """Count its rules, faults and rate from the beginning; workers and repeats are of the world."""
        self.rules, self.faults, self.window = Counter(), FaultCounts(), RateWindow()


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
