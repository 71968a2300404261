"""A generation of the API as a column of the table of points, and the capabilities of a target."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType
from typing import Final

from diarkit_contracts.api.evidence import Label
from diarkit_contracts.api.points import (
    GENERATIONS,
    OPERATIONS,
    POINTS,
    USUAL,
    Cell,
    Declares,
    Effect,
    Point,
    Refuses,
    Sends,
    Shows,
    Value,
)


class Capability(StrEnum):
    """Special behaviour that a target can be forced to show; completes 'this target can't be made to ...'."""

    FAIL = "fail a task"
    LIMIT_RATE = "limit the rate"
    FILL_STORAGE = "have a full storage"
    FORBID = "forbid an upload"


COMMON: Final[Mapping[str, frozenset[int]]] = MappingProxyType(
    dict(zip(OPERATIONS, map(frozenset, ((202, 400, 403, 413, 422, 507), (200, 400, 404), (200, 400), (200, 400))), strict=True))
)  # fmt: skip
"""Statuses that every generation declares, by operation."""


@dataclass(frozen=True)  # not slotted, for cached properties
class Profile:
    """The effective value of each point: a generation's column with learned or configured overrides."""

    name: str
    cells: Mapping[str, Cell]

    def __getitem__(self, key: str) -> Value:
        """Return the value of a point."""
        return self.cells[key].value

    def overlay(self, values: Mapping[str, Value], source: str) -> Profile:
        """Override values of the generation by the point's key; `source` is for their evidence."""
        return self.lay({key: Cell(value, Label.UNK, source) for key, value in values.items()})

    def lay(self, cells: Mapping[str, Cell]) -> Profile:
        """Override cells of the generation."""
        return replace(self, cells=MappingProxyType({**self.cells, **cells})) if cells else self

    @cached_property
    def locations(self) -> tuple[str, ...]:
        """Headers that lead to the task; the first is required in each 202."""
        return (*(effect.header for effect in self._list_sent() if effect.leads), "X-Location")

    @cached_property
    def headers(self) -> Mapping[str, str]:
        """Further headers of a 202 and their values."""
        return {effect.header: effect.text for effect in self._list_sent()}

    @cached_property
    def passing(self) -> frozenset[str]:
        """Further states, all non-terminal."""
        return frozenset(e.state for _, e, value in self._list_effects() if isinstance(e, Shows) and value == "known")

    @cached_property
    def statuses(self) -> Mapping[str, frozenset[int]]:
        """Declared statuses by method and path."""
        declared = {operation: set(statuses) for operation, statuses in COMMON.items()}
        for _, effect, value in self._list_effects():
            match effect:
                case Declares(status=status, operations=operations) if value == "declared":
                    for operation in operations:
                        declared[operation].add(status)
                case Refuses(operation=operation) if isinstance(value, int):
                    declared[operation].add(value)
                case _:
                    pass
        return {operation: frozenset(statuses) for operation, statuses in declared.items()}

    def find_status_point(self, operation: str, status: int) -> str | None:
        """Find the point that determines whether a status is declared; None if all generations agree."""
        for point, effect, _ in self._list_effects():
            if isinstance(effect, Declares) and effect.status == status and operation in effect.operations:
                return point.key
        return None

    def _list_sent(self) -> Iterator[Sends]:
        return (e for _, e, value in self._list_effects() if isinstance(e, Sends) and value == "sent")

    def _list_effects(self) -> Iterator[tuple[Point, Effect, Value]]:
        return ((point, point.effect, self[point.key]) for point in POINTS if point.effect is not None)


PROFILES: Final[Mapping[str, Profile]] = MappingProxyType(
    {name: Profile(name, MappingProxyType({point.key: point.cells[name] for point in POINTS})) for name in GENERATIONS}
)
"""By name."""

DEFAULT: Final = PROFILES[USUAL]

AUTO: Final = "auto"
"""In place of a name: choose the generation by the version that the server reports."""


def choose_profile(version: str) -> Profile | None:
    """Choose the generation by the version in GET /api/system/info; None for an unknown version."""
    if version == "3.5.0-dev.2":
        return PROFILES["3.5"]
    found = re.match(r"v?(\d+)(?:\.(\d+))?", version)
    if found is None:
        return None
    number = (int(found[1]), int(found[2] or 0))
    if (3, 5) <= number < (3, 7):
        return DEFAULT
    if (3, 7) <= number < (5, 0):
        return PROFILES["3.7"]
    # Calendar versions follow 5.0 (2026.1); later major versions are not documented yet.
    return PROFILES["5.0"] if number[0] == 5 or 2020 <= number[0] < 2100 else None
