"""The end of the rate limit window that a 429 announces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from diarkit_contracts.exchanges.exchange import Exchange

ROUNDING_S: Final = 1.5
"""Tolerance between two announcements of one window's end, as each counts whole seconds from its own time."""


@dataclass(frozen=True, slots=True)
class Promise:
    """The announced end of a rate limit window.

    Attributes:
        at: position of the exchange.
        announced_at: seconds on the recorder's clock.
        seconds: Retry-After.
        reset: X-RateLimit-Reset as received; empty without one.
    """

    at: int
    announced_at: float
    seconds: int
    reset: str

    @property
    def end(self) -> float:
        """Seconds on the recorder's clock."""
        return self.announced_at + self.seconds

    def follow(self, earlier: Promise | None) -> Promise:
        """Choose between this announcement and an earlier one for the same window.

        A request that is sent too early may get a longer wait, but an announced window does not move.
        """
        is_later = earlier is not None and self.end > earlier.end + ROUNDING_S
        return earlier if earlier is not None and is_later and earlier.reset == self.reset != "" else self


def read_promise(at: int, exchange: Exchange) -> Promise | None:
    """Read the announcement of a 429; None if its Retry-After is not a number of seconds."""
    value = exchange.answer.header("Retry-After") or ""
    if not (value.isascii() and value.isdecimal() and len(value) < 10):
        return None
    return Promise(at, exchange.answer.received_at, int(value), exchange.answer.header("X-RateLimit-Reset") or "")
