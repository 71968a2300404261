"""The `dialect` of a scenario or of a file written by `diarkit learn`: API points that it overrides. The keys are the table of points."""

from __future__ import annotations

import re
from dataclasses import make_dataclass
from typing import TYPE_CHECKING, Final, Literal  # pyright: ignore[reportUnusedImport] - used where types are not checked

from diarkit_contracts.api.points import POINTS, SERVED, USUAL, Carries, Point, Value

VALUE: Final = re.compile("[\t -~\x80-\xff]*")
"""The value of a header (RFC 9110, 5.5)."""

ROWS: Final = tuple(point for point in POINTS if point.served)


def _check(dialect: Dialect) -> None:
    for point in ROWS:
        value = str(getattr(dialect, point.key) or "")
        if isinstance(point.effect, Carries) and VALUE.fullmatch(value) is None:
            raise ValueError(f"{point.key}: expected the value of a header, got {value!r:.60}")


def _write_about(point: Point) -> str:
    values = {name: point.cells[name].value for name in SERVED}
    if len(set(values.values())) == 1:
        return f"    {point.key}: {point.about}" + (f"; usually {value}." if (value := values[USUAL]) != "" else ".")
    return f"    {point.key}: {point.about}; by generation {', '.join(f'{name}: {each}' for name, each in values.items())}."


if TYPE_CHECKING:

    class Dialect:
        """Points that a scenario sets; None for the value of its generation."""

        def __init__(self, **points: Value | None) -> None: ...

else:
    Dialect = make_dataclass(
        "Dialect",
        [(point.key, (Literal[point.allowed] if point.allowed else str) | None, None) for point in ROWS],
        namespace={
            "__doc__": "\n".join(
                [
                    "Points on which platforms differ, instead of those of the generation.",
                    "",
                    "Attributes:",
                    *map(_write_about, ROWS),
                ]
            ),
            "__module__": __name__,
            "__post_init__": _check,
        },
        frozen=True,
        slots=True,
        kw_only=True,
    )


def list_set(dialect: Dialect) -> dict[str, Value]:
    """Return the points that a dialect sets, with their values."""
    return {point.key: value for point in ROWS if (value := getattr(dialect, point.key)) is not None}
