"""The two parts of an upload's form that are read: the file, of which nothing is kept, and the config's text. Knows no multipart."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from diarkit_contracts.exchanges.exchange import Part, describe_content
from diarkit_mockserver.intake.media import MediaProbe, measure
from diarkit_mockserver.intake.refusals import Condition, refuse

if TYPE_CHECKING:
    from diarkit_mockserver.intake.submission import Media, MediaFacts

LARGEST_TEXT = 1 << 20
"""Bytes, as in Starlette, which the platform's own answers point to (INF, contract facts 6)."""

LONGEST_KEPT = 1 << 16
"""Bytes of a config that the journal keeps: of a longer one nothing is known but its size."""

FIRST_BYTES = 64
"""Of a file, kept to tell what it looked like."""


class FilePart:
    """The file: counted, hashed and measured as it comes."""

    __slots__ = ("_assumed", "_largest", "_media", "_probe", "_whole", "digest", "filename", "first_bytes", "size")

    def __init__(self, filename: str, largest: int | None, assumed: Media) -> None:
        self.filename = filename
        self.size = 0
        self.first_bytes = b""
        self.digest = hashlib.sha256()
        self._assumed = assumed
        self._media: MediaFacts | None = None
        self._largest = largest
        self._probe: MediaProbe | None = None
        self._whole = b""

    def feed(self, data: bytes) -> None:
        """Take the next bytes.

        Raises:
            Refusal: 413 for a file above its limit.
        """
        self._count(data)
        if self._probe is None:
            self._probe = MediaProbe(self._assumed)
        self._probe.feed(data)

    def feed_whole(self, data: bytes) -> None:
        """Take all bytes at once; raises what `feed` raises."""
        self._count(data)
        self._whole = data

    def _count(self, data: bytes) -> None:
        self.size += len(data)
        if self._largest is not None and self.size > self._largest:
            reason = f"the file is larger than {self._largest} bytes (limits.upload_bytes)"
            raise refuse(Condition.TOO_LARGE, reason=reason, limit="upload_bytes")
        if len(self.first_bytes) < FIRST_BYTES:
            self.first_bytes = (self.first_bytes + data[:FIRST_BYTES])[:FIRST_BYTES]
        self.digest.update(data)

    @property
    def media(self) -> MediaFacts:
        """What the bytes say of the audio, once all of them are there."""
        if self._media is None:
            self._media = measure(self._whole, self._assumed) if self._probe is None else self._probe.close()
        return self._media

    def describe(self, name: str) -> Part:
        """Describe the file for the journal."""
        return Part(
            name=name,
            filename=self.filename,
            size=self.size,
            sha256=self.digest.hexdigest(),
            sound=self.media.sound,
        )


class TextPart:
    """A text field, bounded.

    Args:
        is_file: it was sent as a file, and can't be read.
    """

    __slots__ = ("_data", "_is_file")

    def __init__(self, *, is_file: bool = False) -> None:
        self._data = bytearray()
        self._is_file = is_file

    def feed(self, data: bytes) -> None:
        """Take the next bytes.

        Raises:
            Refusal: 400 for a text above its bound.
        """
        self._data += data
        if len(self._data) > LARGEST_TEXT:
            raise refuse(Condition.MULTIPART_BROKEN, reason=f"a text field is larger than {LARGEST_TEXT} bytes")

    feed_whole = feed

    def describe(self, name: str) -> Part:
        """Describe the text for the journal."""
        data = bytes(self._data)
        if len(data) > LONGEST_KEPT:
            return Part(name=name, size=len(data))
        return describe_content(name, data, None)

    def read(self) -> str:
        """Return the text: UTF-8, or else latin-1 (INF: as in Starlette).

        Raises:
            Refusal: for one that was sent as a file.
        """
        if self._is_file:
            raise refuse(Condition.CONFIG_A_FILE, ("body", "config"))
        try:
            return self._data.decode()
        except UnicodeDecodeError:
            return self._data.decode("latin-1")
