"""The platform's limits: sizes, storage, rate, queue, licence. Values and one check each; knows no HTTP and no tasks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from diarkit_mockserver.clock import SECOND, to_ticks

Limit: TypeAlias = Literal["licensed", "rate", "queue_length", "upload_bytes", "storage_bytes"]
"""The limits that can answer before an upload's body has been read; the last two go by its Content-Length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """So many requests in each window of so many seconds.

    Attributes:
        requests: allowed in a window.
        seconds: length of a window; it begins with the first request after the last one.
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
    """What a world bears before it refuses; None means no limit.

    Attributes:
        upload_bytes: of one file; 413 (DOC limits page: 500 MB; whether MB or MiB is UNK).
        upload_seconds: for one body; 400 (DOC limits page: 2 min; the status is UNK).
        storage_bytes: of the files of all unfinished tasks; 507 (DOC limits page: 1 GiB).
        rate: requests in a window; 429 (DOC up to 3.7; the platform's own default is UNK, off here).
        queue_length: unfinished tasks; 429 (UNK: no page names one).
        licensed: false answers uploads with 403 (INF: the technology is not licensed).
        audio_seconds: longer audio is rejected after its acceptance (DOC limits page: 2 h).
        finished_seconds: how long a finished task can be looked at; 404 afterwards (DOC: a period exists; its length is UNK).
        finished_tasks: how many of them are stored; the oldest are removed first.
        abandoned_seconds: a task that nobody has polled for so long no longer counts for storage and queue; polls see it as before (INF).
        before_body: which limits answer before the body of an upload has been read, instead of after.
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
    """A rate limit that was reached, as its four headers tell it (DOC up to 3.7).

    Attributes:
        retry_after: whole seconds; a request after that time is in a new window.
        limit: requests allowed in a window.
        reset: when the window ends, in whole seconds since 1970 UTC.
    """

    retry_after: int
    limit: int
    reset: int

    @classmethod
    def until(cls, moment: int, now: int, epoch: int, limit: int) -> Exceeded:
        """Make what to answer now to who may come again at a later moment, both in ticks."""
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
    """The window of a rate that is open, or was the last to be.

    Attributes:
        ends_at: ticks.
        count: of its requests.
    """

    ends_at: int = 0
    count: int = 0

    def take(self, rate: Rate, now: int, epoch: int) -> Exceeded | None:
        """Count one request; return what to answer if it is one too many, which is not counted.

        Args:
            rate: whose window it is.
            now: ticks.
            epoch: the date at 0, in seconds since 1970 UTC.
        """
        if now >= self.ends_at:
            self.ends_at, self.count = now + to_ticks(rate.seconds), 0
        if self.count < rate.requests:
            self.count += 1
            return None
        return Exceeded.until(self.ends_at, now, epoch, rate.requests)
