"""Where a server that has just begun to answer can be reached, and what for. Knows no sockets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diarkit_mockserver.control.orders import CONTROL
from diarkit_mockserver.intake.request import ENDPOINT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def list_addresses(url: str) -> dict[str, str]:
    """List the addresses of a server by what they are for.

    Args:
        url: of the server, without a slash at the end.
    """
    return {
        "API": url + ENDPOINT,
        "documentation": f"{url}/docs",
        "page": f"{url}/__diarkit/",
        "control API": f"{url}{CONTROL}/docs",
    }


def write_greeting(addresses: Mapping[str, str], token: str | None, *, everywhere: bool) -> Iterator[str]:
    """Write the addresses, a line each.

    Args:
        addresses: as `list_addresses` lists them.
        token: that `reveal=true` asks for, if it was drawn for that alone.
        everywhere: the server listens on all interfaces, of which the addresses name only one.
    """
    width = max(map(len, addresses))
    yield from (f"  {name:{width}}  {address}" for name, address in addresses.items())
    if token is not None:
        yield f"  {'token':{width}}  {token} (for values that may be secret: reveal=true)"
    if everywhere:
        yield "  on all interfaces: other machines use the name or address of this one in place of the above"
