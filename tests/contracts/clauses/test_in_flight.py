from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from diarkit_contracts.clauses.in_flight import is_of, list_in_flight
from diarkit_contracts.exchanges.history import read_history
from diarkit_fixtures.segments import Segment

if TYPE_CHECKING:
    from diarkit_contracts.clauses.in_flight import Answered

ONE = (Segment(0, 0, 100), Segment(1, 100, 200), Segment(0, 200, 300))
TWO = (Segment(0, 600, 700), Segment(1, 700, 800), Segment(0, 800, 990))
TO_ONE = ((0, 0.0, 1.0), (1, 1.0, 2.0), (0, 2.0, 3.0))
TO_TWO = ((0, 6.0, 7.0), (1, 7.0, 8.0), (0, 8.0, 9.9))


def read_answered(script: Any) -> list[Answered]:
    history = read_history(script.exchanges)
    return [(look, look.start, channels) for look, channels in history.results() if look.start is not None]


@pytest.mark.parametrize(("told", "mixed"), [(TO_ONE, False), (TO_TWO, True), (TO_TWO[:2], False), ((), False)])
def test_an_answer_is_of_another_upload_if_it_fits_that_and_not_its_own(script: Any, told: Any, mixed: bool) -> None:
    one, two = script.post(sha256="1", truth=(ONE,)), script.post(sha256="2", truth=(TWO,))
    script.get(one, "done", *told)
    script.get(two, "done", *TO_TWO)
    first, second = read_answered(script)
    assert is_of(first, second) is mixed
    assert not is_of(second, first)


def test_only_tasks_that_overlap_in_time_are_in_flight_together(script: Any) -> None:
    script.get(script.post(sha256="0"), "done", *TO_ONE)
    one, two = script.post(sha256="1"), script.post(sha256="2")
    script.get(one, "done", *TO_ONE)
    script.get(two, "done", *TO_TWO)
    pairs = [(one[1].at, [other[1].at for other in others]) for one, others in list_in_flight(read_answered(script))]
    assert pairs == [(2, [3]), (3, [2])]
