"""Format an exchange as a line of text, and escape texts from a server."""

from __future__ import annotations

from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

from diarkit_contracts.api.words import count
from diarkit_contracts.exchanges.exchange import Exchange, Lost, Part
from diarkit_contracts.exchanges.history import find_value, read_object

LONGEST_BODY: Final = 2_000
"""Characters shown of a body in a report; the recording has the rest."""


def show_text(text: str, most: int = 0) -> str:
    r"""Escape non-printable characters, such as `\x1b`, and shorten the text to `most` characters; 0 for no limit.

    Texts from a server may move a terminal's cursor, change the writing direction or be invalid in XML.
    """
    part = text[:most] if most else text  # escaping a body of 16 MB would produce 100 MB
    shown = "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in part)
    return f"{shown[:most]}... ({len(text)} characters)" if most and max(len(shown), len(text)) > most else shown


def show_body(body: bytes) -> str:
    """Format the beginning of a body as one line."""
    return show_text(body.decode(errors="backslashreplace"), LONGEST_BODY)


def describe_exchange(exchange: Exchange) -> str:
    """Format request and answer: `POST /api/... -> 202 pending`."""
    return f"{describe_request(exchange)} -> {describe_answer(exchange)}"


def describe_request(exchange: Exchange) -> str:
    """Format a request."""
    parts = urlsplit(exchange.request.url)
    query = f"?{parts.query}" if parts.query else ""
    return show_text(f"{exchange.request.method} {parts.path}{query}")


def describe_answer(exchange: Exchange) -> str:
    """Format an answer: status, and state or type of the error."""
    if isinstance(exchange.answer, Lost):
        return f"no answer: {exchange.answer.kind}"
    return f"{exchange.answer.status}{_name_outcome(exchange.answer.body)}"


@lru_cache(maxsize=1024)
def _name_outcome(body: bytes) -> str:
    """Return the state or type of error; cached, as reports describe an answer many times."""
    decoded = read_object(body)
    outcome = find_value(decoded, "task", "state") or find_value(decoded, "type")
    return f" {show_text(outcome, 60)}" if isinstance(outcome, str) else ""


def describe_part(part: Part) -> str:
    """Format a part of a form."""
    if part.filename is None and part.text is not None:
        return f"{show_text(part.name)} = {show_text(part.text, 200)}"
    name = "" if part.filename is None else f" {show_text(part.filename)!r}"
    sound = part.sound
    length = "" if sound is None else f", {sound.seconds:.2f} s, {count(sound.channels, 'channel')}"
    return f"{show_text(part.name)}: file{name}, {'unknown' if part.size is None else part.size} bytes{length}"
