"""Where a request leads: a world, and the path that is left inside it. Decides nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from diarkit_mockserver.world.world import World


@dataclass(frozen=True, slots=True)
class Place:
    """A world, and the path that is left inside it.

    Attributes:
        world: that the request goes to.
        prefix: of this world's paths; empty for the default world.
        path: inside the world, as the platform knows it.
    """

    world: World
    prefix: str
    path: str
