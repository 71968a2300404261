"""Send calls to the fake: over HTTP to any server, or directly to one in this process. The calls are defined in `calls`.

Uses only the standard library.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import pickle
import selectors
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, TypeAlias, TypeVar
from urllib.parse import urlsplit

from diarkit_fixtures.texts.build import build_value
from diarkit_fixtures.texts.read import make_yaml
from diarkit_fixtures.texts.tree import plant
from diarkit_mockserver.control.call import Order, parse_body
from diarkit_mockserver.control.calls import PAGE, read_journal, read_ready
from diarkit_mockserver.control.orders import CONTROL, NewWorld
from diarkit_mockserver.control.problem import ControlError, make_error
from diarkit_mockserver.control.views import JournalPage, Problem, Ready
from diarkit_mockserver.journal.export import OWN, read_entry
from diarkit_mockserver.journal.journal import Entry
from diarkit_mockserver.world.platform import WORLDS, Platform

T = TypeVar("T")

TIMEOUT_S: Final = 30.0
"""Calls take less than a tenth of a second; a hanging server should be noticed."""

FIND_TIMEOUT_S: Final = 20.0
"""Other servers may not answer such a call at all. Not shorter, as tests would be skipped if a slow fake is not recognised."""


@lru_cache(maxsize=16)
def _read_unnamed(text: str) -> NewWorld:
    return parse_body(NewWorld, make_yaml(text), "")


class NearControl:
    """Sends calls to the server in this process; attributes and methods as of `Control`."""

    def __init__(self, url: str, platform: Platform, call: Callable[..., Any]) -> None:
        self.url = url
        self.reveals = True
        self._platform = platform
        self._call = call

    def send(self, order: Order[T], world: str = "") -> T:
        """Send a call, and return a copy of its answer."""
        # Parsed in this thread, so that the server is not blocked.
        body = order.arguments.get("body")
        if isinstance(body, NewWorld):  # in most tests equal except for its names
            unnamed = _read_unnamed(order.call(replace(body, name=None, ids_from=None)).write_body())
            body = replace(unnamed, name=body.name, ids_from=body.ids_from)
        elif (kind := order.call.body) is not None:
            body = parse_body(kind, make_yaml(order.write_body() or ""), world)
        answer: T = self._call(self._run, order, world, body)
        return answer

    def close(self) -> None:
        """Do nothing, as no connection is open."""

    def _run(self, order: Order[T], world: str, body: object) -> T:
        arguments = {name: value for name, value in order.arguments.items() if name != "body"}
        # Copied in the server's thread, where nothing changes it.
        copied: T = pickle.loads(pickle.dumps(order.call.run(self._platform, world, arguments, body)))  # noqa: S301 - our own value
        return copied


class Control:
    """A client of one server over HTTP. Thread-safe: calls are serialised over one connection.

    Attributes:
        url: of the server, without a trailing slash.
        reveals: whether it may request secrets.
    """

    def __init__(
        self, url: str, token: str | None = None, *, timeout_s: float = TIMEOUT_S, cacert: Path | None = None
    ) -> None:
        address = urlsplit(url)
        if address.scheme not in {"http", "https"} or not address.hostname:
            raise ValueError(f"expected a URL such as http://127.0.0.1:8000, got {url!r}")
        self.url = url
        self.reveals = token is not None
        self._prefix = address.path.rstrip("/") + CONTROL
        self._headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self._connection = (
            http.client.HTTPConnection(address.hostname, address.port, timeout=timeout_s)
            if address.scheme == "http"
            else http.client.HTTPSConnection(
                address.hostname, address.port, timeout=timeout_s, context=ssl.create_default_context(cafile=cacert)
            )
        )
        self._lock = threading.Lock()

    def send(self, order: Order[T], world: str = "") -> T:
        """Send a call, and return its answer.

        Raises:
            UnknownError: for an unknown world or task.
            RefusedError: if the arguments are invalid, or conflict with the current state.
            ControlError: for other refusals.
            OSError: if no server answers.
        """
        path, body, headers = order.write_path(world), order.write_body(), dict(self._headers)
        if body is not None:
            headers["Content-Type"] = "application/json"
        with self._lock:
            status, kind, answer = self._exchange(order.call.method, self._prefix + path, body, headers)
        if kind == "application/problem+json":
            raise make_error(_read(Problem, answer))
        if status >= 400:
            detail = f"{order.call.method} {path} was answered with {status} by a server that is not diarkit's"
            raise make_error(Problem(type="about:blank", title="Another server", status=status, detail=detail))
        # T is None for calls without an answer.
        read: T = _read(order.call.answer, answer) if answer else None  # type: ignore[assignment]
        return read

    def close(self) -> None:
        """Close the connection; the next call opens a new one."""
        with self._lock:
            self._connection.close()

    def _exchange(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> tuple[int, str, bytes]:
        if _is_stale(self._connection):
            self._connection.close()
        try:
            self._connection.request(method, path, body, headers)
            response = self._connection.getresponse()
            answer = response.read()
        except BaseException:
            # The connection can't be reused in the middle of an exchange.
            self._connection.close()
            raise
        return response.status, response.headers.get_content_type(), answer


Sender: TypeAlias = Control | NearControl
"""Sends calls to a fake, over HTTP or in process."""


def find_control(url: str, token: str | None = None, *, cacert: Path | None = None) -> tuple[Control, Ready] | None:
    """Return a client for the fake at a URL and its identity; None if the server is not a fake."""
    control = Control(url, token, timeout_s=FIND_TIMEOUT_S, cacert=cacert)
    with contextlib.suppress(OSError, ControlError, http.client.HTTPException, ValueError):
        return control, control.send(read_ready())
    control.close()
    return None


def read_pages(
    control: Sender, world: str, *, since: int = 0, task: str | None = None, reveal: bool = False
) -> Iterator[JournalPage]:
    """Yield a world's journal after the exchange `since`: at least one page, the last of which has time and connections."""
    while True:
        page = control.send(read_journal(since=since, task=task, reveal=reveal), world)
        yield page
        if len(page.entries) < PAGE:
            return
        since = page.entries[-1][OWN]["number"]


def read_entries(
    control: Sender, world: str, *, since: int = 0, task: str | None = None
) -> tuple[tuple[Entry, ...], JournalPage]:
    """Return a world's exchanges after `since`, including secrets if allowed, and the last page, which has time and connections."""
    pages = tuple(read_pages(control, world, since=since, task=task, reveal=control.reveals))
    return tuple(read_entry(each) for page in pages for each in page.entries), pages[-1]


def split_world(url: str) -> tuple[str, str]:
    """Split the URL of a server or one of its worlds into the server's URL and the world's name; empty for the default one."""
    if not urlsplit(url).path.startswith(WORLDS):
        return url.rstrip("/"), ""
    base, _, world = url.partition(WORLDS)
    return base, world.rstrip("/")


def _is_stale(connection: http.client.HTTPConnection) -> bool:
    """Return whether the server has closed a persistent connection: it is then readable without a request."""
    if (sock := getattr(connection, "sock", None)) is None:
        return False
    with selectors.DefaultSelector() as selector:
        selector.register(sock, selectors.EVENT_READ)
        return bool(selector.select(0))


def _read(kind: Any, answer: bytes) -> Any:
    value, flaws = build_value(kind, plant(json.loads(answer)))
    if flaws:
        raise ValueError(f"the server has another version: {flaws[0].text}")
    return value
