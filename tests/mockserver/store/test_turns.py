"""Those who wait for their turn, with an attempt that does no I/O."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from diarkit_mockserver.store.turns import MOST_TOGETHER, Turns


class Attempt:
    """Decides on nothing; takes note of how many were decided together, and fails or loses where it is asked to."""

    def __init__(self, lost: int = 0) -> None:
        self.together: list[int] = []
        self.lost = lost

    async def __call__(self, decides: Any, _world: str, _needs: Any) -> Any:
        self.together.append(len(decides))
        await asyncio.sleep(0)
        values = [decide(None) for decide in decides]
        self.lost -= 1
        return None if self.lost >= 0 else (values, None)


def take(attempt: Attempt, *decides: Any, worlds: str = "", is_alone: bool = False) -> list[Any]:
    async def run() -> list[Any]:
        turns = Turns(attempt)
        taking = (turns.take(one, worlds, set(), is_alone=is_alone) for one in decides)
        return await asyncio.gather(*taking, return_exceptions=True)

    return [one if isinstance(one, BaseException) else one[0] for one in asyncio.run(run())]


def give(value: int) -> Any:
    return lambda _: value


def test_what_waits_is_decided_together_and_each_gets_its_own() -> None:
    attempt = Attempt()
    assert take(attempt, *map(give, range(40))) == list(range(40))
    assert attempt.together == [MOST_TOGETHER, 40 - MOST_TOGETHER]


def test_who_asks_for_it_is_alone() -> None:
    attempt = Attempt()
    assert take(attempt, *map(give, range(3)), is_alone=True) == [0, 1, 2]
    assert attempt.together == [1, 1, 1]


def test_where_others_are_faster_all_are_decided_again() -> None:
    attempt = Attempt(lost=2)
    assert take(attempt, give(1), give(2)) == [1, 2]
    assert attempt.together == [2, 2, 2]


def test_an_error_reaches_who_made_it_and_nobody_else() -> None:
    def fail(_: Any) -> None:
        raise ValueError("a bug")

    first, failed, last = take(Attempt(), give(1), fail, give(3))
    assert (first, last) == (1, 3)
    with pytest.raises(ValueError, match="a bug"):
        raise failed


def test_a_lost_store_reaches_all() -> None:
    def lose(_: Any) -> None:
        raise ConnectionError("lost")

    attempt = Attempt()
    assert [type(one) for one in take(attempt, give(1), lose)] == [ConnectionError, ConnectionError]
    assert attempt.together == [2]
