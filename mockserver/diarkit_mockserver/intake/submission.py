"""A submission: one upload with its parameters, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Literal, Protocol

from diarkit_contracts.exchanges.exchange import Sound
from diarkit_fixtures.segments import Channels


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """The validated parameters of a request.

    Attributes:
        channel_mode: one result per channel, or one for their mix.
        channels: requested channels from 0, in order; empty for all.
        range_from: seconds from the beginning of the file.
        range_to: seconds; None for the end.
        max_speakers: upper bound in each result; None for the platform's 100 (DOC guide 3.6.0).
        total_speakers: exact number in each result.
    """

    channel_mode: Literal["split", "mix"] = "split"
    channels: tuple[int, ...] = ()
    range_from: float = 0.0
    range_to: float | None = None
    max_speakers: int | None = None
    total_speakers: int | None = None

    @property
    def values(self) -> tuple[object, ...]:
        """All of them, in order."""
        # Not `astuple`, which copies deeply and costs a tenth of an upload.
        return _get_all(self)


PARAMETERS = tuple(parameter.name for parameter in fields(Parameters))
_get_all = attrgetter(*PARAMETERS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """Assumptions for files whose length can't be measured.

    Attributes:
        duration: seconds.
        channels: number of channels.
        undecodable: whether files that are not audio are rejected, as by the platform, or assumed to be audio of this length; the
            default is to reject for a server, and to assume for the fixture.
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
    """Measurements of a file.

    Attributes:
        kind: format, such as `wav`; `unknown` if not audio.
        length: centiseconds, rounded down.
        loud: one per channel: some sample reaches -60 dBFS.
        truth: the embedded reference, if any.
        fault: why the platform could not decode it; None for audio.
        assumed: whether length and channels are the scenario's assumptions.
    """

    kind: str
    length: int = 0
    loud: tuple[bool, ...] = ()
    truth: Channels | None = None
    fault: str | None = None
    assumed: bool = False

    @property
    def sound(self) -> Sound | None:
        """The measurements of a valid WAV; None for other, broken or assumed files."""
        if self.kind != "wav" or self.fault is not None or self.assumed:
            return None
        return Sound(length=self.length, loud=self.loud, truth=self.truth)


class Asked(Protocol):
    """The properties of the request itself, an upload or a poll, that rules and faults match."""

    @property
    def query(self) -> Mapping[str, str]: ...  # noqa: D102 - as in `Submission`, both
    @property
    def headers(self) -> Mapping[str, str]: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Given:
    """The properties of a request, given."""

    query: Mapping[str, str] = field(default_factory=dict[str, str])
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(slots=True, kw_only=True)  # not frozen: completed by its world, as copies would cost a tenth of an upload
class Submission:
    """One upload.

    Attributes:
        filename: as sent, decoded.
        sha256: of the file's bytes, 64 hexadecimal digits.
        size: of the file, in bytes.
        media: measurements of the file.
        parameters: validated.
        config: the form field, decoded from JSON; None without one.
        asked: the request; its query and headers are read only if a rule needs them.
        first_bytes: of the file.
        occurrence: number among identical requests to its world, from 1.
        upload: number among the uploads to its world, from 1.
    """

    filename: str
    sha256: str
    size: int
    media: MediaFacts
    parameters: Parameters = field(default_factory=Parameters)
    config: Mapping[str, object] | None = None
    asked: Asked = field(default_factory=Given, compare=False)
    first_bytes: bytes = b""
    occurrence: int = 1
    upload: int = 1

    @property
    def query(self) -> Mapping[str, str]:
        """Parameters of the query string as sent."""
        return self.asked.query

    @property
    def headers(self) -> Mapping[str, str]:
        """Headers of the request; names are case-insensitive."""
        return self.asked.headers

    @property
    def identity(self) -> tuple[object, ...]:
        """The identity of a request: the file, its name, and the validated parameters."""
        return (self.sha256, self.filename, *self.parameters.values)


class Sent(Protocol):
    """The properties of an upload, or of its task, that rules and faults match."""

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
