"""Paths in addition to the platform's: control API, pages and documents, served by ASGI.

The application is imported on first use, as that takes longer than starting everything else, and in a thread, so that other
clients are not blocked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from functools import cached_property
from typing import Any, Final, TypeAlias

from diarkit_mockserver.intake.request import Request
from diarkit_mockserver.world.platform import WORLDS, Platform
from diarkit_mockserver.world.wire import Response

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Application: TypeAlias = Callable[[Message, Receive, Send], Awaitable[None]]

DOCUMENTS: Final = frozenset({"/openapi.json", "/openapi.yaml"})
PATHS: Final = DOCUMENTS | {"/__diarkit", "/docs", "/redoc"}
OURS: Final = "/__diarkit/"
"""Additional paths, and prefixes of such paths; each world has its own documents."""

LARGEST_BODY: Final = (1 << 20) + 1
"""Bytes of a body that are passed on: one more than the control API's limit, so that it refuses larger ones."""


def is_page(path: str) -> bool:
    """Return whether a path is an additional one."""
    if path.startswith(WORLDS):
        return path[path.find("/", len(WORLDS)) :] in DOCUMENTS
    return path.startswith(OURS) or path in PATHS


def is_control(path: str) -> bool:
    """Return whether a path is additional even in front of a live platform, which has its own documents."""
    return path.startswith(OURS) or path == "/__diarkit"


class Pages:
    """The lazily imported ASGI application for a platform."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    @cached_property
    def _application(self) -> asyncio.Future[Application]:
        return asyncio.ensure_future(asyncio.to_thread(_make, self._platform))

    async def run(self, scope: Message, receive: Receive, send: Send) -> None:
        """Run the application."""
        # Shielded, as other clients may wait for the same import.
        application = await asyncio.shield(self._application)
        await application(scope, receive, send)

    async def answer(self, request: Request, body: bytes) -> Response:
        """Answer a request with a complete body."""
        host, _, port = request.server.rpartition(":")
        headers = request.raw_headers
        if request.host:  # of an absolute target, which replaces the header (RFC 9112, section 3.2.2)
            others = (header for header in headers if header[0] != b"host")
            headers = [(b"host", request.host.encode("latin-1")), *others]
        scope: Message = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "GET"
            if request.method == "HEAD"
            else request.method,  # a HEAD is answered like a GET, without the body
            "scheme": request.scheme,
            "path": request.prefix + request.path,
            "root_path": request.prefix,
            "query_string": request.query_string.encode("latin-1"),
            "headers": headers,
            "server": (host, int(port)),
            "client": None,
        }
        unread = [body]
        response = Response(500, b"")
        pieces: list[bytes] = []

        async def receive() -> Message:
            if unread:
                return {"type": "http.request", "body": unread.pop(), "more_body": False}
            await asyncio.Event().wait()  # connected until the task is cancelled
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                response.status, response.headers = message["status"], tuple(message["headers"])
            else:
                pieces.append(message.get("body", b""))

        await self.run(scope, receive, send)
        response.body = b"".join(pieces)
        return response


def _make(platform: Platform) -> Application:
    from diarkit_mockserver.control.pages import create_pages  # noqa: PLC0415 - slow, and rarely needed

    return create_pages(platform)
