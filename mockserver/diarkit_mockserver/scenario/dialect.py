"""What a scenario says of the points that generations and platforms differ on, and the generation that follows. Knows no rule.

The keys are the rows of the table of points: who adds a point there can set it here.
"""

from __future__ import annotations

from dataclasses import asdict, make_dataclass
from typing import TYPE_CHECKING, Any, Literal

from diarkit_contracts.api.learned import put_over
from diarkit_contracts.api.points import POINTS, SERVED, USUAL
from diarkit_contracts.api.profiles import PROFILES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from diarkit_contracts.api.learned import SeenPoint
    from diarkit_contracts.api.points import Point, Value
    from diarkit_contracts.api.profiles import Profile


def _write_about(point: Point) -> str:
    values = {name: point.cells[name].value for name in SERVED}
    if len(set(values.values())) == 1:
        return f"    {point.key}: {point.about}" + (f"; usually {value}." if (value := values[USUAL]) != "" else ".")
    return f"    {point.key}: {point.about}; by generation {', '.join(f'{name}: {each}' for name, each in values.items())}."


if TYPE_CHECKING:

    class Dialect:
        """Points as a scenario sets them; one that is None is as its generation has it."""

        def __init__(self, **points: Value | None) -> None: ...

else:
    Dialect = make_dataclass(
        "Dialect",
        [
            (point.key, (Literal[point.allowed] if point.allowed else str) | None, None)
            for point in POINTS
            if point.served
        ],
        namespace={
            "__doc__": "\n".join(
                [
                    "Points on which platforms differ, instead of those of the generation.",
                    "",
                    "Attributes:",
                    *(_write_about(point) for point in POINTS if point.served),
                ]
            ),
            "__module__": __name__,
        },
        frozen=True,
        slots=True,
        kw_only=True,
    )


def list_set(dialect: Dialect) -> dict[str, Value]:
    """List the points that a dialect sets."""
    own: Any = dialect
    return {key: value for key, value in asdict(own).items() if value is not None}


def resolve_profile(generation: str | None, dialect: Dialect, seen: Iterable[SeenPoint] = ()) -> Profile:
    """Work out the value of each point: the generation's column, then the dialect.

    Args:
        generation: that a scenario or the server names; None for the usual one.
        dialect: of the scenario.
        seen: what of it was seen of a live platform.

    Raises:
        ValueError: for a generation that no fake can be of.
    """
    if generation is not None and generation not in SERVED:
        raise ValueError(f"expected a profile: {', '.join(SERVED[:-1])} or {SERVED[-1]}, got {generation!r}")
    return put_over(PROFILES[generation or USUAL], list_set(dialect), seen, "dialect of the scenario")
