from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from diarkit_mockserver.scenario.faults import FaultCounts
from diarkit_mockserver.scenario.limits import RateWindow
from diarkit_mockserver.world.counters import Counters, Repeats
from diarkit_mockserver.world.ids import make_id


@given(st.lists(st.text("abc", max_size=2)))
def test_each_thing_is_counted_by_itself(keys: list[str]) -> None:
    repeats, expected = Repeats(), Counter[str]()
    for key in keys:
        expected[key] += 1
        assert repeats.count(make_id(key)) == expected[key]


def test_what_came_longest_ago_is_forgotten_first() -> None:
    repeats = Repeats(2)
    assert [repeats.count(make_id(key)) for key in "abacab"] == [1, 1, 2, 1, 3, 1]


def test_no_more_than_the_bound_is_kept() -> None:
    repeats = Repeats(3)
    assert [repeats.count(make_id(key)) for key in "abcabcabc"] == [1, 1, 1, 2, 2, 2, 3, 3, 3]
    assert [repeats.count(make_id(key)) for key in "abcdabcd"] == [4, 4, 4, 1, 1, 1, 1, 1]


def test_a_new_scenario_counts_from_the_beginning_but_the_world_goes_on() -> None:
    counters = Counters(Counter({1: 2}), FaultCounts(Counter({0: 1})), RateWindow(5, 1), [7])
    counters.repeats.count(make_id("a"))
    counters.begin_scenario()
    assert (counters.rules, counters.faults, counters.window) == (Counter(), FaultCounts(), RateWindow())
    assert (counters.free_at, counters.repeats.count(make_id("a"))) == ([7], 2)
