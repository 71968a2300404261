"""One request and its answer, as values. Knows neither a client nor what an answer should be."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import parse_qsl, urlsplit

from diarkit_fixtures.wav.file import WavError, WavReader

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diarkit_fixtures.wav.file import WavFacts

Headers: TypeAlias = tuple[tuple[str, str], ...]
"""Names and values in the order of the wire; a name may come more than once and in any case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of a multipart body. Holds what a check may ask about the bytes, not the bytes.

    Attributes:
        name: of the form field.
        filename: None for a text field.
        size: of the content, in bytes.
        sha256: of the content, in hex.
        text: content of a text field; None for a file, and for what is not UTF-8.
        sound: what a file is as a WAV; None for another file, or one nothing is known of.
    """

    name: str
    filename: str | None
    size: int
    sha256: str
    text: str | None = None
    sound: WavFacts | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What was sent.

    Attributes:
        method: in capitals.
        url: absolute.
        parts: of a multipart body, in the order of the wire; None for any other body.
        sent_at: seconds on the recorder's clock, whatever its zero.
    """

    method: str
    url: str
    headers: Headers = ()
    parts: tuple[Part, ...] | None = None
    sent_at: float = 0.0

    @property
    def path(self) -> str:
        """Path of the URL, as sent."""
        return urlsplit(self.url).path

    @property
    def query(self) -> Mapping[str, str]:
        """Parameters of the URL, decoded; of a name that comes twice the last."""
        return dict(parse_qsl(urlsplit(self.url).query, keep_blank_values=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back.

    Attributes:
        status: of the last answer, redirections followed or not as the recorder did.
        body: without transfer and content encoding.
        received_at: seconds on the clock of `Request.sent_at`, when the last byte was there.
    """

    status: int
    headers: Headers = ()
    body: bytes = b""
    received_at: float = 0.0

    def header(self, name: str) -> str | None:
        """Find the first header of that name, in any case."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its answer."""

    request: Request
    answer: Answer


def describe_file(name: str, data: bytes, filename: str) -> Part:
    """Describe a file part by its bytes.

    Args:
        name: of the form field.
        data: the whole file.
        filename: as sent.
    """
    return Part(
        name=name,
        filename=filename,
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        sound=_read_sound(data),
    )


def describe_field(name: str, text: str) -> Part:
    """Describe a text field by its text."""
    data = text.encode()
    return Part(name=name, filename=None, size=len(data), sha256=hashlib.sha256(data).hexdigest(), text=text)


def _read_sound(data: bytes) -> WavFacts | None:
    reader = WavReader()
    try:
        reader.feed(data)
        return reader.close()
    except WavError:
        return None
