from __future__ import annotations

import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from diarkit_mockserver.commands import health
from diarkit_mockserver.commands.health import complete_url, explain_health
from diarkit_mockserver.scenario.limits import Limits, Rate
from diarkit_mockserver.scenario.model import Scenario
from diarkit_mockserver.serving.server import bind, write_url

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable


def test_a_server_that_answers_is_healthy(start: Callable[..., Any]) -> None:
    assert explain_health(start().url) is None


def test_a_server_that_refuses_is_not(start: Callable[..., Any]) -> None:
    assert explain_health(start(Scenario(limits=Limits(rate=Rate(requests=0, seconds=9)))).url)


def test_nobody_is_not_healthy() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        assert explain_health(write_url(bound))


@pytest.mark.parametrize(
    "url", ["", "localhost", "http://", "http://[", "ftp://127.0.0.1", "http://127.0.0.1:99999", "http://a b"]
)
def test_what_is_no_address_is_not_healthy(url: str) -> None:
    assert explain_health(url)


@pytest.mark.parametrize("said", [b"", b"220 smtp ready\r\n", b"HTTP/1.1 999\r\n\r\n"])
def test_what_speaks_no_http_is_not_healthy(said: bytes) -> None:
    with bind("127.0.0.1", 0) as bound:

        def answer() -> None:
            client, _ = bound.accept()
            bound.close()  # or a second question would wait for its time to be over
            with client:
                client.recv(1000)
                client.sendall(said)

        url = write_url(bound)
        thread = threading.Thread(target=answer)
        thread.start()
        assert explain_health(url)
        thread.join()


def test_who_does_not_answer_in_time_is_not_healthy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "TIMEOUT_S", 0.05)
    with bind("127.0.0.1", 0) as bound:
        assert explain_health(write_url(bound))


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "all_proxy"])
def test_a_proxy_of_the_environment_is_not_asked(
    start: Callable[..., Any], diarkit: Callable[..., subprocess.CompletedProcess[str]], name: str
) -> None:
    url = start().url
    assert diarkit("health", url, env={name: "http://127.0.0.1:1"}).returncode == 0


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("localhost", "http://localhost"),
        ("[::1]:8000", "http://[::1]:8000"),
        ("https://a:1/", "https://a:1"),
    ],
)
def test_host_and_port_are_enough(text: str, url: str) -> None:
    assert complete_url(text) == url


class Elsewhere(BaseHTTPRequestHandler):
    """A server of somebody else."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/api/system/status" else 404)
        self.send_header("Content-Type", "text/html")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_it_is_said_what_is_wrong(start: Callable[..., Any]) -> None:
    limited = start(Scenario(limits=Limits(rate=Rate(requests=0, seconds=9)))).url
    assert explain_health(limited) == "diarkit answers, but is not ready: 429 application/json"
    assert explain_health(f"{limited}/worlds/none") == "diarkit answers, but is not ready: 404 application/json"
    assert str(explain_health(limited.replace("http", "https"))).startswith("another server answers: no TLS")
    with ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere) as other:
        thread = threading.Thread(target=other.serve_forever)
        thread.start()
        url = f"http://127.0.0.1:{other.server_port}"
        assert explain_health(url) == "another server answers: 200 text/html"
        other.shutdown()
        thread.join()
    assert explain_health(url) == "no answer: Connection refused"
