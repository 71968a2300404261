"""Where a request leads: a world here, and the path that is left inside it; or the platform that this process shares with others.

    alone    connection --> Platform ---------------------------------------------------------------> Response, at once
    shared   connection --> SharedPlatform --> load: a view --> decide: a Platform of the view --> commit --> Response
                                                ^-------- somebody was faster: nothing was written --'

What is decided follows from the view and the request alone, so that it can be decided again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

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
    """A platform of many processes, which are shown a `Platform` to decide on. What has the name of a method of `Platform` does what that does; 503 if the store is lost."""

    first_connection: int
    """What the numbers of this process's connections come after: none has two."""

    async def begin(self, request: Request, connection: int) -> tuple[Visit, Place | None]:
        """Begin the way of a request that may bring a body.

        Raises:
            ConnectionError: if the store can't be reached.
        """
        ...

    async def answer(
        self, request: Request, connection: int, visit: Visit | None = None, upload: UploadReader | None = None
    ) -> Response:
        """Answer a request: without a visit one that is not begun, with an upload one whose body is there."""
        ...

    async def refuse_early(self, visit: Visit) -> Response | None:
        """Answer an upload before its body, if there is reason to."""
        ...

    async def refuse(self, visit: Visit, refusal: Refusal) -> Response:
        """Answer a request of which no more is read."""
        ...

    async def give_up(self, visit: Visit, reason: str) -> None:
        """Note a request that got no answer."""
        ...

    async def call(self, decide: Callable[[Viewed_co], Decided], world: str) -> Decided:
        """Decide something on the whole platform.

        Args:
            decide: changes nothing but the platform that it is given; what it raises is raised, and changes nothing.
            world: that it is about, most of all.

        Raises:
            ConnectionError: if the store can't be reached.
        """
        ...

    async def follow(self) -> None:
        """Follow what other processes change, until the server ends."""
        ...
