"""One request on a connection, from its head to its end: who takes its body, and how its answer goes out. Decides nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from diarkit_mockserver.clock import to_ticks
from diarkit_mockserver.world.disturb import cut
from diarkit_mockserver.world.wire import write_head

if TYPE_CHECKING:
    import asyncio

    from diarkit_mockserver.forward.relay import Relay
    from diarkit_mockserver.intake.request import Request
    from diarkit_mockserver.intake.upload import UploadReader
    from diarkit_mockserver.world.place import Place
    from diarkit_mockserver.world.visit import Visit
    from diarkit_mockserver.world.wire import Disturbance, Response


@dataclass(slots=True, eq=False)
class Message:
    """One request whose head is there.

    Attributes:
        request: its head.
        keeps_alive: another request may follow.
        waits: its client sends the body when it is asked to (RFC 9110, section 10.1.1).
        left: bytes of its body that are still to come.
        chunked: the body tells itself when it ends.
        place: that it leads to.
        visit: of the platform; None for a page.
        upload: takes the body; None for one that nobody wants.
        relay: takes it to a live platform instead.
        page: the body as far as it came.
        timing: waits for the end of the body's time.
    """

    request: Request
    keeps_alive: bool
    waits: bool = False
    left: int = 0
    chunked: bool = False
    place: Place | None = None
    visit: Visit | None = None
    upload: UploadReader | None = None
    relay: Relay | None = None
    page: bytearray | None = None
    timing: asyncio.Task[None] | None = None

    def drop_body(self) -> bool:
        """Let nobody take the rest of the body; whether somebody did so far."""
        taken = self.upload is not None or self.relay is not None
        if self.relay is not None:
            self.relay.cancel()
        self.upload = self.relay = None
        return taken

    def stop_timing(self) -> None:
        """Let the body take the time that it takes."""
        if self.timing is not None:
            self.timing.cancel()
            self.timing = None

    def send(self, transport: asyncio.Transport, response: Response) -> None:
        """Send its answer at once."""
        head = write_head(response, len(response.body), keeps_alive=self.keeps_alive)
        transport.write(head if self.request.method == "HEAD" else head + response.body)

    async def send_disturbed(self, transport: asyncio.Transport, response: Response, how: Disturbance) -> None:
        """Send its answer late, in drops, or cut off, by the clock of its world."""
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
