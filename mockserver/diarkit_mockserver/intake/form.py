"""Fast path for complete multipart bodies, and the boundary of a Content-Type.

Only for the common form: part headers as written by clients, and nothing before, between or after the parts. Any other body is
left entirely to the library, so that there is one interpretation.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from diarkit_mockserver.intake.refusals import Condition, refuse

LONGEST_BOUNDARY: Final = 256
LONGEST_TYPE: Final = 4_096

MOST_PLAIN_PARTS: Final = 8
LONGEST_PLAIN_HEAD: Final = 1_024
"""Limits of the fast path, far below those of the library."""

PARAMETER: Final = re.compile(r';((?:[^;"]|"(?:[^"\\]|\\.)*"?)*)')
"""A parameter of a Content-Type; semicolons inside quoted strings do not end it."""

PLAIN_HEAD: Final = re.compile(
    rb'Content-Disposition: form-data; name="(?P<name>[^"\\%\r\n]*)"(?:; filename="(?P<filename>[^"\\%\r\n]*)")?'
    rb"(?:\r\nContent-Type: [!-~][ -~]*)?"
)
"""The header of a part as written by requests, httpx, curl, browsers and most others."""


class Part(NamedTuple):
    """One part of a form; a text field has no file name."""

    name: str
    filename: str | None
    content: bytes


PLAIN_TYPE: Final = re.compile(r"multipart/form-data; ?boundary=([\w.'-]{1,70})", re.ASCII)


def read_boundary(content_type: str) -> str | None:
    """Return the boundary of a form, or None for another content type; raises a Refusal with 400 if it is unusable."""
    if plain := PLAIN_TYPE.fullmatch(content_type):
        return plain[1]
    kind = content_type[:LONGEST_TYPE].partition(";")[0]
    if kind.strip().lower() != "multipart/form-data":
        return None
    if len(content_type) <= LONGEST_TYPE:
        boundary = ""
        for parameter in PARAMETER.finditer(content_type, len(kind)):
            name, _, value = parameter[1].partition("=")
            if name.strip().lower() == "boundary":
                boundary = _unquote(value.strip())  # the last one applies (INF: as in Starlette)
        if 0 < len(boundary) <= LONGEST_BOUNDARY:
            return boundary
    raise refuse(Condition.MULTIPART_BROKEN, reason="multipart: no usable boundary in Content-Type")


def read_plain_form(body: bytes, boundary: bytes) -> list[Part] | None:
    """Read a body of the common form; None for any other."""
    delimiter = b"\r\n--" + boundary
    opening = len(delimiter)
    if not (body.startswith(delimiter[2:] + b"\r\n") and body.endswith((delimiter + b"--\r\n", delimiter + b"--"))):
        return None
    parts: list[Part] = []
    at = opening
    while len(parts) < MOST_PLAIN_PARTS:
        end = body.find(b"\r\n\r\n", at, at + LONGEST_PLAIN_HEAD)
        head = PLAIN_HEAD.fullmatch(body, at, max(end, at))
        if end < 0 or head is None:
            return None
        start = end + 4
        end = body.find(delimiter, start)
        if end < 0 or body.startswith(delimiter, start - 2):
            return None
        name, filename = head["name"], head["filename"]
        try:
            parts.append(Part(name.decode(), None if filename is None else filename.decode(), body[start:end]))
        except UnicodeDecodeError:
            return None
        at = end + opening
        if not body.startswith(b"\r\n", at):
            # The closing delimiter; an epilogue may follow.
            return parts if body.startswith(b"--", at) and len(body) - at <= len(b"--\r\n") else None
        at += 2
    return None


def _unquote(value: str) -> str:
    if len(value) > 1 and value.startswith('"') and value.endswith('"'):
        return re.sub(r"\\(.)", r"\1", value[1:-1])
    return value
