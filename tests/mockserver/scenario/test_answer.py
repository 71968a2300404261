from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from diarkit_mockserver.scenario.answer import HttpAnswer, check_success, read_http

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: HttpAnswer(status=199), "from 200 to 599, got 199"),
        (lambda: HttpAnswer(status=600), "from 200 to 599, got 600"),
        (lambda: HttpAnswer(status=304, body="x"), "an answer with the status 304 has no body"),
        (lambda: HttpAnswer(status=302, message="x"), "only errors have an envelope with a message"),
        (lambda: HttpAnswer(status=302, headers={"a b": "x"}), "expected the name of a header, got 'a b'"),
        (lambda: HttpAnswer(status=302, headers={"a": "x\r\ny: z"}), "the header a: expected printable ASCII"),
        (lambda: HttpAnswer(status=302, headers={"Content-Length": "1"}), "the header Content-Length can't be set"),
        (lambda: HttpAnswer(status=500, on="poll", times=0), "expected times >= 1, got 0"),
        (lambda: HttpAnswer(status=500, times=2), "times counts polls: add on: poll"),
        (lambda: HttpAnswer(status=500, on="submit", times=2), "times counts polls: add on: poll"),
        (lambda: HttpAnswer(status=429, retry_after=-1), "expected retry_after >= 0 seconds, got -1"),
        (lambda: HttpAnswer(status=500, content_type="text/html\r\nX: y"), "expected a media type"),
        (lambda: HttpAnswer(status=500, content_type="\u65e5\u672c"), "expected a media type"),
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


RATE = {"x-ratelimit-limit": "1", "x-ratelimit-remaining": "0"}


@pytest.mark.parametrize(
    ("answer", "headers"),
    [
        (HttpAnswer(status=503), {}),
        (HttpAnswer(status=503, retry_after=5), {"retry-after": "5"}),
        (
            HttpAnswer(status=503, retry_after=5, retry_after_as="date"),
            {"retry-after": "Sat, 01 Jan 2000 00:00:08 GMT"},
        ),
        (HttpAnswer(status=429), {"retry-after": "1", "x-ratelimit-reset": "946684804", **RATE}),
        (HttpAnswer(status=429, retry_after=7), {"retry-after": "7", "x-ratelimit-reset": "946684810", **RATE}),
        (
            HttpAnswer(status=429, headers={"Retry-After": None, "X-RateLimit-Reset": "soon"}),
            {"x-ratelimit-reset": "soon", **RATE},
        ),
        (HttpAnswer(status=302, headers={"Location": "https://other/"}), {"location": "https://other/"}),
        (HttpAnswer(status=503, headers={"Connection": "keep-alive, Close"}), {"connection": "close"}),
        (HttpAnswer(status=426, headers={"Connection": "Upgrade"}), {"connection": "Upgrade"}),
    ],
)
def test_its_headers_are_the_documented_ones_unless_others_are_given(
    answer: HttpAnswer, headers: dict[str, str]
) -> None:
    assert dict(answer.list_headers(now=2_500_000, epoch=946_684_800)) == headers


@pytest.mark.parametrize(("on", "status"), [("submit", 202), ("poll", 200), ("system", 200)])
def test_the_usual_success_is_asked_for_with_its_body_alone(on: str, status: int) -> None:
    with pytest.raises(ValueError, match=f"{status} is the default answer .* remove http, or set a custom body"):
        check_success(HttpAnswer(status=status), on)
    check_success(HttpAnswer(status=status, body=""), on)
    check_success(HttpAnswer(status=201), on)


def test_below_400_there_is_no_envelope() -> None:
    bodies = [HttpAnswer(status=status, body=body).foreign for status, body in [(302, None), (400, None), (400, "x")]]
    assert bodies == [(b"", "text/plain; charset=utf-8"), None, (b"x", "text/plain; charset=utf-8")]


def test_a_date_beyond_the_calendar_is_its_last_one() -> None:
    answer = HttpAnswer(status=503, retry_after=1, retry_after_as="date")
    assert answer.list_headers(10**18, 0) == (("retry-after", "Fri, 31 Dec 9999 00:00:00 GMT"),)
