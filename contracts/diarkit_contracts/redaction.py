"""What of an exchange is kept, and what is struck out before: by default everything that may be a secret. Sends nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from diarkit_contracts.exchange import Headers

STRUCK: Final = "***"

KEPT_OF_REQUEST: Final = frozenset(
    {"accept", "accept-encoding", "connection", "content-length", "content-type", "host", "user-agent"}
)
"""Headers that are kept with their values; of all others only the name is. A header we have not thought of may be a token."""

STRUCK_OF_ANSWER: Final = frozenset(
    {"set-cookie", "www-authenticate", "proxy-authenticate", "authentication-info", "authorization"}
)
"""Headers of an answer whose values are struck: an answer is what is judged, so the others are kept."""

KEPT_OF_QUERY: Final = frozenset({"channel_mode", "channels", "range_from", "range_to", "colour"})
"""Query parameters whose values are kept: the contract's, and the one that our rows invent."""

SHORTEST_SECRET: Final = 4
"""Shorter texts are not searched for in answers: they would be found everywhere."""


class Redaction:
    """Strikes out secrets.

    Args:
        secrets: values that must not be kept anywhere, such as those of the headers that were given.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        found = {part for secret in secrets for part in (secret, *secret.split()) if len(part) >= SHORTEST_SECRET}
        # The longest first, so that no rest of one is left.
        self._secrets = tuple(sorted(found - {"Basic", "Bearer", "Token"}, key=lambda secret: (-len(secret), secret)))

    def strike_text(self, text: str) -> str:
        """Strike out the known secrets."""
        for secret in self._secrets:
            text = text.replace(secret, STRUCK)
        return text

    def strike_body(self, body: bytes) -> bytes:
        """Strike out the known secrets, in any body."""
        for secret in self._secrets:
            body = body.replace(secret.encode(), STRUCK.encode())
        return body

    def strike_request_headers(self, headers: Headers) -> Headers:
        """Keep names, and the values that are known to be harmless."""
        return tuple(
            (name, self.strike_text(value) if name.lower() in KEPT_OF_REQUEST else STRUCK) for name, value in headers
        )

    def strike_answer_headers(self, headers: Headers) -> Headers:
        """Keep what an answer says, without what it hands out."""
        return tuple(
            (name, STRUCK if name.lower() in STRUCK_OF_ANSWER else self.strike_text(value)) for name, value in headers
        )

    def strike_url(self, url: str) -> str:
        """Keep where a URL leads, without user, password and unknown parameters."""
        parts = urlsplit(url)
        query = [
            (name, value if name in KEPT_OF_QUERY else STRUCK)
            for name, value in parse_qsl(parts.query, keep_blank_values=True)
        ]
        netloc = parts.netloc.rpartition("@")[2]
        kept = urlencode(query, quote_via=quote, safe=",*")
        return self.strike_text(urlunsplit((parts.scheme, netloc, parts.path, kept, "")))
