"""A buffer of received bytes, split at the ends of heads and chunked bodies."""

from __future__ import annotations

from typing import Final

END: Final = b"\r\n\r\n"
"""The end of every head and every chunked body."""


class Inbox:
    """Received bytes; at most one head or message ends in each piece that is taken."""

    __slots__ = ("_at", "_data", "_tail")

    def __init__(self) -> None:
        self._data = b""
        self._at = 0
        # The last bytes returned by `take_section` since the last end, in which the mark may begin.
        self._tail = b""

    def __bool__(self) -> bool:
        """Return whether there are bytes."""
        return bool(self._data)

    def add(self, data: bytes) -> None:
        """Append bytes."""
        self._data = self._data[self._at :] + data if self._data else data
        self._at = 0

    def clear(self) -> None:
        """Drop all bytes."""
        self._data, self._at, self._tail = b"", 0, b""

    def take(self, most: int) -> bytes | memoryview:
        """Take at most so many bytes."""
        return self._cut(min(len(self._data), self._at + most))

    def take_section(self) -> bytes | memoryview:
        """Take all bytes up to the next end of a head or chunked body."""
        data, at, tail = self._data, self._at, self._tail
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
        data, at = self._data, self._at
        if end < len(data):
            self._at = end
            return memoryview(data)[at:end]
        self._data, self._at = b"", 0
        return data[at:]
