from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from diarkit_contracts.api.states import TERMINAL
from diarkit_mockserver.clock import SECOND
from diarkit_mockserver.intake.submission import MediaFacts, Submission
from diarkit_mockserver.scenario.course import NEVER, Timetable
from diarkit_mockserver.scenario.limits import Limits
from diarkit_mockserver.scenario.model import Then
from diarkit_mockserver.world.outcome import DONE
from diarkit_mockserver.world.store import SETTLE_AT_LEAST, Store
from diarkit_mockserver.world.task import UNTOUCHED, Progress, Task

if TYPE_CHECKING:
    from collections.abc import Iterable


def make_task(name: str, *, ends_at: int = 0, size: int = 1, by_polls: bool = False) -> Task:
    submission = Submission(filename=name, sha256="a" * 64, size=size, media=MediaFacts(kind="wav"))
    timetable = Timetable("polls" if by_polls else "ticks", 0, ends_at)
    return Task.make(name, submission, then=Then(), outcome=DONE, timetable=timetable)


def fill(store: Store, tasks: Iterable[Task], now: int = 0) -> None:
    for task in tasks:
        store.add(task, now)


def test_an_empty_store_has_nothing() -> None:
    store = Store(Limits())
    assert (len(store), list(store), store.queue_length, store.stored_bytes) == (0, [], 0, 0)
    assert store.find("a", 0) is None


def test_tasks_are_kept_in_their_order() -> None:
    store = Store(Limits())
    fill(store, map(make_task, "cab"))
    assert [task.task_id for task in store] == ["c", "a", "b"]


def test_a_file_takes_room_until_its_task_ends_and_gives_it_back_once() -> None:
    store = Store(Limits())
    task = make_task("a", ends_at=5, size=100)
    fill(store, [task, make_task("b", ends_at=9, size=11)])
    assert (store.stored_bytes, store.queue_length) == (111, 2)
    for _ in range(2):
        store.finish(task, 6)
        assert (store.stored_bytes, store.queue_length) == (11, 1)
    assert store.progress(task).finished_at == 5
    store.settle(8)
    assert store.queue_length == 1
    store.settle(9)
    assert (store.stored_bytes, store.queue_length) == (0, 0)


def test_a_lost_task_is_denied() -> None:
    store = Store(Limits())
    task = make_task("a")
    fill(store, [task])
    store.update(task, Progress(lost=True))
    assert store.find("a", 0) is None


@pytest.mark.parametrize(
    ("kept", "at", "found"),
    [(None, 10**15, True), (10, 15 * SECOND - 1, True), (10, 15 * SECOND, False), (0, 5 * SECOND, False)],
)
def test_a_finished_task_is_found_as_long_as_it_is_kept(kept: float | None, at: int, *, found: bool) -> None:
    store = Store(Limits(finished_seconds=kept))
    fill(store, [make_task("a", ends_at=5 * SECOND)])
    assert (store.find("a", at) is not None) is found
    assert (store.find("a", at) is not None) is found


def test_the_oldest_finished_tasks_go_when_there_are_too_many() -> None:
    store = Store(Limits(finished_tasks=2))
    tasks = [make_task(name, by_polls=True) for name in "abcd"]
    fill(store, tasks)
    for task in (tasks[2], tasks[0], tasks[3]):
        store.finish(task, 0)
    assert [task.task_id for task in store] == ["a", "b", "d"]


def test_what_has_become_of_a_task_goes_with_it() -> None:
    """A task that is thrown away, by its age or by newer ones, leaves nothing behind, and a late word of it is not kept."""
    store = Store(Limits(finished_tasks=1))
    tasks = [make_task(name, by_polls=True) for name in "ab"]
    fill(store, tasks)
    for task in tasks:
        store.update(task, Progress(polls=3))
        store.finish(task, 7)
    store.update(tasks[0], Progress(final_body=b"late"))
    assert [store.progress(task) for task in tasks] == [UNTOUCHED, Progress(polls=3, finished_at=7)]


@pytest.mark.parametrize("finished", [True, False])
def test_a_task_that_is_dropped_leaves_nothing_behind(finished: bool) -> None:
    store = Store(Limits(finished_tasks=1, abandoned_seconds=1))
    task, other = make_task("a", by_polls=True), make_task("b", by_polls=True)
    fill(store, [task, other])
    store.update(task, Progress(polls=3))
    if finished:
        store.finish(task, 0)
    store.drop("a")
    store.drop("a")
    assert (list(store), store.stored_bytes, store.queue_length) == ([other], 1, 1)
    assert store.progress(task) is UNTOUCHED
    store.finish(other, 0)
    store.settle(9 * SECOND)
    assert list(store) == [other]


def test_a_task_begins_untouched_even_where_its_id_was_there_before() -> None:
    store = Store(Limits())
    for _ in range(2):
        task = make_task("a")
        fill(store, [task])
        assert store.progress(task) is UNTOUCHED
        store.update(task, Progress(polls=1))


def test_unfinished_tasks_are_never_thrown_away() -> None:
    store = Store(Limits(finished_tasks=1))
    fill(store, (make_task(str(number), ends_at=1) for number in range(1000)))
    assert len(store) == 1000


def test_tasks_that_nobody_looks_at_are_noticed_before_they_pile_up() -> None:
    """Row 10 of the demands: an uploader that never polls does not fill the memory."""
    store = Store(Limits(finished_tasks=10))
    most = 0
    for number in range(20 * SETTLE_AT_LEAST):
        store.add(make_task(str(number), ends_at=number), number)
        most = max(most, len(store))
    assert most <= 2 * SETTLE_AT_LEAST + 10


