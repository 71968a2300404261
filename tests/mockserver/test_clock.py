from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarkit_mockserver.clock import SECOND, STANDSTILL_EPOCH, Clock, read_system_epoch, read_system_ticks, to_ticks


class Source:
    """A machine's clock, moved by hand."""

    def __init__(self, ticks: int = 123_456) -> None:
        self.ticks = ticks

    def __call__(self) -> int:
        return self.ticks


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def clock(source: Source) -> Clock:
    return Clock(source)


def test_time_begins_at_0_whatever_the_machine_says(clock: Clock) -> None:
    assert clock.now() == 0
    assert not clock.frozen


def test_time_runs_with_its_source(clock: Clock, source: Source) -> None:
    source.ticks += 5 * SECOND
    assert clock.now() == 5 * SECOND


def test_frozen_time_stands_still(clock: Clock, source: Source) -> None:
    source.ticks += SECOND
    clock.freeze()
    source.ticks += 7 * SECOND
    clock.freeze()
    assert (clock.now(), clock.frozen) == (SECOND, True)


def test_resumed_time_runs_on_from_where_it_stood(clock: Clock, source: Source) -> None:
    clock.freeze()
    source.ticks += 7 * SECOND
    clock.resume()
    source.ticks += 2 * SECOND
    clock.resume()
    assert (clock.now(), clock.frozen) == (2 * SECOND, False)


def test_a_clock_can_begin_frozen(source: Source) -> None:
    clock = Clock(source, frozen=True)
    source.ticks += SECOND
    assert (clock.now(), clock.frozen) == (0, True)


@pytest.mark.parametrize("frozen", [True, False])
def test_time_is_moved_forward_running_or_frozen(source: Source, *, frozen: bool) -> None:
    clock = Clock(source, frozen=frozen)
    clock.advance(1.5)
    clock.advance(0)
    assert clock.now() == 1_500_000
    clock.resume()
    source.ticks += SECOND
    assert clock.now() == 2_500_000


@pytest.mark.parametrize("seconds", [-1, -1e-9, float("nan"), float("inf"), 1e12])
def test_time_is_not_moved_backwards_or_beyond_all_reason(clock: Clock, seconds: float) -> None:
    with pytest.raises(ValueError, match=r"expected seconds from 0 to below 1e\+12, got "):
        clock.advance(seconds)
    assert clock.now() == 0


def test_ticks_are_microseconds_to_the_nearest() -> None:
    assert [to_ticks(seconds) for seconds in (0, 1, 0.1, 0.29, 1e-7, 0.000_000_6)] == [
        0,
        SECOND,
        100_000,
        290_000,
        0,
        1,
    ]


def test_a_frozen_world_has_the_same_dates_in_each_run(source: Source) -> None:
    assert Clock(source, frozen=True).epoch == STANDSTILL_EPOCH
    assert Clock(source, epoch=7).epoch == 7
    assert Clock(source, frozen=True, epoch=7).epoch == 7


def test_a_running_world_has_the_machines_date(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("diarkit_mockserver.clock.read_system_epoch", lambda: 99)
    assert Clock(source).epoch == 99


def test_the_machine_has_a_clock_and_a_date() -> None:
    assert read_system_ticks() <= read_system_ticks()
    assert read_system_epoch() > STANDSTILL_EPOCH


ACTIONS = st.one_of(
    st.tuples(st.just("run"), st.integers(0, 10**9)), st.tuples(st.just("advance"), st.integers(0, 10**6))
)


@given(st.lists(st.one_of(ACTIONS, st.sampled_from(["freeze", "resume"])), max_size=20))
def test_time_never_runs_backwards_and_moves_by_what_it_should(actions: list[str | tuple[str, int]]) -> None:
    source = Source()
    clock = Clock(source)
    expected = 0
    for action in actions:
        match action:
            case "freeze":
                clock.freeze()
            case "resume":
                clock.resume()
            case ("run", ticks):
                source.ticks += ticks
                expected += 0 if clock.frozen else ticks
            case (_, seconds):
                clock.advance(seconds)
                expected += seconds * SECOND
        assert clock.now() == expected


def wait(clock: Clock, moment: int, *actions: object) -> list[bool]:
    """Wait for a moment, and say after each action whether the wait was over."""

    async def run() -> list[bool]:
        waiting = asyncio.ensure_future(clock.wait_until(moment))
        over: list[bool] = []
        for action in (lambda: None, *actions):
            assert callable(action)
            action()
            # Once round for the wait to notice, and once for it to end.
            for _ in range(5):
                await asyncio.sleep(0)
            over.append(waiting.done())
        waiting.cancel()
        return over

    return asyncio.run(run())


def test_a_moment_that_has_passed_is_not_waited_for(clock: Clock) -> None:
    assert wait(clock, 0) == [True]


def test_whoever_waits_in_frozen_time_waits_for_who_moves_it(source: Source) -> None:
    clock = Clock(source, frozen=True)
    assert wait(clock, SECOND, lambda: clock.advance(0.5), lambda: clock.advance(0.5)) == [False, False, True]


def test_whoever_waits_in_running_time_is_woken_when_it_is_moved(clock: Clock) -> None:
    assert wait(clock, 3600 * SECOND, lambda: clock.advance(3600)) == [False, True]


def test_nobody_waits_for_a_time_that_was_let_go_and_it_does_not_move(source: Source) -> None:
    clock = Clock(source, frozen=True)
    assert wait(clock, SECOND, clock.let_go) == [False, True]
    assert wait(clock, SECOND) == [True]
    assert clock.now() == 0


def test_whoever_waits_sees_time_being_resumed(source: Source) -> None:
    clock = Clock(source, frozen=True)

    def resume() -> None:
        clock.resume()
        source.ticks += 2 * SECOND

    assert wait(clock, SECOND, resume) == [False, True]


def test_a_wait_that_is_given_up_leaves_nothing_behind(source: Source) -> None:
    clock = Clock(source, frozen=True)
    assert wait(clock, SECOND) == [False]
    clock.advance(1)
    assert clock.now() == SECOND
