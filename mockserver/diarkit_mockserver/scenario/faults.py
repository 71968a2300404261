"""Misbehaviour on a schedule: which request is disturbed, and how. Values and their choice; knows no sockets.

Nothing is tossed: a share is decided from the seed and the request, so that the same run is disturbed in the same places.
Whoever counts requests (`ordinal`, `times`) counts them as they arrive: only there does order matter.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from diarkit_fixtures.draws import Draws
from diarkit_mockserver.scenario.answer import HttpAnswer, check_success, read_http
from diarkit_mockserver.scenario.when import EVERY, When

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from diarkit_mockserver.intake.submission import Asked, Sent

PARTS = 1_000_000
"""A share is decided in millionths."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogNormal:
    """A distribution with a long tail: half of the values are below the median.

    Attributes:
        median: seconds.
        sigma: of the logarithm.
    """

    median: float
    sigma: float = 0.5

    def __post_init__(self) -> None:
        if not (0 <= self.median <= 1e6 and 0 <= self.sigma <= 5):
            raise ValueError("expected a median of 0 to 1000000 seconds and a sigma of 0 to 5")


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """A pause before the answer, on the world's clock: one of the three.

    Attributes:
        fixed: seconds.
        uniform: from and to, in seconds.
        log_normal: median and sigma.
    """

    fixed: float | None = None
    uniform: tuple[float, float] | None = None
    log_normal: LogNormal | None = None

    def __post_init__(self) -> None:
        if (self.fixed is not None) + (self.uniform is not None) + (self.log_normal is not None) != 1:
            raise ValueError("expected one of fixed, uniform, log_normal")
        if self.fixed is not None and not 0 <= self.fixed <= 1e6:
            raise ValueError(f"expected 0 to 1000000 seconds, got {self.fixed}")
        if self.uniform is not None and not 0 <= self.uniform[0] <= self.uniform[1] <= 1e6:
            raise ValueError(f"expected two growing numbers of seconds up to 1000000, got {list(self.uniform)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Drip:
    """A body that comes in small pieces, on the world's clock.

    Attributes:
        bytes: of a piece.
        every: seconds between two pieces.
    """

    bytes: int = 16
    every: float = 0.1

    def __post_init__(self) -> None:
        if self.bytes < 1 or not 0 <= self.every <= 1e6:
            raise ValueError("expected bytes >= 1 and 0 to 1000000 seconds")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """The port is closed after the answer, so that connections are refused; for all worlds of the server.

    Attributes:
        seconds: of the default world's time.
    """

    seconds: float

    def __post_init__(self) -> None:
        if not 0 <= self.seconds <= 1e6:
            raise ValueError(f"expected 0 to 1000000 seconds, got {self.seconds}")


Connection: TypeAlias = Literal[
    "reset_before_headers", "reset_after_headers", "close_in_body", "length_too_long", "length_too_short"
]
"""What happens to the connection: a TCP reset, an end in the middle of the body, or a Content-Length that is wrong."""

BodyDamage: TypeAlias = Literal["truncated", "garbled", "empty", "html"]
"""What happens to the body of an answer whose HTTP is sound; `html` is the page of a proxy, with status 502."""

TaskFault: TypeAlias = Literal["stuck", "lost"]
"""A task that never ends, or that is unknown (404) after its 202."""

ResultFault: TypeAlias = Literal[
    "count_wrong",
    "end_before_start",
    "negative_time",
    "overlap",
    "unsorted",
    "id_gap",
    "channel_missing",
    "null_result",
    "error_on_done",
    "unknown_state",
    "beyond_audio",
]
"""Named ways in which a result breaks the contract; with `beyond_audio` a segment ends after the audio."""

NO_OUTAGE = "fault {}: an outage closes the port for all worlds of the server: only the default world can have one"

EFFECTS = ("http", "latency", "connection", "body", "drip", "outage", "task", "result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One line of the schedule: which requests, and what happens to them.

    Attributes:
        on: uploads, polls, or both, or `system`: requests for version and status; task and result faults are about uploads.
        when: which uploads, or the polls of which uploads; headers and query parameters are those of the request itself.
        ordinal: the how manieth of the matching requests, as they arrive: a number or a list of them, from 1.
        share: of the matching requests, from 0 to 1; which ones follows from the seed, whatever their order.
        times: how many requests at the most: the first that arrive.
        http: another answer.
        latency: a pause before the answer.
        connection: what happens to the connection.
        body: what happens to the body.
        drip: the body comes slowly.
        outage: the port is closed afterwards; the default world only.
        task: what happens to the task.
        result: how its result breaks the contract.
    """

    on: Literal["submit", "poll", "any", "system"] = "any"
    when: When = EVERY
    ordinal: int | tuple[int, ...] | None = None
    share: float | None = None
    times: int | None = None
    http: int | HttpAnswer | None = None
    latency: Latency | None = None
    connection: Connection | None = None
    body: BodyDamage | None = None
    drip: Drip | None = None
    outage: Outage | None = None
    task: TaskFault | None = None
    result: ResultFault | None = None

    def __post_init__(self) -> None:
        given = [name for name in EFFECTS if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"expected one of {', '.join(EFFECTS)}, got {' and '.join(given) or 'none'}")
        if given[0] in ("task", "result") and self.on in {"poll", "system"}:
            raise ValueError(f"a {given[0]} fault is about uploads: expected on: submit or any, got {self.on}")
        if self.on == "system" and self.when != EVERY:
            raise ValueError("when is about uploads: drop it, or on: system")
        if self.share is not None and not 0 <= self.share <= 1:
            raise ValueError(f"expected a share from 0 to 1, got {self.share}")
        if self.times is not None and self.times < 1:
            raise ValueError(f"expected times >= 1, got {self.times}")
        if any(number < 1 for number in self.ordinals):
            raise ValueError(f"requests are counted from 1, got {self.ordinal}")
        http = self.http_answer  # made of a bare status too, whose bounds it checks
        if http is not None and (http.on is not None or http.times is not None):
            raise ValueError("which requests a fault meets stands beside http: drop on and times from it")
        if http is not None:
            check_success(http, self.on)

    @property
    def ordinals(self) -> tuple[int, ...]:
        """The ordinal, as a list."""
        return (self.ordinal,) if isinstance(self.ordinal, int) else self.ordinal or ()

    @property
    def http_answer(self) -> HttpAnswer | None:
        """The other answer with its details."""
        return read_http(self.http)

    @property
    def name(self) -> str:
        """What it does, in one word for the log and the journal."""
        effect = next(name for name in EFFECTS if getattr(self, name) is not None)
        value = getattr(self, effect)
        return f"{effect}:{value}" if isinstance(value, str) else effect


def check_reach(faults: Sequence[Fault], world: str) -> None:
    """Refuse faults that would reach beyond their world.

    Args:
        faults: of one world.
        world: its name; the default world's is empty.

    Raises:
        ValueError: for an outage in any other world: it would close the port for all worlds of the server.
    """
    for number, fault in enumerate(faults, start=1):
        if world and fault.outage is not None:
            raise ValueError(NO_OUTAGE.format(number))


@dataclass(slots=True)
class FaultCounts:
    """How often each fault of a schedule, by its place in it, has come into question and has met a request.

    Attributes:
        matched: requests that it is about.
        met: those among them that it has disturbed.
    """

    matched: Counter[int] = field(default_factory=Counter[int])
    met: Counter[int] = field(default_factory=Counter[int])


class Schedule:
    """The faults of one world.

    Args:
        faults: in the order in which they are asked.
        key: seed and world, for shares and random pauses.
    """

    __slots__ = ("_faults", "_key")

    def __init__(self, faults: Sequence[Fault], *key: str | int) -> None:
        self._faults = tuple(faults)
        self._key = key

    def __bool__(self) -> bool:
        """Whether there is any fault at all."""
        return bool(self._faults)

    @property
    def needs_body(self) -> bool:
        """Whether which uploads are disturbed can depend on their bodies."""
        return any(each.when != each.when.of_head for each in self._faults if each.on in ("submit", "any"))

    def choose(
        self,
        operation: Literal["submit", "poll", "system"],
        submission: Sent | None,
        request: str,
        counts: FaultCounts,
        asked: Asked,
    ) -> Iterator[tuple[Fault, Draws]]:
        """Find the faults of one request.

        Args:
            operation: of the request.
            submission: that it brings or asks for; None for `system`.
            request: what tells this request from all others of its world.
            counts: of this schedule; the request is added.
            asked: the request itself.

        Yields:
            A fault, and the draws for what it leaves to chance.
        """
        for index, fault in enumerate(self._faults):
            if submission is None:
                if fault.on != operation:
                    continue
            elif fault.on not in (operation, "any") or next(fault.when.misses(submission, asked), None) is not None:
                continue
            if operation == "poll" and (fault.task is not None or fault.result is not None):
                continue
            counts.matched[index] += 1
            if fault.ordinals and counts.matched[index] not in fault.ordinals:
                continue
            if fault.times is not None and counts.met[index] >= fault.times:
                continue
            draws = Draws("fault-1", *self._key, index, request)
            if fault.share is not None and draws.below(PARTS) >= round(fault.share * PARTS):
                continue
            counts.met[index] += 1
            yield fault, draws
