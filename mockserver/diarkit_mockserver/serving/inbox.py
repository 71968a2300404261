"""A buffer of received bytes, split at the ends of heads and chunked bodies."""

from __future__ import annotations

from typing import Final

END: Final = b"\r\n\r\n"
"""The end of every head and every chunked body."""


class Inbox:
    """Received bytes; at most one head or message ends in each piece that is taken.

    Attributes:
        data: with all that was not taken; empty if all was.
    """

    __slots__ = ("_at", "_tail", "data")

    def __init__(self) -> None:
        self.data = b""
        self._at = 0
        # The last bytes returned by `take_section` since the last end, in which the mark may begin.
        self._tail = b""

    def add(self, data: bytes) -> None:
        """Append bytes."""
        self.data = self.data[self._at :] + data if self.data else data
        self._at = 0

    def clear(self) -> None:
        """Drop all bytes."""
        self.data, self._at, self._tail = b"", 0, b""

    def take(self, most: int) -> bytes | memoryview:
        """Take at most so many bytes."""
        return self._cut(min(len(self.data), self._at + most))

    def take_equal(self, section: bytes) -> bool:
        """Take all bytes if they are this section, and none of it was taken before; return whether they were."""
        if self.data != section or self._at or self._tail:
            return False
        self.data = b""
        return True

    def take_section(self) -> bytes | memoryview:
        """Take all bytes up to the next end of a head or chunked body."""
        data, at, tail = self.data, self._at, self._tail
        end = 0
        if tail:
            across = (tail + data[at : at + len(END) - 1]).find(END)
            end = 0 if across < 0 else at - len(tail) + across + len(END)
        if not end and (found := data.find(END, at)) >= 0:
            end = found + len(END)
        if end:
            self._tail = b""
            return self._cut(end)
        self._tail = (tail + data[max(at, len(data) - len(END) + 1) :])[1 - len(END) :]
        return self._cut(len(data))

    def _cut(self, end: int) -> bytes | memoryview:
        data, at = self.data, self._at
        if end < len(data):
            self._at = end
            return memoryview(data)[at:end]
        self.data, self._at = b"", 0
        return data[at:]
