"""The relevant parts of an upload's form: the file, which is not stored, and the text of the config."""

from __future__ import annotations

import hashlib

from diarkit_contracts.exchanges.exchange import Part, describe_content
from diarkit_mockserver.intake.media import MediaProbe, measure
from diarkit_mockserver.intake.refusals import Condition, refuse
from diarkit_mockserver.intake.submission import Media, MediaFacts

LARGEST_TEXT = 1 << 20
"""Bytes, as in Starlette, which the platform's answers suggest (INF, contract facts 6)."""

LONGEST_STORED = 1 << 16
"""Bytes of a config stored in the journal; of a longer one only its size."""

FIRST_BYTES = 64
"""First bytes of a file, stored for diagnosis."""


class FilePart:
    """The file: counted, hashed and measured while streaming."""

    __slots__ = (
        *("_assumed", "_digest", "_largest", "_media", "_probe", "_sha256", "_whole"),
        *("filename", "first_bytes", "size"),
    )

    def __init__(self, filename: str, largest: int | None, assumed: Media) -> None:
        self.filename = filename
        self.size = 0
        self.first_bytes = b""
        self._digest = hashlib.sha256()
        self._assumed = assumed
        self._media: MediaFacts | None = None
        self._largest = largest
        self._probe: MediaProbe | None = None
        self._whole = b""
        self._sha256 = ""

    def feed(self, data: bytes) -> None:
        """Read the next bytes; raises a Refusal with 413 for a file above its limit."""
        self._count(data)
        if self._probe is None:
            self._probe = MediaProbe(self._assumed)
        self._probe.feed(data)

    def feed_whole(self, data: bytes) -> None:
        """Read all bytes at once; raises like `feed`."""
        self._count(data)
        self._whole = data

    def _count(self, data: bytes) -> None:
        self.size += len(data)
        if self._largest is not None and self.size > self._largest:
            reason = f"the file is larger than {self._largest} bytes (limits.upload_bytes)"
            raise refuse(Condition.TOO_LARGE, reason=reason, limit="upload_bytes")
        if len(self.first_bytes) < FIRST_BYTES:
            self.first_bytes = (self.first_bytes + data[:FIRST_BYTES])[:FIRST_BYTES]
        self._digest.update(data)

    @property
    def sha256(self) -> str:
        """Digest of the complete file, in hex."""
        if not self._sha256:
            self._sha256 = self._digest.hexdigest()
        return self._sha256

    @property
    def media(self) -> MediaFacts:
        """The measurements of the complete file."""
        if self._media is None:
            self._media = measure(self._whole, self._assumed) if self._probe is None else self._probe.close()
        return self._media

    def describe(self, name: str) -> Part:
        """Describe the file for the journal."""
        return Part(
            name=name,
            filename=self.filename,
            size=self.size,
            sha256=self.sha256,
            sound=self.media.sound,
        )


class TextPart:
    """A text field of limited size.

    Args:
        is_file: whether it was sent as a file, and can't be read.
    """

    __slots__ = ("_data", "_is_file")

    def __init__(self, *, is_file: bool = False) -> None:
        self._data = bytearray()
        self._is_file = is_file

    def feed(self, data: bytes) -> None:
        """Read the next bytes; raises a Refusal with 400 for a text above its limit."""
        self._data += data
        if len(self._data) > LARGEST_TEXT:
            raise refuse(Condition.MULTIPART_BROKEN, reason=f"a text field is larger than {LARGEST_TEXT} bytes")

    feed_whole = feed

    def describe(self, name: str) -> Part:
        """Describe the text for the journal."""
        data = bytes(self._data)
        if len(data) > LONGEST_STORED:
            return Part(name=name, size=len(data))
        return describe_content(name, data, "" if self._is_file else None)

    @property
    def head(self) -> str:
        """Its beginning, for refusals."""
        return self._data[:FIRST_BYTES].decode(errors="replace")

    def read(self) -> str:
        """Return the text: UTF-8, or otherwise latin-1 (INF: as in Starlette); raises a Refusal if it was sent as a file."""
        if self._is_file:
            raise refuse(Condition.CONFIG_A_FILE, ("body", "config"))
        try:
            return self._data.decode()
        except UnicodeDecodeError:
            return self._data.decode("latin-1")
