from __future__ import annotations

from dataclasses import FrozenInstanceError, replace

import pytest

from diarkit_mockserver.scenario.faults import Fault, Outage
from diarkit_mockserver.scenario.model import Rule, Scenario, Then
from diarkit_mockserver.world.setup import set_up

RULE = Rule(then=Then(failed="told"))


def test_a_scenario_is_made_ready_whole() -> None:
    setup = set_up("a", Scenario(seed=3, rules=(RULE,), faults=(Fault(http=500),)))
    assert (setup.name, setup.scenario.seed, list(setup.rules), bool(setup.schedule)) == ("a", 3, [(1, RULE)], True)


def test_other_faults_leave_the_rest() -> None:
    setup = set_up("a", Scenario(seed=3, faults=(Fault(http=500),)))
    setup = replace(setup, rules=setup.rules.add(RULE))
    other = setup.replace_faults([])
    assert (other.scenario, bool(other.schedule)) == (Scenario(seed=3), False)
    assert (list(other.rules), other.answer_ids) == ([(-1, RULE)], setup.answer_ids)


def test_nothing_of_it_changes() -> None:
    setup = set_up("", Scenario())
    with pytest.raises(FrozenInstanceError):
        setup.name = "other"  # type: ignore[misc]


def test_an_outage_is_for_the_default_world_alone() -> None:
    outage = Fault(outage=Outage(seconds=1))
    assert set_up("", Scenario(faults=(outage,))).scenario.faults == (outage,)
    for make in (
        lambda: set_up("a", Scenario(faults=(outage,))),
        lambda: set_up("a", Scenario()).replace_faults([outage]),
    ):
        with pytest.raises(ValueError, match="only the default world can have one"):
            make()
