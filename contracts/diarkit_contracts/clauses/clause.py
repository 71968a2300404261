"""What a clause is and what it may say of a history. Knows no clause."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from diarkit_contracts.exchanges.history import History


class Severity(StrEnum):
    """How bad it is to break a clause.

    ERROR: the answer breaks what is documented, or contradicts itself. WARNING: it only differs from what is inferred.
    """

    ERROR = "error"
    WARNING = "warning"


class Label(StrEnum):
    """How a clause is known: read in a public document, or inferred from one. What is not known makes no clause."""

    DOC = "DOC"
    INF = "INF"


@dataclass(frozen=True, slots=True)
class Fault:
    """What should have been there, and what was."""

    expected: str
    got: str


@dataclass(frozen=True, slots=True)
class Observation:
    """A clause met one case of what it is about.

    Attributes:
        at: position in the history of the exchange that shows it.
        fault: None if the clause was kept.
    """

    at: int
    fault: Fault | None = None


Check: TypeAlias = "Callable[[History], Iterable[Observation]]"
"""Looks through a history; one observation for each case, kept or broken, so that it can be told whether anything was judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """One sentence of the contract.

    Attributes:
        id: file and name, such as `task.terminal-is-final`; never changes its meaning.
        sentence: what holds.
        source: where it is written, or what it is inferred from.
    """

    id: str
    sentence: str
    label: Label
    source: str
    severity: Severity
    check: Check


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a clause says of a history.

    Attributes:
        observations: each case it met; with none it has verified nothing.
    """

    clause: Clause
    observations: tuple[Observation, ...]

    @property
    def broken(self) -> tuple[Observation, ...]:
        """The cases in which it was broken."""
        return tuple(each for each in self.observations if each.fault is not None)


def judge(clause: Clause, history: History) -> Judgement:
    """Hold a history against a clause."""
    return Judgement(clause, tuple(clause.check(history)))


def observe(at: int, *, kept: bool, expected: str, got: object) -> Observation:
    """Make an observation.

    Args:
        at: position of the exchange.
        kept: whether the clause was kept.
        expected: for the fault, a noun phrase.
        got: for the fault; a text as it is, anything else as Python shows it.
    """
    if kept:
        return Observation(at)
    return Observation(at, Fault(expected, got if isinstance(got, str) else f"{got!r:.200}"))
