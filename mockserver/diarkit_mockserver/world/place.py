"""The destination of a request: a world and the path inside it; and the interface of a platform shared by several processes.

    alone    connection --> Platform --------------------------------------------------------> Response, immediately
    shared   connection --> SharedPlatform --> load: a view --> decide: on its Platform --> commit --> Response
                                                ^---------- conflict: nothing was written -----'

A decision depends only on the view and the request, so that it can be repeated.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol, TypeVar

from diarkit_mockserver.intake.refusals import Refusal
from diarkit_mockserver.intake.request import Request
from diarkit_mockserver.intake.upload import UploadReader
from diarkit_mockserver.world.visit import Visit
from diarkit_mockserver.world.wire import Response
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


Decided = TypeVar("Decided")
Viewed_co = TypeVar("Viewed_co", covariant=True)


class SharedPlatform(Protocol[Viewed_co]):
    """A platform shared by several processes.

    Its methods correspond to those of `Platform`. Responses are 503 while the store is unreachable.
    """

    first_connection: int
    """Offset of the connection numbers of this process, so that they are unique on the platform."""

    async def begin(self, request: Request, connection: int) -> tuple[Visit, Place | None]:
        """Begin a request that may have a body.

        Raises:
            ConnectionError: the store is unreachable.
        """
        ...

    async def answer(
        self, request: Request, connection: int, visit: Visit | None = None, upload: UploadReader | None = None
    ) -> Response:
        """Answer a request."""
        ...

    async def refuse_early(self, visit: Visit) -> Response | None:
        """Refuse an upload by its head alone; None to read the body."""
        ...

    async def refuse(self, visit: Visit, refusal: Refusal) -> Response:
        """Refuse a request whose body is not read any further."""
        ...

    async def give_up(self, visit: Visit, reason: str) -> None:
        """Record a request that got no answer."""
        ...

    async def call(self, decide: Callable[[Viewed_co], Decided], world: str) -> Decided:
        """Run a function on the platform and commit the changes.

        Args:
            decide: may run several times, and may change only its argument; an exception discards the changes and is raised.
            world: name of the world that it mainly uses.

        Raises:
            ConnectionError: the store is unreachable.
        """
        ...

    async def follow(self) -> None:
        """Apply the changes of other processes, until cancelled."""
        ...
