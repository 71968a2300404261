"""Authorize calls of the control API by the head of a request: with the token, or from this machine but not from a foreign page.

Loopback is not authentication: any page in a browser on this machine can send requests to it. But a page can't set the headers
`Host`, `Origin` and `Sec-Fetch-Site`.
"""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Sequence
from typing import Final, TypeAlias
from urllib.parse import urlsplit

from diarkit_mockserver.control.problem import ControlError, refuse

OPEN: Final = frozenset({"/health", "/ready"})
"""Paths that never require the token, to check that a server has started."""

PAGES: Final = frozenset({"/docs", "/docs/oauth2-redirect", "/redoc", "/openapi.json"})
STATIC: Final = "/static-offline-docs/"
"""Descriptions, allowed from any page, as they change nothing and contain no secrets."""

OWN_SITES: Final = frozenset({"same-origin", "none"})
"""Values of `Sec-Fetch-Site` that no foreign page can cause; `same-site` is another port of this machine."""


Head: TypeAlias = "Sequence[tuple[bytes, bytes]]"
"""The headers of a request, with names in lower case."""


def has_token(head: Head, wanted: str) -> bool:
    """Return whether a request has the token."""
    scheme, _, token = next(iter(_list_values(head, b"authorization")), "").partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(token.strip().encode("latin-1"), wanted.encode())


def check_caller(path: str, head: Head, token: str, *, needed: bool) -> ControlError | None:
    """Return the error for an unauthorized request: 401 without the token, 403 for a possibly foreign page."""
    if has_token(head, token):
        return None
    if needed:
        return None if path in OPEN else refuse_token()
    if path in PAGES or path.startswith(STATIC):
        return None
    hosts, origins, sites = (_list_values(head, name) for name in (b"host", b"origin", b"sec-fetch-site"))
    if len(hosts) != 1 or not _is_loopback(hosts[0]):
        came = (
            f"expected a Host of this machine, such as localhost or 127.0.0.1, got {', '.join(hosts) or 'none'!s:.120}"
        )
        return refuse(403, "host-foreign", f"{came}; a server with a token (--control-token) accepts any")
    if any(site not in OWN_SITES for site in sites) or any(not _is_same(origin, hosts[0]) for origin in origins):
        text = f"this request comes from another page (Origin: {', '.join(origins) or 'none'!s:.120}), which is not trusted"
        return refuse(403, "origin-foreign", text)
    return None


def refuse_token() -> ControlError:
    """Refuse a request without the token."""
    text = (
        "expected the header Authorization: Bearer TOKEN, with the server's DIARKIT_CONTROL_TOKEN or the token printed at its "
        "start"
    )
    return refuse(401, "token-missing", text)


def _list_values(head: Head, name: bytes) -> list[str]:
    return [value.decode("latin-1").strip() for each, value in head if each == name]


def _is_loopback(host: str) -> bool:
    try:
        address = urlsplit(f"//{host}")
        name, _ = address.hostname or "", address.port
    except ValueError:
        return False
    if address.netloc != host or "@" in host:
        return False
    if name == "localhost" or name.endswith(".localhost"):  # RFC 6761, section 6.3: always loopback
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _is_same(origin: str, host: str) -> bool:
    scheme, mark, rest = origin.partition("://")
    return bool(mark) and scheme in ("http", "https") and rest.lower() == host.lower()
