"""Read a multipart upload while streaming: digest, size and measurements of the file, text of the config.

Files are not stored, and memory does not depend on the size of the upload.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import unquote

from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header

from diarkit_contracts.exchanges.exchange import Part
from diarkit_mockserver.intake.form import read_boundary, read_plain_form
from diarkit_mockserver.intake.parts import FilePart, TextPart
from diarkit_mockserver.intake.refusals import Condition, Refusal, refuse
from diarkit_mockserver.intake.submission import Media, MediaFacts

MOST_PARTS = 1_000
"""Limit of files, and of text fields, as in Starlette, which the platform's answers suggest (INF, contract facts 6)."""

MOST_IGNORED = 20
LONGEST_IGNORED = 100
"""Limits for names of ignored parts in the journal, and for their characters."""

GZIP = b"\x1f\x8b"
"""First bytes of a gzip body (RFC 1952, 2.3.1)."""

EXTENDED_FILENAME = re.compile(
    r"""; *filename\* *= *(?P<charset>utf-8|iso-8859-1)'[\w-]*'(?P<quoted>[^\s;"']*)""", re.IGNORECASE
)
"""`filename*` by RFC 5987: one of two charsets, language, percent-encoded value."""

QUOTED_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')


class Upload(NamedTuple):
    """The content of a request body.

    Attributes:
        filename: of the part `file`, decoded.
        sha256: of the file's bytes, in hex.
        size: of the file, in bytes.
        media: measurements of the file.
        config: text of the part `config`; None without one.
        first_bytes: of the file.
        ignored: truncated names of the first unknown parts.
    """

    filename: str
    sha256: str
    size: int
    media: MediaFacts
    config: str | None
    first_bytes: bytes = b""
    ignored: tuple[str, ...] = ()


class UploadReader:
    """Reads a request body in chunks of any size, with parts in any order.

    The last of repeated parts applies (INF: as in Starlette). After a fault the rest is ignored, so that the client can send its whole
    body and read the refusal.

    Args:
        content_type: of the request.
        largest_file: limit in bytes; None for no limit.
        assumed: length and channels of media that can't be measured.
    """

    def __init__(self, content_type: str, *, largest_file: int | None, assumed: Media) -> None:
        self._largest_file = largest_file
        self._assumed = assumed
        self._refusal: Refusal | None = None
        self._parser: PushMultipartParser | None = None
        self._first: bytes | None = None
        self._opening = b""
        self._head: bytes | None = b""
        self._open: FilePart | TextPart | None = None
        self._file: FilePart | None = None
        self._config: TextPart | None = None
        self._ignored: list[str] = []
        self._numbers = [0, 0]
        self._order: dict[str, None] = {}
        self._text_for_file: TextPart | None = None
        self._is_whole = False
        self._boundary: bytes | None = None
        try:
            boundary = read_boundary(content_type)
            self._boundary = None if boundary is None else boundary.encode()
        except Refusal as refusal:
            self._refusal = refusal

    @property
    def ignored(self) -> tuple[str, ...]:
        """Names of the unknown parts so far, even if the body is malformed."""
        return tuple(sorted(self._ignored)) if self._ignored else ()

    def feed(self, data: bytes) -> None:
        """Read the next bytes of the body. The first chunk is deferred, as it may be the whole body."""
        if self._refusal is not None or self._boundary is None or not data:
            return
        if self._parser is None:
            if self._first is None:
                self._first = data
                return
            self._start_parser(self._boundary)
        self._parse(data)

    def _start_parser(self, boundary: bytes) -> None:
        try:
            self._opening = b"--" + boundary
            # Bytes are decoded as latin-1, so that no name is invalid; `_decode` restores them.
            self._parser = PushMultipartParser(boundary, header_charset="latin-1")
        except MultipartError as error:
            self._refusal = refuse(Condition.MULTIPART_BROKEN, reason=f"multipart: {error}")
        if self._first is not None:
            self._parse(self._first)

    def _parse(self, data: bytes) -> None:
        if self._refusal is not None or self._parser is None or self._parser.closed:
            return
        try:
            data = self._check_opening(data)
            # The parser treats empty data as the end of the body.
            for event in self._parser.parse(data) if data else ():
                if isinstance(event, MultipartSegment):
                    self._begin(event)
                elif event is None:
                    self._open = None
                elif self._open is not None:
                    self._open.feed(bytes(event))
        except MultipartError as error:
            self._refusal = refuse(Condition.MULTIPART_BROKEN, reason=f"multipart: {error}")
        except Refusal as refusal:
            self._refusal = refusal

    def close(self) -> Upload:
        """Return the content at the end of the body.

        Raises:
            Refusal: 400 for malformed multipart, 413 for a file or config above its limit, 422 for a missing file.
        """
        if self._refusal is None and self._boundary is not None:
            self._end(self._boundary)
        if self._file is not None and not (self._file.filename or self._file.size):
            self._file = None  # sent by browsers if no file was chosen
        if self._refusal is not None:
            raise self._refusal
        if self._file is None:
            # A body of another type has no form fields (INF: as in form parsers).
            if self._text_for_file is None:
                raise refuse(Condition.FILE_MISSING, ("body", "file"))
            raise refuse(Condition.FILE_NOT_A_FILE, ("body", "file"), came=self._text_for_file.head)
        file = self._file
        config = None if self._config is None else self._config.read() or None
        return Upload(file.filename, file.sha256, file.size, file.media, config, file.first_bytes, self.ignored)

    def describe(self) -> tuple[Part, ...] | None:
        """Describe the parts of a complete form in order, each name once; None for other bodies."""
        if self._refusal is not None or not self._is_whole:
            return None
        known = {"file": self._file, "config": self._config}
        return tuple(
            [Part(name=name) if (part := known.get(name)) is None else part.describe(name) for name in self._order]
        )

    def _end(self, boundary: bytes) -> None:
        """Read the deferred bytes at the end of the body."""
        try:
            if self._parser is None:
                if self._first is None:
                    return  # a form without parts (INF: as in Starlette)
                parts = read_plain_form(self._first, boundary)
                if parts is not None:
                    for part in parts:
                        self._begin_part(part.name, part.filename)
                        if self._open is not None:
                            self._open.feed_whole(part.content)
                    self._is_whole = True
                    return
                self._start_parser(boundary)
            if self._parser is not None and self._refusal is None:
                self._parser.close()
                self._is_whole = self._parser.closed
        except MultipartError as error:
            self._refusal = refuse(Condition.MULTIPART_BROKEN, reason=f"multipart: {error}")
        except Refusal as refusal:
            self._refusal = refusal

    def _check_opening(self, data: bytes) -> bytes:
        """Buffer the first bytes until it is certain that the body begins with its boundary (INF: as in Starlette).

        The parser's handling of a preamble would depend on the chunks.
        """
        if self._head is None:
            return data
        self._head = (self._head + data).lstrip(b"\r\n")
        if len(self._head) < len(self._opening) + 2:
            return b""
        if self._head.startswith(GZIP):
            reason = "the body is compressed with gzip, but the platform accepts only forms without Content-Encoding"
            raise refuse(Condition.MULTIPART_BROKEN, reason=reason)
        if not self._head.startswith(self._opening):
            raise refuse(Condition.MULTIPART_BROKEN, reason="multipart: the body does not begin with its boundary")
        data, self._head = self._head, None
        return data

    def _begin(self, segment: MultipartSegment) -> None:
        # The library detects a line end inside a header only for some chunk sizes.
        if any(end in text for header in segment.headerlist for text in header for end in "\r\n"):
            raise refuse(Condition.MULTIPART_BROKEN, reason="multipart: a line end inside a header")
        if not segment.name and "name" not in parse_options_header(segment.header("Content-Disposition", ""))[1]:
            raise refuse(Condition.MULTIPART_BROKEN, reason="multipart: a part without a name")
        self._begin_part(_decode(segment.name or ""), _read_filename(segment))

    def _begin_part(self, name: str, filename: str | None) -> None:
        self._numbers[filename is None] += 1
        if max(self._numbers) > MOST_PARTS:
            raise refuse(Condition.MULTIPART_BROKEN, reason=f"multipart: more than {MOST_PARTS} files or fields")
        if name in {"file", "config"} or len(self._order) < MOST_IGNORED:
            self._order[name[:LONGEST_IGNORED]] = None
        self._open = None if filename is not None else TextPart()
        if name == "file":
            self._text_for_file = self._open
            self._file = None if filename is None else FilePart(filename, self._largest_file, self._assumed)
            self._open = self._file or self._open
        elif name == "config":
            self._open = self._config = TextPart(is_file=filename is not None)
        elif len(self._ignored) < MOST_IGNORED:
            self._ignored.append(name[:LONGEST_IGNORED])


