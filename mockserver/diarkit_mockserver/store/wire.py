"""One pipelined connection to Redis or Valkey. Independent of the commands.

ask --> _waiting --> _flush: all commands of one loop iteration --> _sent --> data_received: the replies, in order

redis-py sends one request at a time on each connection of a pool, which takes two thirds more processor time per poll (measured).
"""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from typing import Any, Final, TypeAlias

import hiredis
from redis.connection import parse_url  # pyright: ignore[reportUnknownVariableType] # untyped

from diarkit_mockserver.clock import let_others_run

Word: TypeAlias = str | bytes | int

TIMEOUT_S: Final = 5.0
"""Timeout of a reply; the platform's client has usually given up by then."""


class Wire(asyncio.Protocol):
    """A connection that is not reopened."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._reader: Any = hiredis.Reader()  # pyright: ignore[reportUnknownMemberType] # untyped
        self._waiting: list[bytes] = []
        self._sent: deque[tuple[float, asyncio.Future[Any]]] = deque()
        self._watch: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport | None = None
        self.is_open = False

    @classmethod
    async def connect(cls, url: str) -> Wire:
        """Connect with the credentials and the database of the URL."""
        loop = asyncio.get_running_loop()
        options: dict[str, Any] = parse_url(url)  # type: ignore[no-untyped-call]
        if "path" in options:
            opening = loop.create_unix_connection(cls, options["path"])
        else:
            tls = ssl.create_default_context() if url.startswith("rediss:") else None
            host, port = options.get("host", "localhost"), options.get("port", 6379)
            opening = loop.create_connection(cls, host, port, ssl=tls)
        async with asyncio.timeout(TIMEOUT_S):
            _, wire = await opening
            try:
                if "password" in options:
                    await wire.ask("AUTH", *(options[name] for name in ("username", "password") if name in options))
                if options.get("db"):
                    await wire.ask("SELECT", options["db"])
            except BaseException:
                await wire.close()
                raise
        return wire

    def ask(self, *words: Word) -> asyncio.Future[Any]:
        """Send a command, together with all others of this iteration of the loop, and return a future of the reply.

        It raises `hiredis.ReplyError` for an error reply, `ConnectionError` if the connection is lost.
        """
        future = self._loop.create_future()
        if not self.is_open:
            future.set_exception(ConnectionError("the connection is closed"))
            return future
        if not self._waiting:
            self._loop.call_soon(self._flush)
        self._waiting.append(hiredis.pack_command(words))  # type: ignore[arg-type] # accepts a tuple of any length
        self._sent.append((self._loop.time(), future))
        if self._watch is None:
            self._watch = self._loop.call_later(TIMEOUT_S, self._look)
        return future

    async def close(self) -> None:
        """Close it; pending commands fail."""
        self._abort()
        await let_others_run(2)  # so that `connection_lost` runs

    def _abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Open it."""
        self._transport, self.is_open = transport, True  # type: ignore[assignment] # uvloop's has the methods, but is no subclass

    def data_received(self, data: bytes) -> None:
        """Resolve the futures of the received replies."""
        self._reader.feed(data)
        while (answer := self._reader.gets()) is not False:
            _, future = self._sent.popleft()
            if future.done():
                continue
            if isinstance(answer, hiredis.HiredisError):
                future.set_exception(answer)
            else:
                future.set_result(answer)

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail the pending commands."""
        self.is_open = False
        if self._watch is not None:
            self._watch.cancel()
        for _, future in self._sent:
            if not future.done():
                future.set_exception(ConnectionError(f"the connection was lost{f': {exc}' if exc else ''}"))
        self._sent.clear()

    def _flush(self) -> None:
        batch, self._waiting = self._waiting, []
        if self._transport is not None:
            self._transport.write(b"".join(batch))

    def _look(self) -> None:
        """Abort the connection if the oldest reply is overdue."""
        self._watch = None
        if not self._sent:
            return
        late = self._sent[0][0] + TIMEOUT_S - self._loop.time()
        if late <= 0:
            self._abort()
        else:
            self._watch = self._loop.call_later(late, self._look)
