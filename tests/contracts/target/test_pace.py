from __future__ import annotations

from datetime import UTC, datetime

import pytest

from diarkit_contracts.target.pace import (
    FIRST_POLL_S,
    LAST_BACK_OFF_S,
    LAST_POLL_S,
    draw_back_off,
    read_retry_after,
    wait_by_age,
)
from diarkit_fixtures.draws import Draws

TODAY = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)


def test_a_task_costs_few_polls_whatever_it_takes() -> None:
    for lasts, most in ((0.0, 1), (1.0, 6), (60.0, 20)):
        age, polls = 0.0, 1
        while age < lasts:
            age += wait_by_age(age)
            polls += 1
        assert polls <= most


def test_the_wait_for_a_poll_grows_within_bounds() -> None:
    assert [wait_by_age(age) for age in (0, 0.3, 4.0, 1000.0)] == [FIRST_POLL_S, 0.3, 4.0, LAST_POLL_S]


def test_back_off_is_drawn_from_the_seed_below_a_bound_that_doubles() -> None:
    drawn = [[draw_back_off(attempt, Draws("x", seed)) for seed in range(200)] for attempt in range(9)]
    for attempt, waits in enumerate(drawn):
        bound = min(0.5 * 2**attempt, LAST_BACK_OFF_S)
        assert 0 <= min(waits) < bound / 10
        assert bound * 0.9 < max(waits) <= bound
    assert drawn[3] == [draw_back_off(3, Draws("x", seed)) for seed in range(200)]


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ("2", 2.0),
        ("0", 0.0),
        ("1.5", 1.5),
        ("Thu, 01 Jan 2026 12:00:07 GMT", 7.0),
        ("Thu, 01 Jan 2026 11:00:00 GMT", 0.0),
        ("-1", None),
        ("soon", None),
        ("", None),
        (None, None),
        ("9" * 30, None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(told: str | None, seconds: float | None) -> None:
    assert read_retry_after(told, TODAY) == seconds
