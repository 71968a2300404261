from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

import pytest

from diarkit_mockserver.control.pages import FILES, FOLDER, KINDS

if TYPE_CHECKING:
    from collections.abc import Callable

LINK = re.compile(r"""(?:src|href)=["']([^"'#]+)["']|from ["']([^"']+)["']""")


@pytest.fixture
def url(start: Callable[..., Any]) -> str:
    server: Any = start()
    return f"{server.url}/__diarkit"


@pytest.mark.parametrize("name", ["", *FILES])
def test_a_file_comes_with_its_type_and_under_the_policy(url: str, ask: Callable[..., Any], name: str) -> None:
    got, head = ask(url, "GET", f"/{name}"), ask(url, "HEAD", f"/{name}")
    kind = KINDS[f".{(name or 'index.html').rpartition('.')[2]}"]
    assert (got.status, got.header("content-type"), got.body) == (200, kind, FILES[name or "index.html"])
    assert got.header("content-security-policy").startswith("default-src 'self';")
    assert got.header("x-content-type-options") == "nosniff"
    assert (head.status, head.body) == (200, b"")
    assert head.header("content-length") == str(len(got.body))


@pytest.mark.parametrize(
    "path",
    ["/none.js", "/../files.py", "/%2e%2e/files.py", "//etc/passwd", "/..%2f..%2fapp.py", "/index.html/"],
)
def test_nothing_else_is_there(url: str, ask: Callable[..., Any], path: str) -> None:
    answer = ask(url, "GET", path)
    assert (answer.status, answer.body) == (404, b"")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_the_files_are_read_only(url: str, ask: Callable[..., Any], method: str) -> None:
    answer = ask(url, method, "/")
    assert (answer.status, answer.header("allow")) == (405, "GET, HEAD")


def test_the_address_without_its_slash_leads_to_the_page_behind_any_prefix(url: str, ask: Callable[..., Any]) -> None:
    answer = ask(url, "GET", "")
    assert (answer.status, answer.header("location")) == (307, "__diarkit/")


def test_the_page_stands_beside_the_control_api_and_the_parts_of_the_documents(
    url: str, ask: Callable[..., Any]
) -> None:
    assert ask(url, "GET", "/v1/health").status == 200
    assert ask(url, "GET", "/static/swagger-ui.css").status == 200


def test_its_links_are_relative_and_lead_somewhere(url: str, ask: Callable[..., Any]) -> None:
    texts = {name: data.decode() for name, data in FILES.items()}
    links = {link or module for text in texts.values() for link, module in LINK.findall(text)}
    assert {"page.css", "page.js", "./dom.js", "../docs", "v1/docs"} <= links
    for link in links:
        assert not link.startswith(("/", "http")), link
        assert (link, ask(urljoin(f"{url}/", link)).status) == (link, 200)


def test_nothing_in_it_needs_what_the_policy_forbids() -> None:
    html = FILES["index.html"].decode()
    assert re.findall(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=", html) == []
    assert "url(" not in FILES["page.css"].decode()


def test_the_page_is_at_most_a_thousand_lines() -> None:
    assert sum(data.count(b"\n") for data in FILES.values()) <= 1000
    assert {file.name for file in FOLDER.iterdir()} == set(FILES)
