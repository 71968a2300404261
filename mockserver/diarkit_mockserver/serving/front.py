"""What stands between a server and its clients: TLS, the proxies that it believes, the pages that may read. Knows no requests."""

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
    """How a server meets those who connect.

    Attributes:
        tls: what the connections are secured with; None for plain ones.
        cors: the pages of other origins that may read.
        proxies: networks whose forwarded headers count; None for all.
    """

    tls: ssl.SSLContext | None = None
    cors: Cors = field(default_factory=Cors)
    proxies: tuple[Network, ...] | None = None

    @property
    def scheme(self) -> str:
        """Of the URLs under which it is reached."""
        return "http" if self.tls is None else "https"

    def trusts(self, peer: str) -> bool:
        """Whether what this address says of the client before it is believed."""
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
"""Nothing: no TLS, no pages of other origins; every proxy is believed."""


def read_proxies(texts: Iterable[str]) -> tuple[Network, ...] | None:
    """Read networks: addresses, networks such as 10.0.0.0/8, `none`, or `*` for all.

    Returns:
        None for all.

    Raises:
        ValueError: for anything else.
    """
    named = tuple(texts)
    if ANY in named:
        return None
    try:
        return tuple(ipaddress.ip_network(text, strict=False) for text in named if text != NOBODY)
    except ValueError as error:
        raise ValueError(f"expected an address, a network, none or *: {error}") from None


def make_tls(certificate: Path, key: Path | None) -> ssl.SSLContext:
    """Make what connections are secured with.

    Args:
        certificate: PEM, with those that vouch for it behind it.
        key: PEM; None if it is in the same file.

    Raises:
        OSError: if a file can't be read or is not one (`ssl.SSLError`).
    """
    import ssl  # noqa: PLC0415 - only those who secure a server pay for it

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # Or OpenSSL would ask the terminal for the password of a key that has one.
    context.load_cert_chain(certificate, key, password="")
    context.set_alpn_protocols(["http/1.1"])
    return context
