from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from diarkit_mockserver.scenario.answer import HttpAnswer, read_http

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: HttpAnswer(status=399), "from 400 to 599, got 399"),
        (lambda: HttpAnswer(status=600), "from 400 to 599, got 600"),
        (lambda: HttpAnswer(status=500, on="poll", times=0), "expected times >= 1, got 0"),
        (lambda: HttpAnswer(status=500, times=2), "times counts polls: say on: poll"),
        (lambda: HttpAnswer(status=500, on="submit", times=2), "times counts polls: say on: poll"),
        (lambda: HttpAnswer(status=429, retry_after=-1), "expected retry_after >= 0 seconds, got -1"),
        (lambda: HttpAnswer(status=500, content_type="text/html\r\nX: y"), "expected a media type"),
    ],
)
def test_an_answer_that_makes_no_sense_is_refused_when_it_is_made(make: Callable[[], object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        make()


@pytest.mark.parametrize(
    ("answer", "polls"),
    [
        (HttpAnswer(status=500), 0),
        (HttpAnswer(status=500, on="submit", times=1), 0),
        (HttpAnswer(status=500, on="poll"), 1),
        (HttpAnswer(status=500, on="poll", times=3), 3),
    ],
)
def test_it_answers_the_upload_or_so_many_polls(answer: HttpAnswer, polls: int) -> None:
    assert answer.polls == polls


def test_a_bare_status_is_all_that_has_to_be_said() -> None:
    told = HttpAnswer(status=503, body="<h1>Later</h1>")
    assert (read_http(None), read_http(503), read_http(told)) == (None, HttpAnswer(status=503), told)
