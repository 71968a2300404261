"""Pacing of requests: polls by age, back-off after a refusal, a minimum interval. The only file that reads a clock."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, Protocol

from diarkit_fixtures.draws import Draws

FIRST_POLL_S: Final = 0.1
LAST_POLL_S: Final = 5.0
"""DOC (guide, 3.6.0): the example client waits 5 s between two polls."""

FIRST_BACK_OFF_S: Final = 0.5
LAST_BACK_OFF_S: Final = 30.0
MOST_RETRY_AFTER_S: Final = 300.0
"""Longer waits are refused, and the row is inconclusive."""


class Clock(Protocol):
    """A source of time, replaceable in tests."""

    def now(self) -> float:
        """Return monotonic seconds."""
        ...

    def sleep(self, seconds: float) -> None:
        """Block for so many seconds."""
        ...

    def today(self) -> datetime:
        """Return the date and time of the wall clock, with its zone."""
        ...


class SystemClock:
    """The computer's time."""

    def now(self) -> float:
        """Return monotonic seconds."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Block for so many seconds."""
        time.sleep(seconds)

    def today(self) -> datetime:
        """Return the date and time of the wall clock, with its zone."""
        return datetime.now(UTC)


def wait_by_age(seconds: float) -> float:
    """Return the delay until the next poll: the age of the task, so that any task costs few polls."""
    return min(max(seconds, FIRST_POLL_S), LAST_POLL_S)


def draw_back_off(attempt: int, draws: Draws) -> float:
    """Draw a back-off delay in seconds; `attempt` is 0 for the first wait.

    Full jitter: uniform between 0 and a limit that doubles each time, so that clients that failed together spread out.
    """
    most = min(FIRST_BACK_OFF_S * (1 << attempt), LAST_BACK_OFF_S)
    return draws.below(1000) * most / 1000


def read_retry_after(value: str | None, today: datetime) -> float | None:
    """Read how many seconds a server asks to wait; None if absent or unreadable.

    The header has seconds or an HTTP date (RFC 9110, 10.2.3). Fractions are accepted (INF: some servers send them).
    """
    if value is None:
        return None
    if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", value.strip()):
        return float(value)
    try:
        then = parsedate_to_datetime(value)
    except ValueError:
        return None
    if then.tzinfo is None:
        then = then.replace(tzinfo=UTC)
    return max(0.0, (then - today).total_seconds())
