"""Headers passed through a proxy, and rewriting of URLs in them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit, urlunsplit

from diarkit_mockserver.intake.request import ENDPOINT, Headers, Request

if TYPE_CHECKING:
    from diarkit_contracts.exchanges.exchange import Answer, Lost
    from diarkit_contracts.target.transport import Way

OF_CONNECTIONS: Final = frozenset(
    {b"connection", b"expect", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"proxy-connection", b"te",
     b"trailer", b"transfer-encoding", b"upgrade"}
)  # fmt: skip
"""Hop-by-hop headers (RFC 9110, 7.6.1), including framing."""

OWN: Final = frozenset({b"host", b"accept-encoding"})
"""Headers set by the proxy itself. No content coding is requested, so that answers can be read and broken."""

LEADING: Final = frozenset({b"x-location", b"location", b"content-location"})
"""Headers of answers with URLs of the platform, rewritten to the proxy."""


def write_onward(request: Request, host: str, way: Way) -> Headers:
    """Return the headers for the platform: the client's without hop-by-hop ones, and configured ones."""
    ours = tuple((name.lower().encode(), value.encode()) for name, value in way.headers)
    dropped = OF_CONNECTIONS | OWN | _list_named(request.find(b"connection")) | {name for name, _ in ours}
    forwarded = ((name, value) for name, value in request.raw_headers if name not in dropped)
    chunked = ((b"transfer-encoding", b"chunked"),) if request.find(b"transfer-encoding") else ()
    return ((b"host", host.encode()), (b"accept-encoding", b"identity"), *forwarded, *ours, *chunked)


def write_back(answer: Answer | Lost, lead: Callable[[str], str]) -> Headers:
    """Return the headers for the client: the platform's without hop-by-hop ones, its URLs led to the proxy."""
    dropped = OF_CONNECTIONS | _list_named((answer.header("connection") or "").encode("latin-1"))
    pairs = ((name.lower().encode("latin-1"), value) for name, value in answer.headers)
    return tuple(
        (name, (lead(value) if name in LEADING else value).encode("latin-1", "replace"))
        for name, value in pairs
        if name not in dropped
    )


def find_path(url: str, host: str, prefix: str) -> str | None:
    """Return the path of a URL on the platform, under any of its names; None if it leads elsewhere."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    at = parts.path.find(ENDPOINT)
    if at < 0 and not (parts.path.startswith(f"{prefix}/") and parts.netloc in {"", host}):
        return None
    return urlunsplit(("", "", parts.path[at if at >= 0 else len(prefix) :], parts.query, parts.fragment))


def _list_named(connection: bytes | None) -> frozenset[bytes]:
    """Return the headers named by a header `Connection`."""
    return frozenset(name.strip().lower() for name in (connection or b"").split(b","))
