"""What of an exchange is kept, and what is struck out before: by default everything that may be a secret. Sends nothing."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from diarkit_contracts.api.states import ErrorType, TaskErrorType, TaskState
from diarkit_contracts.exchanges.call_ids import IDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from diarkit_contracts.exchanges.exchange import Headers

STRUCK: Final = "***"

KEPT_OF_REQUEST: Final = frozenset(
    {"accept", "accept-encoding", "connection", "content-length", "content-type", "host", "user-agent", *IDS}
)
"""Headers that are kept with their values; of all others only the name is. A header we have not thought of may be a token."""

NO_SECRET: Final = re.compile(
    r"accept-.*|cache-control|date|dnt|expect|forwarded|if-.*|origin|pragma|priority|referer|sec-.*|te|traceparent|upgrade.*"
    r"|x-correlation-id|x-forwarded-.*|x-request-id",
    re.IGNORECASE,
)
"""Names of headers whose values an answer may well repeat, a host and a language first of all: they are not searched for there."""

STRUCK_OF_ANSWER: Final = re.compile(r"auth|cookie|credential|key|passw|secret|session|token", re.IGNORECASE)
"""In the names of headers of an answer whose values are struck: an answer is what is judged, so the others are kept."""

KEPT_OF_QUERY: Final = frozenset({"channel_mode", "channels", "range_from", "range_to", "colour"})
"""Query parameters whose values are kept: the contract's, and the one that our rows invent."""

SHORTEST_SECRET: Final = 4
SHORTEST_NUMBER: Final = 8
"""Shorter texts, and numbers, are not searched for in answers: they would be found in dates, times and words."""

SCHEMES: Final = ("basic", "bearer", "digest", "negotiate", "token")
"""Of `Authorization`; a secret stands behind them."""

WORDS_OF_ANSWERS: Final = (
    *TaskState, *TaskErrorType, *ErrorType,
    "task_id", "result", "error", "channels", "channel_number", "segments", "speaker_id", "speakers_count",
    "start_time", "end_time", "message", "detail", "location", "application/json",
)  # fmt: skip
"""What an answer says anyway. A text that is a part of them is no secret, and struck out of an answer it would make it a wrong one."""


class Redaction:
    """Strikes out secrets.

    Args:
        secrets: values that must not be kept anywhere, such as those of the headers that were given.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        found = {form for secret in secrets for part in _split(secret) for form in _list_forms(part)}
        # The longest first, so that no rest of one is left.
        self._secrets = tuple(sorted(found, key=lambda secret: (-len(secret), secret)))

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
            (name, STRUCK if STRUCK_OF_ANSWER.search(name) else self.strike_text(value)) for name, value in headers
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


def list_secrets(headers: Headers) -> tuple[str, ...]:
    """List the values of a request's headers that may be secrets, to be struck out of its answer too."""
    return tuple(
        value for name, value in headers if name.lower() not in KEPT_OF_REQUEST and not NO_SECRET.fullmatch(name)
    )


def _split(secret: str) -> Iterator[str]:
    """Split a value where an echo may do so: scheme and token, cookies, name and value; what is too short to find is left out."""
    for part in {secret, *re.split(r"[\s;]+", secret)}:
        for piece in (part, part.partition("=")[2]):
            shortest = SHORTEST_NUMBER if piece.isdecimal() else SHORTEST_SECRET
            if len(piece) >= shortest and not any(piece.lower() in word for word in (*WORDS_OF_ANSWERS, *SCHEMES)):
                yield piece


def _list_forms(secret: str) -> Iterator[str]:
    """List a secret as it is, in JSON, and in a URL."""
    yield from (secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], quote(secret, safe=""))
