"""The destination of a request: a world, and the path inside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from diarkit_mockserver.world.world import World


class Place(NamedTuple):
    """A world, and the path inside it. A tuple, as one is created for each request.

    Attributes:
        world: of the request.
        prefix: of this world's paths; empty for the default world.
        path: inside the world, as on the platform.
    """

    world: World
    prefix: str
    path: str
