"""What a 429 promises: when its window ends. Judges nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from diarkit_contracts.exchanges.exchange import Exchange

ROUNDING_S: Final = 1.5
"""How far two answers may differ in where one window ends: each counts in whole seconds from its own moment."""


@dataclass(frozen=True, slots=True)
class Promise:
    """What a 429 states about the end of its window.

    Attributes:
        at: position of the exchange.
        told_at: seconds on the recorder's clock.
        seconds: Retry-After.
        reset: X-RateLimit-Reset as it came; empty if it did not.
    """

    at: int
    told_at: float
    seconds: int
    reset: str

    @property
    def end(self) -> float:
        """Seconds on the recorder's clock."""
        return self.told_at + self.seconds

    def follow(self, earlier: Promise | None) -> Promise:
        """Choose which of two promises holds: this one, or an earlier one for the same window.

        A request that comes too early may be asked to wait longer, but an announced window ends when it ends.
        """
        is_later = earlier is not None and self.end > earlier.end + ROUNDING_S
        return earlier if earlier is not None and is_later and earlier.reset == self.reset != "" else self


def read_promise(at: int, exchange: Exchange) -> Promise | None:
    """Read what a 429 states; None if its Retry-After is no number of seconds."""
    told = exchange.answer.header("Retry-After") or ""
    if not (told.isascii() and told.isdecimal()):
        return None
    return Promise(at, exchange.answer.received_at, int(told), exchange.answer.header("X-RateLimit-Reset") or "")