class ReadUpload:
    """The body of an upload after its end: each copy can be closed once, like the reader.

    Args:
        reader: that has received the whole body.
    """

    def __init__(self, reader: UploadReader) -> None:
        self._upload: Upload | None = None
        self._refusal: Refusal | None = None
        try:
            self._upload = reader.close()
        except Refusal as refusal:
            self._refusal = refusal
        self.ignored = reader.ignored
        self._parts = reader.describe()
        self._is_closed = False

    def close(self) -> Upload:
        """Return the upload.

        Raises:
            Refusal: the one raised by the reader.
        """
        self._is_closed = True
        if self._upload is None:
            assert self._refusal is not None  # noqa: S101 - set if there is no upload
            raise self._refusal.again()
        return self._upload

    def describe(self) -> tuple[Part, ...] | None:
        """Describe its parts, once it is closed."""
        return self._parts if self._is_closed else None


def _read_filename(segment: MultipartSegment) -> str | None:
    """Read the file name, including the extended form sent by urllib3 1.26 (used by the guide's requests)."""
    header = next((value for name, value in segment.headerlist if name == "Content-Disposition"), "")
    extended = EXTENDED_FILENAME.search(QUOTED_STRING.sub('""', header))
    if extended is not None:
        return unquote(extended["quoted"], encoding=extended["charset"])
    # httpx, urllib3 1.26 and Go escape a backslash, which `multipart` leaves so; browsers do not, and write no two of them.
    return None if segment.filename is None else _decode(segment.filename).replace("\\\\", "\\")


def _decode(text: str) -> str:
    """Decode a name from latin-1 characters: UTF-8, or otherwise latin-1 (INF: as in Starlette)."""
    try:
        return text.encode("latin-1").decode()
    except UnicodeDecodeError:
        return text
