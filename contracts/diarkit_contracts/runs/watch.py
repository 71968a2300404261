"""Record the traffic of a user's HTTP client without a proxy, through the hooks of requests, httpx and aiohttp."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar
from urllib.parse import urlsplit

from diarkit_contracts.exchanges.exchange import Answer, Exchange, Headers, Request, find_header
from diarkit_contracts.exchanges.form import read_form
from diarkit_contracts.exchanges.redaction import Redaction, list_secrets
from diarkit_contracts.target.pace import Clock, SystemClock

Client = TypeVar("Client")

STARTED = "diarkit_started"
"""Attribute for the time a request was sent."""


class Watch:
    """Records the exchanges of watched clients, in memory and redacted.

    A file is read into memory to be described, and an answer is read completely before the caller gets it.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._recorded: list[Exchange] = []
        self._releases: list[Callable[[], None]] = []

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """The recorded exchanges, in the order sent."""
        return tuple(sorted(self._recorded, key=lambda each: each.request.sent_at))

    def add(self, client: Client) -> Client:
        """Watch a client from now on, and return it; raises TypeError for an unsupported client."""
        kind: Any = client
        if isinstance(getattr(kind, "event_hooks", None), dict):
            is_async = hasattr(kind, "aclose")
            before, after = self._hook_async() if is_async else self._hook_sync()
            hooks = kind.event_hooks
            kind.event_hooks = {"request": [*hooks["request"], before], "response": [*hooks["response"], after]}
            self._releases.append(lambda: self._unhook(kind, before, after))
        elif isinstance(getattr(kind, "hooks", None), dict) and hasattr(kind, "mount"):
            kind.hooks["response"].append(self._keep_requests)
            self._releases.append(lambda: kind.hooks["response"].remove(self._keep_requests))
        elif isinstance(getattr(kind, "trace_configs", None), list):
            trace = self._trace_aiohttp()
            kind.trace_configs.append(trace)
            self._releases.append(lambda: kind.trace_configs.remove(trace))
        else:
            raise TypeError(
                f"expected a requests.Session, httpx.Client, httpx.AsyncClient or aiohttp.ClientSession, got {client!r:.100}"
            )
        return client

    def release(self) -> None:
        """Stop watching; the recorded exchanges are retained."""
        while self._releases:
            self._releases.pop()()

    def _unhook(self, client: Any, before: object, after: object) -> None:
        client.event_hooks = {
            name: [hook for hook in hooks if hook not in {before, after}] for name, hooks in client.event_hooks.items()
        }

    def _hook_sync(self) -> tuple[Callable[[Any], None], Callable[[Any], None]]:
        def before(request: Any) -> None:
            request.read()
            request.extensions[STARTED] = self._clock.now()

        def after(response: Any) -> None:
            response.read()
            self._keep_httpx(response)

        return before, after

    def _hook_async(self) -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
        async def before(request: Any) -> None:
            await request.aread()
            request.extensions[STARTED] = self._clock.now()

        async def after(response: Any) -> None:
            await response.aread()
            self._keep_httpx(response)

        return before, after

    def _trace_aiohttp(self) -> Any:
        from aiohttp import TraceConfig  # noqa: PLC0415 - installed if there is such a session

        async def begin(_: object, trace: Any, __: object) -> None:
            trace.started, trace.body = self._clock.now(), b""

        async def send(_: object, trace: Any, sent: Any) -> None:
            trace.body += sent.chunk

        async def end(_: object, trace: Any, ended: Any) -> None:
            response = ended.response
            body = await response.read()
            asked = response.request_info
            self._keep(
                (asked.method, str(asked.real_url), asked.headers.items(), trace.body),
                (response.status, response.headers.items(), body),
                trace.started,
            )

        trace = TraceConfig()
        trace.on_request_start.append(begin)
        trace.on_request_chunk_sent.append(send)
        trace.on_request_end.append(end)
        trace.freeze()
        return trace

    def _keep_httpx(self, response: Any) -> None:
        request = response.request
        self._keep(
            (request.method, str(request.url), request.headers.multi_items(), request.content),
            (response.status_code, response.headers.multi_items(), response.content),
            request.extensions[STARTED],
        )

    def _keep_requests(self, response: Any, **_: object) -> None:
        request = response.request
        body = request.body
        if body is not None and not isinstance(body, str | bytes):
            return  # A consumed stream: a request with unknown content is not judged.
        now = self._clock.now()
        self._keep(
            (request.method, request.url, request.headers.items(), body),
            (response.status_code, response.headers.items(), response.content),
            now - response.elapsed.total_seconds(),
        )

    def _keep(self, sent: tuple[Any, ...], came: tuple[Any, ...], sent_at: float) -> None:
        self._recorded.append(make_exchange(sent, came, sent_at, self._clock.now()))


def make_exchange(sent: tuple[Any, ...], came: tuple[Any, ...], sent_at: float, received_at: float) -> Exchange:
    """Make a redacted exchange from what was sent (method, URL, headers, body if any) and what came (status, headers, body)."""
    method, url, request_headers, content = sent
    status, headers, body = came
    sent_headers = _read_headers(request_headers)
    kind = find_header(sent_headers, "content-type") or ""
    content = content.encode() if isinstance(content, str) else content
    parts = read_form(kind, content) if content else None
    exchange = Exchange(
        Request(method=method.upper(), url=url, headers=sent_headers, parts=parts, sent_at=sent_at),
        Answer(status=status, headers=_read_headers(headers), body=body, received_at=received_at),
    )
    return Redaction(list_secrets(sent_headers)).strike(exchange)


def group_by_server(exchanges: Iterable[Exchange]) -> Iterator[tuple[str, tuple[Exchange, ...]]]:
    """Group exchanges by scheme, host and port, preserving their order."""

    def name(exchange: Exchange) -> str:
        parts = urlsplit(exchange.request.url)
        return f"{parts.scheme}://{parts.netloc}"

    recorded = tuple(exchanges)
    for server, group in itertools.groupby(sorted(recorded, key=name), name):
        yield server, tuple(group)


def _read_headers(pairs: Iterable[tuple[str, str]]) -> Headers:
    return tuple((str(name), str(value)) for name, value in pairs)
