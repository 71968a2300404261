"""A bound on the time of a whole call, below the HTTP client, whose own limits are for each read. Knows no HTTP.

A byte of a head every two seconds, or interim answers without an end, would hold a client for ever that bounds single reads only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpcore

if TYPE_CHECKING:
    from collections.abc import Iterable

    from diarkit_contracts.target.pace import Clock


class Deadline:
    """When the call that is under way has to be over; shared by all connections of a client.

    Args:
        clock: that it is read by.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._at = float("inf")

    def start(self, seconds: float) -> None:
        """Let the next call take so many seconds."""
        self._at = self._clock.now() + seconds

    @property
    def is_over(self) -> bool:
        """Whether the time is up."""
        return self._clock.now() > self._at

    def shorten(self, timeout: float | None, error: type[Exception]) -> float:
        """Shorten a time limit to what is left.

        Raises:
            Exception: of the given type: nothing is left.
        """
        left = self._at - self._clock.now()
        if left <= 0:
            raise error("the time of the call is over")
        return left if timeout is None else min(timeout, left)


class DeadlineBackend(httpcore.NetworkBackend):
    """Connections that know the deadline.

    Args:
        deadline: of the call under way.
    """

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline
        self._backend = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect."""
        timeout = self._deadline.shorten(timeout, httpcore.ConnectTimeout)
        stream = self._backend.connect_tcp(host, port, timeout, local_address, socket_options)
        return _Stream(stream, self._deadline)


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
    """Let a transport of httpx make such connections only.

    httpx passes no network backend on to httpcore, where it is public: it is put in place behind its back, and a test sees that it works.
    """
    transport._pool._network_backend = DeadlineBackend(deadline)  # noqa: SLF001
