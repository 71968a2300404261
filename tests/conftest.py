"""What holds for the whole suite.

Hypothesis draws the same examples in every run, unless it is told to look for new ones. Time in a server's event loop stands still for
tests that ask what happens when time passes.
"""

from __future__ import annotations

import asyncio
import os
import queue
import shutil
import socket
import subprocess
import time
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from diarkit_mockserver.serving.server import ServerThread
    from diarkit_mockserver.world.platform import Platform

PATIENCE_S = 60.0
"""For what has happened already, on a machine that is busy with other things."""

# DIARKIT_TEST_HYPOTHESIS=search draws new examples: for a night, and for hunting.
settings.register_profile("same", derandomize=True, database=None, deadline=None, print_blob=True)
settings.register_profile("search", deadline=None, print_blob=True, max_examples=500)
settings.load_profile(os.environ.get("DIARKIT_TEST_HYPOTHESIS", "same"))


class HeldLoop(asyncio.SelectorEventLoop):
    """An event loop whose timers wait until its clock is moved, however slow the machine is; once released it is like any other."""

    def __init__(self) -> None:
        self._held = True
        self._moved = 0.0
        super().__init__()

    def time(self) -> float:
        """Return what the clock was moved to, in seconds."""
        return self._moved if self._held else self._moved + time.monotonic()

    def move(self, seconds: float) -> None:
        """Let seconds pass."""
        self._moved += seconds

    def release(self) -> None:
        """Let time run by itself."""
        self._held = False


class HeldServer:
    """A server in a thread, on a loop whose time is held; and what its connections have taken from their clients."""

    def __init__(self, thread: ServerThread, loop: HeldLoop, taken: queue.SimpleQueue[int]) -> None:
        self.thread = thread
        self._loop = loop
        self._taken = taken

    def send(self, connection: socket.socket, data: bytes) -> None:
        """Send, and return when the server has taken all of it."""
        connection.sendall(data)
        missing = len(data)
        while missing > 0:
            missing -= self._taken.get(timeout=PATIENCE_S)
        assert missing == 0

    def wait_for_connections(self, count: int) -> None:
        """Return when the server has accepted so many: a client is connected before the server knows of it."""
        while len(self.thread.list_connections()) < count:
            pass

    def move(self, seconds: float) -> int:
        """Let seconds pass for the server's timers; return how many connections are open after what they did."""
        self.thread.call(self._loop.move, seconds)
        return len(self.thread.list_connections())


@pytest.fixture
def pytester(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Runs of pytest in a run, without the plugin of schemathesis: its import takes two of their three seconds."""
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p no:schemathesis")
    return pytester


@pytest.fixture
def held_loop() -> Iterator[HeldLoop]:
    """A loop that nothing runs but the test."""
    loop = HeldLoop()
    yield loop
    loop.close()


@pytest.fixture
def hold(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Platform], HeldServer]]:
    """Start a server whose timers, those for heads and idle connections among them, wait for the test; it ends with it."""
    import uvicorn  # noqa: PLC0415 - most tests need no server

    from diarkit_mockserver.serving import server  # noqa: PLC0415
    from diarkit_mockserver.serving.connection import ClientConnection  # noqa: PLC0415

    taken: queue.SimpleQueue[int] = queue.SimpleQueue()
    take = ClientConnection.data_received

    def take_and_tell(connection: Any, data: bytes) -> None:
        take(connection, data)
        taken.put(len(data))

    with ExitStack() as stack:

        def run(platform: Platform) -> HeldServer:
            loop = HeldLoop()
            with monkeypatch.context() as patched:
                patched.setattr(uvicorn.Config, "get_loop_factory", lambda _: lambda: loop)
                thread = server.ServerThread(platform, server.bind("127.0.0.1", 0))
            stack.callback(thread.stop)
            stack.callback(thread.call, loop.release)
            return HeldServer(thread, loop, taken)

        monkeypatch.setattr(ClientConnection, "data_received", take_and_tell)
        yield run


class Redis:
    """A real Redis or Valkey on a port of its own, which can be killed and started again; each append is on disk before its answer."""

    def __init__(self, program: str, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._folder = folder
        self._command = [program, "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", ""]
        self._command += ["--appendonly", "yes", "--appendfsync", "always", "--logfile", str(folder / "log.txt")]
        self.start()

    def start(self) -> None:
        """Start it, and return when it answers."""
        self._process = subprocess.Popen(self._command)
        begun = time.monotonic()
        while time.monotonic() - begun < PATIENCE_S:
            if self._process.poll() is not None:  # for a moment, somebody's connection may have had its port
                self._process = subprocess.Popen(self._command)
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), PATIENCE_S) as connection:
                connection.sendall(b"PING\r\n")
                if connection.recv(100).startswith(b"+PONG"):
                    return
        pytest.fail(f"Redis does not answer: {(self._folder / 'log.txt').read_text('utf-8')[-1000:]}")

    def kill(self, *, forget: bool = False) -> None:
        """Kill it; what it had on disk stays, or does not."""
        self._process.kill()
        self._process.wait()
        if forget:
            shutil.rmtree(self._folder / "appendonlydir")


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    """A store that is empty."""
    program = shutil.which("valkey-server") or shutil.which("redis-server")
    if program is None:
        pytest.skip("needs redis-server or valkey-server: apt-get install redis-server")
    folder = tmp_path / "redis"
    folder.mkdir()
    server = Redis(program, folder)
    yield server
    server.kill()
