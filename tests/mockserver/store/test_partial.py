"""What is not loaded is named; what is loaded behaves as what it descends from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from diarkit_mockserver.scenario.limits import Limits
from diarkit_mockserver.store.partial import Missing, Need, PartialJournal, PartialRepeats, PartialStore
from diarkit_mockserver.world.store import Kept
from diarkit_mockserver.world.task import UNTOUCHED
from diarkit_mockserver.world.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

    from diarkit_mockserver.world.task import Task

KEY = "11111111-2222-4333-8444-555555555555"


@pytest.fixture
def task() -> Task:
    from diarkit_mockserver.scenario.load import parse_scenario  # noqa: PLC0415 - YAML, for one task

    scenario = parse_scenario(f"{{version: 1, tasks: [{{id: {KEY}, state: running}}]}}", source="test", directory=None)
    return next(iter(World(scenario=scenario).tasks))


def make_store(finished_tasks: int = 10, finished: int = 0) -> PartialStore:
    return PartialStore(Limits(finished_tasks=finished_tasks), unfinished=3, finished=finished, stored_bytes=7)


@pytest.mark.parametrize(
    ("use", "need"),
    [
        (lambda store: KEY in store, Need("task", KEY)),
        (lambda store: store.find(KEY, 0), Need("task", KEY)),
        (lambda store: store.drop(KEY), Need("task", KEY)),
        (list, Need("tasks")),
        (lambda store: store.settle(5), Need("due", 5, 600_000_000)),
    ],
)
def test_what_is_not_loaded_is_named(use: Callable[[PartialStore], object], need: Need) -> None:
    with pytest.raises(Missing) as raised:
        use(make_store())
    assert raised.value.need == need


def test_what_is_elsewhere_counts(task: Task) -> None:
    store = make_store(finished=2)
    assert (len(store), store.queue_length, store.stored_bytes) == (5, 3, 7)
    store.load(KEY, Kept(task, UNTOUCHED, 1))
    assert (len(store), store.queue_length) == (5, 3)
    store.finish(task, 5)
    assert (len(store), store.queue_length) == (5, 2)


def test_a_task_that_is_known_not_to_be_there_is_not_asked_for_again() -> None:
    store = make_store()
    store.load(KEY, None)
    assert store.find(KEY, 0) is None


def test_one_too_many_finished_needs_the_oldest(task: Task) -> None:
    store = make_store(finished_tasks=2, finished=2)
    store.load(KEY, Kept(task, UNTOUCHED, 1))
    with pytest.raises(Missing) as raised:
        store.finish(task, 5)
    assert raised.value.need == Need("oldest", 1)


def test_changes_are_those_of_what_was_loaded(task: Task) -> None:
    store = make_store()
    store.load(KEY, Kept(task, UNTOUCHED, 1))
    assert list(store.list_changes()) == []
    store.update(task, UNTOUCHED._replace(polls=1))
    ((task_id, was, now),) = store.list_changes()
    assert (task_id, was, now) == (KEY, Kept(task, UNTOUCHED, 1), Kept(task, UNTOUCHED._replace(polls=1), 1))


def test_a_look_is_a_change_also_where_time_stands_still(task: Task) -> None:
    store = make_store()
    store.load(KEY, Kept(task, UNTOUCHED, 1))
    store.attend(task, 1)
    assert [task_id for task_id, _, _ in store.list_changes()] == [KEY]


def test_repeats_count_on_from_what_was_loaded() -> None:
    repeats = PartialRepeats()
    with pytest.raises(Missing) as raised:
        repeats.count(KEY)
    assert raised.value.need == Need("repeat", KEY)
    repeats.load(KEY, 4)
    assert list(repeats.list_changes()) == []
    assert repeats.count(KEY) == 5
    assert list(repeats.list_changes()) == [(KEY, 5)]


def test_a_journal_is_asked_for_when_somebody_reads_it() -> None:
    journal = PartialJournal(4)
    assert journal.total == 4
    with pytest.raises(Missing) as raised:
        list(journal)
    assert raised.value.need == Need("journal")
    journal.load([])
    assert list(journal) == []
    journal.clear()
    assert journal.is_cleared
