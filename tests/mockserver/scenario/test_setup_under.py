from __future__ import annotations

from dataclasses import replace

from diarkit_contracts.api.dialect import Dialect, list_set
from diarkit_contracts.api.learned import SeenPoint
from diarkit_mockserver.scenario.course import ByRealTime
from diarkit_mockserver.scenario.faults import Fault
from diarkit_mockserver.scenario.model import Scenario, SeededTask
from diarkit_mockserver.scenario.setup import put_under

SEEN = (SeenPoint(point="server", value="nginx", exchange="row-01", version="5.0.1", date="2026-05-01"),)
BASE = Scenario(
    profile="5.0",
    course=ByRealTime(realtime_factor=20.0, overhead=1.5),
    dialect=Dialect(server="nginx", vary="*"),
    seen=SEEN,
    not_learned=("rate_limit",),
    faults=(Fault(http=500),),
    tasks=(SeededTask(id="123e4567-e89b-12d3-a456-426614174000"),),
)
OTHERS = (SeededTask(id="123e4567-e89b-12d3-a456-426614174001"),)


def test_a_scenario_that_says_nothing_is_the_base() -> None:
    assert put_under(Scenario(), BASE) == BASE


def test_nothing_under_a_scenario_changes_nothing() -> None:
    assert put_under(BASE, Scenario()) == BASE


def test_what_a_scenario_says_counts_point_by_point_and_faults_of_both_happen() -> None:
    own = Scenario(
        profile="3.7", course="manual", dialect=Dialect(vary="Accept"), faults=(Fault(body="empty"),), seed=7
    )
    both = put_under(own, BASE)
    assert (both.profile, both.course, both.seed, both.seen) == ("3.7", "manual", 7, SEEN)
    assert list_set(both.dialect) == {"server": "nginx", "vary": "Accept"}
    assert both.tasks == BASE.tasks
    assert put_under(replace(own, tasks=OTHERS), BASE).tasks == OTHERS
    assert both.faults == (Fault(http=500), Fault(body="empty"))
