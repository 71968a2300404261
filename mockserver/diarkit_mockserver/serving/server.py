"""A server around a platform: in this process until a signal, or in a thread until it is told to stop.

Sockets are bound before the server starts, so that a port can't be lost in between and its number is known at once.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import logging
import signal
import socket
import threading
from typing import TYPE_CHECKING, Any, TypeVar, cast

import uvicorn

from diarkit_mockserver.clock import let_others_run, to_ticks
from diarkit_mockserver.serving.app import create_app
from diarkit_mockserver.serving.connection import ClientConnection, make_protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from diarkit_mockserver.clock import Clock
    from diarkit_mockserver.world.platform import Platform

Returned = TypeVar("Returned")

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 60.0
"""Bounds for a thread that hangs; both steps take milliseconds, and on a machine that is overloaded seconds."""


def bind(host: str, port: int) -> socket.socket:
    """Bind a listening socket.

    Raises:
        OSError: if the address can't be had; `errno.EADDRINUSE` for a port in use.
    """
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    bound = socket.socket(family, kind, protocol)
    try:
        # Without it, a port whose last connections are still closing could not be taken again for a minute.
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
        bound.listen(2048)
    except OSError:
        bound.close()
        raise
    return bound


def write_url(bound: socket.socket) -> str:
    """Write the URL of a bound socket; an address for all interfaces is told as the loopback one."""
    host, port = bound.getsockname()[:2]
    return reach(str(host), int(port))


def reach(host: str, port: int) -> str:
    """Write the URL under which a server that listens on `host` answers on its own machine."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _is_no_cancellation(record: logging.LogRecord) -> bool:
    return record.exc_info is None or not isinstance(record.exc_info[1], asyncio.CancelledError)


class _Server(uvicorn.Server):
    """A uvicorn server that leaves signals to its owner, says when it answers, and can close its port for a while."""

    def __init__(self, platform: Platform, bound: socket.socket, announce: Callable[[], None]) -> None:
        config = uvicorn.Config(
            create_app(platform),
            http=make_protocol(platform, self.interrupt),
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,  # a third of the throughput
            server_header=False,
            proxy_headers=False,  # one reader of forwarded headers is enough
            date_header=False,  # the same request gets the same bytes
        )
        super().__init__(config)
        self._bound = bound
        self._announce = announce
        self._interruptions: set[asyncio.Task[None]] = set()
        platform.list_connections = self._list_connections

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so."""
        # uvicorn reports a request that was cut off by our own end as a failure of the application.
        logging.getLogger("uvicorn.error").addFilter(_is_no_cancellation)
        await super().startup(sockets)
        self._announce()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop at once: what is half sent, either way, is cut off."""
        for interruption in self._interruptions:
            interruption.cancel()
        for server in self.servers:
            server.close()
        for listening in (*(sockets or ()), self._bound):
            listening.close()
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        # Requests that were waiting for their client notice that it is gone; the others are cancelled.
        await let_others_run(2)
        for task in list(self.server_state.tasks):
            task.cancel()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Leave the signals alone."""
        yield

    def interrupt(self, clock: Clock, seconds: float) -> None:
        """Close the port, so that connections are refused, and open it again after so many seconds of a clock."""
        interruption = asyncio.ensure_future(self._interrupt(clock, seconds))
        self._interruptions.add(interruption)
        interruption.add_done_callback(self._interruptions.discard)

    def _list_connections(self) -> frozenset[int]:
        connections = cast("set[object]", self.server_state.connections)
        return frozenset(one.number for one in connections if isinstance(one, ClientConnection))

    async def _interrupt(self, clock: Clock, seconds: float) -> None:
        host, port = self._bound.getsockname()[:2]
        for server in self.servers:
            server.close()
        self._bound.close()
        await clock.wait_until(clock.now() + to_ticks(seconds))
        self._bound = bind(host, port)
        await super().startup([self._bound])


def serve(platform: Platform, bound: socket.socket, announce: Callable[[], None]) -> None:
    """Serve until SIGINT or SIGTERM.

    Args:
        platform: what to serve.
        bound: the listening socket; closed at the end.
        announce: called once, as soon as requests are answered.
    """
    server = _Server(platform, bound, announce)

    async def run() -> None:
        loop = asyncio.get_running_loop()
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, server.handle_exit, name, None)
        await server.serve(sockets=[bound])

    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(run())


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    with contextlib.suppress(ImportError):
        import uvloop  # noqa: PLC0415 - not on Windows

        return uvloop.new_event_loop
    return asyncio.new_event_loop


class ServerThread:
    """A server in a thread of this process.

    Args:
        platform: what to serve.
        bound: the listening socket; closed by `stop`.
    """

    def __init__(self, platform: Platform, bound: socket.socket) -> None:
        self.url = write_url(bound)
        self._platform = platform
        self._ready: concurrent.futures.Future[None] = concurrent.futures.Future()
        self._server = _Server(platform, bound, lambda: self._ready.set_result(None))
        self._loop = _loop_factory()()
        self._bound = bound
        self._thread = threading.Thread(target=self._run, name=f"diarkit {self.url}", daemon=True)
        self._thread.start()
        self._ready.result(START_TIMEOUT_S)

    def call(self, function: Callable[..., Returned], *arguments: Any) -> Returned:
        """Call a function in the server's thread, after what clients have done so far, and return what it returns.

        Raises:
            ConnectionError: if the server was stopped.
        """
        if not self._thread.is_alive():
            raise ConnectionError(f"the server at {self.url} was stopped")

        async def run() -> Returned:
            # The end of a connection may have arrived together with this call, and be handled after it.
            await let_others_run(3)
            return function(*arguments)

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(START_TIMEOUT_S)

    def list_connections(self) -> frozenset[int]:
        """List the numbers of the connections that are open; what a client has closed by now is no longer among them."""
        return self.call(self._platform.list_connections)

    def stop(self) -> None:
        """End the server and its thread; once is enough, twice does no harm.

        Raises:
            TimeoutError: if the thread does not end.
        """
        self._server.should_exit = True
        self._thread.join(STOP_TIMEOUT_S)
        if self._thread.is_alive():
            raise TimeoutError(f"the server at {self.url} did not stop within {STOP_TIMEOUT_S} s")

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
                runner.run(self._server.serve(sockets=[self._bound]))
        except BaseException as error:
            if self._ready.done():
                raise
            self._ready.set_exception(error)
