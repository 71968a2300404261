"""The front end of a server: TLS, trusted proxies, CORS."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

from diarkit_mockserver.serving.cors import ANY, Cors

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable
    from pathlib import Path

    Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

NOBODY: Final = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """The front end settings of a server.

    Attributes:
        tls: context for TLS; None for plain connections.
        cors: allowed origins.
        proxies: networks whose forwarded headers are trusted; None for all.
    """

    tls: ssl.SSLContext | None = None
    cors: Cors = field(default_factory=Cors)
    proxies: tuple[Network, ...] | None = None

    @property
    def scheme(self) -> str:
        """The scheme of its URLs."""
        return "http" if self.tls is None else "https"

    def trusts(self, peer: str) -> bool:
        """Return whether forwarded headers from this address are trusted."""
        if self.proxies is None:
            return True
        try:
            address = ipaddress.ip_address(peer.partition("%")[0])
        except ValueError:
            return False
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return any(address in network for network in self.proxies)


PLAIN: Final = Front()
"""Defaults: no TLS, no CORS, every proxy is trusted."""


def read_proxies(texts: Iterable[str]) -> tuple[Network, ...] | None:
    """Parse addresses, networks such as 10.0.0.0/8, `none`, or `*` for all (None); raises ValueError for anything else."""
    named = tuple(texts)
    if ANY in named:
        return None
    try:
        return tuple(ipaddress.ip_network(text, strict=False) for text in named if text != NOBODY)
    except ValueError as error:
        raise ValueError(f"expected an address, a network, none or *: {error}") from None


def make_tls(certificate: Path, key: Path | None) -> ssl.SSLContext:
    """Make a TLS context."""
    import ssl  # noqa: PLC0415 - not needed without TLS

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # Otherwise OpenSSL would prompt for the password of an encrypted key.
    context.load_cert_chain(certificate, key, password="")
    context.set_alpn_protocols(["http/1.1"])
    return context
