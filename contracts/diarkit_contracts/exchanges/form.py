"""Multipart forms, written and read: parts in order, names beyond ASCII."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from email.message import Message
from itertools import chain
from typing import Final

from diarkit_contracts.exchanges.exchange import Made, Part, describe_content
from diarkit_fixtures.wav.chunks import Chunks

BOUNDARY: Final = "diarkit-5f1c2e9a7b3d"
"""Constant, so that requests are reproducible; contained in none of our inputs."""

LONGEST_BOUNDARY: Final = 1_024
"""More than the 70 characters of RFC 2046, which some clients exceed."""


@dataclass(frozen=True, slots=True)
class Field:
    """A part to send.

    Attributes:
        filename: None for a text field.
    """

    name: str
    content: bytes | Chunks
    filename: str | None = None
    made: Made | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How a form is written, as clients differ in it.

    Attributes:
        kind: content type, around the boundary.
        text: headers of a text field, around its name.
        file: headers of a file, around its name and file name.
        end: follows the last boundary.
    """

    boundary: str = BOUNDARY
    kind: str = "multipart/form-data; boundary={}"
    text: str = 'Content-Disposition: form-data; name="{}"'
    file: str = 'Content-Disposition: form-data; name="{}"; filename="{}"\r\nContent-Type: application/octet-stream'
    end: str = "--\r\n"


USUAL: Final = Style()


def write_form(fields: Iterable[Field], style: Style = USUAL) -> tuple[str, bytes]:
    """Write a form in one piece; see `stream_form`."""
    kind, body = stream_form(fields, style)
    return kind, bytes(body)


def stream_form(fields: Iterable[Field], style: Style = USUAL) -> tuple[str, Chunks]:
    """Write a form piece by piece, and return its content type and body.

    Names are UTF-8 with quotes and line ends escaped as `%22`, `%0A`, `%0D`.

    Source:
        WHATWG HTML, multipart/form-data encoding algorithm, which browsers, curl and httpx follow.
    """
    pieces: list[bytes | Chunks] = []
    for field in fields:
        head = (style.text if field.filename is None else style.file).format(
            _escape(field.name), _escape(field.filename or "")
        )
        pieces += [f"--{style.boundary}\r\n{head}\r\n\r\n".encode(), field.content, b"\r\n"]
    pieces.append(f"--{style.boundary}{style.end}".encode())
    body = Chunks(
        sum(map(len, pieces)),
        lambda: chain.from_iterable([each] if isinstance(each, bytes) else each for each in pieces),
    )
    return style.kind.format(style.boundary), body


def describe_form(fields: Iterable[Field]) -> tuple[Part, ...]:
    """Describe the parts of a form."""
    return tuple(
        replace(describe_content(field.name, field.content, field.filename), made=field.made) for field in fields
    )


def read_form(content_type: str, body: bytes) -> tuple[Part, ...] | None:
    """Describe the parts of a body; None if it is not a well-formed multipart form."""
    boundary = read_boundary(content_type)
    if not 0 < len(boundary) <= LONGEST_BOUNDARY:
        return None
    from multipart import MultipartError  # noqa: PLC0415 - a run that sends its own forms reads none

    try:
        return describe_form(_parse(boundary, body))
    except MultipartError:
        return None


def read_boundary(content_type: str) -> str:
    """Read the boundary of a content type; empty if it has none or is not a form."""
    header = Message()
    header["content-type"] = content_type
    return header.get_boundary("") if header.get_content_type() == "multipart/form-data" else ""


def _parse(boundary: str, body: bytes) -> Iterator[Field]:
    from multipart import MultipartSegment, PushMultipartParser  # noqa: PLC0415

    segment: MultipartSegment | None = None
    content = bytearray()
    with PushMultipartParser(boundary) as parser:
        for event in parser.parse(body):
            if isinstance(event, MultipartSegment):
                segment, content = event, bytearray()
            elif event is not None:
                content += event
            elif segment is not None:
                yield Field(segment.name or "", bytes(content), segment.filename)


def _escape(name: str) -> str:
    return name.replace('"', "%22").replace("\n", "%0A").replace("\r", "%0D")
