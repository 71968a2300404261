"""A time limit for a whole call, below the HTTP client, whose own limits apply to single reads.

A header byte every two seconds, or endless interim answers, would otherwise block a client forever.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import httpcore

from diarkit_contracts.target.pace import Clock


class Deadline(httpcore.NetworkBackend):
    """The deadline of the current call, and as a network backend that of all connections of a client."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._at = float("inf")
        self._backend = httpcore.SyncBackend()

    def start(self, seconds: float) -> None:
        """Set the time limit of the next call."""
        self._at = self._clock.now() + seconds

    @property
    def is_over(self) -> bool:
        """Whether the time is up."""
        return self._clock.now() > self._at

    def shorten(self, timeout: float | None, error: type[Exception]) -> float:
        """Return the lesser of a timeout and the remaining time, or raise `error` if none is left."""
        left = self._at - self._clock.now()
        if left <= 0:
            raise error("the time of the call is over")
        return left if timeout is None else min(timeout, left)

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect."""
        timeout = self.shorten(timeout, httpcore.ConnectTimeout)
        stream = self._backend.connect_tcp(host, port, timeout, local_address, socket_options)
        return _Stream(stream, self)


class _Stream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.shorten(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._deadline.shorten(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        timeout = self._deadline.shorten(timeout, httpcore.ConnectTimeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, timeout), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def bound_calls(transport: Any, deadline: Deadline) -> None:
    """Let the deadline apply to an httpx transport.

    httpx does not expose httpcore's public network backend, so it is set on the private pool; a test checks that this works.
    """
    transport._pool._network_backend = deadline  # noqa: SLF001
