"""Observations of a live platform as part of a scenario file: each point with the exchange that showed it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from diarkit_contracts.api.dialect import Dialect, list_set
from diarkit_contracts.api.evidence import Label
from diarkit_contracts.api.points import POINTS, USUAL, Cell, Generation
from diarkit_contracts.api.profiles import PROFILES, Profile
from diarkit_fixtures.texts.read import load_text, read_value

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


ALLOWED: Final = {point.key: point.allowed for point in POINTS}


SCHEMA_LINE: Final = "# yaml-language-server: $schema=scenario.schema.json\n"
"""First line of written scenarios, for editors; `diarkit scenario schema > scenario.schema.json` writes the schema next to them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenPoint:
    """One observed point.

    Attributes:
        point: its key.
        value: as observed.
        exchange: that showed it.
        version: of the platform.
        date: of the observation.
    """

    point: str
    value: str | int
    exchange: str
    version: str
    date: str

    def __post_init__(self) -> None:
        if self.point not in ALLOWED:
            raise ValueError(f"expected a point (diarkit generations lists them), got {self.point!r}")
        if (allowed := ALLOWED[self.point]) and self.value not in allowed:
            raise ValueError(f"{self.point}: expected one of {', '.join(map(str, allowed))}, got {self.value!r}")

    @property
    def cell(self) -> Cell:
        """The point as a cell of the table."""
        return Cell(self.value, Label.SEEN, f"{self.exchange}, version {self.version}, {self.date}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """The content of a learned file.

    Attributes:
        version: of the format of scenarios.
        profile: the closest generation.
        dialect: points that differ from that generation, by key.
        seen: the observation of each of them.
        not_learned: keys of points that were not observed.
    """

    version: Literal[1] = 1
    profile: Generation | None = None
    dialect: Dialect = field(default_factory=Dialect)
    seen: tuple[SeenPoint, ...] = ()
    not_learned: tuple[str, ...] = ()
    course: dict[str, Any] | str | None = None

    @property
    def column(self) -> Profile:
        """The platform as a column of the table."""
        return put_over(PROFILES[self.profile or USUAL], list_set(self.dialect), self.seen)


def put_over(profile: Profile, values: dict[str, Any], seen: Iterable[SeenPoint], source: str = "dialect") -> Profile:
    """Override values of a generation, by the point's key; observed ones have their evidence unless they were edited since."""
    profile = profile.overlay(values, source)
    return profile.lay({each.point: each.cell for each in seen if profile[each.point] == each.value})


def read_learned(path: Path) -> Learned:
    """Read a file written by `diarkit learn`."""
    return read_value(Learned, load_text(path), source=str(path))[0]
