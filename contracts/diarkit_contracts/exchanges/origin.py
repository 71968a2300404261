"""Origins of URLs: same server, this computer."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

PORTS: Final[Mapping[str, int]] = {"http": 80, "https": 443}
"""Default ports (RFC 9110, 4.2)."""


def is_same_origin(url: str, other: str) -> bool:
    """Return whether two absolute URLs have the same scheme, host and port (RFC 6454); false for invalid ones.

    All names of this computer count as one.
    """
    try:
        origin, wanted = read_origin(url), read_origin(other)
        return origin == wanted or (origin[::2] == wanted[::2] and is_loopback(url) and is_loopback(other))
    except ValueError:
        return False


def is_loopback(url: str) -> bool:
    """Return whether a URL refers to this computer."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def read_origin(url: str) -> tuple[str, str, int]:
    """Read scheme, host and port of an absolute http or https URL, or raise ValueError."""
    parts = urlsplit(url)
    port = PORTS.get(parts.scheme) if parts.port is None else parts.port
    if not parts.hostname or port is None:
        raise ValueError(url)
    return parts.scheme, parts.hostname, port
