from __future__ import annotations

import gzip
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from diarkit_contracts.exchange import Request
from diarkit_contracts.http_transport import Connection, HttpTransport, MissingExtraError, is_loopback
from diarkit_contracts.target import UnreachableError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Echo(BaseHTTPRequestHandler):
    """Answers what it was asked, in gzip; redirects `/away`, and breaks off at `/short`."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = gzip.compress(self.rfile.read(int(self.headers.get("Content-Length", "0"))))
        self.send_response(302 if self.path == "/away" else 202)
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Location", "http://127.0.0.1:1/")
        self.send_header("X-Told", self.headers.get("X-Token", "none"))
        self.send_header("Content-Length", str(len(body) + (9 if self.path == "/short" else 0)))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = self.path == "/short"

    do_GET = do_POST  # noqa: N815 - the name that http.server calls

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def transport(url: str) -> Iterator[HttpTransport]:
    made = HttpTransport(url, Connection())
    yield made
    made.close()


def test_a_body_comes_back_without_its_encoding(transport: HttpTransport, url: str) -> None:
    request = Request(method="POST", url=url + "/x", headers=(("X-Token", "t"),))
    answer = transport.send(request, b"\x00\xff" * 1000)
    assert (answer.status, answer.body, answer.header("x-told")) == (202, b"\x00\xff" * 1000, "t")


def test_a_redirection_is_an_answer(transport: HttpTransport, url: str) -> None:
    assert transport.send(Request(method="GET", url=url + "/away"), b"").status == 302


def test_an_answer_that_breaks_off_is_none(transport: HttpTransport, url: str) -> None:
    with pytest.raises(UnreachableError, match="RemoteProtocolError"):
        transport.send(Request(method="GET", url=url + "/short"), b"")


def test_nobody_there_is_told(transport: HttpTransport) -> None:
    with pytest.raises(UnreachableError, match="ConnectError"):
        transport.send(Request(method="GET", url="http://127.0.0.1:1/"), b"")


def test_a_proxy_of_the_environment_is_not_asked_for_this_computer(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    transport = HttpTransport(url, Connection())
    assert transport.send(Request(method="GET", url=url), b"").status == 202
    transport.close()


def test_a_named_proxy_is_asked(url: str) -> None:
    transport = HttpTransport(url, Connection(proxy="http://127.0.0.1:1"))
    with pytest.raises(UnreachableError):
        transport.send(Request(method="GET", url=url), b"")
    transport.close()


def test_certificates_that_are_none_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    path.write_text("no certificate", encoding="utf-8")
    with pytest.raises(ValueError, match="expected certificates in PEM"):
        HttpTransport("https://127.0.0.1", Connection(cacert=path))


def test_a_missing_client_is_named_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "httpx", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'diarkit\[verify\]'"):
        HttpTransport("http://127.0.0.1", Connection())


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://127.0.0.1:8000", True),
        ("http://localhost", True),
        ("http://[::1]:80", True),
        ("http://localhost.example.com", False),
        ("http://127.example.com", False),
        ("http://10.0.0.1", False),
    ],
)
def test_this_computer_is_known_by_its_addresses(url: str, here: bool) -> None:
    assert is_loopback(url) is here
