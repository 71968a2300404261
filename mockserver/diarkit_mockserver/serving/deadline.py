"""The one moment at which a connection is cut off unless something happens first. Knows not why."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

GRAIN_S = 0.001
"""A loop's timers fire that much too early."""


class Deadline:
    """A deadline that may be moved at each request: its timer is lazy, and looks where the deadline is when it fires.

    Args:
        loop: whose time counts.
        cut: called when the deadline has come.
    """

    __slots__ = ("_cut", "_ends_at", "_loop", "_timer", "_timer_at")

    def __init__(self, loop: asyncio.AbstractEventLoop, cut: Callable[[], None]) -> None:
        self._loop = loop
        self._cut = cut
        self._ends_at: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0

    def set(self, seconds: float) -> None:
        """Let so many seconds be left."""
        self._ends_at = ends_at = self._loop.time() + seconds
        if self._timer is None or ends_at < self._timer_at:
            self._start(ends_at)

    def lift(self) -> None:
        """Let there be no end for now."""
        self._ends_at = None

    def close(self) -> None:
        """End for good."""
        self._ends_at = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _start(self, moment: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = moment
        self._timer = self._loop.call_at(moment, self._look)

    def _look(self) -> None:
        self._timer = None
        if self._ends_at is None:
            return
        if self._ends_at - self._loop.time() > GRAIN_S:
            self._start(self._ends_at)
        else:
            self._ends_at = None
            self._cut()
