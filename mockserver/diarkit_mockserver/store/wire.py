"""One connection to Redis or Valkey: what waits is sent together, and nothing waits for the answer to something else. Knows no commands.

redis-py's own way is one request at a time on each connection of a pool, which costs a poll two thirds more processor time (measured).
"""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from typing import Any, Final, TypeAlias

import hiredis
from redis.connection import parse_url  # pyright: ignore[reportUnknownVariableType] # has no types

from diarkit_mockserver.clock import let_others_run

Word: TypeAlias = str | bytes | int

TIMEOUT_S: Final = 5.0
"""For the store to answer; a client that waits for longer has given up on us, too."""


class Wire(asyncio.Protocol):
    """A connection, from its beginning to its end."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._reader: Any = hiredis.Reader()  # pyright: ignore[reportUnknownMemberType] # has no types
        self._waiting: list[bytes] = []
        self._sent: deque[tuple[float, asyncio.Future[Any]]] = deque()
        self._watch: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport | None = None
        self.is_open = False

    @classmethod
    async def connect(cls, url: str) -> Wire:
        """Connect, as whom and to which database the URL says.

        Raises:
            OSError: if nobody answers.
            hiredis.HiredisError: if it refuses.
        """
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
        """Send a command together with whatever else is asked in this turn of the loop.

        Returns:
            Its answer; `hiredis.ReplyError` if it is refused, `ConnectionError` if it is lost.
        """
        future = self._loop.create_future()
        if not self.is_open:
            future.set_exception(ConnectionError("the connection is closed"))
            return future
        if not self._waiting:
            self._loop.call_soon(self._flush)
        self._waiting.append(hiredis.pack_command(words))  # type: ignore[arg-type] # a tuple of any length
        self._sent.append((self._loop.time(), future))
        if self._watch is None:
            self._watch = self._loop.call_later(TIMEOUT_S, self._look)
        return future

    async def close(self) -> None:
        """Close it; what was asked is lost."""
        self._abort()
        await let_others_run(2)  # to its end

    def _abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport, self.is_open = transport, True  # type: ignore[assignment] # uvloop's is one in all but descent

    def data_received(self, data: bytes) -> None:
        """Give each answer to who asked."""
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
        """Tell all who wait."""
        self.is_open = False
        if self._watch is not None:
            self._watch.cancel()
        for _, future in self._sent:
            if not future.done():
                future.set_exception(ConnectionError(f"the connection is lost{f': {exc}' if exc else ''}"))
        self._sent.clear()

    def _flush(self) -> None:
        batch, self._waiting = self._waiting, []
        if self._transport is not None:
            self._transport.write(b"".join(batch))

    def _look(self) -> None:
        """Give up where an answer is late."""
        self._watch = None
        if not self._sent:
            return
        late = self._sent[0][0] + TIMEOUT_S - self._loop.time()
        if late <= 0:
            self._abort()
        else:
            self._watch = self._loop.call_later(late, self._look)
