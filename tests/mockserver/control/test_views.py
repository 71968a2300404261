from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarkit_mockserver.clock import LAST_DATE, ClockView, tell_date
from diarkit_mockserver.control.views import Flawed


def test_a_clock_is_told_in_seconds_and_as_a_date() -> None:
    clock = ClockView(ticks=1_500_000, frozen=True, epoch=86_400)
    assert (clock.seconds, str(clock)) == (1.5, "1.500000 s, frozen")
    assert clock.date == datetime(1970, 1, 2, 0, 0, 1, 500_000, tzinfo=UTC)


@given(st.integers(0, 2**40), st.integers(0, 2**63))
def test_a_date_never_goes_back_and_ends_with_the_calendar(epoch: int, ticks: int) -> None:
    assert tell_date(0, 0) <= tell_date(epoch, ticks) <= max(LAST_DATE, tell_date(epoch, ticks))
    assert tell_date(epoch, ticks) <= tell_date(epoch, ticks + 1_000_000)


@pytest.mark.parametrize(
    ("flaw", "text"),
    [
        (Flawed(detail="x", source="body", line=2, column=3), "body:2:3: x"),
        (Flawed(detail="x", source="limit"), "limit: x"),
    ],
)
def test_a_flaw_is_written_as_compilers_do(flaw: Flawed, text: str) -> None:
    assert str(flaw) == text
