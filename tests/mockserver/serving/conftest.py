from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from diarkit_mockserver.clock import Clock
from diarkit_mockserver.scenario.model import Scenario
from diarkit_mockserver.serving.connection import ClientConnection, Shared
from diarkit_mockserver.serving.pages import Pages
from diarkit_mockserver.world.platform import Platform
from diarkit_mockserver.world.world import World

if TYPE_CHECKING:
    from collections.abc import Callable


class Wire(asyncio.Transport):
    """What a connection writes to, in the place of a socket."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.reads = True
        self.open = True
        self.ended = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert self.open
        assert not self.ended
        self.written += data

    def write_eof(self) -> None:
        self.ended = True

    def can_write_eof(self) -> bool:
        return True

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return ("127.0.0.1", 1) if name == "sockname" else default

    def pause_reading(self) -> None:
        self.reads = False

    def resume_reading(self) -> None:
        self.reads = True

    def is_closing(self) -> bool:
        return not self.open

    def close(self) -> None:
        self.open = False

    abort = close


class Line:
    """A connection to a platform whose time stands still, over a wire."""

    def __init__(self, loop: Any, scenario: Scenario | None = None) -> None:
        self.loop = loop
        self.wire = Wire()
        self.world = World("", scenario or Scenario(), Clock(frozen=True))
        self.platform = Platform(self.world)
        shared = Shared(self.platform, Pages(self.platform), lambda *_: None)
        self.connection = ClientConnection(shared, loop)
        self.connection.connection_made(self.wire)

    def send(self, *packets: bytes) -> bytes:
        """Send packets, as far as the server reads; return what it has answered to them."""
        before = len(self.wire.written)
        for packet in packets:
            while not self.wire.reads and self.wire.open:
                self.turn()
            self.connection.data_received(packet)
        self.turn(50)
        return self.wire.written[before:]

    def turn(self, turns: int = 1) -> None:
        """Let the loop take turns."""
        for _ in range(turns):
            self.loop.run_until_complete(asyncio.sleep(0))

    def move(self, seconds: float) -> bool:
        """Let real time pass; whether the connection is still open."""
        self.loop.move(seconds)
        self.turn(3)
        return self.wire.open


@pytest.fixture
def connect_line(held_loop: Any) -> Callable[..., Line]:
    """Connect to a platform without a socket; what answers at once needs no turn of the loop."""
    return lambda scenario=None: Line(held_loop, scenario)
