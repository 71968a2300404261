"""The deadline of a connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

GRAIN_S = 0.001
"""Tolerance, as a loop's timers may fire early by this."""


class Deadline:
    """A deadline that is moved at each request, with a lazy timer that checks the deadline when it fires."""

    __slots__ = ("_cut", "_ends_at", "_loop", "_timer", "_timer_at")

    def __init__(self, loop: asyncio.AbstractEventLoop, cut: Callable[[], None]) -> None:
        self._loop = loop
        self._cut = cut
        self._ends_at: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0

    def set(self, seconds: float) -> None:
        """Set the deadline to so many seconds from now."""
        self._ends_at = ends_at = self._loop.time() + seconds
        if self._timer is None or ends_at < self._timer_at:
            self._start(ends_at)

    def lift(self) -> None:
        """Remove the deadline."""
        self._ends_at = None

    def close(self) -> None:
        """Cancel the timer permanently."""
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
