"""The state of a world: its scenario, tasks and journal, and its counters."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from diarkit_mockserver.clock import Clock
from diarkit_mockserver.journal.journal import Journal
from diarkit_mockserver.scenario.faults import FaultCounts
from diarkit_mockserver.scenario.limits import RateWindow
from diarkit_mockserver.scenario.model import Scenario
from diarkit_mockserver.scenario.setup import Setup
from diarkit_mockserver.world.ids import AnswerIds
from diarkit_mockserver.world.store import Store

MOST_COUNTED: Final = 100_000
"""Limit of distinct keys: far more than a test suite needs, in about 12 MB."""


class Repeats:
    """Counts repetitions by key, for at most `most` keys, discarding the least recently used."""

    __slots__ = ("_came", "_most")

    def __init__(self, most: int = MOST_COUNTED) -> None:
        self._came: dict[bytes, int] = {}
        self._most = most

    def count(self, key: str) -> int:
        """Count a key, which is a UUID; returns 1 for the first time."""
        name = bytes.fromhex(key.replace("-", ""))
        count = self._came[name] = self._came.pop(name, 0) + 1
        if len(self._came) > self._most:
            self._came.pop(next(iter(self._came)))
        return count


@dataclass(slots=True)
class Counters:
    """The counters of one world.

    Attributes:
        rules: number of answered submissions by number of the rule in the `RuleBook`.
        faults: counts of the schedule.
        window: of the rate.
        free_at: heap of `book_worker`.
        uploads: number of readable uploads.
        repeats: number of identical submissions and answers.
    """

    rules: Counter[int] = field(default_factory=Counter[int])
    faults: FaultCounts = field(default_factory=FaultCounts)
    window: RateWindow = field(default_factory=RateWindow)
    free_at: list[int] = field(default_factory=list[int])
    uploads: int = 0
    repeats: Repeats = field(default_factory=Repeats)

    def begin_scenario(self) -> None:
        """Reset the counters of rules, faults and rate, but not those of workers and repeats."""
        self.rules, self.faults, self.window = Counter(), FaultCounts(), RateWindow()


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldState:
    """The parts of a world.

    Attributes:
        origin: the initial scenario, also used by a reset.
        answer_ids: derived from the seed and the name.
        closed: reason for refusing uploads; empty if open.
    """

    origin: Scenario
    setup: Setup
    answer_ids: AnswerIds
    closed: str
    clock: Clock
    tasks: Store
    counters: Counters = field(default_factory=Counters)
    journal: Journal = field(default_factory=Journal)
