"""A proxy before a live platform: a fake in the platform's place, or a socket that answers what it is given."""

from __future__ import annotations

import socket
import threading
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from diarkit_contracts.target.transport import Way
from diarkit_mockserver.forward.gateway import Gateway
from diarkit_mockserver.forward.live import Live
from diarkit_mockserver.forward.recorder import Recorder
from diarkit_mockserver.forward.witness import Witness
from diarkit_mockserver.scenario.model import Scenario
from diarkit_mockserver.world.platform import Platform
from diarkit_mockserver.world.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@dataclass
class Proxied:
    """A proxy, and what it saw."""

    url: str
    platform: Platform
    witness: Witness
    recorder: Recorder
    path: Path
    live_platform: Platform | None = None

    @property
    def live(self) -> World:
        assert self.live_platform is not None
        return self.live_platform.world

    @property
    def forwarded(self) -> int:
        """How many requests the platform behind it has had."""
        return self.live.journal.total

    @property
    def last(self) -> Any:
        return list(self.platform.world.journal)[-1]


@pytest.fixture
def stand_before(start: Any, tmp_path: Path) -> Callable[..., Proxied]:
    """Start a proxy before the server at a URL, or before a fake with a scenario."""

    def make(
        behind: str | Scenario | None = None,
        scenario: Scenario | None = None,
        *,
        prefix: str = "",
        headers: Any = (),
        external_url: str | None = None,
    ) -> Proxied:
        live, url = None, behind
        if not isinstance(behind, str):
            live = Platform(World(scenario=behind or Scenario(course="immediate")))
            url = start(platform=live).url
        way = Way(url=f"{url}{prefix}", headers=headers)
        recorder = Recorder("live")
        witness = Witness(recorder, tmp_path / "saved.yaml")
        platform = Platform(World(scenario=scenario or Scenario()), external_url=external_url)
        thread = start(platform=platform, gateway=Gateway(platform, Live(way), witness.see))
        return Proxied(thread.url, platform, witness, recorder, tmp_path / "saved.yaml", live)

    return make


@dataclass
class Stub:
    """A server that reads one whole request on each connection, answers bytes, and hangs up."""

    answer: bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    reads_body: bool = True
    asked: list[bytes] = field(default_factory=list)
    url: str = ""

    def serve(self, bound: socket.socket) -> None:
        with suppress(OSError):
            while True:
                caller, _ = bound.accept()
                with caller:
                    self._meet(caller)

    def _meet(self, caller: socket.socket) -> None:
        asked = b""
        while b"\r\n\r\n" not in asked:
            if not (data := caller.recv(65536)):
                return
            asked += data
        head, _, body = asked.partition(b"\r\n\r\n")
        length = next(
            (int(line.split()[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")), 0
        )
        while self.reads_body and len(body) < length and (data := caller.recv(65536)):
            body += data
        self.asked.append(head + b"\r\n\r\n" + body)
        with suppress(OSError):
            caller.sendall(self.answer)


@pytest.fixture
def stub() -> Iterator[Callable[..., Stub]]:
    """Let a stub listen."""
    with ExitStack() as stack:

        def listen(answer: bytes = Stub.answer, *, reads_body: bool = True) -> Stub:
            bound = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            made = Stub(answer, reads_body, url=f"http://127.0.0.1:{bound.getsockname()[1]}")
            thread = threading.Thread(target=made.serve, args=(bound,), daemon=True)
            thread.start()

            def end() -> None:
                with suppress(OSError):
                    bound.shutdown(socket.SHUT_RDWR)
                thread.join(60)

            stack.callback(end)
            return made

        yield listen
