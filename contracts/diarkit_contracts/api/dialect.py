"""The points of the API as a file sets them: a scenario, or what `diarkit learn` has written. Knows no generation's values but the usual ones.

The keys are the rows of the table of points: who adds a point there can set it here.
"""

from __future__ import annotations

from dataclasses import asdict, make_dataclass
from typing import TYPE_CHECKING, Any, Literal  # pyright: ignore[reportUnusedImport] - used where types are not checked

from diarkit_contracts.api.points import POINTS, SERVED, USUAL

if TYPE_CHECKING:
    from diarkit_contracts.api.points import Point, Value


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
