"""A multipart body that is all there, read in one scan; and the boundary that a Content-Type names. Knows no files.

A body of the usual shape only: each part has the heads that clients write, and nothing stands before, between or behind the
parts. What is not plain is not read here at all, and goes to the library from its first byte, so that it has one meaning.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from diarkit_mockserver.intake.refusals import Condition, refuse

LONGEST_BOUNDARY: Final = 256
LONGEST_TYPE: Final = 4_096

MOST_PLAIN_PARTS: Final = 8
LONGEST_PLAIN_HEAD: Final = 1_024
"""Bounds of one scan, far below what the library takes."""

PARAMETER: Final = re.compile(r';((?:[^;"]|"(?:[^"\\]|\\.)*"?)*)')
"""A parameter of a Content-Type; a semicolon inside a quoted string ends none."""

PLAIN_HEAD: Final = re.compile(
    rb'Content-Disposition: form-data; name="(?P<name>[^"\\%\r\n]*)"(?:; filename="(?P<filename>[^"\\%\r\n]*)")?'
    rb"(?:\r\nContent-Type: [!-~][ -~]*)?"
)
"""The head of a part as requests, httpx, curl, browsers and most others write it."""


class Part(NamedTuple):
    """One part of a form; a text field has no file name."""

    name: str
    filename: str | None
    content: bytes


def read_boundary(content_type: str) -> str | None:
    """Read the boundary of a form; None for a body of another type.

    Raises:
        Refusal: 400 for a form that names no usable one.
    """
    kind = content_type[:LONGEST_TYPE].partition(";")[0]
    if kind.strip().lower() != "multipart/form-data":
        return None
    if len(content_type) <= LONGEST_TYPE:
        boundary = ""
        for parameter in PARAMETER.finditer(content_type, len(kind)):
            name, _, value = parameter[1].partition("=")
            if name.strip().lower() == "boundary":
                boundary = _unquote(value.strip())  # the last one counts (INF: as in Starlette)
        if 0 < len(boundary) <= LONGEST_BOUNDARY:
            return boundary
    raise refuse(Condition.MULTIPART_BROKEN, reason="multipart: no usable boundary in Content-Type")


def read_plain_form(body: bytes, boundary: bytes) -> list[Part] | None:
    """Read a body of the usual shape; None for every other one."""
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
            # The last delimiter; if it comes before the end, an epilogue follows.
            return parts if body.startswith(b"--", at) and len(body) - at <= len(b"--\r\n") else None
        at += 2
    return None


def _unquote(value: str) -> str:
    if len(value) > 1 and value.startswith('"') and value.endswith('"'):
        return re.sub(r"\\(.)", r"\1", value[1:-1])
    return value
