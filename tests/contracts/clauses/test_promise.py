from __future__ import annotations

import pytest

from diarkit_contracts.clauses.promise import ROUNDING_S, Promise, read_promise
from diarkit_contracts.exchanges.exchange import Answer, Exchange, Request


def refuse(*headers: tuple[str, str]) -> Exchange:
    request = Request(method="GET", url="http://stub/api/system/info", sent_at=1.0)
    return Exchange(request, Answer(status=429, headers=headers, received_at=1.5))


def test_a_wait_counts_from_when_it_was_told() -> None:
    promise = read_promise(3, refuse(("retry-after", "20"), ("X-RateLimit-Reset", "77")))
    assert promise == Promise(at=3, announced_at=1.5, seconds=20, reset="77")
    assert promise.end == 21.5


@pytest.mark.parametrize("told", ["", "1.5", "-1", "²", "9" * 5_000, "soon", "Fri, 31 Dec 2027 23:59:59 GMT"])
def test_what_is_no_number_of_seconds_promises_nothing(told: str) -> None:
    assert read_promise(0, refuse(("Retry-After", told))) is None
    assert read_promise(0, refuse()) is None


@pytest.mark.parametrize(
    ("reset", "later_s", "holds"),
    [("77", ROUNDING_S + 0.1, "earlier"), ("77", ROUNDING_S, "later"), ("78", 10.0, "later"), ("", 10.0, "later")],
)
def test_the_earlier_promise_holds_for_the_same_window_only(reset: str, later_s: float, holds: str) -> None:
    earlier = Promise(at=0, announced_at=0.0, seconds=10, reset="77" if reset else "")
    later = Promise(at=1, announced_at=later_s, seconds=10, reset=reset)
    assert later.follow(earlier) is {"earlier": earlier, "later": later}[holds]
    assert later.follow(None) is later
