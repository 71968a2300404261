"""Coverage accumulated over many histories, and its share of all points."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import reduce

from diarkit_contracts.api.profiles import DEFAULT
from diarkit_contracts.coverage.points import Point, list_points


class Standing(StrEnum):
    """The status of a point."""

    NEVER = "never met"
    MET = "met"
    BEHAVED = "met, and the client behaved"


@dataclass(frozen=True, slots=True)
class Tally:
    """The coverage so far.

    Attributes:
        behaved: those met without a conduct finding against the client.
        generations: of the servers; empty for the default.
    """

    met: frozenset[str] = frozenset()
    behaved: frozenset[str] = frozenset()
    generations: frozenset[str] = frozenset()

    def __or__(self, other: Tally) -> Tally:
        """Merge two tallies; associative, commutative and idempotent."""
        generations = self.generations | other.generations
        return Tally(self.met | other.met, self.behaved | other.behaved, generations)

    @property
    def points(self) -> tuple[Point, ...]:
        """All points of the servers' generations."""
        return list_points(self.generations or frozenset({DEFAULT.name}))

    def find_standing(self, point: Point) -> Standing:
        """Return the status of a point."""
        if point.id in self.behaved:
            return Standing.BEHAVED
        return Standing.MET if point.id in self.met else Standing.NEVER

    def list_never(self) -> tuple[Point, ...]:
        """List the points that were not met."""
        return tuple(point for point in self.points if point.id not in self.met)

    @property
    def percent(self) -> float:
        """The share of points met, in percent."""
        return 100 * (1 - len(self.list_never()) / len(self.points))


def add_up(tallies: Iterable[Tally]) -> Tally:
    """Merge tallies."""
    return reduce(Tally.__or__, tallies, Tally())
