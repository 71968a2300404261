"""Coverage points: what a client's traffic can meet, what a history meets, and the coverage accumulated over many histories.

Kinds of uploads are those of the verifier's own rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, reduce

from diarkit_contracts.api.points import OPERATIONS
from diarkit_contracts.api.profiles import DEFAULT, PROFILES
from diarkit_contracts.clauses.acceptance import LIMITS, list_unknown
from diarkit_contracts.clauses.catalogue import USUAL
from diarkit_contracts.clauses.need import DRIVEN, Need
from diarkit_contracts.exchanges.exchange import Answer, Exchange, Request
from diarkit_contracts.exchanges.history import History, Start, find_operation, read_history
from diarkit_contracts.rows.call import Call
from diarkit_contracts.rows.inputs import SHORTEST
from diarkit_contracts.rows.uploads import make_uploads


class Source(StrEnum):
    """The source of a point; the value is its heading."""

    ANSWERS = "answers of the operations"
    NEEDS = "cases that the clauses judge"
    SENT = "kinds of uploads"


@dataclass(frozen=True, slots=True)
class Point:
    """A coverage point.

    Attributes:
        id: such as `need:failed`; its meaning never changes.
    """

    id: str
    source: Source
    text: str


@cache
def list_points(generations: frozenset[str] = frozenset({DEFAULT.name})) -> tuple[Point, ...]:
    """List all points for servers of these generations, by source."""
    return (
        *(
            Point(name_answer(operation, status), Source.ANSWERS, f"{status} to {operation}")
            for operation in OPERATIONS
            for status in sorted(frozenset[int]().union(*(PROFILES[name].statuses[operation] for name in generations)))
        ),
        *(Point(f"need:{need.id}", Source.NEEDS, need.sentence) for need in _list_needs()),
        *(Point(f"sent:{kind}", Source.SENT, kind) for kind in list_kinds()),
    )


def find_met(history: History) -> frozenset[str]:
    """Find the ids of the points that a history meets."""
    return frozenset(_find_met(history))


def name_answer(operation: str, status: int) -> str:
    """Return the id of an operation's status."""
    return f"answer:{operation} {status}"


def _find_met(history: History) -> Iterator[str]:
    for exchange in history.exchanges:
        operation = find_operation(exchange)
        if operation is not None:
            yield name_answer(f"{operation.method} {operation.path}", exchange.answer.status)
    yield from (f"need:{need.id}" for need in _list_needs() if need.seen(history))
    yield from (f"sent:{kind}" for start in history.starts for kind in find_kinds(start))


@cache
def _list_needs() -> tuple[Need, ...]:
    """List the needs of clauses, except those that only a run of the verifier can meet."""
    return tuple({need.id: need for clause in USUAL for need in clause.needs if need is not DRIVEN}.values())


@cache
def list_kinds() -> tuple[str, ...]:
    """List all kinds, in the order in which the rows first send them. Generates the rows' recordings."""
    calls = dict.fromkeys(row.call for row in make_uploads() if row.accepted)
    return tuple(dict.fromkeys(kind for call in calls for kind in find_kinds(_start(call))))


def find_kinds(start: Start) -> Iterator[str]:
    """Find the kinds of an upload; unrecorded content has none."""
    yield from _find_audio(start)
    yield from _find_name(start)
    yield from _find_config(start)
    yield from _find_query(start)
    yield from (f"an unknown {kind}" for kind in list_unknown(start))


def _find_audio(start: Start) -> Iterator[str]:
    sound = start.sound
    if sound is None:
        return
    yield {1: "audio of one channel", 2: "audio of two channels"}.get(len(sound.loud), "audio of more channels")
    if sound.length < SHORTEST:
        yield "audio of less than 0.8 s"
    elif not any(sound.loud):
        yield "audio without speech"
    elif not all(sound.loud):
        yield "audio with a silent channel"


def _find_name(start: Start) -> Iterator[str]:
    name = "" if start.file is None else start.file.filename or ""
    if name and not name.isascii():
        yield "a file name beyond ASCII"
    if name and "." not in name:
        yield "a file name without a suffix"


def _find_config(start: Start) -> Iterator[str]:
    config = start.config
    if config is None:
        return
    yield from (f"config with {limit}" for limit in LIMITS if limit in config)
    if not config:
        yield "no config"
    names = [part.name for part in start.exchange.request.parts or ()]
    if {"config", "file"} <= set(names) and names.index("config") < names.index("file"):
        yield "config ahead of the file"


def _find_query(start: Start) -> Iterator[str]:
    query = start.query
    mode, channels = query.get("channel_mode"), query.get("channels")
    yield f"channel_mode {mode}" if mode else "no channel_mode"
    if channels:
        numbers = channels.split(",")
        yield "selected channels" if numbers == sorted(numbers) else "channels in another order"
    bounds = [bound for bound in ("range_from", "range_to") if query.get(bound)]
    if bounds:
        yield " and ".join(bounds)


def _start(call: Call) -> Start:
    request = Request(method=call.method, url=f"http://any{call.target}", parts=call.describe_body())
    return read_history([Exchange(request, Answer(status=202))]).starts[0]


class Standing(StrEnum):
    """The status of a point."""

    NEVER = "never met"
    MET = "met"
    BEHAVED = "met, and the client behaved"


@dataclass(frozen=True, slots=True)
class Tally:
    """The coverage so far.

    Attributes:
        behaved: those met without a conduct finding against the client.
        generations: of the servers; empty for the default.
    """

    met: frozenset[str] = frozenset()
    behaved: frozenset[str] = frozenset()
    generations: frozenset[str] = frozenset()

    def __or__(self, other: Tally) -> Tally:
        """Merge two tallies; associative, commutative and idempotent."""
        generations = self.generations | other.generations
        return Tally(self.met | other.met, self.behaved | other.behaved, generations)

    @property
    def points(self) -> tuple[Point, ...]:
        """All points of the servers' generations."""
        return list_points(self.generations or frozenset({DEFAULT.name}))

    def find_standing(self, point: Point) -> Standing:
        """Return the status of a point."""
        if point.id in self.behaved:
            return Standing.BEHAVED
        return Standing.MET if point.id in self.met else Standing.NEVER

    def list_never(self) -> tuple[Point, ...]:
        """List the points that were not met."""
        return tuple(point for point in self.points if point.id not in self.met)

    @property
    def percent(self) -> float:
        """The share of points met, in percent."""
        return 100 * (1 - len(self.list_never()) / len(self.points))


def add_up(tallies: Iterable[Tally]) -> Tally:
    """Merge tallies."""
    return reduce(Tally.__or__, tallies, Tally())
