"""Scheduled faults: which request is disturbed, and how.

A share is decided by seed and request rather than at random, so that runs are reproducible. `ordinal` and `times` count requests
as they arrive; only there does order matter.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from diarkit_fixtures.draws import Draws
from diarkit_mockserver.intake.submission import Asked, Sent
from diarkit_mockserver.scenario.answer import HttpAnswer, check_success, read_http
from diarkit_mockserver.scenario.when import EVERY, When

PARTS = 1_000_000
"""Resolution of shares."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogNormal:
    """A long-tailed distribution.

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
    """A delay of the answer, on the world's clock: one of the three.

    Attributes:
        fixed: seconds.
        uniform: minimum and maximum, in seconds.
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
            raise ValueError(f"expected minimum and maximum seconds up to 1000000, got {list(self.uniform)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Drip:
    """A body that is sent in small pieces, on the world's clock.

    Attributes:
        bytes: per piece.
        every: seconds between two pieces.
    """

    bytes: int = 16
    every: float = 0.1

    def __post_init__(self) -> None:
        if self.bytes < 1 or not 0 <= self.every <= 1e6:
            raise ValueError("expected bytes >= 1 and 0 to 1000000 seconds")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """The port is closed after the answer, so that connections are refused, for all worlds of the server.

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
"""Faults of the connection: a TCP reset, a close in the middle of the body, or a wrong Content-Length."""

BodyDamage: TypeAlias = Literal["truncated", "garbled", "empty", "html"]
"""Faults of the body in a valid HTTP answer; `html` is a proxy's page with status 502."""

TaskFault: TypeAlias = Literal["stuck", "lost"]
"""A task that never ends, or is unknown (404) after its 202."""

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
"""Named violations of the contract by a result; with `beyond_audio` a segment ends after the audio."""

NO_OUTAGE = "fault {}: an outage closes the port for all worlds of the server, so only the default world can have one"

EFFECTS = ("http", "latency", "connection", "body", "drip", "outage", "task", "result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault of the schedule: which requests, and what happens to them.

    Attributes:
        on: uploads, polls, or both, or `system`: requests for version and status; task and result faults apply to uploads.
        when: which uploads, or polls of which uploads; headers and query parameters are those of the request itself.
        ordinal: position among the matching requests of all tasks, as they arrive: a number or a list of numbers, from 1.
        every: 3 for every third of the matching requests of all tasks.
        share: of the matching requests, from 0 to 1; selected by the seed, independent of their order.
        times: maximum number of requests, the first that arrive.
        http: a custom answer.
        latency: a delay of the answer.
        connection: a fault of the connection.
        body: a fault of the body.
        drip: the body is sent slowly.
        outage: the port is closed afterwards; only in the default world.
        task: a fault of the task.
        result: how its result violates the contract.
    """

    on: Literal["submit", "poll", "any", "system"] = "any"
    when: When = EVERY
    ordinal: int | tuple[int, ...] | None = None
    every: int | None = None
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
            raise ValueError(f"a {given[0]} fault applies to uploads: expected on: submit or any, got {self.on}")
        if self.on == "system" and self.when != EVERY:
            raise ValueError("when applies to uploads: remove it, or on: system")
        self._check_numbers()
        http = self.http_answer  # also validates a bare status
        if http is not None and (http.on is not None or http.times is not None):
            raise ValueError("a fault selects its requests itself: remove on and times from http")
        if http is not None:
            check_success(http, self.on)

    def _check_numbers(self) -> None:
        """Refuse a share or a count that no request can meet."""
        if self.share is not None and not 0 <= self.share <= 1:
            raise ValueError(f"expected a share from 0 to 1, got {self.share}")
        if any(number < 1 for number in self.ordinals):
            raise ValueError(f"expected ordinal >= 1, got {self.ordinal}")
        for name in ("every", "times"):
            if (number := getattr(self, name)) is not None and number < 1:
                raise ValueError(f"expected {name} >= 1, got {number}")
        if self.every is not None and self.ordinal is not None:
            raise ValueError("expected ordinal or every, got both")

    @property
    def ordinals(self) -> tuple[int, ...]:
        """The ordinal, as a list."""
        return (self.ordinal,) if isinstance(self.ordinal, int) else self.ordinal or ()

    @property
    def http_answer(self) -> HttpAnswer | None:
        """The custom answer."""
        return read_http(self.http)

    @property
    def name(self) -> str:
        """Its name in the log and the journal."""
        effect = next(name for name in EFFECTS if getattr(self, name) is not None)
        value = getattr(self, effect)
        return f"{effect}:{value}" if isinstance(value, str) else effect


def check_reach(faults: Sequence[Fault], world: str) -> None:
    """Raise ValueError for faults that affect other worlds: an outage in any but the default world, whose name is empty."""
    for number, fault in enumerate(faults, start=1):
        if world and fault.outage is not None:
            raise ValueError(NO_OUTAGE.format(number))


@dataclass(slots=True)
class FaultCounts:
    """Counts of each fault, by its position in the schedule: matching requests, and those that it disturbed."""

    matched: Counter[int] = field(default_factory=Counter[int])
    met: Counter[int] = field(default_factory=Counter[int])


class Schedule:
    """The faults of one world, in the order in which they are checked; seed and world are the key of shares and random delays."""

    __slots__ = ("_faults", "_key")

    def __init__(self, faults: Sequence[Fault], *key: str | int) -> None:
        self._faults = tuple(faults)
        self._key = key

    def __bool__(self) -> bool:
        return bool(self._faults)

    @property
    def needs_body(self) -> bool:
        """Whether the choice of uploads can depend on their bodies."""
        return any(each.when != each.when.of_head for each in self._faults if each.on in ("submit", "any"))

    def choose(
        self,
        operation: Literal["submit", "poll", "system"],
        submission: Sent | None,
        request: str,
        counts: FaultCounts,
        asked: Asked,
    ) -> Iterator[tuple[Fault, Draws]]:
        """Yield the faults of a request, which has a unique key, each with the draws for its random parts; `counts` are updated."""
        for index, fault in enumerate(self._faults):
            if submission is None:
                if fault.on != operation:
                    continue
            elif fault.on not in (operation, "any") or next(fault.when.misses(submission, asked), None) is not None:
                continue
            if operation == "poll" and (fault.task is not None or fault.result is not None):
                continue
            counts.matched[index] += 1
            number = counts.matched[index]
            if (fault.ordinals and number not in fault.ordinals) or (fault.every and number % fault.every):
                continue
            if fault.times is not None and counts.met[index] >= fault.times:
                continue
            draws = Draws("fault-1", *self._key, index, request)
            if fault.share is not None and draws.below(PARTS) >= round(fault.share * PARTS):
                continue
            counts.met[index] += 1
            yield fault, draws
