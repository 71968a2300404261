"""Patterns of submissions, for rules and faults."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from fnmatch import fnmatchcase
from typing import ClassVar, Final, Literal
from urllib.parse import unquote

from diarkit_mockserver.intake.submission import PARAMETERS, Asked, Parameters, Sent

SUBMISSION: Final = "use upload (the number of the upload) or occurrence (the number among identical uploads)"
"""Hint for the former key `submission`, which was ambiguous."""


OF_BODY: Final = dict.fromkeys(("filename", "sha256", "config", "occurrence", "exact"))
"""Fields that depend on the body of an upload; all others are in the head of its request."""


USUAL: Final = Parameters()
"""Parameters of an upload that names none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigPattern:
    """Required values of `config` keys."""

    max_speakers: int | None = None
    total_speakers: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """A pattern of submissions; missing keys match everything.

    Attributes:
        filename: shell pattern (`*`, `?`, `[...]`) for the uploaded file's name, case-sensitive.
        sha256: digest of the file in hex, or at least its first 8 digits.
        config: required values of config keys.
        channel_mode: `split` or `mix`.
        channels: the query parameter as sent, such as `0,1`.
        range_from: seconds.
        range_to: seconds.
        query: query parameters by name, including unknown ones: a shell pattern, or null for absent.
        headers: by case-insensitive name: a shell pattern, or null for absent. For a poll, its own headers.
        upload: number among the uploads to this world, from 1.
        occurrence: number among identical requests (file, name, parameters), from 1.
        exact: whether parameters that are missing here must be absent, or have their default.
    """

    RENAMED: ClassVar[dict[str, str]] = {"submission": SUBMISSION}

    filename: str | None = None
    sha256: str | None = None
    config: ConfigPattern | None = None
    channel_mode: Literal["split", "mix"] | None = None
    channels: str | None = None
    range_from: float | None = None
    range_to: float | None = None
    query: dict[str, str | None] | None = None
    headers: dict[str, str | None] | None = None
    upload: int | None = None
    occurrence: int | None = None
    exact: bool | None = None

    def __post_init__(self) -> None:
        if self.sha256 is not None:
            digits = self.sha256.lower()
            if not 8 <= len(digits) <= 64 or set(digits) - set("0123456789abcdef"):
                raise ValueError(f"expected 8 to 64 hexadecimal digits in sha256, got {self.sha256!r}")
        for name in ("upload", "occurrence"):
            number = getattr(self, name)
            if number is not None and number < 1:
                raise ValueError(f"expected {name} >= 1, got {number}")
        for patterns in (self.query, self.headers):
            for name, pattern in (patterns or {}).items():
                if not (pattern is None or isinstance(pattern, str)):  # pyright: ignore[reportUnnecessaryIsInstance] # of a test, without types
                    raise ValueError(f"{name}: expected a pattern in quotes, or null for absent, got {pattern!r}")

    def misses(self, submission: Sent, asked: Asked) -> Iterator[str]:  # noqa: C901, PLR0912 - one line for each field
        """Yield the reasons why a request does not match; nothing for a match."""
        parameters = submission.parameters
        if self.filename is not None and not fnmatchcase(submission.filename, self.filename):
            decoded = unquote(submission.filename)  # some clients percent-encode non-ASCII names
            meant = f", which is {decoded!r} percent-encoded" if decoded != submission.filename else ""
            yield f"filename: expected {self.filename!r}, got {submission.filename!r}{meant}"
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
            came = parameters.range_to
            yield f"range_to: expected {self.range_to}, got {'nothing' if came is None else came}"
        if self.query is not None:
            yield from _list_misses("query", self.query, asked.query)
        if self.headers is not None:
            yield from _list_misses("headers", {name.lower(): one for name, one in self.headers.items()}, asked.headers)
        if self.upload is not None and self.upload != submission.upload:
            yield f"upload: expected number {self.upload}, this is number {submission.upload}"
        if self.occurrence is not None and self.occurrence != submission.occurrence:
            yield f"occurrence: expected number {self.occurrence}, this is number {submission.occurrence}"
        if self.exact:
            for name, came in self._list_extras(parameters):
                yield f"{name}: expected none, got {came}"

    def _list_extras(self, parameters: Parameters) -> Iterator[tuple[str, str]]:
        """List the parameters of a request that the pattern leaves out, but for defaults."""
        for name in PARAMETERS:
            asked = getattr(self, name, getattr(self.config, name, None))
            came = getattr(parameters, name)
            if asked is None and came != getattr(USUAL, name):
                yield name, repr(",".join(map(str, came)) if name == "channels" else came)

    @property
    def of_head(self) -> When:
        """The part that depends only on the head; equal to the pattern if the body does not matter."""
        return replace(self, **OF_BODY)

    @property
    def weight(self) -> int:
        """Its specificity: of two matching patterns, the more specific one applies."""
        return sum(1 for _ in _list_asked(self, ""))

    def __str__(self) -> str:
        return ", ".join(_list_asked(self, "")) or "any submission"


def _list_misses(kind: str, patterns: Mapping[str, str | None], came: Mapping[str, str]) -> Iterator[str]:
    for name, pattern in patterns.items():
        value = came.get(name)
        if (value is None) != (pattern is None) or (
            value is not None and pattern is not None and not fnmatchcase(value, pattern)
        ):
            expected = "none" if pattern is None else repr(pattern)
            yield f"{kind}.{name}: expected {expected}, got {'none' if value is None else repr(value)}"


def _list_asked(pattern: When | ConfigPattern, prefix: str) -> Iterator[str]:
    for one in fields(pattern):
        value = getattr(pattern, one.name)
        if isinstance(value, ConfigPattern):
            yield from _list_asked(value, f"{one.name}.")
        elif value is not None:
            yield f"{prefix}{one.name}={value!r}"


EVERY = When()
"""All submissions."""
