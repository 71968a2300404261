from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarkit_contracts.api.states import STEPS, TERMINAL, TaskState
from diarkit_mockserver.clock import SECOND
from diarkit_mockserver.scenario.course import (
    GUIDE,
    NEVER,
    ByPolls,
    ByRealTime,
    BySeconds,
    Course,
    PollCounts,
    StateSeconds,
    Timetable,
    book_worker,
    cancels,
    lay_out,
)

if TYPE_CHECKING:
    from collections.abc import Callable

MINUTE = 6_000
"""Of audio, in centiseconds."""


def by_polls(pending: int, running: int) -> ByPolls:
    return ByPolls(polls=PollCounts(pending=pending, running=running))


def by_seconds(pending: float, running: float) -> BySeconds:
    return BySeconds(seconds=StateSeconds(pending=pending, running=running))


def see(table: Timetable, polls: int, now: int, final: TaskState = TaskState.DONE) -> TaskState:
    """Look at a task that no hand moves."""
    return table.state_at({"polls": polls, "ticks": now, "moves": 0}[table.counts], final)


def states(course: Course, looks: list[tuple[int, float]], accepted_at: float = 0) -> list[str]:
    """Look at a task of a minute's audio; a look is the number of the poll and the seconds since the upload."""
    start = round(accepted_at * SECOND)
    table = lay_out(course, start, MINUTE, [])
    return [see(table, polls, start + round(seconds * SECOND), TaskState.DONE).value for polls, seconds in looks]


@pytest.mark.parametrize(
    ("course", "seen"),
    [
        ("immediate", ["done", "done", "done", "done", "done"]),
        ("manual", ["pending", "pending", "pending", "pending", "pending"]),
        (GUIDE, ["pending", "running", "done", "done", "done"]),
        (by_polls(0, 0), ["pending", "done", "done", "done", "done"]),
        (by_polls(1, 0), ["pending", "pending", "done", "done", "done"]),
        (by_polls(1, 2), ["pending", "pending", "running", "running", "done"]),
        (by_polls(2, 1), ["pending", "pending", "pending", "running", "done"]),
    ],
)
def test_by_polls_each_poll_sees_the_state_that_is_its_turn(course: Course, seen: list[str]) -> None:
    # Poll 0 is the 202; a thousand hours change nothing.
    assert states(course, [(poll, 3.6e6) for poll in range(5)]) == seen


@pytest.mark.parametrize("accepted_at", [0, 12.5])
@pytest.mark.parametrize(
    ("course", "seen"),
    [
        (by_seconds(0, 0), ["done", "done", "done", "done", "done"]),
        (by_seconds(0, 2), ["running", "running", "running", "running", "done"]),
        (by_seconds(1, 0), ["pending", "pending", "done", "done", "done"]),
        (by_seconds(1, 1), ["pending", "pending", "running", "running", "done"]),
        (by_seconds(0.5, 0.25), ["pending", "running", "done", "done", "done"]),
        (ByRealTime(realtime_factor=30), ["running", "running", "running", "running", "done"]),
        (ByRealTime(realtime_factor=60), ["running", "running", "done", "done", "done"]),
        (ByRealTime(realtime_factor=1e9), ["done", "done", "done", "done", "done"]),
    ],
)
def test_by_time_each_moment_sees_the_state_that_is_its_turn(
    course: Course, seen: list[str], accepted_at: float
) -> None:
    # Time is all that counts: the number of polls changes nothing.
    moments = [0, 0.5, 1, 1.999999, 2]
    for polls in (0, 99):
        assert states(course, [(polls, moment) for moment in moments], accepted_at) == seen


@pytest.mark.parametrize("final", sorted(TERMINAL))
def test_the_end_is_the_one_that_was_decided(final: TaskState) -> None:
    assert lay_out("immediate", 0, 0, []).state_at(1, final) is final


def test_a_manual_task_moves_when_it_is_told_and_then_stays() -> None:
    table = lay_out("manual", 5 * SECOND, MINUTE, [])
    assert table.counts == "moves"
    assert [table.state_at(moves, TaskState.FAILED) for moves in range(4)] == ["pending", "running", "failed", "failed"]


def test_a_task_can_be_kept_from_its_end() -> None:
    for course in (by_polls(0, 1), by_seconds(0, 1)):
        table = lay_out(course, 0, MINUTE, []).never_end()
        assert table.state_at(10**15, TaskState.DONE) is TaskState.RUNNING


def test_a_hand_ends_what_would_never_end() -> None:
    assert lay_out("manual", 0, MINUTE, []).never_end().state_at(2, TaskState.DONE) is TaskState.DONE


@pytest.mark.parametrize("course", ["immediate", "manual", GUIDE])
def test_a_course_without_moments_is_laid_out_once_for_all_tasks(course: Course) -> None:
    assert lay_out(course, 1, 2, []) is lay_out(course, 3, 4, [])


