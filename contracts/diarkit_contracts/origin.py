"""Whether two URLs lead to the same server. Knows nothing of what is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

PORTS: Final[Mapping[str, int]] = {"http": 80, "https": 443}
"""What a URL without a port means (RFC 9110, 4.2)."""


def is_same_origin(url: str, other: str) -> bool:
    """Tell whether two absolute URLs have the same scheme, host and port (RFC 6454); false for one that is none."""
    try:
        return _read_origin(url) == _read_origin(other)
    except ValueError:
        return False


def _read_origin(url: str) -> tuple[str, str, int]:
    parts = urlsplit(url)
    port = PORTS.get(parts.scheme) if parts.port is None else parts.port
    if not parts.hostname or port is None:
        raise ValueError(url)
    return parts.scheme, parts.hostname, port
