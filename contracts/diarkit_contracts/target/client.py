"""The polite client: sends calls to one server within limits, waits when asked to, and records every exchange.

Limits are hard: a call that would exceed one is not sent. This module is long because each call is subject to all limits.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Protocol
from urllib.parse import urljoin, urlsplit

from diarkit_contracts.api.error import ContractsError
from diarkit_contracts.api.states import TERMINAL
from diarkit_contracts.exchanges.call_ids import make_ids
from diarkit_contracts.exchanges.exchange import Answer, Exchange, Headers, Loss, Lost, Request
from diarkit_contracts.exchanges.history import START_PATH, find_task_id, find_value, read_object
from diarkit_contracts.exchanges.origin import is_same_origin
from diarkit_contracts.exchanges.redaction import Redaction
from diarkit_contracts.rows.tier import Tier
from diarkit_contracts.target.pace import MOST_RETRY_AFTER_S, Clock, SystemClock, draw_back_off, read_retry_after
from diarkit_fixtures.draws import Draws

if TYPE_CHECKING:
    from diarkit_contracts.rows.call import Call
    from diarkit_fixtures.wav.chunks import Chunks

ASKED_TO_WAIT: Final = (429, 503)
MOST_TRIES: Final = 4
LEAST_ANSWER_S: Final = 1.0
"""Minimum timeout of a call near the end of a run."""
ASIDE_S: Final = 10.0
ASIDE: Final = 0.1
"""Limits of the wait for an answer that is not judged: seconds, and share of the run's time."""
ALL: Final = math.inf
CLOSE: Final[Headers] = (("Connection", "close"),)
ENDED: Final = frozenset(state.value for state in TERMINAL)


class TargetError(ContractsError):
    """A call got no answer."""


class UnreachableError(TargetError):
    """The server could not be reached, or its answer was lost."""

    def __init__(self, url: str, reason: str, lost: Lost | None = None) -> None:
        self.reason = reason
        self.lost = lost or Lost(kind=Loss.REFUSED)
        super().__init__(f"{url} does not answer: {reason}")


class Cap(StrEnum):
    """The limits, as named in messages."""

    TASKS = "tasks"
    IN_FLIGHT = "tasks in flight"
    CALLS = "calls"
    BYTES = "bytes sent"
    RECEIVED = "bytes received"
    SECONDS = "seconds"


