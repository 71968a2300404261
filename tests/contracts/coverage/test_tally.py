from __future__ import annotations

from itertools import permutations

import pytest

from diarkit_contracts.coverage.points import list_points
from diarkit_contracts.coverage.tally import Standing, Tally, add_up

POINTS = list_points()
ONE, OTHER, THIRD = (point.id for point in POINTS[:3])


@pytest.mark.parametrize(
    ("met", "behaved", "standing"),
    [((), (), Standing.NEVER), ((ONE,), (), Standing.MET), ((ONE,), (ONE,), Standing.BEHAVED)],
)
def test_a_point_stands_in_one_of_three_ways(
    met: tuple[str, ...], behaved: tuple[str, ...], standing: Standing
) -> None:
    tally = Tally(frozenset(met), frozenset(behaved))
    assert tally.find_standing(POINTS[0]) is standing
    assert (POINTS[0] in tally.list_never()) is (standing is Standing.NEVER)


def test_tallies_add_up_in_any_order_and_any_number_of_times() -> None:
    parts = (Tally(frozenset({ONE})), Tally(frozenset({ONE, OTHER}), frozenset({ONE})), Tally())
    sums = {add_up((*order, *order)) for order in permutations(parts)}
    assert sums == {Tally(frozenset({ONE, OTHER}), frozenset({ONE}))}


def test_the_share_is_of_all_points_and_what_is_no_point_does_not_count() -> None:
    assert Tally().percent == 0
    assert Tally(frozenset({ONE, "answer:GET /other 200"})).percent == pytest.approx(100 / len(POINTS))
    assert Tally(frozenset(point.id for point in POINTS)).percent == 100


def test_what_can_be_met_is_of_the_generations_that_were_asked() -> None:
    newest, usual = (Tally(generations=frozenset({name})) for name in ("5.0", "3.6"))
    assert usual.points == Tally().points == POINTS
    ids = [{point.id for point in tally.points} for tally in (newest, usual, newest | usual)]
    assert {f"{answer} 405" for answer in ("answer:GET /api/system/info", "answer:GET /api/system/status")} <= ids[
        0
    ] - ids[1]
    assert "answer:GET /api/system/info 429" in ids[1] - ids[0]
    assert ids[2] == ids[0] | ids[1]
