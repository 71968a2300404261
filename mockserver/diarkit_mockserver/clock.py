"""A world's time: running, frozen, or moved by hand. The only file that reads the machine's clock and that waits."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

SECOND = 1_000_000
"""Ticks per second: world time is in whole microseconds, so that sums are exact."""


FARTHEST = 1e12
"""Limit of seconds: beyond it sums of ticks would exceed 64 bits."""


def to_ticks(seconds: float) -> int:
    """Convert seconds to ticks, rounded."""
    return round(seconds * SECOND)


def read_system_ticks() -> int:
    """Read the machine's monotonic clock, in ticks."""
    return time.monotonic_ns() // 1_000


STANDSTILL_EPOCH = 946_684_800
"""2000-01-01 00:00:00 UTC: the date of a world that starts frozen, so that its dates are reproducible."""


def read_system_epoch() -> int:
    """Read the machine's date, in whole seconds since 1970 UTC."""
    return int(time.time())


class ClockSetting(NamedTuple):
    """The state of a clock, without its source.

    Attributes:
        offset: added to the ticks of the source.
        frozen_at: time in ticks while frozen; None while running.
        epoch: the date at 0, in seconds since 1970 UTC.
        begins_frozen: whether it started frozen.
        begins_epoch: `epoch` argument of its creation; None for the default.
    """

    offset: int
    frozen_at: int | None
    epoch: int
    begins_frozen: bool
    begins_epoch: int | None


class Clock:
    """Time that starts at 0 and follows a source until it is frozen.

    Args:
        source: of ticks while running; default the machine's monotonic clock.
        frozen: whether to start frozen.
        epoch: the date at 0, in seconds since 1970 UTC; default the one that `read_epoch` returns, or a fixed one if it starts frozen.
        read_epoch: returns the date; default the machine's.
    """

    __slots__ = (
        *("__weakref__", "_begins", "_changed", "_frozen_at", "_let_go", "_offset", "_read_epoch", "_source"),
        "epoch",
    )

    def __init__(
        self,
        source: Callable[[], int] = read_system_ticks,
        *,
        frozen: bool = False,
        epoch: int | None = None,
        read_epoch: Callable[[], int] | None = None,
    ) -> None:
        self._source = source
        self._read_epoch = read_epoch
        self._begins = (frozen, epoch)
        self._offset = -source()
        self._frozen_at: int | None = 0 if frozen else None
        self._changed: list[asyncio.Event] = []
        self._let_go = False
        self.epoch = epoch if epoch is not None else STANDSTILL_EPOCH if frozen else (read_epoch or read_system_epoch)()

    def begin_again(self) -> Clock:
        """Return a new clock with the initial state of this one."""
        frozen, epoch = self._begins
        return self.make_another(frozen=frozen, epoch=epoch)

    def make_another(self, *, frozen: bool, epoch: int | None) -> Clock:
        """Return a new clock with the same source, starting now."""
        return Clock(self._source, frozen=frozen, epoch=epoch, read_epoch=self._read_epoch)

    @property
    def setting(self) -> ClockSetting:
        """Its state, without the source."""
        return ClockSetting(self._offset, self._frozen_at, self.epoch, *self._begins)

    def set_to(self, setting: ClockSetting) -> None:
        """Replace its state, and wake the waits."""
        self._offset, self._frozen_at, self.epoch = setting[:3]
        self._begins = setting.begins_frozen, setting.begins_epoch
        self._wake()

    def now(self) -> int:
        """Return the ticks since the world began."""
        return self._source() + self._offset if self._frozen_at is None else self._frozen_at

    @property
    def frozen(self) -> bool:
        """Whether time is frozen until it is moved or resumed."""
        return self._frozen_at is not None

    def advance(self, seconds: float) -> None:
        """Move time forward, running or frozen.

        Raises:
            ValueError: for a negative number of seconds, as a finished task can't be running again.
        """
        if not 0 <= seconds < FARTHEST:
            raise ValueError(f"time moves forward only: expected seconds from 0 to below {FARTHEST:g}, got {seconds!r}")
        ticks = to_ticks(seconds)
        if self._frozen_at is None:
            self._offset += ticks
        else:
            self._frozen_at += ticks
        self._wake()

    def freeze(self) -> None:
        """Stop time."""
        self._frozen_at = self.now()
        self._wake()

    def resume(self) -> None:
        """Let time continue."""
        if self._frozen_at is not None:
            self._offset = self._frozen_at - self._source()
            self._frozen_at = None
        self._wake()

    def let_go(self) -> None:
        """Release all current and future waits, as nothing will move this time any more."""
        self._let_go = True
        self._wake()

    def view(self) -> ClockView:
        """Return the time."""
        return ClockView(ticks=self.now(), frozen=self.frozen, epoch=self.epoch)

    async def wait_until(self, moment: int) -> None:
        """Wait until a time of this world, in ticks; if it is frozen, until it is moved there."""
        import asyncio  # noqa: PLC0415 - 0.1 s that only those pay who wait; scenarios and courses import this file too

        changed = asyncio.Event()
        self._changed.append(changed)
        try:
            while not self._let_go and (missing := moment - self.now()) > 0:
                changed.clear()
                # A timer may fire early; the wait is then continued.
                await _wait(changed, None if self.frozen else missing / SECOND)
        finally:
            self._changed.remove(changed)

    def _wake(self) -> None:
        for changed in self._changed:
            changed.set()


async def _wait(event: asyncio.Event, seconds: float | None) -> None:
    import asyncio  # noqa: PLC0415

    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        pass


async def let_others_run(turns: int = 1) -> None:
    """Yield to the event loop for some iterations, so that ready callbacks run."""
    import asyncio  # noqa: PLC0415 - as above

    for _ in range(turns):
        await asyncio.sleep(0)


LAST_DATE = datetime(9999, 12, 31, tzinfo=UTC)
"""The latest representable date, as time can be moved beyond it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockView:
    """A world's time.

    Attributes:
        ticks: microseconds since the world began.
        frozen: whether time stands still until it is moved or resumed.
        epoch: the date at 0, in seconds since 1970 UTC.
    """

    ticks: int
    frozen: bool
    epoch: int

    @property
    def seconds(self) -> float:
        """Seconds since the world began."""
        return self.ticks / SECOND

    @property
    def date(self) -> datetime:
        """The date in this world."""
        return tell_date(self.epoch, self.ticks)

    def __str__(self) -> str:
        """Format the time in one line."""
        return f"{self.seconds:.6f} s, {'frozen' if self.frozen else 'running'}"


def tell_date(epoch: int, ticks: int) -> datetime:
    """Return the date at a time of a world, at most the latest representable one."""
    try:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=epoch, microseconds=ticks)
    except OverflowError:
        return LAST_DATE
