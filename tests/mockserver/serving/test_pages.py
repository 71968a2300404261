from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from diarkit_mockserver.control import app
from diarkit_mockserver.serving.pages import LARGEST_BODY, is_page

if TYPE_CHECKING:
    from collections.abc import Callable

    Ask = Callable[..., Any]


@pytest.mark.parametrize(
    "path",
    [
        *("/docs", "/redoc", "/openapi.json", "/openapi.yaml", "/__diarkit/ready", "/__diarkit/", "/__diarkit"),
        *("/worlds/any/openapi.json", "/worlds/any/openapi.yaml"),
    ],
)
def test_our_own_paths_are_pages(path: str) -> None:
    assert is_page(path)


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/docsx", "/docs/x", "/__diarkitx", "/x/docs", "/api/system/info"),
        *(
            "/worlds/any",
            "/worlds/any/",
            "/worlds/any/docs",
            "/worlds/any/x/openapi.json",
            "/worlds/any/api/system/info",
        ),
    ],
)
def test_all_others_are_the_platforms(path: str) -> None:
    assert not is_page(path)


def test_one_byte_more_than_the_control_api_takes_is_passed_on_to_be_refused() -> None:
    assert LARGEST_BODY == app.LARGEST_BODY + 1


def test_a_page_is_answered_with_its_length(start: Ask, ask: Ask) -> None:
    url = start().url
    for path in ("/docs", "/openapi.yaml", "/__diarkit/v1/ready"):
        answer = ask(url, "GET", path)
        assert (answer.status, int(answer.header("content-length"))) == (200, len(answer.body))
        head = ask(url, "HEAD", path)
        assert (head.body, head.header("content-length")) == (b"", answer.header("content-length"))


@pytest.mark.parametrize(
    ("target", "host", "status"), [("evil.example", "127.0.0.1", 403), ("127.0.0.1", "evil.example", 200)]
)
def test_the_host_of_an_absolute_target_is_the_one_that_is_checked(
    connect_line: Ask, target: str, host: str, status: int
) -> None:
    line = connect_line()
    line.send(f"GET http://{target}/__diarkit/v1/clock HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    while not line.wire.written:
        line.turn()  # pages are read in a thread
    assert line.wire.written.startswith(b"HTTP/1.1 %d " % status)


def test_a_body_that_is_too_large_is_refused_by_the_control_api(start: Ask, ask: Ask) -> None:
    answer = ask(
        start().url,
        "POST",
        "/__diarkit/v1/worlds",
        b" " * (LARGEST_BODY + 100_000),
        {"Content-Type": "application/json"},
    )
    assert (answer.status, json.loads(answer.body)["status"]) == (413, 413)


def test_pages_and_the_platform_take_turns_on_one_connection(connect_line: Ask) -> None:
    line = connect_line()
    page = b"GET /openapi.yaml HTTP/1.1\r\nHost: x\r\n\r\n"
    other = b"GET /api/system/status HTTP/1.1\r\nHost: x\r\n\r\n"
    line.send(page + other + page + other)
    while line.wire.written.count(b"HTTP/1.1 200 OK") < 4:
        line.turn()  # pages are read in a thread
    kinds = [b"application/yaml" in answer for answer in line.wire.written.split(b"HTTP/1.1 ")[1:]]
    assert kinds == [True, False, True, False]
