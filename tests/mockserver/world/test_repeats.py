from __future__ import annotations

from collections import Counter

from diarkit_mockserver.world.repeats import Repeats
from hypothesis import given
from hypothesis import strategies as st


@given(st.lists(st.text("abc", max_size=2)))
def test_each_thing_is_counted_by_itself(keys: list[str]) -> None:
    repeats, expected = Repeats(), Counter[str]()
    for key in keys:
        expected[key] += 1
        assert repeats.count(key) == expected[key]


def test_what_came_longest_ago_is_forgotten_first() -> None:
    repeats = Repeats(2)
    assert [repeats.count(key) for key in "abacab"] == [1, 1, 2, 1, 3, 1]


def test_no_more_than_the_bound_is_kept() -> None:
    repeats = Repeats(3)
    assert [repeats.count(key) for key in "abcabcabc"] == [1, 1, 1, 2, 2, 2, 3, 3, 3]
    assert [repeats.count(key) for key in "abcdabcd"] == [4, 4, 4, 1, 1, 1, 1, 1]
