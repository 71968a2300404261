"""One request with its answer or loss, as values."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar, Final, TypeAlias
from urllib.parse import parse_qsl, urlsplit

from diarkit_fixtures.media.facts import AudioFacts
from diarkit_fixtures.wav.file import WavError, WavReader

if TYPE_CHECKING:
    from diarkit_fixtures.wav.chunks import Chunks

Headers: TypeAlias = tuple[tuple[str, str], ...]
"""Names and values in wire order; names may be repeated and are case-insensitive."""

Sound: TypeAlias = AudioFacts
"""Measurements of a WAV file."""

AHEAD: Final = 200
"""Centiseconds of silence of `Relation.DELAYED`."""


class Relation(StrEnum):
    """How a variant was derived from an own recording, to compare answers without knowing the truth."""

    GIVEN = "given"
    AGAIN = "again"
    FLAC = "flac"
    SWAPPED = "swapped"
    """With the channels in reverse order."""
    DELAYED = "delayed"
    """With leading silence."""
    RANGE = "range"
    """Unchanged, with a range requested."""
    CUT = "cut"
    """Cut to that range."""
    DOUBLED = "doubled"
    """With its single channel duplicated."""
    LIMITED = "limited"
    """Unchanged, with a speaker limit that is not exceeded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """The origin of a file.

    Attributes:
        of: SHA-256 of the original recording, in hex.
    """

    of: str
    relation: Relation


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of a multipart body, described without its bytes.

    Attributes:
        filename: None for a text field.
        size: of the content, in bytes; None if unknown.
        sha256: of the content, in hex; None if unknown.
        text: content of a text field; None for a file, if not UTF-8, and if unknown.
        sound: of a WAV file; None for others and if unknown.
        made: origin of a variant of an own recording; None for others.
    """

    name: str
    filename: str | None = None
    size: int | None = None
    sha256: str | None = None
    text: str | None = None
    sound: Sound | None = None
    made: Made | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request.

    Attributes:
        method: in capitals.
        url: absolute.
        parts: of a multipart body, in wire order; None for other or unknown bodies.
        is_body_known: False if the body was not recorded.
        sent_at: seconds on the recorder's clock, with any origin.
    """

    method: str
    url: str
    headers: Headers = ()
    parts: tuple[Part, ...] | None = None
    is_body_known: bool = True
    sent_at: float = 0.0

    @property
    def path(self) -> str:
        """Path of the URL, undecoded."""
        return urlsplit(self.url).path

    @property
    def query(self) -> Mapping[str, str]:
        """Decoded parameters of the URL; the last of a repeated name."""
        return dict(parse_qsl(urlsplit(self.url).query, keep_blank_values=True))

    def header(self, name: str) -> str | None:
        """Find the first header of that name, in any case."""
        return find_header(self.headers, name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A complete answer.

    Attributes:
        status: of the last answer, after redirections if the recorder followed them.
        body: without transfer and content encoding.
        is_body_known: False if the body was not recorded, or not completely.
        received_at: seconds on the clock of `Request.sent_at`, at the last byte.
    """

    status: int
    headers: Headers = ()
    body: bytes = b""
    is_body_known: bool = True
    received_at: float = 0.0

    def header(self, name: str) -> str | None:
        """Find the first header of that name, in any case."""
        return find_header(self.headers, name)


class Loss(StrEnum):
    """Why a request has no complete answer."""

    REFUSED = "refused"
    """No connection: refused, unknown host, untrusted certificate."""
    BEFORE_HEAD = "reset before the head"
    AFTER_HEAD = "reset after the head"
    CUT = "cut"
    """The body ended before its length."""
    BADLY_FRAMED = "badly framed"
    """Not valid HTTP, or longer than stated."""
    BADLY_CODED = "badly coded"
    """The body does not match its Content-Encoding."""
    TOO_SLOW = "too slow"
    TOO_LARGE = "too large"
    GIVEN_UP = "given up"
    """The client disconnected before the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """An incomplete answer, with the fields of `Answer` as far as they were received.

    Attributes:
        status: of the head; 0 without one.
        body: the bytes received.
        is_body_known: False, as it was cut.
        received_at: seconds on the clock of `Request.sent_at`, at the loss.
    """

    is_body_known: ClassVar[bool] = False

    kind: Loss
    status: int = 0
    headers: Headers = ()
    body: bytes = b""
    received_at: float = 0.0

    def header(self, name: str) -> str | None:
        """Find the first header of that name, in any case."""
        return find_header(self.headers, name)


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its answer."""

    request: Request
    answer: Answer | Lost


def find_header(headers: Headers, name: str) -> str | None:
    """Find the first header of that name, in any case."""
    return next((value for key, value in headers if key.lower() == name.lower()), None)


def describe_content(name: str, data: bytes | Chunks, filename: str | None) -> Part:
    """Describe a part by its content; without a file name it is a text field."""
    digest = hashlib.sha256()
    chunks = (data,) if isinstance(data, bytes) else data
    for chunk in chunks:
        digest.update(chunk)
    part = Part(name=name, filename=filename, size=len(data), sha256=digest.hexdigest())
    return replace(part, text=_read_text(bytes(data))) if filename is None else replace(part, sound=_read_sound(chunks))


def describe_field(name: str, text: str) -> Part:
    """Describe a text field."""
    return describe_content(name, text.encode(), None)


def _read_text(data: bytes) -> str | None:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None


def _read_sound(chunks: Iterable[bytes]) -> Sound | None:
    reader = WavReader()
    try:
        for chunk in chunks:
            reader.feed(chunk)
        facts = reader.close()
    except WavError:
        return None
    return Sound(length=facts.length, loud=facts.loud, truth=facts.truth, truncated=facts.truncated)
