"""One client's connection: uvicorn's HTTP/1.1 protocol with a short way for polls, bounds on heads, and its end in our hands.

A poll goes from the parser's callback to the transport without an ASGI message, a task or a framework. Everything else, and every
poll of a world with faults, takes the long way through the application. Both call the same `Platform`.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from diarkit_mockserver.errors import FakeError
from diarkit_mockserver.intake.refusals import Condition, refuse
from diarkit_mockserver.intake.request import ENDPOINT, Request
from diarkit_mockserver.serving.app import CONNECTION
from diarkit_mockserver.world.wire import Response, write_refusal

if TYPE_CHECKING:
    import asyncio
    from asyncio import TimerHandle
    from collections.abc import Callable

    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

    from diarkit_mockserver.clock import Clock
    from diarkit_mockserver.world.platform import Platform

LARGEST_HEAD = 64 << 10
"""Bytes of request line and headers; nginx, which stands before the platform, takes 32 KiB by default."""

HEAD_SECONDS = 60.0
"""For a head to arrive, of real time; as in nginx."""

FETCH_SECONDS = 60.0
"""For a client to fetch some of what waits for it, of real time; as in nginx."""

POLL_MARK = (ENDPOINT + "/").encode()

_numbers = itertools.count(1)


class HeadTooLargeError(FakeError):
    """A client sends a head without an end."""


class ClientConnection(HttpToolsProtocol):
    """The protocol of one connection. `make_protocol` gives it its platform."""

    platform: Platform
    interrupt_server: Callable[[Clock, float], None]

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.access_log = False  # its lines would carry query strings, and with them secrets, to whoever listens
        self.number = next(_numbers)
        self._head_size = 0
        self._unfinished = 0
        self._in_head = False
        self._begins = False
        self._head_ends: TimerHandle | None = None
        self._fetch_ends: TimerHandle | None = None
        self._answers_poll = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as in uvicorn
        """Begin; whoever connects has to say something in time."""
        super().connection_made(transport)
        self._bound_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._unbound_head()
        self._unbound_fetch()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what arrives; a head that is not there at once is bounded in size and in time."""
        self._begins = False
        super().data_received(data)
        if self._in_head and not self.transport.is_closing():
            self._unfinished += 0 if self._begins else len(data)
            if self._unfinished > LARGEST_HEAD:
                self.send_400_response("The head of the request has no end.")
            elif self._head_ends is None:
                self._bound_head()

    def pause_writing(self) -> None:
        """Read no more from a client that does not read: it may send more polls than there is room for answers."""
        super().pause_writing()
        self.flow.pause_reading()
        self._unbound_fetch()
        self._fetch_ends = self.loop.call_later(FETCH_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """Read on."""
        super().resume_writing()
        self.flow.resume_reading()
        self._unbound_fetch()
        # What the client could not send meanwhile it was not late with.
        if self._head_ends is not None:
            self._bound_head()
        if self.timeout_keep_alive_task is not None:
            self._bound_idleness()

    def timeout_keep_alive_handler(self) -> None:
        """Close an idle connection; one whose client has answers to fetch, and has perhaps asked for more, is not idle."""
        if self.flow.write_paused:
            self._bound_idleness()
        else:
            super().timeout_keep_alive_handler()

    def interrupt(self, clock: Clock, seconds: float) -> None:
        """Close the server's port for a while; this connection stays."""
        self.interrupt_server(clock, seconds)

    def on_message_begin(self) -> None:
        """Begin a head; what the application needs is made when it is known to be needed."""
        self.url = b""
        self.headers = []
        self.expect_100_continue = False
        self._head_size = 0
        self._unfinished = 0
        self._in_head = self._begins = True
        self._answers_poll = False

    def on_url(self, url: bytes) -> None:
        """Take a part of the request line, up to a bound."""
        self.url += url
        self._count(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header, up to a bound."""
        super().on_header(name, value)
        self._count(len(name) + len(value))

    def on_headers_complete(self) -> None:
        """Choose the way: a poll is answered when its end is there, everything else goes to the application."""
        self._in_head = False
        self._unbound_head()
        if self._is_plain_poll():
            self._answers_poll = True
            self._keeps_alive = _keeps_alive(self.parser)
            return
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expects
        self.headers.extend(headers)
        self.scope["extensions"] = {CONNECTION: {"connection": self}}
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a part of the body; that of a poll means nothing."""
        if not self._answers_poll:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Answer a poll; tell the application that the body has ended."""
        if self._answers_poll:
            self._answer_poll()
        else:
            super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer what is not HTTP, in the envelope, and close the connection."""
        self._write(write_refusal(refuse(Condition.MULTIPART_BROKEN, reason=msg)), keep_alive=False)

    def _bound_head(self) -> None:
        self._unbound_head()
        self._head_ends = self.loop.call_later(HEAD_SECONDS, self._end_head)

    def _end_head(self) -> None:
        if self.flow.read_paused:
            self._bound_head()
        else:
            self.transport.close()

    def _unbound_head(self) -> None:
        if self._head_ends is not None:
            self._head_ends.cancel()
            self._head_ends = None

    def _unbound_fetch(self) -> None:
        if self._fetch_ends is not None:
            self._fetch_ends.cancel()
            self._fetch_ends = None

    def _count(self, size: int) -> None:
        self._head_size += size
        if self._head_size > LARGEST_HEAD:
            raise HeadTooLargeError

    def _is_plain_poll(self) -> bool:
        parser: Any = self.parser  # uvicorn forgets it when the connection ends; no callback comes after that
        if POLL_MARK not in self.url or parser.get_method() != b"GET" or parser.get_http_version() != "1.1":
            return False
        if b"%" in self.url or self.expect_100_continue or parser.should_upgrade():
            return False
        self._place = place = self.platform.find_place(self.url.partition(b"?")[0].decode("latin-1"))
        return (place is None or not place.world.has_faults) and not _is_busy(self.cycle)

    def _answer_poll(self) -> None:
        path, _, query = self.url.partition(b"?")
        request = Request("GET", path.decode("latin-1"), query, self.headers, scheme="http", server="")
        response = self.platform.answer(self.platform.begin(request, self._place, self.number), self._place)
        self._write(response, keep_alive=self._keeps_alive)

    def _write(self, response: Response, *, keep_alive: bool) -> None:
        lines = [STATUS_LINE[response.status]]
        for name, value in response.headers:
            lines += (name, b": ", value, b"\r\n")
        lines += (b"content-length: ", str(len(response.body)).encode(), b"\r\n")
        lines.append(b"\r\n" if keep_alive else b"connection: close\r\n\r\n")
        lines.append(response.body)
        self.transport.write(b"".join(lines))
        self.server_state.total_requests += 1
        if keep_alive:
            self._bound_idleness()
        else:
            self.transport.close()

    def _bound_idleness(self) -> None:
        self._unset_keepalive_if_required()
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)


def _keeps_alive(parser: Any) -> bool:
    return bool(parser.should_keep_alive())


def _is_busy(cycle: RequestResponseCycle | None) -> bool:
    """Whether an earlier request of the connection is still being answered."""
    return cycle is not None and not cycle.response_complete


def make_protocol(platform: Platform, interrupt: Callable[[Clock, float], None]) -> type[ClientConnection]:
    """Make the protocol class of one server.

    Args:
        platform: that answers.
        interrupt: closes the server's port for so many seconds of a clock.
    """
    return type(
        "ClientConnection", (ClientConnection,), {"platform": platform, "interrupt_server": staticmethod(interrupt)}
    )
