"""Stream the body of one request to the live platform, with a bounded buffer, and describe it on the way."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Final

from diarkit_mockserver.intake.upload import UploadReader
from diarkit_mockserver.world.wire import Response

MOST_WAITING: Final = 1 << 20
"""Bytes buffered for the platform; beyond this the client has to wait."""


class Relay:
    """A forwarded request."""

    def __init__(self, reader: UploadReader | None, drained: Callable[[], None], *, has_body: bool) -> None:
        self.reader = reader
        self.has_body = has_body
        self.is_whole = False
        """Whether the body is complete."""
        self.answering: asyncio.Task[Response]
        """The task that awaits the answer, set by the forwarder."""
        self._drained = drained
        self._pieces: deque[bytes] = deque()
        self._waiting = 0
        self._changed = asyncio.Event()

    @property
    def is_full(self) -> bool:
        """Whether the buffer is full."""
        return self._waiting >= MOST_WAITING and not self.answering.done()

    def feed(self, data: bytes) -> None:
        """Add the next bytes of the body; bytes after the answer are dropped."""
        if not data or self.answering.done():
            return
        if self.reader is not None:
            self.reader.feed(data)
        self._pieces.append(data)
        self._waiting += len(data)
        self._changed.set()

    def end(self) -> None:
        """Mark the end of the body."""
        self.is_whole = True
        self._changed.set()

    def cancel(self) -> None:
        """Stop forwarding, as the client has disconnected or sent invalid HTTP."""
        self.answering.cancel()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the body as it arrives."""
        while not self.is_whole or self._pieces:
            while self._pieces:
                piece, was_full = self._pieces.popleft(), self.is_full
                self._waiting -= len(piece)
                if was_full and not self.is_full:
                    self._drained()
                yield piece
            if not self.is_whole:
                self._changed.clear()
                await self._changed.wait()
