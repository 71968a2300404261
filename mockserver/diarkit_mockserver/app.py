"""The ASGI application: takes requests from the server, streams uploads, sends answers. Decides nothing about them.

The platform's own paths go to `Platform` without a framework. Pages and documents come from a FastAPI application that is made
when somebody first asks for one: importing it takes longer than starting all the rest.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

from diarkit_mockserver.refusals import Condition, refuse
from diarkit_mockserver.request import make_request
from diarkit_mockserver.wire import write_refusal

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    from diarkit_mockserver.platform import Platform
    from diarkit_mockserver.wire import Response

    Message: TypeAlias = MutableMapping[str, Any]
    Receive: TypeAlias = Callable[[], Awaitable[Message]]
    Send: TypeAlias = Callable[[Message], Awaitable[None]]
    Application: TypeAlias = Callable[[Message, Receive, Send], Awaitable[None]]

PAGES = ("/docs", "/redoc", "/openapi.json", "/openapi.yaml", "/__diarkit/static")
"""Paths of ours beside the platform's."""


class ClientGoneError(Exception):
    """The client closed its connection in the middle of its upload."""


def create_app(platform: Platform) -> Application:
    """Make the application for the worlds of a platform."""

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        if scope["path"].startswith(PAGES):
            await load_pages()(scope, receive, send)
            return
        host, port = scope.get("server") or ("127.0.0.1", 80)
        request = make_request(
            scope["method"],
            scope["path"],
            scope["query_string"],
            scope["headers"],
            scheme=scope["scheme"],
            server=f"{host}:{port}",
        )
        upload = None
        if platform.is_upload(request):
            upload = platform.read_upload(request)
            try:
                await _pass_body(receive, upload.feed)
            except ClientGoneError:
                return
        response = platform.answer(request, upload)
        await _send(send, response or write_refusal(refuse(Condition.NOT_FOUND)))

    return app


@cache
def load_pages() -> Application:
    """Import and make the FastAPI application of the pages."""
    from diarkit_mockserver.pages import create_pages  # noqa: PLC0415 - slow, and rarely needed

    return create_pages()


async def _pass_body(receive: Receive, feed: Callable[[bytes], None]) -> None:
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        feed(message["body"])
        if not message.get("more_body", False):
            return


async def _send(send: Send, response: Response) -> None:
    length = (b"content-length", str(len(response.body)).encode())
    await send({"type": "http.response.start", "status": response.status, "headers": [*response.headers, length]})
    await send({"type": "http.response.body", "body": response.body})
