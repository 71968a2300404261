"""A server that is a function, on a socket, every request of it counted. Knows every HTTP method and no mistake of a server."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Generator

    from seeded.broken import Server

STOP_TIMEOUT_S = 5.0
CRASH = b"Internal Server Error"


@dataclass(slots=True)
class Traffic:
    """What a server was asked and told, counted by itself: the same for each tool.

    Attributes:
        uploads: that were taken; each is a task.
        results: looks that told a task as done, or whatever a broken server calls it when a result is there.
        rejected: looks that told a task as rejected.
    """

    calls: int = 0
    uploads: int = 0
    bytes_up: int = 0
    results: int = 0
    rejected: int = 0

    def count(self, asked: Any, told: Any) -> None:
        """Count one request and its answer."""
        self.calls += 1
        self.bytes_up += len(asked.body)
        if asked.method == "POST" and told.status in {200, 202}:
            self.uploads += 1
        if asked.looks and told.status == 200:
            try:
                state = json.loads(told.body)["task"]["state"]
            except (ValueError, KeyError):
                return
            self.results += state in {"done", "finished"}
            self.rejected += state == "rejected"


@contextmanager
def listen(server: Server, ask: Any, tell: Any) -> Generator[tuple[str, Traffic]]:
    """Let a server listen on loopback.

    Args:
        server: the function.
        ask: makes what it is asked.
        tell: makes the answer for a crash.

    Yields:
        Its URL, and what it counts.
    """
    with _Listening(("127.0.0.1", 0), _Handler) as listening:
        listening.ask, listening.tell, listening.function = ask, tell, server
        thread = threading.Thread(target=listening.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.server_port}", listening.traffic
        finally:
            listening.shutdown()
            thread.join(STOP_TIMEOUT_S)


class _Listening(ThreadingHTTPServer):
    daemon_threads = True
    ask: Any
    tell: Any
    function: Server

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(address, handler)
        self.traffic = Traffic()
        self._lock = threading.Lock()

    def answer(self, asked: Any) -> Any:
        """Answer one request at a time; a server of broken code answers all the same."""
        with self._lock:
            try:
                told = self.function(asked)
            except Exception:  # noqa: BLE001 - whatever the mistake
                told = self.tell(status=500, headers={"content-type": "text/plain; charset=utf-8"}, body=CRASH)
            self.traffic.count(asked, told)
            return told

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a client that has gone."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def handle_any(self) -> None:
        """Answer whatever method it is."""
        url = urlsplit("http://server" + self.path)
        headers = tuple((name.lower(), value) for name, value in self.headers.items())
        listening = cast("_Listening", self.server)
        asked = listening.ask(
            method=self.command, path=url.path, query=url.query, headers=headers, body=self.read_body()
        )
        told = listening.answer(asked)
        self.send_response_only(told.status)
        for name, value in told.headers.items():
            if name != "content-length":
                self.send_header(name, value)
        self.send_header("content-length", str(len(told.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(told.body)

    def read_body(self) -> bytes:
        """Read a body of known length, or one in chunks."""
        if "chunked" not in self.headers.get("transfer-encoding", ""):
            return self.rfile.read(int(self.headers.get("content-length", "0")))
        body = b""
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return body

    def __getattr__(self, name: str) -> Any:
        """Know each method there is: a server answers what it does not have with 405."""
        if name.startswith("do_"):
            return self.handle_any
        raise AttributeError(name)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
        """Say nothing."""
