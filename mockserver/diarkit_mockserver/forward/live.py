"""The live platform behind a proxy: requests are streamed, answers are read completely, and headers are adapted on both ways."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable
from dataclasses import replace
from typing import Final, cast
from urllib.parse import urlsplit, urlunsplit

from diarkit_contracts.exchanges.exchange import Answer, Loss, Lost
from diarkit_contracts.target.client import UnreachableError
from diarkit_contracts.target.coding import CodingError, decode_body
from diarkit_contracts.target.failures import explain_failure, find_loss
from diarkit_contracts.target.transport import ANSWER_S, CONNECT_S, LARGEST_ANSWER, MOST_OF_LOST, Way, make_trust
from diarkit_fixtures.errors import require
from diarkit_mockserver.intake.request import ENDPOINT, Headers, Request

TIMEOUT: Final = {"connect": CONNECT_S, "read": ANSWER_S, "write": ANSWER_S, "pool": ANSWER_S}

CODING: Final = frozenset({"content-encoding", "content-length"})

OF_CONNECTIONS: Final = frozenset(
    {b"connection", b"expect", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"proxy-connection", b"te",
     b"trailer", b"transfer-encoding", b"upgrade"}
)  # fmt: skip
"""Hop-by-hop headers (RFC 9110, 7.6.1), including framing."""

OWN: Final = frozenset({b"host", b"accept-encoding"})
"""Headers set by the proxy itself. No content coding is requested, so that answers can be read and broken."""

LEADING: Final = frozenset({b"x-location", b"location", b"content-location"})
"""Headers of answers with URLs of the platform, rewritten to the proxy."""


class Live:
    """A live platform.

    Raises:
        MissingExtraError: without the extra `verify`.
        BadConnectionError: for invalid certificates and keys.
    """

    def __init__(self, way: Way) -> None:
        require("httpx")
        import httpx  # noqa: PLC0415 - of the extra `verify`; the fake does without it

        self.way = way
        parts = urlsplit(way.url)
        self.host = parts.netloc
        self.prefix = parts.path
        self._httpx = httpx
        # Its debug lines contain complete heads with secrets.
        logging.getLogger("httpcore").setLevel(logging.INFO)
        self._transport = httpx.AsyncHTTPTransport(
            verify=make_trust(way) if parts.scheme == "https" else False,
            proxy=None if way.proxy is None else way.proxy.url,
            trust_env=False,
            # One per client request, never reused: a platform may close a connection while the next request is on its way, and an
            # upload that has begun can't be repeated.
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
        )

    async def send(
        self, method: str, target: str, headers: Iterable[tuple[bytes, bytes]], body: AsyncIterable[bytes] | None
    ) -> Answer:
        """Send a request, and return its complete answer, decoded, or raise UnreachableError; each step is limited to `ANSWER_S`.

        `target` is path and query, relative to the URL of the platform; the headers include those that frame the body.
        """
        came, pieces, size = Answer(status=0), list[bytes](), 0
        loss, reason = None, ""
        try:
            async with asyncio.timeout(None if body is not None else ANSWER_S) as bound:
                request = self._httpx.Request(
                    method,
                    self._httpx.URL(self.way.url).copy_with(raw_path=(self.prefix + target).encode("latin-1")),
                    headers=list(headers),
                    content=None if body is None else _pass_on(body, bound),
                    extensions={"timeout": TIMEOUT},
                )
                response = await self._transport.handle_async_request(request)
                try:
                    received = tuple(
                        (name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers.raw
                    )
                    came = Answer(status=response.status_code, headers=received)
                    async for piece in cast("AsyncIterable[bytes]", response.stream):
                        pieces.append(piece)
                        size += len(piece)
                        if size > LARGEST_ANSWER:
                            loss, reason = Loss.TOO_LARGE, f"the answer is larger than {LARGEST_ANSWER} bytes"
                            break
                finally:
                    await response.aclose()
        except TimeoutError:
            loss, reason = Loss.TOO_SLOW, f"the answer did not end within {ANSWER_S:g} s"
        except (self._httpx.HTTPError, self._httpx.InvalidURL) as error:
            proxy = "" if self.way.proxy is None else str(self.way.proxy)
            reason = explain_failure(error, self.way.url, proxy=proxy, connect_s=CONNECT_S, answer_s=ANSWER_S)
            loss = find_loss(error, has_head=came.status > 0, has_length=came.header("Content-Length") is not None)
        content = b"".join(pieces)
        if loss is None and not 200 <= came.status <= 599:
            loss, reason = Loss.BADLY_FRAMED, f"expected a status from 200 to 599, got {came.status}"
        if loss is None:
            try:
                return _decode(came, content)
            except CodingError as error:
                loss, reason = error.loss, str(error)
        lost = Lost(kind=loss, status=came.status, headers=came.headers, body=content[:MOST_OF_LOST])
        raise UnreachableError(self.way.url, reason, lost)

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.aclose()


async def _pass_on(body: AsyncIterable[bytes], bound: asyncio.Timeout) -> AsyncIterator[bytes]:
    """Pass a body on, and restart the time limit at its end."""
    async for piece in body:
        yield piece
    bound.reschedule(asyncio.get_running_loop().time() + ANSWER_S)


def _decode(came: Answer, content: bytes) -> Answer:
    """Decode the content codings of an answer, though none was requested, and drop the header."""
    body = decode_body(content, came.headers, LARGEST_ANSWER)
    if body is content:
        return replace(came, body=content)
    others = tuple((name, value) for name, value in came.headers if name.lower() not in CODING)
    return replace(came, headers=others, body=body)


def write_onward(request: Request, host: str, way: Way) -> Headers:
    """Return the headers for the platform: the client's without hop-by-hop ones, and configured ones."""
    ours = tuple((name.lower().encode(), value.encode()) for name, value in way.headers)
    dropped = OF_CONNECTIONS | OWN | _list_named(request.find(b"connection")) | {name for name, _ in ours}
    forwarded = ((name, value) for name, value in request.raw_headers if name not in dropped)
    chunked = ((b"transfer-encoding", b"chunked"),) if request.find(b"transfer-encoding") else ()
    return ((b"host", host.encode()), (b"accept-encoding", b"identity"), *forwarded, *ours, *chunked)


def write_back(answer: Answer | Lost, lead: Callable[[str], str]) -> Headers:
    """Return the headers for the client: the platform's without hop-by-hop ones, its URLs led to the proxy."""
    dropped = OF_CONNECTIONS | _list_named((answer.header("connection") or "").encode("latin-1"))
    pairs = ((name.lower().encode("latin-1"), value) for name, value in answer.headers)
    return tuple(
        (name, (lead(value) if name in LEADING else value).encode("latin-1", "replace"))
        for name, value in pairs
        if name not in dropped
    )


def find_path(url: str, host: str, prefix: str) -> str | None:
    """Return the path of a URL on the platform, under any of its names; None if it leads elsewhere."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    at = parts.path.find(ENDPOINT)
    if at < 0 and not (parts.path.startswith(f"{prefix}/") and parts.netloc in {"", host}):
        return None
    return urlunsplit(("", "", parts.path[at if at >= 0 else len(prefix) :], parts.query, parts.fragment))


def _list_named(connection: bytes | None) -> frozenset[bytes]:
    """Return the headers named by a header `Connection`."""
    return frozenset(name.strip().lower() for name in (connection or b"").split(b","))
