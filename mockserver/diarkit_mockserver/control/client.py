"""Sends calls to the control API of a server, waiting or not. Knows HTTP; what the calls are is in `calls`.

Standard library only: whoever has the fixtures has the client.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import selectors
import threading
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar
from urllib.parse import urlsplit

from diarkit_mockserver.control import answers as read
from diarkit_mockserver.control.calls import Call, read_ready
from diarkit_mockserver.control.orders import CONTROL
from diarkit_mockserver.control.views import Problem

if TYPE_CHECKING:
    from types import TracebackType

    from diarkit_mockserver.control.views import Ready

T = TypeVar("T")

TIMEOUT_S: Final = 30.0
"""No call takes a tenth of a second; a server that hangs should be noticed."""

FIND_TIMEOUT_S: Final = 20.0
"""Another server than ours may not answer such a call at all. Not shorter: tests are skipped where a slow fake is taken for another server."""


class ControlError(Exception):
    """A call was refused.

    Attributes:
        problem: what was expected, what came, what to do.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(problem.detail)

    def __str__(self) -> str:
        """Say what the server said."""
        return f"{self.problem.title}: {self.problem.detail}"


class UnknownError(ControlError, KeyError):
    """There is no such world or task."""


class RefusedError(ControlError, ValueError):
    """What was sent makes no sense, or not now."""


class Control:
    """A client of one server. Any number of threads may use it; their calls go one after the other over one connection.

    Args:
        url: of the server, without a slash at the end.
        token: that the server asks for, if it does.
        timeout_s: for a call.
    """

    def __init__(self, url: str, token: str | None = None, *, timeout_s: float = TIMEOUT_S) -> None:
        address = urlsplit(url)
        if address.scheme not in {"http", "https"} or not address.hostname:
            raise ValueError(f"expected a URL such as http://127.0.0.1:8000, got {url!r}")
        kind = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
        self.url = url
        self._prefix = address.path.rstrip("/") + CONTROL
        self._headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self._connection = kind(address.hostname, address.port, timeout=timeout_s)
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def send(self, call: Call[T]) -> T:
        """Make a call and wait for its answer.

        Raises:
            UnknownError: if there is no such world or task.
            RefusedError: if what was sent makes no sense, or not now.
            ControlError: for every other refusal.
            OSError: if no server answers.
        """
        headers = dict(self._headers)
        body: bytes | None = None
        if isinstance(call.body, str):
            body, headers["Content-Type"] = call.body.encode(), "application/yaml"
        elif call.body is not None:
            body, headers["Content-Type"] = json.dumps(call.body).encode(), "application/json"
        with self._lock:
            status, kind, answer = self._exchange(call.method, self._prefix + call.path, body, headers)
        if status >= 400:
            raise _refuse(call, status, kind, answer)
        if not answer:
            return call.read(None)
        return call.read(json.loads(answer) if kind == "application/json" else answer.decode())

    async def asend(self, call: Call[T]) -> T:
        """Make a call without holding up the event loop; raises what `send` raises."""
        return await asyncio.to_thread(self.send, call)

    def close(self) -> None:
        """Close the connection; the next call opens another one."""
        with self._lock:
            self._connection.close()

    def _exchange(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> tuple[int, str, bytes]:
        if _is_stale(self._connection):
            self._connection.close()
        try:
            self._connection.request(method, path, body, headers)
            response = self._connection.getresponse()
            answer = response.read()
        except BaseException:
            # Half of an exchange is no state to go on from.
            self._connection.close()
            raise
        return response.status, response.headers.get_content_type(), answer


def find_control(url: str, token: str | None = None) -> tuple[Control, Ready] | None:
    """Find out whether the server at a URL is diarkit's: a client for it, and which server it is; None if it is another one."""
    control = Control(url, token, timeout_s=FIND_TIMEOUT_S)
    with contextlib.suppress(OSError, ControlError, http.client.HTTPException, ValueError, TypeError):
        return control, control.send(read_ready())
    control.close()
    return None


def _is_stale(connection: http.client.HTTPConnection) -> bool:
    """Whether the server has closed a kept connection: then there is something to read where nothing was asked."""
    if (kept := getattr(connection, "sock", None)) is None:
        return False
    with selectors.DefaultSelector() as selector:
        selector.register(kept, selectors.EVENT_READ)
        return bool(selector.select(0))


def _refuse(call: Call[Any], status: int, kind: str, answer: bytes) -> ControlError:
    if kind == "application/problem+json":
        problem = read.problem(json.loads(answer))
    else:
        detail = f"{call.method} {call.path} was answered with {status} by a server that is not diarkit's"
        problem = Problem(type="about:blank", title="Another server", status=status, detail=detail)
    leaf = {404: UnknownError, 409: RefusedError, 413: RefusedError, 422: RefusedError}.get(status, ControlError)
    return leaf(problem)
