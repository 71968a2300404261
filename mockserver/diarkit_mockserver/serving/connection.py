"""A client connection: pass requests to the platform, and write answers, all within limits.

    inbox --piece--> parser --> _begin: a head   --> platform ---------> _respond: an answer, now or at its time
      ^                     `-> _receive: a body --> upload, or page --> _finish: the message ends
      `-- waits while an answer is on its way, or while the client fetches none

Answers depend only on the requests, and not on how their bytes are split. This module is long, as all that a connection may wait
for is one state.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any, Final

from diarkit_mockserver.clock import Clock, to_ticks
from diarkit_mockserver.intake.refusals import Condition, Refusal, refuse
from diarkit_mockserver.intake.request import check_head, read_request
from diarkit_mockserver.serving.deadline import Deadline
from diarkit_mockserver.serving.front import PLAIN, Front
from diarkit_mockserver.serving.inbox import Inbox
from diarkit_mockserver.serving.message import Message
from diarkit_mockserver.serving.pages import LARGEST_BODY, Pages, is_control, is_page
from diarkit_mockserver.serving.parser import RequestParser
from diarkit_mockserver.world.wire import CLOSE, Disturbance, Response, write_head, write_refusal

if TYPE_CHECKING:
    from diarkit_mockserver.forward.gateway import Gateway
    from diarkit_mockserver.forward.relay import Relay
    from diarkit_mockserver.intake.request import Request
    from diarkit_mockserver.intake.upload import UploadReader
    from diarkit_mockserver.world.platform import Platform
    from diarkit_mockserver.world.visit import Visit

LARGEST_HEAD: Final = 64 << 10
"""Limit of bytes for request line and headers, or trailers; nginx, in front of the platform, accepts 32 KiB by default."""

LARGEST_REPEATED: Final = 4 << 10
"""Limit of bytes for a head that is recognised if it is sent again."""

HEAD_SECONDS = 60.0
"""Real time for a head, or the body of a control call, to arrive; as in nginx."""

IDLE_SECONDS = 5.0
"""Real time for the next request to begin; as in uvicorn."""

FETCH_SECONDS = 60.0
"""Real time for a client to read some of the pending data; as in nginx."""

REFRESH_SECONDS = 1.0
"""Real time to wait for a scenario file to be completely written before an upload is answered."""

LINGER_SECONDS = 2.0
LINGER_BYTES: Final = 1 << 20
"""Limits for a client to read its last answer, of real time and of bytes still sent, before the connection is reset."""

PIECES_PER_TURN: Final = 64
"""Limit per turn, for fairness between connections."""

log = logging.getLogger("diarkit")

_numbers = itertools.count(1)


class Shared:
    """State shared by the connections of a server.

    Args:
        platform: that answers.
        pages: additional paths.
        interrupt: closes the server's port for so many seconds of a clock.
        front: front end.
        gateway: to a live platform; None for none.
    """

    def __init__(
        self,
        platform: Platform,
        pages: Pages,
        interrupt: Callable[[Clock, float], None],
        front: Front = PLAIN,
        gateway: Gateway | None = None,
    ) -> None:
        self.platform = platform
        self.pages = pages
        self.front = front
        self.cors = front.cors if front.cors.origins else None
        self.interrupt = interrupt
        self.gateway = gateway
        self.is_page = is_page if gateway is None else is_control
        self.connections: set[ClientConnection] = set()
        self.tasks: set[asyncio.Task[None]] = set()


class ClientConnection(asyncio.Protocol):
    """The protocol of one connection.

    Args:
        shared: by the connections of its server.
        loop: of its server.
    """

    def __init__(self, shared: Shared, loop: asyncio.AbstractEventLoop) -> None:
        self._shared = shared
        self._platform = shared.platform
        self.number: int = next(_numbers)
        self._loop = loop
        self._deadline = Deadline(loop, self._be_late)
        self._inbox = Inbox()
        self._message: Message | None = None
        self._answering: asyncio.Task[None] | None = None
        self._reads = True
        self._unfetched = False
        self._is_full = False  # the buffer of the relay
        self._ends = False  # with the current answer
        self._dropped = 0
        self._at_eof = False
        self._parser = RequestParser()
        # The last head, if no body belonged to it: a client that polls sends the same bytes again.
        self._last: tuple[bytes, Request] | None = None
        self._section_size = 0  # of the head, or of a chunked body's framing
        self._is_timed = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start, with a deadline for the first request."""
        self.transport: asyncio.Transport = transport  # type: ignore[assignment] # uvloop's is one in all but descent
        host, port = transport.get_extra_info("sockname")[:2]
        self._server = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        peer = transport.get_extra_info("peername")
        self._is_trusted = self._shared.front.trusts(peer[0] if peer else "")
        self._scheme = "http" if transport.get_extra_info("sslcontext") is None else "https"
        self._shared.connections.add(self)
        self._deadline.set(HEAD_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        """Clean up; a delayed answer still proceeds, for the outage that may follow."""
        del exc
        self._ends = True
        self._shared.connections.discard(self)
        self._deadline.close()
        message, self._message = self._message, None
        if message is not None:
            message.stop_timing()
            if message.visit is not None and message.drop_body():
                self._give_up(message, message.visit, "the client closed the connection in the middle of its upload")

    def data_received(self, data: bytes) -> None:
        """Receive bytes; after the last answer they are dropped."""
        if not self._ends:
            self._inbox.add(data)
            self._go_on()
            if self._message is not None and self._reads:
                # libuv would read eight megabytes of a stream before serving another connection.
                self._read_on(reads=False)
                self._loop.call_soon(self._go_on)
        else:
            self._dropped += len(data)
            if self._dropped > LINGER_BYTES:
                self.transport.abort()

    def eof_received(self) -> bool:
        """Answer pending requests at the end of input."""
        self._at_eof = True
        waits = self._answering is not None or bool(self._inbox.data)
        return waits and not self._ends and self._scheme == "http"  # TLS has no half-closed connections

    def pause_writing(self) -> None:
        """Stop reading from a client that does not read, to limit pending answers."""
        self._unfetched = True
        self._read_on(reads=False)
        self._deadline.set(FETCH_SECONDS)

    def resume_writing(self) -> None:
        """Continue reading; deadlines are extended by the pause."""
        self._unfetched = self._is_timed = False
        self._go_on()

    def _go_on(self) -> None:
        """Process pending bytes while there is room for answers, then set the next deadline."""
        inbox = self._inbox
        for _ in range(PIECES_PER_TURN):
            if not inbox.data or self._is_held():
                break
            try:
                self._read()
            except Exception:
                log.exception("a request failed")
                self._end(write_refusal(Refusal(500)))
        else:
            self._loop.call_soon(self._go_on)
        if self.transport.is_closing():
            return
        self._read_on(reads=not self._unfetched and (self._ends or not inbox.data))
        if self._at_eof and not inbox.data and not self._is_held():
            self.transport.close()
        elif not self._unfetched:
            self._set_deadline()

    def _read_on(self, *, reads: bool) -> None:
        if reads is not self._reads:
            self._reads = reads
            if reads:
                self.transport.resume_reading()
            else:
                self.transport.pause_reading()

    def _is_held(self) -> bool:
        return (
            self._answering is not None or self._unfetched or self._is_full or self._ends or self.transport.is_closing()
        )

    def _set_deadline(self) -> None:
        message = self._message
        if message is not None and message.relay is not None and not self._is_full and self._answering is None:
            self._deadline.set(HEAD_SECONDS)  # since the last of its body came
        elif self._answering is not None or (message is not None and message.page is None and not self._ends):
            self._deadline.lift()
        elif self._ends:
            return
        elif message is None and not self._section_size:
            self._deadline.set(IDLE_SECONDS)
        elif not self._is_timed:
            self._is_timed = True
            self._deadline.set(HEAD_SECONDS)

    def _be_late(self) -> None:
        if self._unfetched or self._ends:
            self.transport.abort()
        else:
            self.transport.close()

    def _read(self) -> None:
        """Parse one piece, in which at most one head or message ends, and act on it."""
        message = self._message
        if message is None and self._last is not None and self._inbox.take_equal(self._last[0]):
            self._parser.message_ended = True
            self._begin(self._last[1], keeps_alive=True)
            return
        if self._parser.left:
            piece = self._inbox.take(self._parser.left)
        else:
            piece = self._inbox.take_section()
            self._section_size += len(piece)
            if message is None and self._section_size > LARGEST_HEAD:
                self._refuse_bytes("the head of the request is too long")
                return
        try:
            self._parser.feed(piece)
        except ValueError as error:
            self._refuse_bytes(str(error))
            return
        if message is not None:
            self._receive(message)
        elif self._parser.head_ended:
            self._read_head(piece)

    def _refuse_bytes(self, reason: str) -> None:
        """Refuse invalid HTTP, including the upload whose body it is in."""
        refusal = refuse(Condition.NOT_HTTP, reason=reason)
        message = self._message
        if message is not None and message.visit is not None and message.drop_body():
            self._refuse_upload(message, message.visit, refusal)
        else:
            log.info("connection %d: %s", self.number, reason)
            self._end(write_refusal(refusal))

    def _read_head(self, piece: bytes | memoryview) -> None:
        """Read the head that ends with a piece."""
        parser = self._parser
        request = read_request(
            parser.method,
            parser.target,
            parser.headers,
            scheme=self._scheme,
            server=self._server,
            size=self._section_size,
            is_trusted=self._is_trusted,
        )
        keeps_alive = parser.version == "1.1" and parser.method != "CONNECT" and parser.keeps_alive
        waits = False
        if not parser.message_ended and parser.version == "1.1":
            waits = (request.find(b"expect") or b"").lower() == b"100-continue"
        fault = check_head(parser.version, request)
        is_plain = parser.message_ended and keeps_alive and fault is None
        self._last = (bytes(piece), request) if is_plain and len(piece) == request.size <= LARGEST_REPEATED else None
        self._section_size = 0
        self._begin(request, fault, keeps_alive=keeps_alive, waits=waits)

    def _begin(self, request: Request, fault: Refusal | None = None, *, keeps_alive: bool, waits: bool = False) -> None:
        """Act on a head: answer it, or decide who receives its body."""
        self._message = message = Message(request, keeps_alive, waits)
        if fault is None and self._shared.is_page(request.path):
            message.page = bytearray()
            self._go_in(message)
            return
        cors = self._shared.cors
        if cors is not None and (preflight := cors.answer_preflight(request)) is not None:
            message.send(self.transport, preflight)
            self._go_in(message)
            return
        message.place = self._platform.find_place(request.path)
        pause = self._platform.refresh(message.place) if request.method == "POST" else 0.0
        if pause:
            self._answer_later(self._visit_later(message, fault, pause))
        else:
            self._visit(message, fault)

    async def _visit_later(self, message: Message, fault: Refusal | None, pause: float) -> None:
        """Wait until the scenario file is completely written, up to a limit."""
        clock = Clock()
        while pause and clock.now() < to_ticks(REFRESH_SECONDS):
            await clock.wait_until(clock.now() + to_ticks(pause))
            pause = self._platform.refresh(message.place)
        if not self.transport.is_closing():
            self._answering = None
            self._visit(message, fault)

    def _go_in(self, message: Message) -> None:
        """Proceed from the head to the body."""
        if self._ends:
            return
        if self._parser.message_ended:
            self._finish(message)
            return
        if message.waits and any(each is not None for each in (message.upload, message.page, message.relay)):
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if message.visit is not None and not self._inbox.data:
            self._start_timing(message, message.visit)  # no body may ever come

    def _visit(self, message: Message, fault: Refusal | None) -> None:
        """Answer by the head alone, or begin to read an upload."""
        platform, place, gateway = self._platform, message.place, self._shared.gateway
        message.visit = visit = platform.begin(message.request, place, self.number)
        if fault is not None:
            self._end(platform.refuse(visit, place, fault))
        elif gateway is not None and (
            taken := gateway.take(visit, place, self._take_more, has_body=not self._parser.message_ended)
        ):
            self._relay(message, taken)
        elif not platform.is_upload(visit, place):
            self._respond(message, platform.answer(visit, place))
        elif (early := platform.refuse_early(visit, place)) is not None:
            self._respond(message, early)
        else:
            message.upload = platform.read_upload(visit, place)
        self._go_in(message)

    def _answer_upload(self, message: Message, visit: Visit, upload: UploadReader) -> None:
        """Answer an upload at the end of its body."""
        self._respond(message, self._platform.answer(visit, message.place, upload))

    def _refuse_upload(self, message: Message, visit: Visit, refusal: Refusal) -> None:
        """Refuse an upload in the middle of its body."""
        self._end(self._platform.refuse(visit, message.place, refusal))

    def _give_up(self, message: Message, visit: Visit, reason: str) -> None:
        """Record an upload whose client has gone."""
        self._platform.give_up(visit, message.place, reason)

    def _relay(self, message: Message, taken: Response | Relay) -> None:
        """Send the gateway's own answer, or wait for that to a forwarded request."""
        if isinstance(taken, Response):
            self._respond(message, taken)
            return
        message.relay = taken
        self._follow(taken.answering)
        taken.answering.add_done_callback(lambda answering: self._answer_early(message, answering))

    def _take_more(self) -> None:
        self._is_full = False
        self._go_on()

    def _receive(self, message: Message) -> None:
        """Pass on the parsed part of a body."""
        data = self._parser.take_body()
        if data:
            self._section_size = 0
        if self._section_size > LARGEST_HEAD:
            self._refuse_bytes("the trailers of the request are too long")
            return
        if message.upload is not None and message.visit is not None:
            message.visit.received += len(data)
            message.upload.feed(data)
        elif message.relay is not None and message.visit is not None:
            message.visit.received += len(data)
            message.relay.feed(data)
            self._is_full = message.relay.is_full
        elif message.page is not None:
            message.page += data[: LARGEST_BODY - len(message.page)]
        if self._parser.message_ended:
            self._finish(message)
        elif message.timing is None and message.visit is not None:
            self._start_timing(message, message.visit)

    def _finish(self, message: Message) -> None:
        """End a message: answer requests that waited for their body."""
        if message.timing is not None:
            message.stop_timing()
        self._message = None
        self._parser.expect_head()
        self._section_size = 0
        self._is_timed = False
        self._ends = self._ends or not message.keeps_alive
        if message.upload is not None and message.visit is not None:
            self._answer_upload(message, message.visit, message.upload)
        elif message.relay is not None:
            message.relay.end()
            self._answer_later(self._answer_awaited(message, message.relay.answering))
        elif message.page is not None:
            self._answer_later(self._answer_page(message, bytes(message.page)))
        if self._ends:
            self._close_at_end()

    def _close_at_end(self) -> None:
        if self._ends and self._answering is None and self._message is None:
            self.transport.close()

    def _prepare(self, message: Message | None, response: Response) -> Response:
        """Add CORS headers to an answer of the platform, and end the connection with it if a rule or a fault says so."""
        if message is not None and CLOSE in response.headers:
            message.keeps_alive = False
            self._ends = self._ends or self._message is not message  # which is complete
        cors = self._shared.cors
        if cors is None or message is None or message.page is not None:
            return response
        return cors.share(message.request, response)

    def _respond(self, message: Message, response: Response) -> None:
        response = self._prepare(message, response)
        if response.disturbance is None:
            message.send(self.transport, response)
        else:
            self._answer_later(self._disturb(message, response, response.disturbance))

    def _end(self, response: Response) -> None:
        """Send the last answer of a connection whose client may still be sending.

        Further input is read and dropped for a while: with unread bytes, the system would reset the connection, and the client would lose
        its answer.
        """
        response = self._prepare(self._message, response)
        if self._message is not None:
            self._message.stop_timing()
            self._message = None
        self._ends = True
        self._inbox.clear()
        self.transport.write(write_head(response, len(response.body), keeps_alive=False) + response.body)
        if self.transport.can_write_eof():
            self.transport.write_eof()
            self._deadline.set(LINGER_SECONDS)
        else:
            self.transport.close()

    def _answer_later(self, answering: Coroutine[Any, Any, None]) -> None:
        self._answering = self._run(answering)
        self._answering.add_done_callback(self._end_answering)

    def _end_answering(self, answering: asyncio.Task[None]) -> None:
        if self._answering is answering:
            self._answering = None
        if not answering.cancelled() and (error := answering.exception()) is not None:
            log.error("a request failed", exc_info=error)
            if not self.transport.is_closing():
                self._end(write_refusal(Refusal(500)))
        self._close_at_end()
        self._go_on()

    def _run(self, coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = self._loop.create_task(coroutine)
        self._follow(task)
        return task

    def _follow(self, task: asyncio.Task[Any]) -> None:
        """Track a task, to cancel it with the server."""
        self._shared.tasks.add(task)
        task.add_done_callback(self._shared.tasks.discard)

    async def _answer_awaited(self, message: Message, answering: Awaitable[Response]) -> None:
        response = self._prepare(message, await answering)
        if self.transport.is_closing():
            return
        if response.disturbance is None:
            message.send(self.transport, response)
        else:
            await self._disturb(message, response, response.disturbance)

    def _answer_early(self, message: Message, answering: asyncio.Task[Response]) -> None:
        """Pass on an answer that the live platform sent before the end of the body."""
        self._is_full = False
        if (
            answering.cancelled()
            or self._message is not message
            or message.relay is None
            or self.transport.is_closing()
        ):
            return
        if (error := answering.exception()) is not None:
            log.error("a request failed", exc_info=error)
        self._end(write_refusal(Refusal(500)) if error is not None else answering.result())

    async def _answer_page(self, message: Message, body: bytes) -> None:
        response = await self._shared.pages.answer(message.request, body)
        if not self.transport.is_closing():
            message.send(self.transport, response)

    async def _disturb(self, message: Message, response: Response, how: Disturbance) -> None:
        await message.send_disturbed(self.transport, response, how)
        if how.outage is not None and how.connection is None:
            self._shared.interrupt(how.clock, how.outage.seconds)

    def _start_timing(self, message: Message, visit: Visit) -> None:
        world = self._platform.world if message.place is None else message.place.world
        longest = world.scenario.limits.upload_seconds
        if longest is not None and message.relay is None:
            message.timing = self._run(self._time_body(message, world.clock, visit.asked_at + to_ticks(longest)))

    async def _time_body(self, message: Message, clock: Clock, moment: int) -> None:
        await clock.wait_until(moment)
        message.timing = None
        if message.upload is None or message.visit is None:
            self.transport.close()
        else:
            message.drop_body()
            refusal = refuse(
                Condition.TOO_SLOW,
                reason="limits.upload_seconds: the body did not arrive in time",
                limit="upload_seconds",
            )
            self._refuse_upload(message, message.visit, refusal)
