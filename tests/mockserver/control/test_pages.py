from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from diarkit_contracts.api.document import DOCUMENT, load_document
from diarkit_mockserver.scenario.model import Scenario

if TYPE_CHECKING:
    from collections.abc import Callable

URL = re.compile(r"""(?:src|href|url|action)\s*[=:(]\s*["']?\s*((?:https?:)?//[^"'\s)>]+)""", re.IGNORECASE)
LOCAL = re.compile(r"""(?:src|href)="(/[^"]+)\"""")

LAZY = """
import sys, urllib.request
from diarkit_mockserver.world.platform import Platform
from diarkit_mockserver.serving.server import ServerThread, bind
from diarkit_mockserver.world.world import World
server = ServerThread(Platform(World()), bind("127.0.0.1", 0))
urllib.request.urlopen(server.url + "/api/system/info").close()
before = {name for name in ("fastapi", "starlette", "pydantic", "yaml") if name in sys.modules}
urllib.request.urlopen(server.url + "/docs").close()
server.stop()
print(sorted(before), "fastapi" in sys.modules)
"""


@pytest.fixture
def url(start: Callable[..., Any]) -> str:
    server: Any = start()
    return server.url  # type: ignore[no-any-return]


def test_the_document_is_served_as_it_is_written(url: str, ask: Callable[..., Any]) -> None:
    answer = ask(url, "GET", "/openapi.json")
    assert (answer.status, answer.header("content-type")) == (200, "application/json")
    assert json.loads(answer.body) == load_document()


def test_the_document_is_served_with_its_comments(url: str, ask: Callable[..., Any]) -> None:
    answer = ask(url, "GET", "/openapi.yaml")
    assert (answer.status, answer.body) == (200, DOCUMENT.read_bytes())
    assert "yaml" in answer.header("content-type")
    assert yaml.safe_load(answer.body) == load_document()


@pytest.mark.parametrize("form", ["json", "yaml"])
@pytest.mark.parametrize("behind", ["", "/behind"])
def test_each_world_has_the_document_of_its_own_generation(
    start: Callable[..., Any], ask: Callable[..., Any], form: str, behind: str
) -> None:
    server: Any = start(Scenario(profile="3.7"))
    for told in ({"name": "newest", "scenario": {"profile": "5.0", "dialect": {"version": "5.0.1"}}}, {"name": "own"}):
        body, kind = json.dumps(told).encode(), {"Content-Type": "application/json"}
        assert ask(server.url, "POST", "/__diarkit/v1/worlds", body, kind).status == 201
    sent = {"X-Forwarded-Prefix": behind} if behind else {}

    def read(path: str) -> Any:
        return yaml.safe_load(ask(server.url, "GET", f"{path}/openapi.{form}", None, sent).body)

    for name, version, status in (("newest", "5.0.1", "405"), ("own", "3.7.0", "429")):
        document = read(f"/worlds/{name}")
        assert document["info"]["version"] == version
        assert status in document["paths"]["/api/system/info"]["get"]["responses"]
        assert document["servers"] == [{"url": f"{behind}/worlds/{name}"}]
    assert read("")["info"]["version"] == "3.7.0"


def test_a_world_that_is_not_there_has_no_document(url: str, ask: Callable[..., Any]) -> None:
    assert ask(url, "GET", "/worlds/none/openapi.json").status == 404


@pytest.mark.parametrize("page", ["/docs", "/redoc"])
def test_a_page_needs_no_other_host(url: str, ask: Callable[..., Any], page: str) -> None:
    answer = ask(url, "GET", page)
    html = answer.body.decode()
    assert answer.status == 200
    assert answer.header("content-type").startswith("text/html")
    assert URL.findall(html) == []
    assert "/openapi.json" in html
    parts = set(LOCAL.findall(html))
    assert parts
    for part in parts:
        assert (part, ask(url, "GET", part).status) == (part, 200)


def test_the_documentation_names_the_page(url: str, ask: Callable[..., Any]) -> None:
    assert '<a href="/__diarkit/">' in ask(url, "GET", "/docs").body.decode()


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json", "/openapi.yaml"])
def test_the_pages_are_read_only(url: str, ask: Callable[..., Any], path: str) -> None:
    assert ask(url, "POST", path).status == 405


def test_a_browser_on_the_page_can_call_the_server_it_came_from() -> None:
    servers: Any = load_document()["servers"]
    assert [server["url"] for server in servers] == ["/"]


def test_the_framework_is_not_imported_before_a_page_is_asked_for(plain_environment: dict[str, str]) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", LAZY], capture_output=True, text=True, check=True, env=plain_environment, timeout=60
    )
    assert ran.stdout.split() == ["[]", "True"]
