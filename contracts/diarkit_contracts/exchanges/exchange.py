"""One request and its answer, or what came in its place, as values. Knows neither a client nor what an answer should be."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import parse_qsl, urlsplit

from diarkit_fixtures.segments import Channels  # noqa: TC001 - the types of fields are read at run time
from diarkit_fixtures.wav.file import WavError, WavReader

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from diarkit_fixtures.wav.chunks import Chunks

Headers: TypeAlias = tuple[tuple[str, str], ...]
"""Names and values in the order of the wire; a name may come more than once and in any case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """What is known of a file as a WAV.

    Attributes:
        length: whole centiseconds.
        loud: one per channel; some sample reaches -60 dBFS.
        truth: who speaks when, one entry per channel; None if nobody knows.
        truncated: the header promises more audio than came.
    """

    length: int
    loud: tuple[bool, ...]
    truth: Channels | None = None
    truncated: bool = False

    @property
    def channels(self) -> int:
        """Number of channels."""
        return len(self.loud)

    @property
    def seconds(self) -> float:
        """The length in seconds."""
        return self.length / 100


AHEAD: Final = 200
"""Centiseconds of silence of `Relation.DELAYED`."""


class Relation(StrEnum):
    """What was made of somebody's recording, or asked of it, so that answers can be compared without knowing what is said in it."""

    GIVEN = "given"
    AGAIN = "again"
    FLAC = "flac"
    SWAPPED = "swapped"
    """Its channels in the opposite order."""
    DELAYED = "delayed"
    """Silence ahead of it."""
    RANGE = "range"
    """Itself, a part of it asked for."""
    CUT = "cut"
    """That part alone."""
    DOUBLED = "doubled"
    """Its one channel twice."""
    LIMITED = "limited"
    """Itself, with a limit that its speakers do not reach."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """Where a file comes from.

    Attributes:
        of: SHA-256 of the recording, in hex.
    """

    of: str
    relation: Relation


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of a multipart body. Holds what a check may ask about the bytes, not the bytes.

    Attributes:
        name: of the form field.
        filename: None for a text field.
        size: of the content, in bytes; None if it is unknown.
        sha256: of the content, in hex; None if it is unknown.
        text: content of a text field; None for a file, for what is not UTF-8, and if it is unknown.
        sound: what a file is as a WAV; None for another file, or one nothing is known of.
        made: of which recording of somebody's own a file was made; None for any other.
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
    """What was sent.

    Attributes:
        method: in capitals.
        url: absolute.
        parts: of a multipart body, in the order of the wire; None for any other body, and for one that is unknown.
        is_body_known: false where nobody recorded the body: it may have been anything.
        sent_at: seconds on the recorder's clock, whatever its zero.
    """

    method: str
    url: str
    headers: Headers = ()
    parts: tuple[Part, ...] | None = None
    is_body_known: bool = True
    sent_at: float = 0.0

    @property
    def path(self) -> str:
        """Path of the URL, as sent."""
        return urlsplit(self.url).path

    @property
    def query(self) -> Mapping[str, str]:
        """Parameters of the URL, decoded; of a name that comes twice the last."""
        return dict(parse_qsl(urlsplit(self.url).query, keep_blank_values=True))

    def header(self, name: str) -> str | None:
        """Find the first header of that name, in any case."""
        return find_header(self.headers, name)


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
        return find_header(self.headers, name)


class Loss(StrEnum):
    """Why a request has no whole answer."""

    REFUSED = "refused"
    """No connection came about: nobody listens, no such host, no trust."""
    BEFORE_HEAD = "reset before the head"
    AFTER_HEAD = "reset after the head"
    CUT = "cut"
    """The body ended before its length."""
    BADLY_FRAMED = "badly framed"
    """What came is no HTTP, or does not end where it says."""
    BADLY_CODED = "badly coded"
    """The body is not in its Content-Encoding."""
    TOO_SLOW = "too slow"
    TOO_LARGE = "too large"
    GIVEN_UP = "given up"
    """The client itself went away before it had an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """What came in place of an answer. It is read like one, as far as it came.

    Attributes:
        kind: why it is none.
        status: of the head; 0 if there was none.
        headers: of the head.
        body: the bytes that came of it.
        received_at: seconds on the clock of `Request.sent_at`, when it was lost.
    """

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
    """Describe a part by its bytes; one without a file name is a text field."""
    digest = hashlib.sha256()
    chunks = (data,) if isinstance(data, bytes) else data
    for chunk in chunks:
        digest.update(chunk)
    part = Part(name=name, filename=filename, size=len(data), sha256=digest.hexdigest())
    return replace(part, text=_read_text(bytes(data))) if filename is None else replace(part, sound=_read_sound(chunks))


def describe_field(name: str, text: str) -> Part:
    """Describe a text field by its text."""
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
