"""Where a request leads: a world, and the path that is left inside it. Decides nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from diarkit_mockserver.world.world import World


class Place(NamedTuple):
    """A world, and the path that is left inside it. A tuple, as one is made for each request.

    Attributes:
        world: that the request goes to.
        prefix: of this world's paths; empty for the default world.
        path: inside the world, as the platform knows it.
    """

    world: World
    prefix: str
    path: str
