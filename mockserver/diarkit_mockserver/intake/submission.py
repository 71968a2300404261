"""What a client sent: one accepted upload with its parameters, as values. Knows no bytes on the wire and no answer."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Literal, Protocol

from diarkit_contracts.exchanges.exchange import Sound

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diarkit_fixtures.segments import Channels


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """The request's parameters, checked.

    Attributes:
        channel_mode: one result for each channel, or one for their mix.
        channels: the channels asked for, 0-based, in the order asked for; empty means all.
        range_from: seconds from the beginning of the file.
        range_to: seconds; None means to the end.
        max_speakers: upper bound in each result; None means the platform's 100 (DOC guide 3.6.0).
        total_speakers: exact number in each result.
    """

    channel_mode: Literal["split", "mix"] = "split"
    channels: tuple[int, ...] = ()
    range_from: float = 0.0
    range_to: float | None = None
    max_speakers: int | None = None
    total_speakers: int | None = None


PARAMETERS = tuple(parameter.name for parameter in fields(Parameters))


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """What to assume of a file whose length can't be read from its bytes.

    Attributes:
        duration: seconds.
        channels: how many.
        undecodable: what is no audio is rejected, as the platform does, or assumed to be audio of this length; unset it is
            rejected by a server, and assumed by the fixture.
    """

    duration: float = 60.0
    channels: int = 1
    undecodable: Literal["reject", "assume"] | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.duration <= 86_400:
            raise ValueError(f"expected a duration from 0 to 86400 seconds, got {self.duration}")
        if not 1 <= self.channels <= 64:
            raise ValueError(f"expected 1 to 64 channels, got {self.channels}")


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaFacts:
    """What the file's bytes say of its audio.

    Attributes:
        kind: format, such as `wav`; `unknown` for what is not audio.
        length: centiseconds, rounded down.
        loud: for each channel, whether anything is to be heard (some sample reaches -60 dBFS).
        truth: who speaks when, if the file says so itself.
        fault: why the platform could not decode it; None for audio.
        assumed: length and channels are the scenario's, not the file's.
    """

    kind: str
    length: int = 0
    loud: tuple[bool, ...] = ()
    truth: Channels | None = None
    fault: str | None = None
    assumed: bool = False

    @property
    def sound(self) -> Sound | None:
        """What is known of it as a WAV; None for what is none, is broken, or is only assumed."""
        if self.kind != "wav" or self.fault is not None or self.assumed:
            return None
        return Sound(length=self.length, loud=self.loud, truth=self.truth)


@dataclass(slots=True, kw_only=True)  # not frozen: its world completes it, and copies would cost a tenth of an upload
class Submission:
    """One upload.

    Attributes:
        filename: as the client named it, decoded.
        sha256: of the file's bytes, 64 hexadecimal digits.
        size: of the file, in bytes.
        media: what the bytes say.
        parameters: checked.
        config: the form field as the client sent it, decoded from JSON; None if it sent none.
        query: the query string's parameters as sent.
        headers: of the request; names are looked up whatever their case.
        first_bytes: of the file.
        occurrence: 1 for the first time that this same request came to its world.
        upload: 1 for the first upload to its world.
    """

    filename: str
    sha256: str
    size: int
    media: MediaFacts
    parameters: Parameters = field(default_factory=Parameters)
    config: Mapping[str, object] | None = None
    query: Mapping[str, str] = field(default_factory=dict[str, str])
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    first_bytes: bytes = b""
    occurrence: int = 1
    upload: int = 1

    @property
    def identity(self) -> tuple[object, ...]:
        """What makes two uploads the same request: the file, its name, and what the platform understood of the parameters."""
        # Not `astuple`, which copies deeply and costs a tenth of an upload.
        return (self.sha256, self.filename, *(getattr(self.parameters, name) for name in PARAMETERS))


class Sent(Protocol):
    """What rules and faults go by, of an upload or of the task that it became."""

    @property
    def filename(self) -> str: ...  # noqa: D102 - as in `Submission`, all of them
    @property
    def sha256(self) -> str: ...  # noqa: D102
    @property
    def parameters(self) -> Parameters: ...  # noqa: D102
    @property
    def occurrence(self) -> int: ...  # noqa: D102
    @property
    def upload(self) -> int: ...  # noqa: D102


class Asked(Protocol):
    """What rules and faults go by of the request itself, an upload or a poll."""

    @property
    def query(self) -> Mapping[str, str]: ...  # noqa: D102 - as in `Submission`, both
    @property
    def headers(self) -> Mapping[str, str]: ...  # noqa: D102
