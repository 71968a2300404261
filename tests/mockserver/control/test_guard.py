from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from diarkit_mockserver.control.calls import TABLE
from diarkit_mockserver.control.guard import check_caller
from diarkit_mockserver.intake.request import HOST
from diarkit_mockserver.world.platform import Platform
from diarkit_mockserver.world.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

TOKEN = "a-token"  # noqa: S105 - of a test
HERE = {"host": "127.0.0.1:8000"}
FORM = {"content-type": "application/x-www-form-urlencoded"}
PLAIN = {"content-type": "text/plain"}
PREFLIGHT = {"access-control-request-method": "PUT", "access-control-request-headers": "content-type"}

WELCOME: dict[str, dict[str, str]] = {
    "a client without a browser": HERE,
    "localhost": {"host": "localhost"},
    "localhost, its port": {"host": "LocalHost:8000"},
    "a name under localhost": {"host": "fake.localhost:8000"},
    "another address of this machine": {"host": "127.1.2.3"},
    "IPv6": {"host": "[::1]:8000"},
    "its own page": HERE | {"origin": "http://127.0.0.1:8000", "sec-fetch-site": "same-origin"},
    "its own page, over TLS": HERE | {"origin": "https://127.0.0.1:8000", "sec-fetch-site": "same-origin"},
    "an address that a person typed": HERE | {"sec-fetch-site": "none"},
    "whoever has the token": {"host": "evil.example", "authorization": f"Bearer {TOKEN}"},
}
CROSS_SITE: dict[str, dict[str, str]] = {
    "fetch of plain text": HERE | PLAIN | {"origin": "https://evil.example"},
    "a form": HERE | FORM | {"origin": "http://evil.example"},
    "a form with files": HERE | {"content-type": "multipart/form-data; boundary=b", "origin": "http://evil.example"},
    "a beacon": HERE | PLAIN | {"origin": "http://evil.example", "sec-fetch-site": "cross-site"},
    "a sandboxed frame": HERE | PLAIN | {"origin": "null"},
    "a local file": HERE | PLAIN | {"origin": "file://"},
    "a preflight": HERE | PREFLIGHT | {"origin": "https://evil.example"},
    "an image": HERE | {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"},
    "a script": HERE | {"sec-fetch-site": "cross-site", "sec-fetch-dest": "script"},
    "a link": HERE | {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"},
    "an image on another port": HERE | {"sec-fetch-site": "same-site"},
    "a page on another port": HERE | PLAIN | {"origin": "http://127.0.0.1:3000", "sec-fetch-site": "same-site"},
    "a page on another name of this machine": HERE | {"origin": "http://localhost:8000"},
    "an origin that begins like ours": HERE | {"origin": "http://127.0.0.1:8000.evil.example"},
    "an origin with our address as its user": HERE | {"origin": "http://127.0.0.1:8000@evil.example"},
    "an extension": HERE | {"origin": "chrome-extension://127.0.0.1:8000"},
    "a site that no browser knows yet": HERE | {"sec-fetch-site": "sideways"},
    "a wrong token": HERE | {"origin": "http://evil.example", "authorization": "Bearer wrong"},
}
REBINDING: dict[str, dict[str, str]] = {
    "a name": {"host": "evil.example"},
    "a name and the port": {"host": "evil.example:8000", "sec-fetch-site": "same-origin"},
    "a name and its origin": {"host": "evil.example:8000", "origin": "http://evil.example:8000"},
    "a name that holds the address": {"host": "127.0.0.1.nip.io:8000"},
    "a name that begins with localhost": {"host": "localhost.evil.example"},
    "a name that ends in localhost": {"host": "evillocalhost"},
    "the address as a user": {"host": "127.0.0.1@evil.example"},
    "an address of the network": {"host": "192.168.1.7:8000"},
    "all addresses": {"host": "0.0.0.0:8000"},
    "all addresses, IPv6": {"host": "[::]:8000"},
    "a number": {"host": "2130706433"},
    "a path": {"host": "localhost/evil.example"},
    "a bad port": {"host": "localhost:99999"},
    "nothing": {},
    "an empty host": {"host": ""},
}
FOREIGN = CROSS_SITE | REBINDING


def check(headers: dict[str, str], path: str = "/reset", *, needed: bool = False) -> int:
    head = [(name.encode(), value.encode()) for name, value in headers.items()]
    refusal = check_caller(path, head, TOKEN, needed=needed)
    return 200 if refusal is None else refusal.problem.status


@pytest.mark.parametrize("headers", WELCOME.values(), ids=WELCOME)
def test_this_machine_may_call(headers: dict[str, str]) -> None:
    assert check(headers) == 200


@pytest.mark.parametrize("headers", FOREIGN.values(), ids=FOREIGN)
def test_a_foreign_page_may_not(headers: dict[str, str]) -> None:
    assert check(headers) == 403


@pytest.mark.parametrize("headers", FOREIGN.values(), ids=FOREIGN)
def test_pages_that_describe_the_calls_are_open_to_all(headers: dict[str, str]) -> None:
    assert {check(headers, path) for path in ("/docs", "/openapi.json", "/static-offline-docs/swagger-ui.css")} == {200}


@pytest.mark.parametrize("headers", (WELCOME | FOREIGN).values(), ids=WELCOME | FOREIGN)
def test_where_a_token_is_needed_nothing_else_counts(headers: dict[str, str]) -> None:
    expected = 200 if "Bearer a-token" in headers.values() else 401
    assert check(headers, needed=True) == expected
    assert check(headers, "/docs", needed=True) == expected
    assert check(headers, "/ready", needed=True) == 200


def test_two_hosts_are_none() -> None:
    head = [(b"host", b"localhost"), (b"host", b"evil.example")]
    assert check_caller("/reset", head, TOKEN, needed=False) is not None


def is_http(headers: dict[str, str]) -> bool:
    """Whether the server reads on: a head without a Host, or with an invalid one, is refused as such."""
    host = headers.get("host", "")
    return bool(host) and HOST.fullmatch(host.encode()) is not None


@pytest.mark.parametrize("call", TABLE, ids=lambda call: f"{call.method} {call.path}")
def test_no_call_is_served_to_a_foreign_page(start: Callable[..., Any], ask: Callable[..., Any], call: Any) -> None:
    """Whatever its method, simple or announced by a preflight; and nothing in the server changes."""
    platform = Platform(World())
    before = platform.world
    url = start(platform=platform).url
    path = "/__diarkit/v1" + call.path.format(task_id="t", name="n")
    for method in (call.method, "POST", "OPTIONS", "HEAD"):
        for headers in FOREIGN.values():
            if is_http(headers):
                answer = ask(url, method, path, b"" if method == "POST" else None, headers)
                assert answer.status == 403, (method, headers)
                assert not any(name.lower().startswith("access-control") for name, _ in answer.headers)
                if method != "HEAD":
                    assert json.loads(answer.body)["type"].endswith("-foreign")
    assert platform.world is before


def test_the_platform_is_served_as_before(start: Callable[..., Any], ask: Callable[..., Any]) -> None:
    url = start().url
    for headers in FOREIGN.values():
        if is_http(headers):
            for path in ("/api/system/info", "/docs", "/redoc", "/openapi.json", "/openapi.yaml"):
                assert ask(url, "GET", path, None, headers).status == 200