def test_a_course_by_time_knows_when_it_ended() -> None:
    table = lay_out(by_seconds(1, 2), 10 * SECOND, MINUTE, [])
    assert table.end_moment(100 * SECOND) == 13 * SECOND
    assert lay_out(GUIDE, 10 * SECOND, MINUTE, []).end_moment(100 * SECOND) == 100 * SECOND


COURSES = st.one_of(
    st.sampled_from(["immediate", "manual"]),
    st.builds(by_polls, st.integers(0, 4), st.integers(0, 4)),
    st.builds(by_seconds, st.floats(0, 10), st.floats(0, 10)),
    st.builds(ByRealTime, realtime_factor=st.floats(1e-320, 1e9), workers=st.integers(1, 3)),
)


@given(COURSES, st.lists(st.tuples(st.integers(0, 3), st.floats(0, 5)), max_size=12), st.sampled_from(sorted(TERMINAL)))
def test_whatever_the_course_only_legal_steps_are_seen(
    course: Course, waits: list[tuple[int, float]], final: TaskState
) -> None:
    table = lay_out(course, 0, MINUTE, [])
    polls, now = 0, 0
    last = see(table, polls, now, final)
    for more_polls, seconds in waits:
        polls, now = polls + more_polls, now + round(seconds * SECOND)
        state = see(table, polls, now, final)
        assert state is last or state in STEPS[last]
        last = state


def test_one_worker_takes_one_task_after_the_other() -> None:
    queue: list[int] = []
    assert [book_worker(queue, 1, now, 10) for now in (0, 0, 5, 40)] == [(0, 10), (10, 20), (20, 30), (40, 50)]


def test_several_workers_take_as_many_tasks_at_a_time() -> None:
    queue: list[int] = []
    assert [book_worker(queue, 2, 0, duration) for duration in (10, 4, 10, 1)] == [(0, 10), (0, 4), (4, 14), (10, 11)]


def test_a_task_behind_the_queue_is_pending_until_a_worker_is_free() -> None:
    queue: list[int] = []
    course = ByRealTime(realtime_factor=60)
    first, second = (lay_out(course, 0, MINUTE, queue) for _ in range(2))
    moments = [0, SECOND, 2 * SECOND]
    assert [see(first, 0, now).value for now in moments] == ["running", "done", "done"]
    assert [see(second, 0, now).value for now in moments] == ["pending", "running", "done"]


def test_other_courses_take_no_worker() -> None:
    queue: list[int] = []
    courses: list[Course] = ["immediate", "manual", GUIDE, by_seconds(1, 1)]
    for course in courses:
        lay_out(course, 0, MINUTE, queue)
    assert queue == []


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 30)), max_size=20), st.integers(1, 4))
def test_no_more_tasks_run_at_a_time_than_there_are_workers_and_none_waits_for_nothing(
    arrivals: list[tuple[int, int]], workers: int
) -> None:
    queue: list[int] = []
    now = 0
    booked: list[tuple[int, int]] = []
    for wait, duration in arrivals:
        now += wait
        start, end = book_worker(queue, workers, now, duration)
        assert end - start == duration
        assert start >= now
        busy = sum(before < end_before for before, end_before in ((now, other_end) for _, other_end in booked))
        assert (start == now) == (busy < workers)
        booked.append((start, end))
        assert all(sum(one <= moment < other for one, other in booked) <= workers for moment, _ in booked)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: PollCounts(pending=-1), "number of polls >= 0"),
        (lambda: PollCounts(running=-1), "number of polls >= 0"),
        (lambda: StateSeconds(pending=-0.1), "seconds >= 0"),
        (lambda: StateSeconds(running=float("nan")), "seconds >= 0"),
        (lambda: StateSeconds(running=float("inf")), "seconds >= 0"),
        (lambda: ByRealTime(realtime_factor=0), "realtime_factor > 0"),
        (lambda: ByRealTime(realtime_factor=float("nan")), "realtime_factor > 0"),
        (lambda: ByRealTime(realtime_factor=1, workers=0), "workers >= 1"),
    ],
)
def test_what_can_not_be_is_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("course", "ends_at", "gone_at"),
    [
        (ByPolls(polls=PollCounts(pending=1, running=2, cancelled=3)), 4, 7),
        (ByPolls(polls=PollCounts(pending=1, running=2)), 4, NEVER),
        (BySeconds(seconds=StateSeconds(pending=1, running=2, cancelled=0.5)), 3 * SECOND, 3 * SECOND + SECOND // 2),
        (BySeconds(seconds=StateSeconds(pending=1, running=2)), 3 * SECOND, NEVER),
    ],
)
def test_a_cancelled_task_goes_after_its_time(course: ByPolls | BySeconds, ends_at: int, gone_at: int) -> None:
    table = lay_out(course, 0, MINUTE, [])
    assert (table.ends_at, table.gone_at) == (ends_at, gone_at)
    assert cancels(course) is (gone_at < NEVER)
    assert not cancels("manual")
