"""Who may call the control API, read off the head of a request: whoever has the token, else this machine and no foreign page.

Loopback is no authentication: every page that a browser of this machine shows can send requests to it. What a page can't do is
choose the headers `Host`, `Origin` and `Sec-Fetch-Site`, which browsers write.
"""

from __future__ import annotations

import hmac
import ipaddress
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from diarkit_mockserver.control.problem import refuse

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from diarkit_mockserver.control.problem import ControlError

OPEN: Final = frozenset({"/health", "/ready"})
"""Paths that need no token where there is one: those who start a server have to see that it answers."""

PAGES: Final = frozenset({"/docs", "/docs/oauth2-redirect", "/redoc", "/openapi.json"})
STATIC: Final = "/static-offline-docs/"
"""What describes the calls, to browsers that come from anywhere; it changes nothing and holds no secret."""

OWN_SITES: Final = frozenset({"same-origin", "none"})
"""Values of `Sec-Fetch-Site` that no foreign page causes; `same-site` is another port of this machine."""


class Head:
    """The headers of a request that the guard looks at.

    Args:
        headers: names in lower case.
    """

    __slots__ = ("_headers",)

    def __init__(self, headers: Iterable[tuple[bytes, bytes]]) -> None:
        self._headers = tuple(headers)

    def list(self, name: bytes) -> Sequence[str]:
        """List the values of a header."""
        return [value.decode("latin-1").strip() for each, value in self._headers if each == name]

    def has_token(self, wanted: str) -> bool:
        """Whether the request brings the token."""
        sent = next(iter(self.list(b"authorization")), "")
        scheme, _, token = sent.partition(" ")
        return scheme.lower() == "bearer" and hmac.compare_digest(token.strip().encode("latin-1"), wanted.encode())


def check_caller(path: str, head: Head, token: str, *, needed: bool) -> ControlError | None:
    """Find the reason for which a request may not call the control API.

    Args:
        path: below the prefix of the control API.
        head: of the request.
        token: opens everything.
        needed: whether every call needs it.

    Returns:
        401 without the token, 403 for what may come from a foreign page; None for a request that is welcome.
    """
    if head.has_token(token):
        return None
    if needed:
        return None if path in OPEN else refuse_token()
    if path in PAGES or path.startswith(STATIC):
        return None
    hosts, origins, sites = head.list(b"host"), head.list(b"origin"), head.list(b"sec-fetch-site")
    if len(hosts) != 1 or not _is_loopback(hosts[0]):
        came = (
            f"expected a Host of this machine, such as localhost or 127.0.0.1, got {', '.join(hosts) or 'none'!s:.120}"
        )
        return refuse(403, "host-foreign", f"{came}; a server that has a token (--control-token) takes any")
    if any(site not in OWN_SITES for site in sites) or any(not _is_same(origin, hosts[0]) for origin in origins):
        text = f"this request comes from another page (Origin: {', '.join(origins) or 'none'!s:.120}), which could not be trusted"
        return refuse(403, "origin-foreign", text)
    return None


def refuse_token() -> ControlError:
    """Refuse a request without the token."""
    text = (
        "expected the header Authorization: Bearer TOKEN; TOKEN is what DIARKIT_CONTROL_TOKEN says where the server runs, or "
        "what the server printed at its start"
    )
    return refuse(401, "token-missing", text)


def _is_loopback(host: str) -> bool:
    try:
        address = urlsplit(f"//{host}")
        name, _ = address.hostname or "", address.port
    except ValueError:
        return False
    if address.netloc != host or "@" in host:
        return False
    if name == "localhost" or name.endswith(".localhost"):  # RFC 6761, section 6.3: never looked up elsewhere
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _is_same(origin: str, host: str) -> bool:
    scheme, mark, rest = origin.partition("://")
    return bool(mark) and scheme in ("http", "https") and rest.lower() == host.lower()
