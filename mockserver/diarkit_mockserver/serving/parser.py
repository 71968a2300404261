"""Parse the requests of a connection, piece by piece.

The library's callbacks only record; actions follow after it has returned. In each piece at most one head or message ends. A body of
known length is passed on as it is: there is nothing to parse in it, and the library would copy it.
"""

from __future__ import annotations

from typing import Any

import httptools


class RequestParser:
    """The request that is being received.

    Attributes:
        method: of the complete head, in capitals; like version and keeps_alive.
        version: of HTTP.
        keeps_alive: whether another request may follow, by the head alone.
        target: so far.
        headers: of the complete head, names in lower case; trailers are ignored.
        head_ended: whether the head is complete.
        left: remaining bytes of a body of known length.
        message_ended: whether the message is.
    """

    def __init__(self) -> None:
        self._start()
        self.expect_head()

    def expect_head(self) -> None:
        """Begin with the next request."""
        self.target = b""
        self._fields: list[tuple[bytes, bytes]] = []
        self._body: list[bytes] = []
        self.head_ended = self.message_ended = False
        self.left = 0

    def feed(self, piece: bytes | memoryview) -> None:
        """Parse one piece, which must not extend beyond a body of known length; raises ValueError for invalid HTTP."""
        if self.left:
            self._pass_on(piece)
            return
        try:
            self._http.feed_data(piece)
        except httptools.HttpParserUpgrade:
            self._ignore_upgrade()
        except httptools.HttpParserError as error:
            raise ValueError(str(error)) from None

    def take_body(self) -> bytes:
        """Return the parsed part of the body, once."""
        data = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        self._body.clear()
        return data

    def _pass_on(self, piece: bytes | memoryview) -> None:
        self._body.append(bytes(piece))
        self.left -= len(piece)
        if not self.left:
            self.message_ended = True
            self._start()  # the library still expects the body

    def _ignore_upgrade(self) -> None:
        """Read the body nevertheless (RFC 9110, section 7.8), which the library takes for another protocol's."""
        self._start()
        coding = b"".join(b"%s: %s\r\n" % header for header in self.headers if header[0] == b"transfer-encoding")
        self.message_ended = not (self.left or coding)
        if coding:
            self.feed(b"POST / HTTP/1.1\r\n%s\r\n" % coding)

    def _start(self) -> None:
        self._http: Any = httptools.HttpRequestParser(self)
        # Bytes after a last request are dropped without an error.
        self._http.set_dangerous_leniencies(lenient_data_after_close=True)

    def on_url(self, url: bytes) -> None:
        """Record a part of the request target."""
        if not self.head_ended:
            self.target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Record a header."""
        self._fields.append((name.lower(), value.rstrip(b" \t")))  # left by the library (RFC 9110, section 5.5)

    def on_headers_complete(self) -> None:
        """Record the end of a head, and parser state that is lost at the end of the message."""
        if not self.head_ended:
            self.head_ended, self.headers, self._fields = True, self._fields, []
            self.method, self.version = self._http.get_method().decode(), self._http.get_http_version()
            self.keeps_alive = self._http.should_keep_alive()
            if self.method != "CONNECT":
                self.left = int(dict(self.headers).get(b"content-length", 0))

    def on_body(self, body: bytes) -> None:
        """Record a part of a body."""
        self._body.append(body)
        self.left = max(0, self.left - len(body))

    def on_message_complete(self) -> None:
        """Record the end of a message."""
        self.message_ended = True
