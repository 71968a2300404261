"""What a client has sent and nobody has read yet, given out in pieces. Knows of HTTP only how a head and a chunked body end."""

from __future__ import annotations

from typing import Final

END: Final = b"\r\n\r\n"
"""Ends every head, and every body that comes in chunks."""


class Inbox:
    """Bytes in the order in which they came; at most one head, or one message, ends in each piece that is taken."""

    __slots__ = ("_at", "_data", "_tail")

    def __init__(self) -> None:
        self._data = b""
        self._at = 0
        # The last bytes of what `take_section` gave since the last end: the mark may begin in them.
        self._tail = b""

    def __bool__(self) -> bool:
        """Whether anything waits."""
        return bool(self._data)

    def add(self, data: bytes) -> None:
        """Take what arrives."""
        self._data = self._data[self._at :] + data if self._data else data
        self._at = 0

    def clear(self) -> None:
        """Drop what waits."""
        self._data, self._at, self._tail = b"", 0, b""

    def take(self, most: int) -> bytes | memoryview:
        """Take so many bytes at most."""
        return self._cut(min(len(self._data), self._at + most))

    def take_section(self) -> bytes | memoryview:
        """Take all up to the next end of a head or of a chunked body, as far as it is there."""
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
