"""Heads on their way through a proxy: which headers go on, which come back, and where they lead. Sends nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit, urlunsplit

from diarkit_mockserver.intake.request import ENDPOINT

if TYPE_CHECKING:
    from collections.abc import Callable

    from diarkit_contracts.exchanges.exchange import Answer, Lost
    from diarkit_contracts.target.transport import Way
    from diarkit_mockserver.intake.request import Headers, Request

OF_CONNECTIONS: Final = frozenset(
    {b"connection", b"expect", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"proxy-connection", b"te",
     b"trailer", b"transfer-encoding", b"upgrade"}
)  # fmt: skip
"""Headers for the next station alone (RFC 9110, 7.6.1); how bodies are framed between us and the platform is our own."""

OWN: Final = frozenset({b"host", b"accept-encoding"})
"""Headers that the proxy writes itself. No coding is asked for, so that answers can be read, and broken, as they come."""

LEADING: Final = frozenset({b"x-location", b"location", b"content-location"})
"""Headers of answers that lead to the platform, and have to lead to the proxy."""


def write_onward(request: Request, host: str, way: Way) -> Headers:
    """Write the headers that the platform gets: the client's, but for those of its connection, and those of the way."""
    ours = tuple((name.lower().encode(), value.encode()) for name, value in way.headers)
    dropped = OF_CONNECTIONS | OWN | _list_named(request.find(b"connection")) | {name for name, _ in ours}
    kept = ((name, value) for name, value in request.raw_headers if name not in dropped)
    chunked = ((b"transfer-encoding", b"chunked"),) if request.find(b"transfer-encoding") else ()
    return ((b"host", host.encode()), (b"accept-encoding", b"identity"), *kept, *ours, *chunked)


def write_back(answer: Answer | Lost, lead: Callable[[str], str]) -> Headers:
    """Write the headers that the client gets: the platform's, but for those of its connection.

    Args:
        answer: of the platform.
        lead: makes an address that leads to the proxy of one that leads to the platform.
    """
    dropped = OF_CONNECTIONS | _list_named((answer.header("connection") or "").encode("latin-1"))
    pairs = ((name.lower().encode("latin-1"), value) for name, value in answer.headers)
    return tuple(
        (name, (lead(value) if name in LEADING else value).encode("latin-1", "replace"))
        for name, value in pairs
        if name not in dropped
    )


def find_path(url: str, host: str, prefix: str) -> str | None:
    """Find where an address leads on the platform, under whatever name that knows itself; None if it leads elsewhere.

    Args:
        url: absolute, or a path.
        host: of the platform, with its port.
        prefix: of its paths.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    at = parts.path.find(ENDPOINT)
    if at < 0 and not (parts.path.startswith(f"{prefix}/") and parts.netloc in {"", host}):
        return None
    return urlunsplit(("", "", parts.path[at if at >= 0 else len(prefix) :], parts.query, parts.fragment))


def _list_named(connection: bytes | None) -> frozenset[bytes]:
    """List the headers that a header `Connection` names."""
    return frozenset(name.strip().lower() for name in (connection or b"").split(b","))
