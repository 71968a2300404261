"""What a server is told to answer: rules over submissions, as plain values. Knows no file format, no HTTP and no clock.

These definitions are the scenario file: its keys are their fields, and its JSON Schema is written from them.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Literal, TypeAlias

from diarkit_mockserver.course import GUIDE, Course

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diarkit_mockserver.submission import Submission

JsonObject: TypeAlias = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigPattern:
    """The `config` keys that a submission must carry with just these values."""

    max_speakers: int | None = None
    total_speakers: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """Which submissions a rule is for; what is left out matches everything.

    Attributes:
        filename: shell pattern (`*`, `?`, `[...]`) over the uploaded file's name, case-sensitive.
        sha256: digest of the file in hex, or at least its first 8 digits.
        config: the config keys that must have these values.
        channel_mode: `split` or `mix`.
        channels: the query parameter as sent, such as `0,1`.
        range_from: seconds.
        range_to: seconds.
        submission: 1 for the first time that this very request (file, name, parameters) comes, 2 for the second, ...
    """

    filename: str | None = None
    sha256: str | None = None
    config: ConfigPattern | None = None
    channel_mode: Literal["split", "mix"] | None = None
    channels: str | None = None
    range_from: float | None = None
    range_to: float | None = None
    submission: int | None = None

    def __post_init__(self) -> None:
        if self.sha256 is not None:
            digits = self.sha256.lower()
            if not 8 <= len(digits) <= 64 or set(digits) - set("0123456789abcdef"):
                raise ValueError(f"expected 8 to 64 hexadecimal digits in sha256, got {self.sha256!r}")
        if self.submission is not None and self.submission < 1:
            raise ValueError(f"submissions are counted from 1, got {self.submission}")

    def misses(self, submission: Submission) -> Iterator[str]:  # noqa: C901 - one line for each field
        """Say one by one why a submission is not meant; nothing for a match."""
        parameters = submission.parameters
        if self.filename is not None and not fnmatchcase(submission.filename, self.filename):
            yield f"filename: expected {self.filename!r}, got {submission.filename!r}"
        if self.sha256 is not None and not submission.sha256.startswith(self.sha256.lower()):
            yield f"sha256: expected {self.sha256}, got {submission.sha256}"
        if self.config is not None:
            for key in ("max_speakers", "total_speakers"):
                expected, came = getattr(self.config, key), getattr(parameters, key)
                if expected is not None and expected != came:
                    yield f"config.{key}: expected {expected}, got {'nothing' if came is None else came}"
        if self.channel_mode is not None and self.channel_mode != parameters.channel_mode:
            yield f"channel_mode: expected {self.channel_mode}, got {parameters.channel_mode}"
        if self.channels is not None and self.channels != ",".join(map(str, parameters.channels)):
            yield f"channels: expected {self.channels!r}, got {','.join(map(str, parameters.channels))!r}"
        if self.range_from is not None and self.range_from != parameters.range_from:
            yield f"range_from: expected {self.range_from}, got {parameters.range_from}"
        if self.range_to is not None and self.range_to != parameters.range_to:
            yield f"range_to: expected {self.range_to}, got {parameters.range_to}"
        if self.submission is not None and self.submission != submission.occurrence:
            yield f"submission: expected number {self.submission}, this is number {submission.occurrence}"


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswer:
    """An HTTP error instead of the usual answer, in the documented envelope.

    Attributes:
        status: 400 to 599.
        on: `submit` answers the upload with it; `poll` accepts the upload and answers its first polls with it.
        times: with `on: poll`, how many polls.
        message: instead of the usual one of this status.
        retry_after: seconds, in the header `Retry-After`.
    """

    status: int
    on: Literal["submit", "poll"] = "submit"
    times: int = 1
    message: str | None = None
    retry_after: int | None = None

    def __post_init__(self) -> None:
        if not 400 <= self.status <= 599:
            raise ValueError(f"expected an HTTP error status from 400 to 599, got {self.status}")
        if self.times < 1:
            raise ValueError(f"expected times >= 1, got {self.times}")
        if self.retry_after is not None and self.retry_after < 0:
            raise ValueError(f"expected retry_after >= 0 seconds, got {self.retry_after}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SpokenSegment:
    """One segment as the platform writes it; times in seconds."""

    speaker_id: int
    start_time: float
    end_time: float


OUTCOMES = ("result", "segments", "speakers", "rttm", "failed", "rejected")


@dataclass(frozen=True, slots=True, kw_only=True)
class Then:
    """What a submission gets: at most one outcome, and when.

    Attributes:
        result: the platform's `result`, given as it stands.
        segments: what is said in each channel; the request's parameters are applied to it.
        speakers: so many speakers in each channel of the audio, in a conversation drawn for it.
        rttm: file with what is said, beside the scenario file; the request's parameters are applied to it.
        failed: the task fails, with this message.
        rejected: the task is rejected, with this message.
        http: an HTTP error status, or its details.
        course: when each state comes, instead of the scenario's own course.
        breaks_contract: let `result` be anything, even what the contract forbids.
    """

    result: JsonObject | None = None
    segments: tuple[tuple[SpokenSegment, ...], ...] | None = None
    speakers: int | None = None
    rttm: str | None = None
    failed: str | None = None
    rejected: str | None = None
    http: int | HttpAnswer | None = None
    course: Course | None = None
    breaks_contract: bool = False

    def __post_init__(self) -> None:
        given = [name for name in OUTCOMES if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(f"expected one outcome, got {' and '.join(given)}")
        if self.speakers is not None and self.speakers < 0:
            raise ValueError(f"expected speakers >= 0, got {self.speakers}")
        if isinstance(self.http, int):
            HttpAnswer(status=self.http)
        if given and (http := self.http_answer) is not None and http.on == "submit":
            raise ValueError(f"a refused submission has no outcome: drop {given[0]}, or say on: poll")

    @property
    def http_answer(self) -> HttpAnswer | None:
        """The HTTP error with its details."""
        return HttpAnswer(status=self.http) if isinstance(self.http, int) else self.http


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One line of the script: which submissions, and what they get.

    Attributes:
        when: left out, all of them.
        then: what they get.
        times: how many submissions it answers; afterwards the rules below it do.
    """

    then: Then
    when: When = When()
    times: int | None = None

    def __post_init__(self) -> None:
        if self.times is not None and self.times < 1:
            raise ValueError(f"expected times >= 1, got {self.times}")

    def __str__(self) -> str:
        """Name the rule by what it asks for."""
        asked = [f"{f.name}={value!r}" for f in fields(self.when) if (value := getattr(self.when, f.name)) is not None]
        return ", ".join(asked) or "any submission"


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """What to assume of a file whose length can't be read from its bytes.

    Attributes:
        duration: seconds.
        channels: how many.
    """

    duration: float = 60.0
    channels: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.duration <= 86_400:
            raise ValueError(f"expected a duration from 0 to 86400 seconds, got {self.duration}")
        if not 1 <= self.channels <= 64:
            raise ValueError(f"expected 1 to 64 channels, got {self.channels}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """Points that the platform's documents leave open (UNK), each with the likeliest reading as its default.

    Attributes:
        x_location: `absolute` as the guide's client needs it, or the `relative` form of the reference's example.
        unpopulated: `result` and `error` are `null` or `absent` when there is none.
        times: of segments, from the beginning of the `file` or of the `range` asked for.
    """

    x_location: Literal["absolute", "relative"] = "absolute"
    unpopulated: Literal["null", "absent"] = "null"
    times: Literal["file", "range"] = "file"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Everything a world is told before the first request.

    Attributes:
        version: of this format.
        seed: everything drawn follows from it.
        course: when each state of a task comes, unless its rule says otherwise.
        rules: the first one that matches a submission answers it.
        media: assumed of files that can't be measured.
        dialect: points that the documents leave open.
    """

    version: Literal[1] = 1
    seed: int = 0
    course: Course = GUIDE
    rules: tuple[Rule, ...] = ()
    media: Media = Media()
    dialect: Dialect = Dialect()
