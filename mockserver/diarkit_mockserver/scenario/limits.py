"""The platform's limits as values: sizes, storage, rate, queue, licence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from diarkit_mockserver.clock import SECOND, to_ticks

Limit: TypeAlias = Literal["licensed", "rate", "queue_length", "upload_bytes", "storage_bytes"]
"""The limits that can be checked before an upload's body is read; the last two by its Content-Length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A rate limit.

    Attributes:
        requests: allowed per window.
        seconds: length of a window, which begins with the first request after the previous one.
    """

    requests: int
    seconds: float

    def __post_init__(self) -> None:
        if self.requests < 0:
            raise ValueError(f"expected requests >= 0, got {self.requests}")
        if not 0 < self.seconds <= 1e9:
            raise ValueError(f"expected seconds > 0, got {self.seconds}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits of a world; None for no limit.

    Attributes:
        upload_bytes: of one file; 413 (DOC limits page: 500 MB; whether MB or MiB is UNK).
        upload_seconds: to receive one body; 400 (DOC limits page: 2 min; the status is UNK).
        storage_bytes: of the files of all unfinished tasks; 507 (DOC limits page: 1 GiB).
        rate: requests per window; 429 (DOC up to 3.7; the platform's default is UNK, off here).
        queue_length: unfinished tasks; 429 (UNK: not documented).
        licensed: false answers uploads with 403 (INF: the technology is not licensed).
        audio_seconds: longer audio is rejected after its acceptance (DOC limits page: 2 h).
        finished_seconds: how long a finished task can be polled; 404 afterwards (DOC: a period exists; its length is UNK).
        finished_tasks: how many of them are stored; the oldest are removed first.
        abandoned_seconds: a task that has not been polled for so long no longer counts for storage and queue; polls are unaffected (INF).
        before_body: limits that are checked before the body of an upload is read, instead of after.
    """

    upload_bytes: int | None = 500_000_000
    upload_seconds: float | None = 120.0
    storage_bytes: int | None = 1 << 30
    rate: Rate | None = None
    queue_length: int | None = None
    licensed: bool = True
    audio_seconds: float | None = 7200.0
    finished_seconds: float | None = None
    finished_tasks: int = 10_000
    abandoned_seconds: float | None = 600.0
    before_body: tuple[Limit, ...] = ()

    def __post_init__(self) -> None:
        for name in (
            "upload_bytes",
            "upload_seconds",
            "storage_bytes",
            "queue_length",
            "audio_seconds",
            "finished_seconds",
            "abandoned_seconds",
        ):
            value = getattr(self, name)
            if value is not None and not 0 <= value <= 1e15:
                raise ValueError(f"expected {name} >= 0, got {value}")
        if self.finished_tasks < 1:
            raise ValueError(f"expected finished_tasks >= 1, got {self.finished_tasks}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Exceeded:
    """An exceeded rate limit, as in its four headers (DOC up to 3.7).

    Attributes:
        retry_after: whole seconds until a new window.
        limit: requests allowed per window.
        reset: end of the window, in whole seconds since 1970 UTC.
    """

    retry_after: int
    limit: int
    reset: int

    @classmethod
    def until(cls, moment: int, now: int, epoch: int, limit: int) -> Exceeded:
        """Return the answer at `now` if the next request is allowed at `moment`, both in ticks."""
        return cls(retry_after=-((now - moment) // SECOND), limit=limit, reset=epoch - (-moment // SECOND))

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """The four headers of a 429."""
        return (
            ("retry-after", str(self.retry_after)),
            ("x-ratelimit-limit", str(self.limit)),
            ("x-ratelimit-remaining", "0"),
            ("x-ratelimit-reset", str(self.reset)),
        )


@dataclass(slots=True)
class RateWindow:
    """The current or last window of a rate."""

    ends_at: int = 0
    count: int = 0

    def take(self, rate: Rate, now: int, epoch: int) -> Exceeded | None:
        """Count one request, or return the answer, without counting it, if the rate is exceeded."""
        if now >= self.ends_at:
            self.ends_at, self.count = now + to_ticks(rate.seconds), 0
        if self.count < rate.requests:
            self.count += 1
            return None
        return Exceeded.until(self.ends_at, now, epoch, rate.requests)