def test_other_limits_count_from_now_on() -> None:
    store = Store(Limits(finished_seconds=10))
    fill(store, [make_task("a", ends_at=0)])
    store.replace_limits(Limits())
    assert store.find("a", 10**15) is not None


class StoreMachine(RuleBasedStateMachine):
    """The store against a list that is searched through."""

    KEPT = 5

    def __init__(self) -> None:
        super().__init__()
        self.store = Store(Limits(finished_seconds=self.KEPT))
        self.now = 0
        self.tasks: list[Task] = []

    @rule(lasts=st.integers(0, 9), size=st.integers(0, 9))
    def add(self, lasts: int, size: int) -> None:
        task = make_task(str(len(self.tasks)), ends_at=self.now + lasts * SECOND, size=size)
        self.tasks.append(task)
        self.store.add(task, self.now)

    @rule(seconds=st.integers(0, 4))
    def wait(self, seconds: int) -> None:
        self.now += seconds * SECOND

    @rule()
    def settle(self) -> None:
        self.store.settle(self.now)
        running = [task for task in self.tasks if task.timetable.ends_at > self.now]
        assert self.store.queue_length == len(running)
        assert self.store.stored_bytes == sum(task.size for task in running)

    @precondition(lambda self: self.tasks)
    @rule(data=st.data())
    def look(self, data: st.DataObject) -> None:
        task = data.draw(st.sampled_from(self.tasks))
        kept = self.now < task.timetable.ends_at + self.KEPT * SECOND
        found = self.store.find(task.task_id, self.now)
        assert found is (task if kept else None)
        if found is not None and found.state_at(self.store.progress(found), self.now) in TERMINAL:
            self.store.finish(found, self.now)

    @invariant()
    def room_is_never_less_than_what_runs_takes(self) -> None:
        running = [task for task in self.tasks if task.timetable.ends_at > self.now]
        assert self.store.stored_bytes >= sum(task.size for task in running)
        assert len(self.store) >= len(running)


TestStore = StoreMachine.TestCase


@given(ends=st.lists(st.integers(0, 30), max_size=30), kept=st.integers(0, 10), now=st.integers(0, 60))
def test_finding_does_not_depend_on_what_was_looked_at_before(ends: list[int], kept: int, now: int) -> None:
    def found(*looked: int) -> list[bool]:
        store = Store(Limits(finished_seconds=kept))
        fill(store, (make_task(str(number), ends_at=end * SECOND) for number, end in enumerate(ends)))
        for number in looked:
            store.find(str(number), now * SECOND)
        return [store.find(str(number), now * SECOND) is not None for number in range(len(ends))]

    assert found() == found(*range(len(ends))) == found(*reversed(range(len(ends))))


def test_the_next_end_is_told_where_the_clock_brings_it() -> None:
    store = Store(Limits())
    assert store.find_next_end(0) is None
    fill(
        store,
        [make_task("polls", ends_at=1, by_polls=True), make_task("stuck", ends_at=NEVER), make_task("past", ends_at=3)],
    )
    assert store.find_next_end(3) is None
    fill(store, [make_task("late", ends_at=9), make_task("next", ends_at=7)])
    assert store.find_next_end(3) == 7


def test_what_has_not_moved_is_not_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """An upload against full storage costs no look at all the tasks that fill it."""
    store = Store(Limits())
    fill(store, (make_task(str(number), ends_at=1000, by_polls=number % 2 == 0) for number in range(1000)))
    store.settle(1)
    looked: list[str] = []
    state_at = Task.state_at
    monkeypatch.setattr(Task, "state_at", lambda task, *more: looked.append(task.task_id) or state_at(task, *more))
    store.settle(999)
    assert looked == []
    store.update(next(iter(store)), Progress(polls=1))
    store.settle(999)
    assert looked == ["0"]
    store.settle(1000)
    assert store.queue_length == 500


def test_a_task_that_nobody_polls_gives_its_room_back_and_can_still_be_looked_at() -> None:
    store = Store(Limits(abandoned_seconds=10))
    left, polled = (make_task(name, by_polls=True, ends_at=9, size=100) for name in ("left", "polled"))
    fill(store, [left, polled])
    store.attend(polled, 5 * SECOND)
    store.settle(10 * SECOND - 1)
    assert (store.stored_bytes, store.queue_length) == (200, 2)
    store.settle(10 * SECOND)
    assert (store.stored_bytes, store.queue_length) == (100, 1)
    assert store.find("left", 10 * SECOND) is left
    store.attend(left, 11 * SECOND)
    store.finish(left, 12 * SECOND)
    assert (store.stored_bytes, store.queue_length, store.progress(left).finished_at) == (100, 1, 12 * SECOND)
    store.settle(15 * SECOND)
    assert (store.stored_bytes, store.queue_length) == (0, 0)


def test_an_abandoned_task_that_ends_by_the_clock_expires_as_any_other() -> None:
    store = Store(Limits(abandoned_seconds=1, finished_seconds=10))
    fill(store, [make_task("a", ends_at=20 * SECOND)])
    store.settle(2 * SECOND)
    assert store.find("a", 29 * SECOND) is not None
    assert store.find("a", 30 * SECOND) is None
