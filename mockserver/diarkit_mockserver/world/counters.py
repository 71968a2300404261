"""All that a world counts, beside its tasks and its journal: what changes in it while its scenario stays. Decides nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from diarkit_mockserver.scenario.faults import FaultCounts
from diarkit_mockserver.scenario.limits import RateWindow

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
