"""A world's time: it runs, stands still, or is moved by hand. The only file that reads the machine's clock."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

SECOND = 1_000_000
"""Ticks in a second: world time is counted in whole microseconds, so that sums of it stay exact."""


def to_ticks(seconds: float) -> int:
    """Turn seconds into ticks, to the nearest one."""
    return round(seconds * SECOND)


def read_system_ticks() -> int:
    """Read the machine's monotonic clock, in ticks."""
    return time.monotonic_ns() // 1_000


class Clock:
    """Time that starts at 0, and runs with a source until it is frozen.

    Args:
        source: what the clock follows while it runs, in ticks; the machine's monotonic clock.
        frozen: start standing still.
    """

    __slots__ = ("_frozen_at", "_offset", "_source")

    def __init__(self, source: Callable[[], int] = read_system_ticks, *, frozen: bool = False) -> None:
        self._source = source
        self._offset = -source()
        self._frozen_at: int | None = 0 if frozen else None

    def now(self) -> int:
        """Return the ticks since this world began."""
        return self._source() + self._offset if self._frozen_at is None else self._frozen_at

    @property
    def frozen(self) -> bool:
        """Whether time stands still until it is moved or resumed."""
        return self._frozen_at is not None

    def advance(self, seconds: float) -> None:
        """Move time forward, running or frozen.

        Raises:
            ValueError: for a negative number of seconds: a task that is done can't be running again.
        """
        if not seconds >= 0:
            raise ValueError(f"time moves forward only: expected seconds >= 0, got {seconds!r}")
        ticks = to_ticks(seconds)
        if self._frozen_at is None:
            self._offset += ticks
        else:
            self._frozen_at += ticks

    def freeze(self) -> None:
        """Stop time where it is."""
        self._frozen_at = self.now()

    def resume(self) -> None:
        """Let time run on from where it stands."""
        if self._frozen_at is not None:
            self._offset = self._frozen_at - self._source()
            self._frozen_at = None
