from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from diarkit_contracts.api.dialect import Dialect
from diarkit_contracts.api.states import TaskState
from diarkit_mockserver.scenario.course import ByPolls, BySeconds, PollCounts, StateSeconds
from diarkit_mockserver.scenario.faults import Fault, Outage
from diarkit_mockserver.scenario.model import Rule, Scenario, SeededTask, Then
from diarkit_mockserver.scenario.setup import set_up

RULE, OTHER = (Rule(then=Then(failed=text)) for text in ("told", "added"))


def test_a_scenario_is_made_ready_whole() -> None:
    setup = set_up("a", Scenario(seed=3, rules=(RULE,), faults=(Fault(http=500),)))
    assert (setup.name, setup.scenario.seed, list(setup.rules), bool(setup.schedule)) == ("a", 3, [(1, RULE)], True)


def test_rules_added_by_hand_stay_where_they_are_passed_on() -> None:
    setup = set_up("a", Scenario(rules=(RULE,)), (OTHER,))
    assert list(setup.rules) == [(-1, OTHER), (1, RULE)]


def test_a_seeded_task_that_is_cancelled_needs_a_generation_that_knows_the_state() -> None:
    task = SeededTask(id="123e4567-e89b-12d3-a456-426614174000", state=TaskState.CANCELLED)
    with pytest.raises(ValueError, match="has no state cancelled"):
        set_up("", Scenario(tasks=(task,)))
    assert set_up("", Scenario(tasks=(task,), profile="5.0")).scenario.tasks == (task,)


def test_nothing_of_it_changes() -> None:
    setup = set_up("", Scenario())
    with pytest.raises(FrozenInstanceError):
        setup.name = "other"  # type: ignore[misc]


def test_an_outage_is_for_the_default_world_alone() -> None:
    outage = Fault(outage=Outage(seconds=1))
    assert set_up("", Scenario(faults=(outage,))).scenario.faults == (outage,)
    with pytest.raises(ValueError, match="only the default world can have one"):
        set_up("a", Scenario(faults=(outage,)))


CANCELS = (
    ByPolls(polls=PollCounts(cancelled=1)),
    BySeconds(seconds=StateSeconds(cancelled=1)),
)


@pytest.mark.parametrize("course", CANCELS)
def test_a_course_that_cancels_needs_a_generation_that_knows_the_state(course: ByPolls | BySeconds) -> None:
    rule = Rule(then=Then(course=course))
    for scenario, added in ((Scenario(course=course), ()), (Scenario(rules=(rule,)), ()), (Scenario(), (rule,))):
        with pytest.raises(ValueError, match=r"generation 3\.6 has no state cancelled: set profile: '5\.0'"):
            set_up("a", scenario, added)
    assert set_up("a", Scenario(profile="5.0", course=course)).profile.name == "5.0"
    assert set_up("a", Scenario(dialect=Dialect(cancelled="known"), course=course)).profile["cancelled"] == "known"
