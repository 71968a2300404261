from __future__ import annotations

from typing import Any

import httpcore
import httpx
import pytest

from diarkit_contracts.target.deadline import Deadline, bound_calls


def test_a_time_limit_is_shortened_to_what_is_left(clock: Any) -> None:
    deadline = Deadline(clock)
    assert deadline.shorten(5, httpcore.ReadTimeout) == 5
    deadline.start(3)
    assert (deadline.shorten(5, httpcore.ReadTimeout), deadline.shorten(None, httpcore.ReadTimeout)) == (3, 3)
    assert deadline.shorten(1, httpcore.ReadTimeout) == 1
    clock.sleep(3)
    with pytest.raises(httpcore.ReadTimeout):
        deadline.shorten(5, httpcore.ReadTimeout)
    deadline.start(1)
    assert not deadline.is_over


def test_httpx_still_has_a_backend_that_can_be_put_in_place(clock: Any) -> None:
    with httpx.HTTPTransport() as transport:
        usual = vars(transport)["_pool"].__dict__["_network_backend"]
        assert isinstance(usual, httpcore.NetworkBackend)
        deadline = Deadline(clock)
        bound_calls(transport, deadline)
        assert vars(transport)["_pool"].__dict__["_network_backend"] is deadline
