from __future__ import annotations

from itertools import combinations, product
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from diarkit_contracts.rows.pairwise import cover_pairs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FACTORS = st.integers(2, 4).flatmap(
    lambda count: st.lists(st.integers(1, 4), min_size=count, max_size=count).map(
        lambda sizes: {f"f{at}": tuple(range(size)) for at, size in enumerate(sizes)}
    )
)


def pairs_of(rows: Iterable[Mapping[str, int]]) -> set[object]:
    return {pair for row in rows for pair in combinations(sorted(row.items()), 2)}


def whole(factors: Mapping[str, tuple[int, ...]]) -> list[dict[str, int]]:
    return [dict(zip(factors, values, strict=True)) for values in product(*factors.values())]


@given(factors=FACTORS)
def test_every_pair_is_there_in_no_more_rows_than_the_whole_table(factors: dict[str, tuple[int, ...]]) -> None:
    rows = list(cover_pairs(factors, lambda _: True))
    assert pairs_of(rows) == pairs_of(whole(factors))
    assert len(rows) <= len(whole(factors))


def test_four_factors_of_three_values_need_few_rows() -> None:
    assert len(list(cover_pairs(dict.fromkeys("abcd", (0, 1, 2)), lambda _: True))) <= 12


def test_what_is_not_allowed_is_in_no_row_and_all_else_is() -> None:
    def is_allowed(values: Mapping[str, int]) -> bool:
        return not ("a" in values and "b" in values and values["a"] + values["b"] == 3)

    factors = {"a": (0, 1, 2), "b": (0, 1, 2), "c": (0, 1)}
    rows = list(cover_pairs(factors, is_allowed))
    assert all(map(is_allowed, rows))
    assert pairs_of(rows) == pairs_of(row for row in whole(factors) if is_allowed(row))


def test_what_is_covered_already_is_not_made_again() -> None:
    factors = {"a": (0, 1), "b": (0, 1)}
    assert list(cover_pairs(factors, lambda _: True, whole(factors))) == []
    assert list(cover_pairs(factors, lambda _: True, whole(factors)[:3])) == [{"a": 1, "b": 1}]