class CapReachedError(TargetError):
    """A call would exceed a limit."""

    def __init__(self, cap: Cap, allowed: float) -> None:
        self.cap = cap
        super().__init__(f"budget: {allowed:g} {cap}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """The cost of a run for the target.

    Attributes:
        calls: sent, answered or not.
        seconds: from the first call to the last answer.
    """

    tasks: int = 0
    calls: int = 0
    bytes_up: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """The limits of a run.

    Attributes:
        tasks: accepted.
        calls: of any type.
        bytes_up: of request bodies.
        received: bytes of answers, all of which are held in memory.
        seconds: since the first call.
        in_flight: unfinished tasks.
        spare: tasks beyond `tasks`, for repeated rows and for mistakes accepted as uploads.
        task_seconds: how long to wait for a task; not a limit of the run.
    """

    tasks: int = 10
    calls: int = 400
    bytes_up: int = 3_000_000
    received: float = 32_000_000
    seconds: float = 600.0
    in_flight: int = 2
    spare: int = 16
    task_seconds: float = 120.0


CAPS: Final[Mapping[Tier, Caps]] = {
    Tier.PROBE: Caps(tasks=2, spare=0),  # a lenient server accepts some mistakes: two are enough to know
    Tier.LITE: Caps(),
    Tier.FULL: Caps(tasks=75, spare=60, calls=2_000, bytes_up=18_000_000, seconds=3_600.0),
}
"""The limits of a tier: its needs, and some room for polls of a slow server."""


class Transport(Protocol):
    """Sends bytes: the interface to an HTTP library."""

    def send(self, request: Request, content: bytes | Chunks, within_s: float) -> Answer:
        """Send a request, and return its complete answer within so many seconds, or raise UnreachableError."""
        ...

    def connect(self, url: str) -> None:
        """Connect to the server of a URL without sending anything, or raise UnreachableError."""
        ...


@dataclass(slots=True)
class Target:
    """One server, and all exchanges with it.

    Attributes:
        url: of the server, without a trailing slash; the API's paths are appended.
        headers: to send with each call.
        pace_s: minimum time between two calls.
        exchanges: with complete answers, in the order sent, redacted.
        lost: those without a complete answer, likewise.
        waits: number of waits requested by the server.
    """

    url: str
    transport: Transport
    caps: Caps = field(default_factory=Caps)
    clock: Clock = field(default_factory=SystemClock)
    headers: Headers = ()
    pace_s: float = 0.0
    seed: int = 0
    redaction: Redaction = field(default_factory=Redaction)
    exchanges: list[Exchange] = field(default_factory=list[Exchange])
    lost: list[Exchange] = field(default_factory=list[Exchange])
    waits: int = 0
    _draws: Draws = field(init=False)
    _started_at: float | None = None
    _last_at: float = 0.0
    _calls: int = 0
    _bytes_up: int = 0
    _received: int = 0
    _tasks: int = 0
    _spare_tasks: int = 0
    _is_spare: bool = False
    _cookies: dict[str, str] | None = None
    _most_s: float = ALL
    _running: set[str] = field(default_factory=set[str])
    _tried: set[str] = field(default_factory=set[str])

    def __post_init__(self) -> None:
        self._draws = Draws("verify-target", self.seed)

    @property
    def spent(self) -> Spent:
        """The cost so far."""
        seconds = 0.0 if self._started_at is None else self.clock.now() - self._started_at
        return Spent(tasks=self._tasks + self._spare_tasks, calls=self._calls, bytes_up=self._bytes_up, seconds=seconds)

    @property
    def has_room(self) -> bool:
        """Whether one more task may be in flight."""
        return len(self._running) < self.caps.in_flight

    def send(
        self,
        call: Call,
        *,
        tries: int = MOST_TRIES,
        named: bool = True,
        spare: bool = False,
        cookies: dict[str, str] | None = None,
    ) -> int:
        """Send a call, and retry if the server asks for it.

        Args:
            call: to send.
            tries: maximum number of attempts.
            named: whether to add the two ids, unless `headers` has them.
            spare: whether a task that it starts is a spare one.
            cookies: sent with it, by name, and updated with those of its answer; None to send and store none.

        Returns:
            Position of the exchange with the last answer.

        Raises:
            CapReachedError: the call was not sent, or not answered before the run's time was up.
            UnreachableError: the call was not answered.
        """
        content_type, content = call.write_body()
        own: Headers = ((call.how.typed, content_type),) if content_type else ()
        url, headers = self.url + call.target, (*own, *call.how.headers, *self.headers)
        request = Request(method=call.method, url=url, headers=headers, parts=call.describe_body())
        self._is_spare, self._cookies = spare, cookies
        return self._send_patiently(request, content, tries=tries, named=named)

    def ask_aside(self, call: Call) -> Exchange:
        """Send a call that is not recorded, within a share of the run's time, and return the exchange; raises like `send`."""
        answered, lost = len(self.exchanges), len(self.lost)
        self._most_s = max(LEAST_ANSWER_S, min(ASIDE_S, self.caps.seconds * ASIDE))
        try:
            return self.exchanges[self.send(call, tries=1)]
        finally:
            self._most_s = ALL
            del self.exchanges[answered:], self.lost[lost:]

    def poll(
        self,
        task_id: str,
        location: str | None = None,
        *,
        named: bool = True,
        fresh: bool = False,
        cookies: dict[str, str] | None = None,
    ) -> int:
        """Poll a task; arguments, position and errors are those of `send`.

        `location` is the URL returned by the server, if to be used; followed only on this server, since our headers are meant for
        it. `fresh` closes the connection after the answer.
        """
        url = f"{self.url}{START_PATH}/{task_id}"
        if location is not None:
            led = urljoin(self.url + START_PATH, location)
            if is_same_origin(led, self.url):
                url = led
            else:
                self._try_host(led)
        request = Request(method="GET", url=url, headers=(*self.headers, *(CLOSE if fresh else ())))
        self._cookies = cookies
        return self._send_patiently(request, b"", tries=MOST_TRIES, named=named)

    def _try_host(self, url: str) -> None:
        """Test once whether a host named by the server is reachable, without a request."""
        host = urlsplit(url).netloc
        if host in self._tried:
            return
        self._tried.add(host)
        sent_at = self.clock.now()
        try:
            self.transport.connect(url)
        except UnreachableError as error:
            self.lost.append(self._redact(Request(method="GET", url=url), error.lost, sent_at))

    def give_up(self, task_id: str) -> None:
        """Stop counting a task as in flight."""
        self._running.discard(task_id.lower())

    def _send_patiently(self, request: Request, content: bytes | Chunks, *, tries: int, named: bool) -> int:
        at = self._send_once(request, content, named=named)
        for attempt in range(tries - 1):
            answer = self.exchanges[at].answer
            if answer.status not in ASKED_TO_WAIT:
                break
            asked = read_retry_after(answer.header("Retry-After"), self.clock.today())
            wait = draw_back_off(attempt, self._draws) + (asked or 0.0)
            if wait > MOST_RETRY_AFTER_S or self.spent.seconds + wait > self.caps.seconds:
                break
            self.waits += 1
            self.clock.sleep(wait)
            at = self._send_once(request, content, named=named)
        return at

    def _send_once(self, request: Request, content: bytes | Chunks, *, named: bool) -> int:
        self._check_caps(request, len(content))
        request = self._name(request) if named else request
        if self._cookies:
            cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
            request = replace(request, headers=(*request.headers, ("Cookie", cookies)))
        too_early = self._last_at + self.pace_s - self.clock.now() if self._calls else 0.0
        if too_early > 0:
            self.clock.sleep(too_early)
        sent_at = self.clock.now()
        self._started_at = sent_at if self._started_at is None else self._started_at
        self._last_at = sent_at
        self._calls += 1
        self._bytes_up += len(content)
        try:
            left = max(self.caps.seconds - self.spent.seconds, LEAST_ANSWER_S)
            answer = self.transport.send(request, content, min(left, self._most_s))
        except UnreachableError as error:
            self.lost.append(self._redact(request, error.lost, sent_at))
            if error.lost.kind is Loss.TOO_SLOW and self.spent.seconds >= self.caps.seconds:
                raise CapReachedError(Cap.SECONDS, self.caps.seconds) from None
            url, reason = self.redaction.strike_url(self.url), self.redaction.strike_text(error.reason)
            raise UnreachableError(url, reason, error.lost) from None
        if self._cookies is not None:
            self._cookies.update(read_cookies(answer.headers))
        self._received += len(answer.body)
        self._count_tasks(request, answer)
        self.exchanges.append(self._redact(request, answer, sent_at))
        return len(self.exchanges) - 1

    def _name(self, request: Request) -> Request:
        given = {name.lower() for name, _ in request.headers}
        ids = tuple((name, value) for name, value in make_ids(self.seed, self._calls) if name not in given)
        return replace(request, headers=(*request.headers, *ids))

    def _check_caps(self, request: Request, size: int) -> None:
        caps, spent = self.caps, self.spent
        starts = request.method == "POST"
        used = ((spent.tasks, caps.tasks + caps.spare), (0 if self._is_spare else self._tasks, caps.tasks))
        for cap, value, allowed in (
            *((Cap.TASKS, tasks + starts, most if starts else tasks) for tasks, most in used),
            (Cap.IN_FLIGHT, len(self._running) + starts, caps.in_flight if starts else len(self._running)),
            (Cap.CALLS, spent.calls + 1, caps.calls),
            (Cap.BYTES, spent.bytes_up + size, caps.bytes_up),
            (Cap.RECEIVED, self._received, caps.received),
            (Cap.SECONDS, spent.seconds, caps.seconds),
        ):
            if value > allowed:
                raise CapReachedError(cap, allowed)

    def _count_tasks(self, request: Request, answer: Answer) -> None:
        body = read_object(answer.body)
        if request.method == "POST" and answer.status == 202:
            self._spare_tasks += self._is_spare
            self._tasks += not self._is_spare
            task_id = find_value(body, "task", "task_id")
            if isinstance(task_id, str):
                self._running.add(task_id.lower())
        elif request.method == "GET" and (find_value(body, "task", "state") in ENDED or answer.status == 404):
            self._running.discard(find_task_id(request))

    def _redact(self, request: Request, answer: Answer | Lost, sent_at: float) -> Exchange:
        timed = Exchange(replace(request, sent_at=sent_at), replace(answer, received_at=self.clock.now()))
        struck = self.redaction.strike(timed)
        # Our own form contains no secrets.
        return Exchange(replace(struck.request, parts=request.parts), struck.answer)


def read_cookies(headers: Headers) -> dict[str, str]:
    """Read the cookies that an answer sets, by name, ignoring expiry and paths."""
    pairs = (value.partition(";")[0].partition("=") for name, value in headers if name.lower() == "set-cookie")
    return {name.strip(): value.strip() for name, equals, value in pairs if equals and name.strip()}
