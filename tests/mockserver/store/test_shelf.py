"""Views of a real store: what is loaded, what is committed, and by whom first."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import pytest

from diarkit_mockserver.intake.submission import MediaFacts, Parameters, Submission
from diarkit_mockserver.journal.journal import Entry
from diarkit_mockserver.scenario.answer import HttpAnswer
from diarkit_mockserver.scenario.faults import Fault
from diarkit_mockserver.scenario.limits import Limits
from diarkit_mockserver.scenario.model import Rule, Scenario, SeededTask, Then
from diarkit_mockserver.scenario.when import When
from diarkit_mockserver.store.partial import Missing, Need
from diarkit_mockserver.store.shelf import SCHEMA, Shelf
from diarkit_mockserver.world.platform import Platform
from diarkit_mockserver.world.task import Outcome, Progress, Task
from diarkit_mockserver.world.world import World

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

STORED = (Task, Outcome, Submission, Parameters, MediaFacts, Scenario, Rule, When, Then, Fault, HttpAnswer, Limits, SeededTask, Entry)  # fmt: skip
DIGESTS = {1: "38f48c0aed45475a", 2: "06fc9189a1a84a7c"}


def test_values_of_another_shape_have_another_schema() -> None:
    """Who changes a field of what is stored makes SCHEMA one more, and adds its digest here."""
    names = [(one.__name__, getattr(one, "_fields", None) or [field.name for field in fields(one)]) for one in STORED]
    assert hashlib.sha256(repr((names, Progress._fields)).encode()).hexdigest()[:16] == DIGESTS[SCHEMA]


@pytest.fixture
def run(redis: Any) -> Callable[[Callable[[Shelf, Shelf], Awaitable[None]]], None]:
    """Run something with the shelves of two processes."""

    def run(use: Callable[[Shelf, Shelf], Awaitable[None]]) -> None:
        async def main() -> None:
            shelves = [Shelf(Platform(World(scenario=Scenario(seed=seed))), redis.url, "p") for seed in (1, 2)]
            try:
                await use(*shelves)
            finally:
                for shelf in shelves:
                    await shelf.close()

        asyncio.run(main())

    return run


def test_one_process_brings_the_scenario_also_where_two_begin_at_once(run: Callable[..., None]) -> None:
    async def use(first: Shelf, second: Shelf) -> None:
        views = await asyncio.gather(first.load("", ()), second.load("", ()))
        assert len({view.platform.world.scenario.seed for view in views}) == 1
        assert len({view.version for view in views}) == 1

    run(use)


def test_of_two_who_saw_the_same_one_commits_and_the_other_sees_it_next_time(run: Callable[..., None]) -> None:
    async def use(first: Shelf, second: Shelf) -> None:
        views = await first.load("", ()), await second.load("", ())
        for view in views:
            view.platform.world.clock.advance(10)
        assert await first.commit(views[0]) == []
        assert await second.commit(views[1]) is None
        seen = (await second.load("", ())).platform.world.clock.now()
        assert 10_000_000 <= seen < 20_000_000

    run(use)


def test_a_view_that_nobody_changed_is_nothing_to_commit(run: Callable[..., None]) -> None:
    async def use(first: Shelf, _: Shelf) -> None:
        assert (await first.load("", ())).write_changes() == ([], [], [])

    run(use)


def test_a_world_opened_is_named_to_the_other_and_loaded_when_it_is_needed(run: Callable[..., None]) -> None:
    async def use(first: Shelf, second: Shelf) -> None:
        view = await first.load("", ())
        view.platform.open_world("w", Scenario(seed=5))
        await first.commit(view)
        seen = (await second.load("", ())).platform.worlds
        assert ("w" in seen, len(seen)) == (True, 1)
        with pytest.raises(Missing) as raised:
            seen["w"]
        assert raised.value.need == Need("world", "w")
        assert (await second.load("w", ())).platform.worlds["w"].scenario.seed == 5

    run(use)


def test_each_change_of_time_or_setup_is_heard(run: Callable[..., None]) -> None:
    async def use(first: Shelf, second: Shelf) -> None:
        seen: list[float] = []
        async for view in second.changed():
            seen.append(view.platform.world.clock.now())
            if len(seen) == 2:
                break
            moved = await first.load("", ())
            moved.platform.world.clock.advance(100)
            await first.commit(moved)
        assert seen[1] - seen[0] >= 100_000_000

    run(use)
