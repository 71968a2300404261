"""The ASGI application: takes requests from the server, streams uploads, sends answers. Decides nothing about them.

The platform's own paths go to `Platform` without a framework. Pages and documents come from a FastAPI application that is made
when somebody first asks for one: importing it takes longer than starting all the rest.
"""

from __future__ import annotations

import asyncio
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from diarkit_mockserver.clock import to_ticks
from diarkit_mockserver.errors import FakeError
from diarkit_mockserver.intake.request import Request
from diarkit_mockserver.world.disturb import cut

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    from diarkit_mockserver.clock import Clock
    from diarkit_mockserver.intake.upload import UploadReader
    from diarkit_mockserver.world.place import Place
    from diarkit_mockserver.world.platform import Platform
    from diarkit_mockserver.world.visit import Visit
    from diarkit_mockserver.world.wire import Response
    from diarkit_mockserver.world.world import World

    Message: TypeAlias = MutableMapping[str, Any]
    Receive: TypeAlias = Callable[[], Awaitable[Message]]
    Send: TypeAlias = Callable[[Message], Awaitable[None]]
    Application: TypeAlias = Callable[[Message, Receive, Send], Awaitable[None]]

PAGES = frozenset({"/__diarkit", "/docs", "/redoc", "/openapi.json", "/openapi.yaml"})
OURS = "/__diarkit/"
"""Paths of ours beside the platform's, and what the others of them begin with."""

CONNECTION = "diarkit.connection"
"""Key of the scope's extensions under which the server hands over the client's connection."""


class Connection(Protocol):
    """The client's connection, as far as an answer may need it."""

    number: int
    transport: asyncio.Transport

    def interrupt(self, clock: Clock, seconds: float) -> None:
        """Close the server's port for a while."""


class ClientGoneError(FakeError):
    """The client closed its connection in the middle of its upload."""


def create_app(platform: Platform) -> Application:
    """Make the application for the worlds of a platform."""

    @cache
    def load_pages() -> Application:
        from diarkit_mockserver.control.pages import create_pages  # noqa: PLC0415 - slow, and rarely needed

        return create_pages(platform)

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        if scope["path"] in PAGES or scope["path"].startswith(OURS):
            await load_pages()(scope, receive, send)
            return
        connection: Connection | None = scope.get("extensions", {}).get(CONNECTION, {}).get("connection")
        host, port = scope.get("server") or ("127.0.0.1", 80)
        request = Request(
            scope["method"],
            scope["path"],
            scope["query_string"],
            scope["headers"],
            scheme=scope["scheme"],
            server=f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
        )
        place = platform.find_place(request.path)
        visit = platform.begin(request, place, 0 if connection is None else connection.number)
        try:
            response = await _answer(platform, visit, place, receive)
        except ClientGoneError:
            platform.give_up(visit, place, "the client closed the connection in the middle of its upload")
            return
        if response.disturbance is None:
            await _send(send, response)
        else:
            await _send_disturbed(receive, send, response, connection)

    return app


async def _answer(platform: Platform, visit: Visit, place: Place | None, receive: Receive) -> Response:
    upload: UploadReader | None = None
    if place is not None and platform.is_upload(visit, place):
        early = platform.refuse_early(visit, place)
        if early is not None:
            return early
        upload = platform.read_upload(visit, place)
        try:
            await _read_body(visit, place.world, upload, receive)
        except TimeoutError:
            return platform.refuse_slow(visit, place)
    return platform.answer(visit, place, upload)


async def _read_body(visit: Visit, world: World, upload: UploadReader, receive: Receive) -> None:
    """Pass the body on, chunk by chunk, as long as the world's time allows."""
    if await _read_chunk(visit, upload, receive):
        return
    longest = world.scenario.limits.upload_seconds
    async with asyncio.timeout(None) as timeout:
        ends = None
        if longest is not None:
            ends = asyncio.ensure_future(world.clock.wait_until(visit.asked_at + to_ticks(longest)))
            loop = asyncio.get_running_loop()
            ends.add_done_callback(lambda done: None if done.cancelled() else timeout.reschedule(loop.time()))
        try:
            while not await _read_chunk(visit, upload, receive):
                pass
        finally:
            if ends is not None:
                ends.cancel()


async def _read_chunk(visit: Visit, upload: UploadReader, receive: Receive) -> bool:
    message = await receive()
    if message["type"] == "http.disconnect":
        raise ClientGoneError
    body: bytes = message["body"]
    visit.received += len(body)
    upload.feed(body)
    return not message.get("more_body", False)


async def _send(send: Send, response: Response) -> None:
    length = (b"content-length", str(len(response.body)).encode())
    await send({"type": "http.response.start", "status": response.status, "headers": [*response.headers, length]})
    await send({"type": "http.response.body", "body": response.body})


async def _send_disturbed(receive: Receive, send: Send, response: Response, connection: Connection | None) -> None:
    disturbance = response.disturbance
    assert disturbance is not None  # noqa: S101 - the caller's condition
    clock = disturbance.clock
    if disturbance.pause:
        await clock.wait_until(clock.now() + disturbance.pause)
    if disturbance.connection is not None and connection is not None:
        await cut(connection.transport, response, disturbance.connection)
        while (await receive())["type"] != "http.disconnect":
            pass
        return
    if disturbance.drip is None:
        await _send(send, response)
    else:
        length = (b"content-length", str(len(response.body)).encode())
        await send({"type": "http.response.start", "status": response.status, "headers": [*response.headers, length]})
        size, every = disturbance.drip.bytes, to_ticks(disturbance.drip.every)
        for start in range(0, len(response.body), size):
            await clock.wait_until(clock.now() + every)
            await send({"type": "http.response.body", "body": response.body[start : start + size], "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    if disturbance.outage is not None and connection is not None:
        connection.interrupt(clock, disturbance.outage.seconds)
