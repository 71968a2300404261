"""CORS (Fetch standard): which origins may read the answers in a browser.

INF: on a platform this is configured in its gateway; here by the origins given at the start.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from diarkit_mockserver.world.wire import Response

if TYPE_CHECKING:
    from diarkit_mockserver.intake.request import Headers, Request

ANY: Final = "*"

ORIGIN: Final = re.compile(r"https?://(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?")
"""An origin in browsers' form: lower case, without a path."""

EXPOSED: Final = (
    b"X-Location, Location, Retry-After, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, "
    b"X-Request-Id, X-Correlation-Id"
)
"""Headers of the platform's answers that a page may read, in addition to the safelisted ones."""

METHODS: Final = b"GET, HEAD, POST"

NAMES: Final = re.compile(rb"[A-Za-z0-9!#$%&'*+.^_`|~, -]{1,1000}")
"""Valid requested header names, which are echoed."""

REMEMBERED: Final = b"600"
"""Seconds for which a browser may cache the preflight."""


@dataclass(frozen=True, slots=True)
class Cors:
    """The allowed origins.

    Attributes:
        origins: such as `http://localhost:3000`; `*` for all; default none.
    """

    origins: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        for origin in self.origins:
            if origin != ANY and ORIGIN.fullmatch(origin) is None:
                raise ValueError(f"expected an origin such as http://localhost:3000, or *, got {origin!r:.120}")

    def answer_preflight(self, request: Request) -> Response | None:
        """Answer a preflight request; None for other requests."""
        asks = request.method == "OPTIONS" and request.find(b"access-control-request-method") is not None
        if not asks or not (allowed := self._allow(request)):
            return None
        headers = (*allowed, (b"access-control-allow-methods", METHODS), (b"access-control-max-age", REMEMBERED))
        names = request.find(b"access-control-request-headers")
        if names is not None and NAMES.fullmatch(names):
            headers = (*headers, (b"access-control-allow-headers", names))
        if request.find(b"access-control-request-private-network") is not None:
            headers = (*headers, (b"access-control-allow-private-network", b"true"))
        return Response(204, b"", headers)

    def share(self, request: Request, response: Response) -> Response:
        """Add CORS headers to an answer."""
        if not (allowed := self._allow(request)):
            return response
        headers = (*response.headers, *allowed, (b"access-control-expose-headers", EXPOSED))
        return replace(response, headers=headers)

    def _allow(self, request: Request) -> Headers:
        if not self.origins or (origin := request.find(b"origin")) is None:
            return ()
        if ANY in self.origins:
            return ((b"access-control-allow-origin", b"*"),)
        if origin.decode("latin-1") not in self.origins:
            return ()
        # The answer depends on the origin (RFC 9110, section 12.5.5).
        return ((b"access-control-allow-origin", origin), (b"vary", b"origin"))
