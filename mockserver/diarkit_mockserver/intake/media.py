"""Measure the audio of an uploaded file while streaming. Audio is not stored.

Formats supported by `diarkit_fixtures` are measured. The length of others is assumed and marked as such: only files that are known to
be malformed, or are not media at all, have a fault.
"""

from __future__ import annotations

from diarkit_fixtures.media.facts import AudioFacts, MediaError
from diarkit_fixtures.media.frames import walk_frames
from diarkit_fixtures.media.probe import HEAD, WALKS, find_kind, measure_id3
from diarkit_fixtures.wav.file import CodecError, WavError, WavReader, is_wav, read_usual
from diarkit_fixtures.wav.walk import WalkReader
from diarkit_mockserver.intake.submission import Media, MediaFacts


class MediaProbe:
    """Measures one file of any format, chunk by chunk."""

    __slots__ = ("_answer", "_assumed", "_head", "_kind", "_reader", "_skip", "_tagged")

    def __init__(self, assumed: Media) -> None:
        self._assumed = assumed
        self._head = b""
        self._skip = 0  # bytes of a leading tag
        self._tagged = False
        self._kind = "unknown"
        self._reader: WavReader | WalkReader[AudioFacts | None] | None = None
        self._answer: MediaFacts | None = None

    def feed(self, data: bytes) -> None:
        """Read the next bytes of the file; after a fault the rest is ignored."""
        if self._answer is not None:
            return
        if self._reader is None:
            self._head += data[self._skip :]
            self._skip = max(0, self._skip - len(data))
            if len(self._head) < HEAD:
                return
            if not self._tagged and (tag := measure_id3(self._head)):
                self._tagged = True
                data, self._head, self._skip = self._head, b"", tag
                self.feed(data)
                return
            data = self._head
            self._open()
        self._try(data)

    def close(self) -> MediaFacts:
        """Return the measurements at the end of the file."""
        if self._reader is None and self._answer is None:
            self._open()
            self._try(self._head)
        if self._answer is None and self._reader is not None:
            try:
                facts = self._reader.close()
            except (WavError, MediaError) as error:
                self._judge(error)
            else:
                if self._kind == "unknown" and not (facts and facts.length):
                    self._answer = MediaFacts(kind=self._kind, fault="not an audio file that is known")
                elif facts is not None:
                    self._answer = MediaFacts(kind=self._kind, length=facts.length, loud=facts.loud, truth=facts.truth)
        return self._answer or assume(self._assumed, self._kind)

    def _open(self) -> None:
        """Choose the reader by the first bytes, or finish without one."""
        if is_wav(self._head):
            self._kind, self._reader = "wav", WavReader()
            return
        if not self._head:
            fault = "the file ends in its tag" if self._tagged else "the file is empty"
            self._answer = MediaFacts(kind="unknown", fault=fault)
            return
        self._kind = find_kind(self._head) or ("mp3" if self._tagged else "unknown")
        # A recorded stream of MP3 or AAC begins anywhere in a frame.
        if (walk := walk_frames if self._kind == "unknown" else WALKS.get(self._kind)) is not None:
            self._reader = WalkReader(walk())
        else:
            self._answer = assume(self._assumed, self._kind)

    def _try(self, data: bytes) -> None:
        if self._reader is not None:
            try:
                self._reader.feed(data)
            except (WavError, MediaError) as error:
                self._judge(error)

    def _judge(self, error: WavError | MediaError) -> None:
        """Finish with a fault, or with assumed values for an unknown codec."""
        known = not isinstance(error, CodecError)
        self._answer = MediaFacts(kind=self._kind, fault=str(error)) if known else assume(self._assumed, self._kind)


def measure(data: bytes, assumed: Media) -> MediaFacts:
    """Measure a complete file, using the fast path if possible."""
    if (usual := read_usual(data)) is not None:
        return MediaFacts(kind="wav", length=usual.length, loud=usual.loud)
    probe = MediaProbe(assumed)
    probe.feed(data)
    return probe.close()


def assume(assumed: Media, kind: str = "unknown") -> MediaFacts:
    """Return the scenario's assumptions for a file that can't be measured."""
    return MediaFacts(kind=kind, length=round(assumed.duration * 100), loud=(True,) * assumed.channels, assumed=True)
