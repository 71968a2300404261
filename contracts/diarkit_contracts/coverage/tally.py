"""What was met, counted over many histories, and the share that it is of all points. Reads no history."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

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
    """

    met: frozenset[str] = frozenset()
    behaved: frozenset[str] = frozenset()

    def __or__(self, other: Tally) -> Tally:
        """Add what was met elsewhere: in any order, and any number of times, it is the same."""
        return Tally(self.met | other.met, self.behaved | other.behaved)

    def find_standing(self, point: Point) -> Standing:
        """Tell how a point stands."""
        if point.id in self.behaved:
            return Standing.BEHAVED
        return Standing.MET if point.id in self.met else Standing.NEVER

    def list_never(self) -> tuple[Point, ...]:
        """List the points that were never met."""
        return tuple(point for point in list_points() if point.id not in self.met)

    @property
    def percent(self) -> float:
        """The share of all points that was met."""
        points = list_points()
        return 100 * (len(points) - len(self.list_never())) / len(points)


def add_up(tallies: Iterable[Tally]) -> Tally:
    """Add tallies up."""
    return reduce(or_, tallies, Tally())
