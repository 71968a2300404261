"""Redact exchanges: by default everything that may be secret."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from diarkit_contracts.api.states import ErrorType, TaskErrorType, TaskState
from diarkit_contracts.api.strict_json import StrictJsonError, decode_json
from diarkit_contracts.exchanges.call_ids import IDS
from diarkit_contracts.exchanges.exchange import Exchange, Headers, Part
from diarkit_contracts.exchanges.history import read_object

STRUCK: Final = "***"

ALLOWED_HEADERS: Final = re.compile(
    r"accept|accept-encoding|age|allow|cache-control|connection|content-encoding|content-language|content-length|content-type|date"
    r"|expect|host|keep-alive|location|retry-after|server|strict-transport-security|te|traceparent|trailer|transfer-encoding|upgrade|user-agent|vary|via"
    r"|x-api-version|x-content-type-options|x-frame-options|x-location|x-powered-by|x-ratelimit-limit|x-ratelimit-remaining|x-ratelimit-reset|"
    + "|".join(IDS),
    re.IGNORECASE,
)
"""Headers whose values are retained; of all others only the name, as an unknown header may contain a token."""

NO_SECRET: Final = re.compile(
    r"accept-.*|cache-control|date|dnt|expect|forwarded|if-.*|origin|pragma|priority|referer|sec-.*|te|traceparent|upgrade.*"
    r"|x-correlation-id|x-forwarded-.*|x-request-id",
    re.IGNORECASE,
)
"""Headers whose values an answer may legitimately repeat, such as host and language: not redacted there."""

ALLOWED_FIELDS: Final = frozenset(
    {"channel_mode", "channels", "range_from", "range_to", "max_speakers", "total_speakers", "colour"}
)
"""Query parameters, keys of config and form fields whose values are retained: the contract's, and one invented by our rows."""

CONFIG: Final = "config"

MOST_NESTED: Final = 60
"""Lists and objects in a config; with more of them it may be nested deeper than a server reads."""

SHORTEST_SECRET: Final = 4
SHORTEST_NUMBER: Final = 8
"""Shorter texts and numbers are not redacted in answers, as they occur in dates, times and words."""

SCHEMES: Final = ("basic", "bearer", "digest", "negotiate", "token")
"""Schemes of `Authorization`, followed by a secret."""

WORDS_OF_ANSWERS: Final = (
    *TaskState, *TaskErrorType, *ErrorType,
    "task_id", "result", "error", "channels", "channel_number", "segments", "speaker_id", "speakers_count",
    "start_time", "end_time", "message", "detail", "location", "application/json", "split", "mix", "file", "config", *ALLOWED_FIELDS,
)  # fmt: skip
"""Regular vocabulary of exchanges. Their substrings are not secret, and redacting them would corrupt valid answers."""


class Redaction:
    """Redacts secrets: known kinds where they stand, and the given ones everywhere, such as those of configured headers."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        every = [each for secret in secrets for each in (secret, *_decode_basic(secret))]
        found = {form for secret in every for part in _split(secret) for form in _list_forms(part)}
        # The longest first, so that no remainder is left.
        self._secrets = tuple(sorted(found, key=lambda secret: (-len(secret), secret)))

    def strike_text(self, text: str) -> str:
        """Redact the known secrets."""
        for secret in self._secrets:
            text = text.replace(secret, STRUCK)
        return text

    def strike_body(self, body: bytes) -> bytes:
        """Redact the known secrets in a body."""
        for secret in self._secrets:
            body = body.replace(secret.encode(), STRUCK.encode())
        return body

    def strike(self, exchange: Exchange) -> Exchange:
        """Redact an exchange: headers, query and form by an allow list of names, everything else by known secrets."""
        request, answer = exchange.request, exchange.answer
        url, headers = self.strike_url(request.url), self.strike_headers(request.headers)
        parts = None if request.parts is None else tuple(map(self._strike_part, request.parts))
        body = self.strike_body(answer.body)
        return Exchange(
            replace(request, url=url, headers=headers, parts=parts),
            replace(answer, headers=self.strike_headers(answer.headers), body=body),
        )

    def strike_headers(self, headers: Headers) -> Headers:
        """Redact the values of headers not on the allow list."""
        return tuple(
            (name, self.strike_text(value) if ALLOWED_HEADERS.fullmatch(name) else STRUCK) for name, value in headers
        )

    def _strike_part(self, part: Part) -> Part:
        """Retain size and digest, which distinguish parts, and the harmless part of a text."""
        filename = None if part.filename is None else self.strike_text(part.filename)
        text = part.text
        if text is not None and part.name == CONFIG:
            if (struck := _strike_config(text)) is None:
                return replace(part, filename=filename, text=None, sha256=None)
            text = self.strike_text(struck)
        elif text is not None:
            text = self.strike_text(text) if part.name in ALLOWED_FIELDS else STRUCK
        return replace(part, filename=filename, text=text)

    def strike_url(self, url: str) -> str:
        """Redact user, password and unknown parameters of a URL."""
        parts = urlsplit(url)
        pairs = parse_qsl(parts.query, keep_blank_values=True)
        query = [(name, value if name in ALLOWED_FIELDS else STRUCK) for name, value in pairs]
        encoded = urlencode(query, quote_via=quote, safe=",*")
        return self.strike_text(urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, encoded, "")))


def list_secrets(headers: Headers) -> tuple[str, ...]:
    """List possibly secret values of a request's headers, to redact them in its answer too."""
    return tuple(value for name, value in headers if not (ALLOWED_HEADERS.fullmatch(name) or NO_SECRET.fullmatch(name)))


def _strike_config(text: str) -> str | None:
    """Redact the values of unknown keys of a config, or all of it if it is not a JSON object.

    Returns:
        The redacted text; None if it is accepted by some servers only, which the redacted text would not show.
    """
    config = read_object(text)
    if config is None:
        return STRUCK
    if set(config) <= ALLOWED_FIELDS:
        return text
    try:
        decode_json(text.encode(errors="surrogatepass"))
    except StrictJsonError:
        return None
    if text.count("[") + text.count("{") > MOST_NESTED:
        return None
    return json.dumps({key: value if key in ALLOWED_FIELDS else STRUCK for key, value in config.items()})


def _split(secret: str) -> Iterator[str]:
    """Split a value as an echo may: scheme and token, cookies, name and value; parts that are too short are dropped."""
    for part in {secret, *re.split(r"[\s;]+", secret)}:
        for piece in (part, part.partition("=")[2]):
            shortest = SHORTEST_NUMBER if piece.isdecimal() else SHORTEST_SECRET
            if len(piece) >= shortest and not any(piece.lower() in word for word in (*WORDS_OF_ANSWERS, *SCHEMES)):
                yield piece


def _decode_basic(secret: str) -> tuple[str, ...]:
    """Decode the credentials of Basic authentication, which an answer may repeat."""
    scheme, _, rest = secret.partition(" ")
    if scheme.lower() != "basic":
        return ()
    try:
        pair = base64.b64decode(rest.strip(), validate=True).decode()
    except ValueError:
        return ()
    user, _, password = pair.partition(":")
    return pair, user, password


def _list_forms(secret: str) -> Iterator[str]:
    """List a secret verbatim, in lower case, and as encoded in JSON, URLs and base64."""
    for each in (secret, secret.lower()):
        yield from (each, json.dumps(each)[1:-1], json.dumps(each, ensure_ascii=False)[1:-1], quote(each, safe=""))
        yield base64.b64encode(each.encode()).decode().rstrip("=")
