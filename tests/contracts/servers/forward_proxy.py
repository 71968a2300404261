"""A small forward proxy, for requests with an absolute URL and for CONNECT. Whatever host is asked for, it asks one server."""

from __future__ import annotations

import base64
import http.client
import socket
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

STOP_TIMEOUT_S: Final = 5.0
PATIENCE_S: Final = 10.0
OWN: Final = ("proxy-", "connection", "keep-alive", "transfer-encoding")
"""Beginnings of the names of headers that are between two neighbours."""


@dataclass(slots=True)
class ForwardProxy:
    """What a proxy was asked.

    Attributes:
        url: of the proxy.
        asked: method and URL of each request, in the order in which they came.
        shown: the header with user and password of each; empty where there was none.
    """

    url: str
    asked: list[str] = field(default_factory=list[str])
    shown: list[str] = field(default_factory=list[str])


@contextmanager
def forward(server_url: str, user: str = "") -> Iterator[ForwardProxy]:
    """Let a proxy listen on loopback.

    Args:
        server_url: of the server that it asks for every host.
        user: with the password behind a colon, without whom the proxy refuses; empty if anyone may use it.
    """
    upstream = urlsplit(server_url)
    place = (upstream.hostname or "", upstream.port or 0)
    wanted = f"Basic {base64.b64encode(user.encode()).decode()}" if user else ""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_CONNECT(self) -> None:
            if not self._let_in():
                return
            with socket.create_connection(place, PATIENCE_S) as other:
                self.send_response_only(200)
                self.end_headers()
                back = threading.Thread(target=_pump, args=(other, self.connection), daemon=True)
                back.start()
                _pump(self.connection, other)
                back.join(STOP_TIMEOUT_S)
            self.close_connection = True

        def forward_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            if not self._let_in():
                return
            url = urlsplit(self.path)
            assert url.scheme == "http", "expected an absolute URL, as a proxy is asked"
            headers = {name: value for name, value in self.headers.items() if not name.lower().startswith(OWN)}
            client = http.client.HTTPConnection(*place, timeout=PATIENCE_S)
            client.request(self.command, f"{url.path}?{url.query}" if url.query else url.path, body or None, headers)
            answer = client.getresponse()
            content = answer.read()
            self.send_response_only(answer.status)
            for name, value in answer.getheaders():
                if not name.lower().startswith((*OWN, "content-length")):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("X-Asked-By", f"{user} {wanted}")  # a proxy may well say who has asked it
            self.end_headers()
            self.wfile.write(content)
            client.close()

        do_GET = do_POST = do_PUT = do_DELETE = forward_any  # noqa: N815 - the names that http.server asks for

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
            """Say nothing."""

        def _let_in(self) -> bool:
            shown = self.headers.get("Proxy-Authorization", "")
            proxy.asked.append(f"{self.command} {self.path}")
            proxy.shown.append(shown)
            if shown == wanted:
                return True
            self.send_response(407)
            self.send_header("Proxy-Authenticate", 'Basic realm="proxy"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return False

    class Listening(ThreadingHTTPServer):
        daemon_threads = True

    with Listening(("127.0.0.1", 0), Handler) as listening:
        proxy = ForwardProxy(f"http://127.0.0.1:{listening.server_port}")
        thread = threading.Thread(target=listening.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield proxy
        finally:
            listening.shutdown()
            thread.join(STOP_TIMEOUT_S)


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(65536):
            sink.sendall(piece)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
