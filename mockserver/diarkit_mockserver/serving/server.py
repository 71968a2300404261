"""Serve a platform: in the foreground until a signal, or in a thread until it is stopped.

Sockets are bound before the server starts, so that the port is reserved and known.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import gc
import signal
import socket
import sys
import threading
from collections.abc import Callable, Coroutine, Generator
from typing import TYPE_CHECKING, Any, Final, TypeVar

import uvicorn

from diarkit_mockserver.clock import Clock, let_others_run, to_ticks
from diarkit_mockserver.serving.connection import ClientConnection, Shared
from diarkit_mockserver.serving.front import PLAIN, Front
from diarkit_mockserver.serving.pages import Pages
from diarkit_mockserver.serving.sharing import SharedConnection

if TYPE_CHECKING:
    from diarkit_mockserver.forward.gateway import Gateway
    from diarkit_mockserver.world.platform import Platform

Returned = TypeVar("Returned")

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 60.0
"""Timeouts for a hanging thread; normally both take milliseconds, on an overloaded machine seconds."""


BACKLOG: Final = 2048
"""Backlog of connections."""

M_TRIM_THRESHOLD: Final = -1
M_MMAP_THRESHOLD: Final = -3
MOST_RETAINED: Final = 8 << 20
"""Options of `mallopt` (malloc.h), and their value in bytes: the pieces of uploads on many connections."""


def bind(host: str, port: int) -> socket.socket:
    """Bind a listening socket, or raise OSError (`errno.EADDRINUSE` for a port in use)."""
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    bound = socket.socket(family, kind, protocol)
    try:
        # Otherwise a port with closing connections could not be reused for a minute.
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
        bound.listen(BACKLOG)
    except OSError:
        bound.close()
        raise
    return bound


def write_url(bound: socket.socket, scheme: str = "http") -> str:
    """Return the URL of a bound socket, with the loopback address for all interfaces."""
    host, port = bound.getsockname()[:2]
    return reach(str(host), int(port), scheme)


def reach(host: str, port: int, scheme: str = "http") -> str:
    """Return the URL of a server that listens on `host`, as reached from its own machine."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


