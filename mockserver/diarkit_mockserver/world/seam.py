"""The seam between one process and a platform that it shares with others: what a server asks of it. Knows no store.

    alone    connection --> Platform --> Response                                                             at once
    shared   connection --> Shared   --> load: a view --> decide: Platform on the view --> commit, or once more from load

What is decided follows from the view and the request alone, so that it can be decided again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from diarkit_mockserver.intake.request import Request
    from diarkit_mockserver.world.place import Place
    from diarkit_mockserver.world.platform import Platform
    from diarkit_mockserver.world.visit import Visit
    from diarkit_mockserver.world.wire import Response

    Step: TypeAlias = Callable[[Platform, Visit, Place | None], Response | None]

Decided = TypeVar("Decided")


class Shared(Protocol):
    """A platform of many processes."""

    first_connection: int
    """What the numbers of this process's connections come after: none has two."""

    async def begin(self, request: Request, connection: int) -> tuple[Visit, Place | None]:
        """Begin the way of a request whose body is yet to come.

        Raises:
            ConnectionError: if the store can't be reached.
        """
        ...

    async def answer(self, step: Step, request: Request, connection: int, visit: Visit | None = None) -> Response | None:
        """Take a step of a request's way.

        Args:
            step: decides on what it is given, and changes nothing else.
            request: its head.
            connection: number of the client's connection.
            visit: of the request, if it was begun.

        Returns:
            What was decided; a 503 if the store can't be reached.
        """
        ...

    async def call(self, decide: Callable[[Platform], Decided], world: str) -> Decided:
        """Decide something on the whole platform.

        Args:
            decide: as `step`; what it raises is raised, and changes nothing.
            world: that it is about, most of all.

        Raises:
            ConnectionError: if the store can't be reached.
        """
        ...

    async def follow(self) -> None:
        """Follow what other processes change, until the server ends."""
        ...
