"""Batches decisions that would conflict: they are made in order on the same view, and committed together."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from diarkit_mockserver.store.partial import Need
from diarkit_mockserver.store.shelf import View
from diarkit_mockserver.world.platform import Platform

Attempt: TypeAlias = Callable[
    [Sequence[Callable[[Platform], Any]], str, set[Need]], Awaitable[tuple[list[Any], View] | None]
]
"""Makes decisions on a world with the given needs, and commits them: the values and their view, or None after a conflict."""

MOST_TOGETHER: Final = 32
"""Decisions in one commit: enough to make round trips negligible, and few enough to limit the delay."""


@dataclass(slots=True, eq=False)
class _Turn:
    decide: Callable[[Platform], Any]
    world: str
    needs: set[Need]
    done: asyncio.Future[tuple[Any, View]]
    is_alone: bool


class Turns:
    """A queue of decisions, run in batches: `attempt` makes and commits those of one."""

    def __init__(self, attempt: Attempt) -> None:
        self._attempt = attempt
        self._waiting: list[_Turn] = []
        self._running: asyncio.Task[None] | None = None

    async def take(self, decide: Callable[[Platform], Any], world: str, needs: set[Need], *, is_alone: bool) -> tuple[Any, View]:  # fmt: skip
        """Queue a decision and return its value and view; one that may raise is not batched."""
        turn = _Turn(decide, world, needs, asyncio.get_running_loop().create_future(), is_alone)
        self._waiting.append(turn)
        if self._running is None or self._running.done():
            self._running = asyncio.get_running_loop().create_task(self._run())
        return await turn.done

    def cancel(self) -> None:
        """Stop running batches."""
        if self._running is not None:
            self._running.cancel()

    async def _run(self) -> None:
        while self._waiting:
            first = self._waiting[0]
            batch = [first]
            if not first.is_alone:
                fits = (one for one in self._waiting if one.world == first.world and not one.is_alone)
                batch = [one for one, _ in zip(fits, range(MOST_TOGETHER), strict=False)]
            self._waiting = [one for one in self._waiting if one not in batch]
            needs = {need for one in batch for need in one.needs}
            try:
                while (decided := await self._attempt([one.decide for one in batch], first.world, needs)) is None:
                    pass
            except Exception as error:  # noqa: BLE001 - raised in the waiting callers
                self._blame(batch, error)
                continue
            values, view = decided
            for one, value in zip(batch, values, strict=True):
                if not one.done.done():
                    one.done.set_result((value, view))

    def _blame(self, batch: list[_Turn], error: Exception) -> None:
        """Raise an error in the caller that caused it: after an error in a batch, its decisions are made again one by one."""
        if len(batch) == 1 or isinstance(error, ConnectionError):
            for one in batch:
                if not one.done.done():
                    one.done.set_exception(error)
            return
        for one in batch:
            one.is_alone = True
        self._waiting = batch + self._waiting
