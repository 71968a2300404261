"""What a scenario says of the points that generations and platforms differ on, and the generation that follows. Knows no rule.

The keys are the rows of the table of points: who adds a point there can set it here.
"""

from __future__ import annotations

from dataclasses import asdict, make_dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, cast, get_args

from diarkit_contracts.api.points import POINTS, USUAL
from diarkit_contracts.api.profiles import PROFILES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diarkit_contracts.api.points import Point, Value
    from diarkit_contracts.api.profiles import Profile

Generation: TypeAlias = Literal["3.6", "3.7", "5.0"]
"""Of the API, as a fake can answer; of 3.5 there was a preview alone."""

SERVED: Final = cast("tuple[Generation, ...]", get_args(Generation))

NOTHING_LEARNED: Final[Mapping[str, Value]] = MappingProxyType({})


def _write_about(point: Point) -> str:
    choice = ", ".join(f"{name}: {point.cells[name].value}" for name in SERVED)
    return f"    {point.key}: {point.about}; by generation {choice}."


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


def resolve_profile(
    generation: str | None, dialect: Dialect, learned: Mapping[str, Value] = NOTHING_LEARNED
) -> Profile:
    """Work out the value of each point: the generation's column, then what was learned, then the dialect; the later wins.

    Args:
        generation: that a scenario or the server names; None for the usual one.
        dialect: of the scenario.
        learned: points read off a live platform, by key.

    Raises:
        ValueError: for a generation that no fake can be of.
    """
    if generation is not None and generation not in SERVED:
        raise ValueError(f"expected a profile: {', '.join(SERVED[:-1])} or {SERVED[-1]}, got {generation!r}")
    profile = PROFILES[generation or USUAL].overlay(learned, "read off a live platform")
    return profile.overlay(list_set(dialect), "dialect of the scenario")
