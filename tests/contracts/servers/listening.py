"""A server that is a function, on a real socket, with HTTP written its own way. Decides nothing of what is answered."""

from __future__ import annotations

import gzip
import threading
from contextlib import contextmanager
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from contract_servers.fake import Asked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from contract_servers.fake import Server, Told

STOP_TIMEOUT_S: Final = 5.0


class Manner(StrEnum):
    """How HTTP is written; the value names it."""

    PLAIN = "with Content-Length"
    GZIP = "with gzip"
    CLOSE = "with Connection: close"
    CHUNKED = "in chunks"
    CAPITALS = "with header names in capitals"
    OLD = "by HTTP/1.0"
    INTERIM = "with interim answers ahead of each answer"


@contextmanager
def listen(server: Server, manner: Manner = Manner.PLAIN) -> Iterator[str]:
    """Let a server listen on loopback; gives its URL."""
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.0" if manner is Manner.OLD else "HTTP/1.1"
        disable_nagle_algorithm = True

        def handle_any(self) -> None:
            url = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            headers = tuple((name.lower(), value) for name, value in self.headers.items())
            with lock:
                told = server(Asked(method=self.command, path=url.path, query=url.query, headers=headers, body=body))
            _write(self, told, manner)

        do_GET = do_POST = do_PUT = do_DELETE = handle_any  # noqa: N815 - the names that http.server asks for

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
            """Say nothing."""

    class Listening(ThreadingHTTPServer):
        daemon_threads = True

    with Listening(("127.0.0.1", 0), Handler) as listening:
        thread = threading.Thread(target=listening.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.server_port}"
        finally:
            listening.shutdown()
            thread.join(STOP_TIMEOUT_S)


def _write(handler: BaseHTTPRequestHandler, told: Told, manner: Manner) -> None:
    body, headers = told.body, {name: value for name, value in told.headers.items() if name != "content-length"}
    if manner is Manner.GZIP:
        body, headers["content-encoding"] = gzip.compress(body), "gzip"
    if manner is Manner.CLOSE:
        headers["connection"] = "close"
    if manner is Manner.CHUNKED:
        headers["transfer-encoding"] = "chunked"
        pieces = [body[at : at + 7] for at in range(0, len(body), 7)] + [b""]
        body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    elif manner is not Manner.OLD:
        headers["content-length"] = str(len(body))
    if manner is Manner.CAPITALS and "content-type" in headers:
        headers["content-type"] = "Application/JSON; Charset=UTF-8"
    if manner is Manner.INTERIM:
        handler.wfile.write(b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n")
    handler.send_response_only(told.status)
    for name, value in headers.items():
        handler.send_header(name.upper() if manner is Manner.CAPITALS else name, value)
    handler.end_headers()
    handler.wfile.write(body)
