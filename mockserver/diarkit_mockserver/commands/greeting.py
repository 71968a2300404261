"""The addresses of a server, as printed at its start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diarkit_mockserver.control.orders import CONTROL
from diarkit_mockserver.intake.request import ENDPOINT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def list_addresses(url: str) -> dict[str, str]:
    """Return the addresses of a server by purpose."""
    return {
        "API": url + ENDPOINT,
        "documentation": f"{url}/docs",
        "page": f"{url}/__diarkit/",
        "control API": f"{url}{CONTROL}/docs",
    }


def write_greeting(addresses: Mapping[str, str], token: str | None, *, everywhere: bool) -> Iterator[str]:
    """Yield a line for each address.

    Args:
        addresses: from `list_addresses`.
        token: required by `reveal=true`, if generated only for that.
        everywhere: whether the server listens on all interfaces, of which the addresses name only one.
    """
    width = max(map(len, addresses))
    yield from (f"  {name:{width}}  {address}" for name, address in addresses.items())
    if token is not None:
        yield f"  {'token':{width}}  {token} (for values that may be secret: reveal=true)"
    if everywhere:
        yield "  on all interfaces: from other machines, use this machine's name or address instead"
