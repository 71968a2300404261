"""Choose the proxy for a server: the configured one, or that of the environment."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Final
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from diarkit_contracts.exchanges.origin import is_loopback, read_origin
from diarkit_contracts.target.failures import BadConnectionError

FLAG: Final = "--proxy"

SCHEMES: Final = ("http", "https", "socks5", "socks5h")
"""Schemes of proxies that the HTTP client supports; `socks5` and `socks5h` need its extra `socks`."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy, its URL with user and password, if any, and the flag or environment variable that it is from."""

    url: str
    origin: str

    def __str__(self) -> str:
        """Format scheme, host and port."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]} ({self.origin})"


def list_credentials(url: str) -> tuple[str, ...]:
    """List user and password of a URL: as encoded in it, decoded, and last as in the header; empty without any."""
    parts = urlsplit(url)
    if parts.username is None:
        return ()
    plain = unquote(parts.username), unquote(parts.password or "")
    header = base64.b64encode(":".join(plain).encode()).decode()
    return tuple(filter(None, (parts.username, parts.password, *plain, header)))


def choose_proxy(url: str, named: str | None = None) -> Proxy | None:
    """Choose the proxy to a server: the named one, or that of the environment.

    That of the environment is not used for this computer, which no remote proxy can reach.

    Source:
        curl's manual, "Environment": `http_proxy`, `https_proxy`, `all_proxy`, and `no_proxy` with names, addresses, networks, `*`.
    """
    if named is not None:
        return _read_proxy(named, FLAG)
    if is_loopback(url):
        return None
    scheme, host, port = read_origin(url)
    known = getproxies()
    which = scheme if known.get(scheme) else "all"
    found = known.get(which)
    if not found or _is_exempt(host, known.get("no", "")) or proxy_bypass(f"{host}:{port}"):
        return None
    return _read_proxy(found if "://" in found else f"http://{found}", f"{which.upper()}_PROXY")


def _is_exempt(host: str, exempt: str) -> bool:
    """Check entries of `no_proxy` that the standard library does not support: networks, and `*` among others."""
    entries = [one.strip() for one in exempt.split(",")]
    try:
        address = ip_address(host)
    except ValueError:
        return "*" in entries
    return any(one == "*" or _holds(one, address.compressed) for one in entries)


def _holds(network: str, address: str) -> bool:
    try:
        return ip_address(address) in ip_network(network.strip("[]"), strict=False)
    except ValueError:
        return False


def _read_proxy(text: str, origin: str) -> Proxy:
    try:
        parts = urlsplit(text)
        is_valid = parts.scheme in SCHEMES and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        is_valid = False
    if not is_valid or not text.isprintable() or " " in text:
        # The text is not repeated in the error, as it may contain a password.
        raise BadConnectionError(
            origin,
            f"expected a URL such as http://proxy:3128 or http://USER:PASSWORD@proxy:3128, with {', '.join(SCHEMES)};"
            " @ : / in a password are written %40 %3A %2F",
        )
    return Proxy(text, origin)
