from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from diarkit_mockserver.intake.request import ENDPOINT, Request
from diarkit_mockserver.scenario.limits import Limits
from diarkit_mockserver.scenario.model import Scenario
from diarkit_mockserver.serving.cors import Cors
from diarkit_mockserver.serving.front import Front
from diarkit_mockserver.world.platform import Platform
from diarkit_mockserver.world.wire import Response
from diarkit_mockserver.world.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

PAGE = "http://localhost:3000"
ORIGIN = {"Origin": PAGE}
PREFLIGHT = {
    **ORIGIN,
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization,content-type",
}


def share(origins: set[str], origin: str | None) -> dict[bytes, bytes]:
    headers = [] if origin is None else [(b"origin", origin.encode())]
    asked = Request("GET", ENDPOINT, "", headers, scheme="http", server="s")
    return dict(Cors(frozenset(origins)).share(asked, Response(200, b"")).headers)


@pytest.mark.parametrize("origin", [PAGE, "https://a.example", "http://[::1]:3000", "*"])
def test_an_origin_is_as_browsers_write_it(origin: str) -> None:
    assert Cors(frozenset({origin})).origins == {origin}


@pytest.mark.parametrize("text", ["localhost:3000", f"{PAGE}/", "http://A.example", "ftp://a", "null", "", "http://*"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected an origin such as"):
        Cors(frozenset({text}))


def test_only_a_listed_origin_reads() -> None:
    assert share({PAGE}, PAGE)[b"access-control-allow-origin"] == PAGE.encode()
    assert share({PAGE}, PAGE)[b"vary"] == b"origin"
    assert share({"*"}, PAGE)[b"access-control-allow-origin"] == b"*"
    assert share({PAGE}, f"{PAGE}0") == share({PAGE}, "null") == share({PAGE}, None) == share(set(), PAGE) == {}


@pytest.fixture
def url(start: Callable[..., Any]) -> str:
    return str(start(front=Front(cors=Cors(frozenset({PAGE})))).url)


def test_a_preflight_is_answered_and_is_no_request(start: Callable[..., Any], ask: Callable[..., Any]) -> None:
    world = World(scenario=Scenario(limits=Limits(licensed=False)))
    url = start(platform=Platform(world), front=Front(cors=Cors(frozenset({PAGE})))).url
    for path in (ENDPOINT, f"{ENDPOINT}/x", "/api/system/info", f"/worlds/a{ENDPOINT}"):
        answer = ask(url, "OPTIONS", path, None, PREFLIGHT)
        assert (answer.status, answer.body) == (204, b"")
        assert answer.header("access-control-allow-origin") == PAGE
        assert answer.header("access-control-allow-methods") == "GET, HEAD, POST"
        assert answer.header("access-control-allow-headers") == "authorization,content-type"
    assert world.journal.total == 0


def test_what_is_no_preflight_is_answered_as_before(ask: Callable[..., Any], url: str) -> None:
    assert ask(url, "OPTIONS", ENDPOINT, None, ORIGIN).status == 405
    assert ask(url, "OPTIONS", ENDPOINT, None, {**PREFLIGHT, "Origin": "http://evil.example"}).status == 405


@pytest.mark.parametrize("path", ["/api/system/info", f"{ENDPOINT}/x", "/nothing", ENDPOINT, "/worlds/none/api"])
def test_every_answer_of_the_platform_can_be_read(ask: Callable[..., Any], url: str, path: str) -> None:
    answer = ask(url, "GET", path, None, ORIGIN)
    assert answer.header("access-control-allow-origin") == PAGE
    assert {"X-Location", "Location", "Retry-After", "X-RateLimit-Reset", "X-Request-Id"} <= set(
        answer.header("access-control-expose-headers").split(", ")
    )


def test_a_refused_upload_can_be_read_too(ask: Callable[..., Any], url: str) -> None:
    assert ask(url, "POST", ENDPOINT, b"not a form", ORIGIN).header("access-control-allow-origin") == PAGE


@pytest.mark.parametrize("path", ["/docs", "/openapi.json", "/__diarkit/v1/ready", "/__diarkit/v1/journal"])
def test_nothing_else_is_shared(ask: Callable[..., Any], url: str, path: str) -> None:
    for method, headers in (("GET", ORIGIN), ("OPTIONS", PREFLIGHT)):
        answer = ask(url, method, path, None, headers)
        assert not any(name.lower().startswith("access-control") for name, _ in answer.headers)


def test_it_is_off_by_default(start: Callable[..., Any], ask: Callable[..., Any]) -> None:
    url = start().url
    assert ask(url, "OPTIONS", ENDPOINT, None, PREFLIGHT).status == 405
    names = [name.lower() for name, _ in ask(url, "GET", "/api/system/info", None, ORIGIN).headers]
    assert not any(name.startswith("access-control") for name in names)
