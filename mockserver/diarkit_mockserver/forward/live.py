"""The live platform behind a proxy: a request goes out as its body comes, its whole answer comes back. Keeps nothing."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Final, cast
from urllib.parse import urlsplit

from diarkit_contracts.exchanges.exchange import Answer, Loss, Lost
from diarkit_contracts.target.client import UnreachableError
from diarkit_contracts.target.coding import CodingError, decode_body
from diarkit_contracts.target.failures import explain_failure, find_loss
from diarkit_contracts.target.transport import ANSWER_S, CONNECT_S, LARGEST_ANSWER, MOST_OF_LOST, make_trust
from diarkit_fixtures.errors import require

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Iterable

    from diarkit_contracts.target.transport import Way

TIMEOUT: Final = {"connect": CONNECT_S, "read": ANSWER_S, "write": ANSWER_S, "pool": ANSWER_S}

CODING: Final = frozenset({"content-encoding", "content-length"})


class Live:
    """A live platform.

    Args:
        way: to it.

    Raises:
        MissingExtraError: without the extra `verify`.
        BadConnectionError: for certificates and keys that are none.
    """

    def __init__(self, way: Way) -> None:
        require("httpx")
        import httpx  # noqa: PLC0415 - of the extra `verify`; the fake does without it

        self.way = way
        parts = urlsplit(way.url)
        self.host = parts.netloc
        self.prefix = parts.path
        self._httpx = httpx
        # Its debug lines have whole heads, with all secrets.
        logging.getLogger("httpcore").setLevel(logging.INFO)
        self._transport = httpx.AsyncHTTPTransport(
            verify=make_trust(way.connection) if parts.scheme == "https" else False,
            proxy=None if way.connection.proxy is None else way.connection.proxy.url,
            trust_env=False,
            # As many as there are clients: each request of theirs is under way already. None is used twice: a platform may close it
            # with the next request on the way, and an upload that has begun can't be sent again.
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
        )

    async def send(
        self, method: str, target: str, headers: Iterable[tuple[bytes, bytes]], body: AsyncIterable[bytes] | None
    ) -> Answer:
        """Send a request and wait for its whole answer: for each step no longer than `ANSWER_S`, and so for all that follows the body.

        Args:
            method: in capitals.
            target: path and query, below the URL of the platform.
            headers: all of them, with what frames the body.
            body: as it comes; None for none.

        Returns:
            The answer, without content codings.

        Raises:
            UnreachableError: there was none.
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
                    told = tuple(
                        (name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers.raw
                    )
                    came = Answer(status=response.status_code, headers=told)
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
            proxy = "" if self.way.connection.proxy is None else str(self.way.connection.proxy)
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
    """Pass a body on, and let the time of the answer begin at its end."""
    async for piece in body:
        yield piece
    bound.reschedule(asyncio.get_running_loop().time() + ANSWER_S)


def _decode(came: Answer, content: bytes) -> Answer:
    """Take the content codings off an answer, though none was asked for; nothing else of its head says what they were."""
    body = decode_body(content, came.headers, LARGEST_ANSWER)
    if body is content:
        return replace(came, body=content)
    kept = tuple((name, value) for name, value in came.headers if name.lower() not in CODING)
    return replace(came, headers=kept, body=body)
