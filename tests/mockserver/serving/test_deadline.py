from __future__ import annotations

import asyncio
from typing import Any

from diarkit_mockserver.serving.deadline import Deadline


class Watch:
    """A deadline on a loop whose time is moved by hand."""

    def __init__(self, loop: Any) -> None:
        self.cuts = 0
        self.timers = 0
        self._loop = loop
        self.deadline = Deadline(self, self._cut)  # type: ignore[arg-type] # a loop, as far as it is used

    def _cut(self) -> None:
        self.cuts += 1

    def time(self) -> float:
        return float(self._loop.time())

    def call_at(self, moment: float, callback: Any) -> Any:
        self.timers += 1
        return self._loop.call_at(moment, callback)

    def move(self, seconds: float) -> int:
        """Let time pass; how often the deadline has come so far."""
        self._loop.move(seconds)
        for _ in range(3):
            self._loop.run_until_complete(asyncio.sleep(0))
        return self.cuts


def test_a_deadline_comes_once(held_loop: Any) -> None:
    watch = Watch(held_loop)
    watch.deadline.set(5)
    assert [watch.move(4.9), watch.move(0.2), watch.move(9)] == [0, 1, 1]


def test_a_deadline_that_is_moved_on_comes_later_with_few_timers(held_loop: Any) -> None:
    watch = Watch(held_loop)
    for _ in range(100):
        watch.deadline.set(5)
        assert watch.move(0.1) == 0
    assert watch.timers < 5
    assert [watch.move(4.8), watch.move(0.2)] == [0, 1]


def test_a_deadline_that_is_moved_forward_comes_sooner(held_loop: Any) -> None:
    watch = Watch(held_loop)
    watch.deadline.set(60)
    watch.deadline.set(5)
    assert [watch.move(4.9), watch.move(0.2), watch.move(60)] == [0, 1, 1]


def test_a_lifted_deadline_comes_only_when_it_is_set_again(held_loop: Any) -> None:
    watch = Watch(held_loop)
    watch.deadline.set(5)
    watch.deadline.lift()
    assert watch.move(60) == 0
    watch.deadline.set(5)
    watch.deadline.close()
    assert watch.move(60) == 0