class _Server(uvicorn.Server):
    """uvicorn with our connections: announces its start, stops immediately, and can close its port temporarily."""

    def __init__(  # noqa: PLR0913 - a server has that many parts
        self,
        platform: Platform,
        bound: socket.socket,
        announce: Callable[[], None],
        front: Front,
        gateway: Gateway | None,
        *,
        is_shared: bool = False,
    ) -> None:
        pages = Pages(platform)
        config = uvicorn.Config(
            pages.run,
            http=self._connect,  # type: ignore[arg-type] # it is only called; a class of ours would need a copy of uvicorn's arguments
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            proxy_headers=False,  # `Front` reads them
            backlog=BACKLOG,
        )
        config.load()
        config.ssl = front.tls
        super().__init__(config)
        self._shared = Shared(platform, pages, self.interrupt, front, gateway)
        self._bound = bound
        self._is_shared = is_shared
        self._announce = announce
        self._stopped = asyncio.Event()
        platform.list_connections = self._list_connections

    def stop(self) -> None:
        """Stop serving; called in its loop."""
        self._stopped.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Stop at a signal with exit code 0, while uvicorn would raise the signal again."""
        if threading.current_thread() is threading.main_thread():
            loop = asyncio.get_running_loop()
            for name in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(name, self.stop)
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then announce it."""
        await super().startup(sockets)
        if (shared := self._shared.platform.shared) is not None:
            self._keep(shared.follow())
        self._announce()

    async def main_loop(self) -> None:
        """Wait for the end; uvicorn polls for it ten times a second, which would slow down tests with a separate server."""
        await self._stopped.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop immediately, aborting requests and answers in progress."""
        del sockets
        self._close_port()
        for connection in list(self._shared.connections):
            connection.transport.abort()
        for task in list(self._shared.tasks):
            task.cancel()
        await let_others_run(2)  # for the cleanup of connections and tasks
        if self._shared.gateway is not None:
            await self._shared.gateway.close()

    def interrupt(self, clock: Clock, seconds: float) -> None:
        """Close the port, so that connections are refused, and reopen it after so many seconds of a clock."""
        self._keep(self._interrupt(clock, seconds))

    def _keep(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(coroutine)
        self._shared.tasks.add(task)
        task.add_done_callback(self._shared.tasks.discard)

    def _connect(self, **_: object) -> ClientConnection:
        many, loop = self._shared.platform.shared, asyncio.get_running_loop()
        return ClientConnection(self._shared, loop) if many is None else SharedConnection(self._shared, loop, many)

    def _list_connections(self) -> frozenset[int]:
        return frozenset(connection.number for connection in self._shared.connections)

    def _close_port(self) -> None:
        for server in self.servers:
            server.close()
        self._bound.close()

    async def _interrupt(self, clock: Clock, seconds: float) -> None:
        host, port = self._bound.getsockname()[:2]
        spare = (
            self._bound.dup() if self._is_shared else None
        )  # other workers still listen, so it could not be bound again
        self._close_port()
        await clock.wait_until(clock.now() + to_ticks(seconds))
        self._bound = spare or bind(host, port)
        await super().startup([self._bound])


def serve(  # noqa: PLR0913 - as above
    platform: Platform,
    bound: socket.socket,
    announce: Callable[[], None],
    front: Front = PLAIN,
    gateway: Gateway | None = None,
    *,
    is_shared: bool = False,
) -> None:
    """Serve until SIGINT or SIGTERM, and close the bound socket; `announce` is called once, as soon as requests are answered."""
    # Imported modules are excluded from garbage collection, and garbage of requests is collected rarely enough.
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    retain_memory()
    _Server(platform, bound, announce, front, gateway, is_shared=is_shared).run([bound])


def retain_memory() -> None:
    """Let glibc reuse the memory of received pieces; by default it returns it to the system, and gets it back page by page."""
    if sys.platform == "linux":
        import ctypes  # noqa: PLC0415 - 3 ms that a fixture need not pay

        with contextlib.suppress(AttributeError):  # another C library
            set_option = ctypes.CDLL(None).mallopt
            set_option(M_TRIM_THRESHOLD, MOST_RETAINED)
            set_option(M_MMAP_THRESHOLD, MOST_RETAINED)


class ServerThread:
    """A server in a thread of this process; `stop` closes the bound socket."""

    def __init__(
        self, platform: Platform, bound: socket.socket, front: Front = PLAIN, gateway: Gateway | None = None
    ) -> None:
        self.url = write_url(bound, front.scheme)
        self._platform = platform
        self._bound = bound
        self._ready: concurrent.futures.Future[asyncio.AbstractEventLoop] = concurrent.futures.Future()
        self._server = _Server(
            platform, bound, lambda: self._ready.set_result(asyncio.get_running_loop()), front, gateway
        )
        self._thread = threading.Thread(target=self._run, name=f"diarkit {self.url}", daemon=True)
        self._thread.start()
        self._loop = self._ready.result(START_TIMEOUT_S)

    def call(self, function: Callable[..., Returned], *arguments: Any) -> Returned:
        """Run a function in its thread, after pending events of clients, and return the result; a ConnectionError once stopped."""
        if not self._thread.is_alive():
            raise ConnectionError(f"the server at {self.url} was stopped")

        answer: concurrent.futures.Future[Returned] = concurrent.futures.Future()

        def run(turns: int) -> None:
            if turns:
                self._loop.call_soon(run, turns - 1)
                return
            try:
                answer.set_result(function(*arguments))
            except BaseException as error:  # noqa: BLE001 - raised where it was called
                answer.set_exception(error)

        # The end of a connection may have arrived with this call, and be handled after it.
        self._loop.call_soon_threadsafe(run, 3)
        return answer.result(START_TIMEOUT_S)

    def list_connections(self) -> frozenset[int]:
        """Return the numbers of the open connections, excluding those already closed by the client."""
        return self.call(self._platform.list_connections)

    def stop(self) -> None:
        """Stop the server and its thread; idempotent. Raises TimeoutError if the thread does not end."""
        with contextlib.suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._server.stop)
        self._thread.join(STOP_TIMEOUT_S)
        if self._thread.is_alive():
            raise TimeoutError(f"the server at {self.url} did not stop within {STOP_TIMEOUT_S} s")

    def _run(self) -> None:
        try:
            self._server.run([self._bound])
        except BaseException as error:
            if self._ready.done():
                raise
            self._ready.set_exception(error)
