"""When the next request may go out: polls by age, waits after a refusal, a least distance. The only file that reads a clock.

Decides no request and knows no answer but its Retry-After.
"""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from diarkit_fixtures.draws import Draws

FIRST_POLL_S: Final = 0.1
LAST_POLL_S: Final = 5.0
"""DOC (guide, 3.6.0): its client waits 5 s between two polls."""

FIRST_BACK_OFF_S: Final = 0.5
LAST_BACK_OFF_S: Final = 30.0
MOST_RETRY_AFTER_S: Final = 300.0
"""A longer wait is not waited: the row is inconclusive then."""


class Clock(Protocol):
    """Where time comes from, so that a test waits for nothing."""

    def now(self) -> float:
        """Return the seconds since some moment; never goes back."""
        ...

    def sleep(self, seconds: float) -> None:
        """Come back so many seconds later."""
        ...

    def today(self) -> datetime:
        """Return the date and time of the wall clock, with its zone."""
        ...


class SystemClock:
    """The computer's time."""

    def now(self) -> float:
        """Return the seconds since some moment; never goes back."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Come back so many seconds later."""
        time.sleep(seconds)

    def today(self) -> datetime:
        """Return the date and time of the wall clock, with its zone."""
        return datetime.now(UTC)


def wait_by_age(seconds: float) -> float:
    """Return how long the next poll waits: as long as the task is old, so that a task costs few polls whatever it takes."""
    return min(max(seconds, FIRST_POLL_S), LAST_POLL_S)


def draw_back_off(attempt: int, draws: Draws) -> float:
    """Draw how long to wait before trying again, in seconds.

    Full jitter: anything from nothing to a bound that doubles each time, so that clients that failed together part.

    Args:
        attempt: 0 for the first wait.
        draws: from the run's seed.
    """
    most = min(FIRST_BACK_OFF_S * (1 << attempt), LAST_BACK_OFF_S)
    return draws.below(1000) * most / 1000


def read_retry_after(value: str | None, today: datetime) -> float | None:
    """Read how many seconds a server asks to wait; None if it says nothing that can be read.

    Args:
        value: of the header: seconds or an HTTP date (RFC 9110, 10.2.3). Fractions are read too (INF: some servers send them).
        today: for a date.
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
