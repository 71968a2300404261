"""What an uploaded file's bytes say of its audio, found while they pass by. Knows no requests and keeps no audio.

WAV and FLAC are read from the stream. Other formats are measured with soundfile, where the extra `media` is installed; else
their length is assumed, and said to be.
"""

from __future__ import annotations

import importlib.util
import tempfile
import weakref
from functools import cache
from typing import Protocol

from diarkit_fixtures.wav.file import WavError, WavReader, is_wav, read_usual
from diarkit_mockserver.intake.submission import Media, MediaFacts

HEAD = 42
"""Bytes that tell the format: as many as FLAC needs to say its length."""

SPOOLED_IN_MEMORY = 1 << 20
"""A compressed file above this many bytes goes to disk: soundfile has to seek in it."""

LONGEST_FRAMES = 1 << 53
"""libsndfile answers 2**63 - 1 frames for a FLAC of unknown length (domain facts 5.1)."""

MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, b"fLaC", "flac"),
    (0, b"OggS", "ogg"),
    (0, b"ID3", "mp3"),
    (0, b"\xff\xfb", "mp3"),
    (0, b"\xff\xf3", "mp3"),
    (0, b"\xff\xf2", "mp3"),
    (0, b"\xff\xf1", "aac"),
    (0, b"\xff\xf9", "aac"),
    (0, b"FORM", "aiff"),
    (0, b".snd", "au"),
    (0, b"caff", "caf"),
    (4, b"ftyp", "mp4"),
    (0, b"\x1aE\xdf\xa3", "matroska"),
    (0, b"#!AMR", "amr"),
    (0, b"riff\x2e\x91\xcf\x11", "w64"),
)
"""Where in a file which bytes stand for which format."""

DECODED = frozenset({"aiff", "au", "caf", "flac", "mp3", "ogg", "w64"})
"""Formats that soundfile knows: what it can't read of these is broken."""


class Format(Protocol):
    """The reader of one format."""

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the file."""

    def close(self) -> MediaFacts:
        """Say what the file is, after its last byte."""
        ...


class MediaProbe:
    """Reads one file of any format, chunk by chunk.

    Args:
        assumed: length and channels of what can't be measured.
    """

    __slots__ = ("_assumed", "_format", "_head")

    def __init__(self, assumed: Media) -> None:
        self._assumed = assumed
        self._head = b""
        self._format: Format | None = None

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the file."""
        if self._format is None:
            if not self._head or len(self._head) < HEAD:
                # The first bytes are read when more come: they may be all there is.
                self._head += data
                return
            self._format = choose_format(self._head, self._assumed)
            self._format.feed(self._head)
        self._format.feed(data)

    def close(self) -> MediaFacts:
        """Say what the file is, after its last byte."""
        if self._format is None:
            if (usual := read_usual(self._head)) is not None:
                return MediaFacts(kind="wav", length=usual.length, loud=usual.loud)
            self._format = choose_format(self._head, self._assumed)
            self._format.feed(self._head)
        return self._format.close()


def choose_format(head: bytes, assumed: Media) -> Format:
    """Choose the reader for a file that begins with these bytes."""
    if is_wav(head):
        return WavFormat()
    kind = next((kind for at, magic, kind in MAGIC if head.startswith(magic, at)), None)
    if kind is None:
        return NoAudio("not an audio file that is known" if head else "the file is empty")
    if kind == "flac" and (facts := read_flac_head(head)) is not None:
        return Known(facts)
    guess = assume(assumed, kind)
    return DecodedFormat(kind, guess) if has_decoder() else Known(guess)


def assume(assumed: Media, kind: str = "unknown") -> MediaFacts:
    """Take the scenario's word for a file that can't be measured."""
    return MediaFacts(kind=kind, length=round(assumed.duration * 100), loud=(True,) * assumed.channels, assumed=True)


def read_flac_head(head: bytes) -> MediaFacts | None:
    """Read the STREAMINFO block, which begins every FLAC file (RFC 9639, section 8.2).

    Returns:
        None if the length is not stated, or the block is not what it must be.
    """
    packed = int.from_bytes(head[18:26], "big")
    rate, channels, frames = packed >> 44, (packed >> 41 & 7) + 1, packed & ((1 << 36) - 1)
    if len(head) < HEAD or head[4] & 0x7F or not rate or not frames:
        return None
    return MediaFacts(kind="flac", length=frames * 100 // rate, loud=(True,) * channels)


@cache
def has_decoder() -> bool:
    """Whether the extra `media` is installed."""
    return importlib.util.find_spec("soundfile") is not None


class WavFormat:
    """WAV in all its shapes, by the fixtures' own reader."""

    def __init__(self) -> None:
        self._reader = WavReader()
        self._fault: str | None = None

    def feed(self, data: bytes) -> None:
        """Take the next bytes; after a fault the rest is passed over."""
        if self._fault is None:
            try:
                self._reader.feed(data)
            except WavError as error:
                self._fault = str(error)

    def close(self) -> MediaFacts:
        """Say length, channels and truth, or the fault."""
        if self._fault is None:
            try:
                facts = self._reader.close()
            except WavError as error:
                self._fault = str(error)
            else:
                return MediaFacts(kind="wav", length=facts.length, loud=facts.loud, truth=facts.truth)
        return MediaFacts(kind="wav", fault=self._fault)


class DecodedFormat:
    """A compressed format that soundfile may know: kept in a temporary file until its end."""

    def __init__(self, kind: str, otherwise: MediaFacts) -> None:
        self._kind = kind
        self._otherwise = otherwise
        self._spool = tempfile.SpooledTemporaryFile[bytes](SPOOLED_IN_MEMORY)  # closed by close()
        weakref.finalize(self, self._spool.close)  # of an upload that is given up halfway

    def feed(self, data: bytes) -> None:
        """Take the next bytes."""
        self._spool.write(data)

    def close(self) -> MediaFacts:
        """Say length and channels, or the fault; what is assumed for formats that soundfile does not know, such as MP4."""
        import soundfile  # noqa: PLC0415 - an extra

        with self._spool as file:
            # A file of the system's: of a broken one the decoder seeks to places where a Python file would raise.
            descriptor = file.fileno()
            file.seek(0)
            try:
                with soundfile.SoundFile(descriptor, closefd=False) as sound:
                    frames, rate, channels = sound.frames, sound.samplerate, sound.channels
            except soundfile.LibsndfileError as error:
                if self._kind in DECODED:
                    return MediaFacts(kind=self._kind, fault=f"a broken {self._kind} file: {error.error_string}")
                return self._otherwise
        if not 0 <= frames < LONGEST_FRAMES:
            return self._otherwise
        return MediaFacts(kind=self._kind, length=frames * 100 // rate, loud=(True,) * channels)


class Known:
    """A file whose facts need no more of its bytes."""

    def __init__(self, facts: MediaFacts) -> None:
        self._facts = facts

    def feed(self, data: bytes) -> None:
        """Pass over the bytes."""

    def close(self) -> MediaFacts:
        """Say the facts."""
        return self._facts


class NoAudio:
    """A file that no decoder takes."""

    def __init__(self, fault: str) -> None:
        self._fault = fault

    def feed(self, data: bytes) -> None:
        """Pass over the bytes."""

    def close(self) -> MediaFacts:
        """Say why it can't be decoded."""
        return MediaFacts(kind="unknown", fault=self._fault)
