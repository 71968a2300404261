"""Coverage points: what a client's traffic can meet, and what a history meets. Each source lists its points and finds them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from diarkit_contracts.api.points import OPERATIONS
from diarkit_contracts.api.profiles import DEFAULT, PROFILES
from diarkit_contracts.clauses.catalogue import USUAL
from diarkit_contracts.clauses.need import DRIVEN, Need
from diarkit_contracts.coverage.sent import find_kinds, list_kinds
from diarkit_contracts.exchanges.history import History, find_operation


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
        *(Point(name_need(need), Source.NEEDS, need.sentence) for need in _list_needs()),
        *(Point(name_kind(kind), Source.SENT, kind) for kind in list_kinds()),
    )


def find_met(history: History) -> frozenset[str]:
    """Find the ids of the points that a history meets."""
    return frozenset(_find_met(history))


def name_answer(operation: str, status: int) -> str:
    """Return the id of an operation's status."""
    return f"answer:{operation} {status}"


def name_need(need: Need) -> str:
    """Return the id of a need."""
    return f"need:{need.id}"


def name_kind(kind: str) -> str:
    """Return the id of a kind of uploads."""
    return f"sent:{kind}"


def _find_met(history: History) -> Iterator[str]:
    for exchange in history.exchanges:
        operation = find_operation(exchange)
        if operation is not None:
            yield name_answer(f"{operation.method} {operation.path}", exchange.answer.status)
    yield from (name_need(need) for need in _list_needs() if need.seen(history))
    yield from (name_kind(kind) for start in history.starts for kind in find_kinds(start))


@cache
def _list_needs() -> tuple[Need, ...]:
    """List the needs of clauses, except those that only a run of the verifier can meet."""
    return tuple({need.id: need for clause in USUAL for need in clause.needs if need is not DRIVEN}.values())
