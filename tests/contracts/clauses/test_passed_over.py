from __future__ import annotations

import pytest

from diarkit_contracts.clauses.passed_over import is_of_proxy, list_barred, refuses_header
from diarkit_contracts.exchanges.exchange import Answer, Exchange, Request


@pytest.mark.parametrize(
    ("status", "kind", "of_proxy"),
    [
        (413, "text/html", True),
        (429, "Text/HTML; charset=utf-8", True),
        (403, "text/html", True),
        (413, "application/json", False),
        (413, "text/plain", False),
        (413, "", False),
        (404, "text/html", False),
        (200, "text/html", False),
        (500, "text/html", False),
    ],
)
def test_a_page_is_of_a_proxy_where_one_may_answer_first(status: int, kind: str, of_proxy: bool) -> None:
    headers = (("content-type", kind),) if kind else ()
    exchange = Exchange(Request(method="POST", url="http://stub/"), Answer(status=status, headers=headers))
    assert is_of_proxy(exchange) is of_proxy


@pytest.mark.parametrize(
    ("status", "name", "refuses"),
    [
        (411, "Transfer-Encoding", True),
        (417, "expect", True),
        (411, "Expect", False),
        (417, "Transfer-Encoding", False),
        (411, "Accept", False),
        (400, "Transfer-Encoding", False),
        (202, "Expect", False),
    ],
)
def test_a_header_is_refused_by_the_status_that_http_has_for_it(status: int, name: str, refuses: bool) -> None:
    request = Request(method="POST", url="http://stub/", headers=((name, "x"),))
    assert refuses_header(Exchange(request, Answer(status=status))) is refuses


@pytest.mark.parametrize(
    ("statuses", "barred"),
    [
        ((), set()),
        ((200, 404), set()),
        ((401, 407), {0, 1}),
        ((401, 401, 200, 202), {0, 1}),
        ((200, 401, 401), {1, 2}),
        ((200, 401, 200), set()),
        ((401, 200, 401, 404, 401), {0, 4}),
    ],
)
def test_nobody_is_let_in_before_or_after_but_not_in_between(statuses: tuple[int, ...], barred: set[int]) -> None:
    request = Request(method="GET", url="http://stub/")
    assert list_barred([Exchange(request, Answer(status=status)) for status in statuses]) == barred
