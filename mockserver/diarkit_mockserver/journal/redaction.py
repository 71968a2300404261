"""What may be told of a request to people: names always, values only where they can't be a secret."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast
from urllib.parse import quote, unquote_plus

from diarkit_mockserver.journal.journal import REDACTED

if TYPE_CHECKING:
    from collections.abc import Mapping

SECRET = re.compile(
    r"auth|token|secret|passw|passphrase|pwd|key|credential|session|signature|\bsig\b|jwt|bearer|cookie|cert|licen[cs]e",
    re.IGNORECASE,
)
"""Names like these may stand for a secret. More is hidden than has to be: what is told can't be taken back."""


def is_secret(name: str) -> bool:
    """Whether the value under such a name is better not told."""
    return SECRET.search(name.replace("_", " ")) is not None


def hide_values(value: object) -> object:
    """Replace the values that may be secrets in plain values, however deep."""
    match value:
        case dict():
            pairs = cast("Mapping[str, object]", value).items()
            return {name: REDACTED if is_secret(name) else hide_values(one) for name, one in pairs}
        case list():
            return [hide_values(one) for one in cast("list[object]", value)]
        case _:
            return value


def hide_query(query_string: str) -> str:
    """Replace the values that may be secrets in a query string; all else stays as the client wrote it."""
    parts: list[str] = []
    for pair in query_string.split("&"):
        name, equals, _ = pair.partition("=")
        hidden = bool(equals) and is_secret(unquote_plus(name))
        parts.append(f"{name}={quote(REDACTED)}" if hidden else pair)
    return "&".join(parts)
