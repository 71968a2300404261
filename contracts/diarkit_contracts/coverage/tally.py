"""What was met, counted over many histories, and the share that it is of all points. Reads no history."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import reduce
from typing import TYPE_CHECKING

from diarkit_contracts.api.profiles import DEFAULT
from diarkit_contracts.coverage.points import list_points

if TYPE_CHECKING:
    from collections.abc import Iterable

    from diarkit_contracts.coverage.points import Point


class Standing(StrEnum):
    """How a point stands."""

    NEVER = "never met"
    MET = "met"
    BEHAVED = "met, and the client behaved"


@dataclass(frozen=True, slots=True)
class Tally:
    """What was met so far.

    Attributes:
        met: ids of points.
        behaved: those of them that were met where nothing was against the client.
        generations: of the servers that were asked; none for the usual one.
    """

    met: frozenset[str] = frozenset()
    behaved: frozenset[str] = frozenset()
    generations: frozenset[str] = frozenset()

    def __or__(self, other: Tally) -> Tally:
        """Add what was met elsewhere: in any order, and any number of times, it is the same."""
        generations = self.generations | other.generations
        return Tally(self.met | other.met, self.behaved | other.behaved, generations)

    @property
    def points(self) -> tuple[Point, ...]:
        """All that can be met of the servers that were asked."""
        return list_points(self.generations or frozenset({DEFAULT.name}))

    def find_standing(self, point: Point) -> Standing:
        """Return how a point stands."""
        if point.id in self.behaved:
            return Standing.BEHAVED
        return Standing.MET if point.id in self.met else Standing.NEVER

    def list_never(self) -> tuple[Point, ...]:
        """List the points that were never met."""
        return tuple(point for point in self.points if point.id not in self.met)

    @property
    def percent(self) -> float:
        """The share of all points that was met."""
        return 100 * (1 - len(self.list_never()) / len(self.points))


def add_up(tallies: Iterable[Tally]) -> Tally:
    """Add tallies up."""
    return reduce(Tally.__or__, tallies, Tally())
