from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarkit_contracts.exchanges.call_ids import IDS, OURS, is_named, make_ids
from diarkit_contracts.rows.plan import make_plan
from diarkit_contracts.rows.tier import Tier


@given(st.integers(0, 2**32), st.integers(0, 10**6))
def test_an_id_is_a_uuid_that_follows_from_seed_and_number(seed: int, number: int) -> None:
    ids = make_ids(seed, number)
    assert make_ids(seed, number) == ids
    assert tuple(name for name, _ in ids) == IDS
    for _, told in ids:
        assert str(UUID(told)) == told
        assert UUID(told).version == 4
        assert told.startswith(OURS)


def test_no_two_ids_of_a_run_are_the_same_nor_those_of_two_seeds() -> None:
    ids = [told for seed in (0, 1) for number in range(2_000) for _, told in make_ids(seed, number)]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize(
    ("row_id", "named"),
    [("row-01", True), ("row-04", False), ("bad-08", False), ("bad-10", True), ("found-12", False), ("mine", True)],
)
def test_each_fourth_row_goes_without(row_id: str, named: bool) -> None:
    assert is_named(row_id) is named


@pytest.mark.parametrize("tier", Tier)
@pytest.mark.parametrize("named", [True, False])
def test_each_tier_has_rows_with_and_without(tier: Tier, named: bool) -> None:
    rows = [row for row in make_plan(tier).rows if is_named(row.id) is named]
    assert any(row.call.method == "POST" and not row.accepted for row in rows)
    assert any(row.accepted for row in rows) or tier is Tier.PROBE
