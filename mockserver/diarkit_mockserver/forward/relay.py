"""The body of one request on its way to the live platform: taken as it comes, read for what it is, given on. Bounded; decides nothing."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from diarkit_mockserver.intake.upload import UploadReader
    from diarkit_mockserver.world.wire import Response

MOST_WAITING: Final = 1 << 20
"""Bytes that wait for the platform to take them; as long as there are more, the client waits."""


class Relay:
    """A request that is forwarded.

    Args:
        reader: describes an upload on its way; None for any other body.
        has_body: one follows the head.
        drained: called when there is room again.
    """

    def __init__(self, reader: UploadReader | None, drained: Callable[[], None], *, has_body: bool) -> None:
        self.reader = reader
        self.has_body = has_body
        self.answering: asyncio.Task[Response]
        """What comes back; whoever forwards the request begins it."""
        self._drained = drained
        self._pieces: deque[bytes] = deque()
        self._waiting = 0
        self._is_whole = False
        self._changed = asyncio.Event()

    @property
    def is_full(self) -> bool:
        """Whether no more can be taken for now."""
        return self._waiting >= MOST_WAITING and not self.answering.done()

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the body; what comes behind the answer is dropped."""
        if not data or self.answering.done():
            return
        if self.reader is not None:
            self.reader.feed(data)
        self._pieces.append(data)
        self._waiting += len(data)
        self._changed.set()

    def end(self) -> None:
        """Note the end of the body."""
        self._is_whole = True
        self._changed.set()

    def cancel(self) -> None:
        """Forward no more: the client is gone, or what it sends is no HTTP."""
        self.answering.cancel()

    @property
    def is_whole(self) -> bool:
        """Whether the whole body came."""
        return self._is_whole

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Give the body on, as it comes."""
        while not self._is_whole or self._pieces:
            while self._pieces:
                piece, was_full = self._pieces.popleft(), self.is_full
                self._waiting -= len(piece)
                if was_full and not self.is_full:
                    self._drained()
                yield piece
            if not self._is_whole:
                self._changed.clear()
                await self._changed.wait()
