"""The fake as a function from a request to its answer, with a clock that stands still. Breaks nothing and judges nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from diarkit_contracts.api.profiles import DEFAULT
from diarkit_contracts.exchanges.exchange import Answer, Loss, Lost
from diarkit_contracts.rows.plan import Tier, make_plan
from diarkit_contracts.runs.verify import verify_target
from diarkit_contracts.target.client import CAPS, Target, UnreachableError
from diarkit_mockserver.clock import SECOND, Clock
from diarkit_mockserver.intake.request import Request as Head
from diarkit_mockserver.scenario.model import Scenario
from diarkit_mockserver.world.platform import Platform
from diarkit_mockserver.world.world import World

if TYPE_CHECKING:
    from diarkit_contracts.api.profiles import Profile
    from diarkit_contracts.exchanges.exchange import Request
    from diarkit_contracts.runs.verdict import RunVerdict
    from diarkit_fixtures.wav.chunks import Chunks

URL: Final = "http://127.0.0.1:8000"
"""Where the servers say they are; nothing listens there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request, all of it."""

    method: str
    path: str
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    @property
    def starts(self) -> bool:
        """Whether it asks for a task to be started."""
        return self.method == "POST"

    @property
    def looks(self) -> bool:
        """Whether it asks for a task."""
        return self.method == "GET" and "/speaker-diarization/" in self.path

    def with_query(self, **values: str | None) -> Asked:
        """Set query parameters, or drop those that are None."""
        query = dict(parse_qsl(self.query, keep_blank_values=True)) | values
        return replace(self, query=urlencode({name: value for name, value in query.items() if value is not None}))


@dataclass(slots=True, kw_only=True)
class Told:
    """An answer, to be changed on its way."""

    status: int
    headers: dict[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""
    lost: Loss | None = None

    @property
    def json(self) -> Any:
        """The decoded body; a copy."""
        return json.loads(self.body)

    @json.setter
    def json(self, value: object) -> None:
        self.body = json.dumps(value).encode()

    @property
    def state(self) -> str:
        """The state of the task that is told; empty for another answer."""
        return str(self.json["task"]["state"]) if self.status in {200, 202} and b'"task"' in self.body else ""


Server: TypeAlias = Callable[[Asked], Told]


class Fake:
    """The fake, asked without a socket.

    Args:
        scenario: that it is told.
        world: the class of its world.
    """

    def __init__(self, scenario: Scenario | None = None, world: Callable[..., World] = World) -> None:
        self.clock = Clock(frozen=True)
        self._platform = Platform(world("", scenario or Scenario(), self.clock), nonce="verified")

    def __call__(self, asked: Asked) -> Told:
        """Answer a request."""
        platform = self._platform
        headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in asked.headers]
        head = Head(asked.method, unquote(asked.path), asked.query, headers, scheme="http", server="127.0.0.1:8000")
        place = platform.find_place(head.path)
        visit = platform.begin(head, place)
        reader = None
        if platform.is_upload(visit, place):
            early = platform.refuse_early(visit, place)
            assert early is None
            reader = platform.read_upload(visit, place)
            visit.received = len(asked.body)
            reader.feed(asked.body)
        response = platform.answer(visit, place, reader)
        told = {name.decode(): value.decode("latin-1") for name, value in response.headers}
        told["content-length"] = str(len(response.body))
        return Told(status=response.status, headers=told, body=response.body)


@dataclass(slots=True)
class Transport:
    """Sends requests to a server that is a function."""

    server: Server

    def send(self, request: Request, content: bytes | Chunks, within_s: float) -> Answer:  # noqa: ARG002 - an answer takes no time
        """Send a request and return its answer."""
        url = urlsplit(request.url)
        asked = Asked(
            method=request.method, path=url.path, query=url.query, headers=request.headers, body=bytes(content)
        )
        told = self.server(asked)
        if told.lost is not None:
            raise UnreachableError(request.url, told.lost.value, Lost(kind=told.lost))
        return Answer(status=told.status, headers=tuple(told.headers.items()), body=told.body)

    def connect(self, url: str) -> None:
        """Connect; nobody is at a host that ends with `.invalid`, and the server does not speak TLS."""
        if (urlsplit(url).hostname or "").endswith(".invalid"):
            raise UnreachableError(url, "there is no such host")
        if url.startswith(f"https:{URL.partition(':')[2]}/"):
            raise UnreachableError(url, "it does not speak TLS")


@dataclass(slots=True)
class SharedClock:
    """The verifier's time, told by the clock of the world: a wait moves it, and takes none."""

    clock: Clock

    def now(self) -> float:
        """Tell the seconds of the world; each look at the clock takes a microsecond, so that no two moments are the same."""
        self.clock.advance(1e-6)
        return self.clock.now() / SECOND

    def sleep(self, seconds: float) -> None:
        """Move the time."""
        self.clock.advance(seconds)

    def today(self) -> datetime:
        """Tell the date of the world."""
        return datetime.fromtimestamp(self.clock.epoch + self.clock.now() / SECOND, UTC)


def verify(server: Server, clock: Clock, tier: Tier = Tier.LITE, profile: Profile = DEFAULT) -> RunVerdict:
    """Verify a server that is a function, in no time.

    Args:
        server: to verify.
        clock: of its world.
        tier: how much to send.
        profile: the generation to hold it against.
    """
    target = Target(url=URL, transport=Transport(server), caps=CAPS[tier], clock=SharedClock(clock))
    return verify_target(make_plan(tier), target, profile)
