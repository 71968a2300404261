"""One request on a connection, from its head to its answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from diarkit_mockserver.clock import to_ticks
from diarkit_mockserver.world.disturb import cut
from diarkit_mockserver.world.wire import Disturbance, Response, write_head

if TYPE_CHECKING:
    import asyncio

    from diarkit_mockserver.forward.relay import Relay
    from diarkit_mockserver.intake.request import Request
    from diarkit_mockserver.intake.upload import UploadReader
    from diarkit_mockserver.world.place import Place
    from diarkit_mockserver.world.visit import Visit


@dataclass(slots=True, eq=False)
class Message:
    """One request with a complete head.

    Attributes:
        request: its head.
        keeps_alive: whether another request may follow.
        waits: whether its client waits for 100 Continue (RFC 9110, section 10.1.1).
        place: its destination.
        visit: of the platform; None for a page.
        upload: reads the body; None if it is ignored.
        relay: forwards the body to a live platform instead.
        page: the body of a page request so far.
        timing: timer of the body.
    """

    request: Request
    keeps_alive: bool
    waits: bool = False
    place: Place | None = None
    visit: Visit | None = None
    upload: UploadReader | None = None
    relay: Relay | None = None
    page: bytearray | None = None
    timing: asyncio.Task[None] | None = None

    def drop_body(self) -> bool:
        """Ignore the rest of the body; return whether it was read so far."""
        taken = self.upload is not None or self.relay is not None
        if self.relay is not None:
            self.relay.cancel()
        self.upload = self.relay = None
        return taken

    def stop_timing(self) -> None:
        """Cancel the time limit of the body."""
        if self.timing is not None:
            self.timing.cancel()
            self.timing = None

    def send(self, transport: asyncio.Transport, response: Response) -> None:
        """Send its answer immediately."""
        head = write_head(response, len(response.body), keeps_alive=self.keeps_alive)
        transport.write(head if self.request.method == "HEAD" else head + response.body)

    async def send_disturbed(self, transport: asyncio.Transport, response: Response, how: Disturbance) -> None:
        """Send its answer delayed, dripping, or truncated, by the clock of its world."""
        clock = how.clock
        if how.pause:
            await clock.wait_until(clock.now() + how.pause)
        if how.connection is not None:
            await cut(transport, response, how.connection)
        elif how.drip is None:
            if not transport.is_closing():
                self.send(transport, response)
        else:
            body = b"" if self.request.method == "HEAD" else response.body
            pieces = (body[start : start + how.drip.bytes] for start in range(0, len(body), how.drip.bytes))
            piece = write_head(response, len(response.body), keeps_alive=self.keeps_alive)
            while piece and not transport.is_closing():
                transport.write(piece)
                if piece := next(pieces, b""):
                    await clock.wait_until(clock.now() + to_ticks(how.drip.every))
