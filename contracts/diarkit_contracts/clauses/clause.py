"""What a clause is and what it may say of a history. Knows no clause."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from diarkit_contracts.api.evidence import Evidence, Severity
    from diarkit_contracts.clauses.need import Need
    from diarkit_contracts.exchanges.history import History


@dataclass(frozen=True, slots=True)
class Fault:
    """What should have been there, and what was.

    Attributes:
        evidence: of the point it was judged by; None for the clause's own.
    """

    expected: str
    got: str
    evidence: Evidence | None = None


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
"""Looks through a history; one observation for each case, met or broken, so that a clause that judged nothing can be recognized."""


@dataclass(frozen=True, slots=True)
class Clause:
    """One sentence of the contract, and all that belongs to it.

    Attributes:
        check: looks for what is against it.
        id: file and name, such as `task.terminal-is-final`; never changes its meaning.
        sentence: what holds.
        evidence: how that is known.
        place: path of keys in the contract document where it speaks of this.
        needs: what has to be seen so that there is something to judge, the most general first.
    """

    check: Check
    id: str
    sentence: str
    evidence: Evidence
    place: str
    needs: tuple[Need, ...]

    def __repr__(self) -> str:
        """Name it."""
        return f"<{self.id}>"

    @property
    def severity(self) -> Severity:
        """How bad it is to break it."""
        return self.evidence.severity


def clause(name: str, sentence: str, evidence: Evidence, place: str, *needs: Need) -> Callable[[Check], Clause]:
    """Make a clause of the check that stands below: `@clause("task.id-echo", ...)`."""
    return lambda check: Clause(check, name, sentence, evidence, place, needs)


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


def observe(at: int, *, kept: bool, expected: str, got: object, evidence: Evidence | None = None) -> Observation:
    """Make an observation.

    Args:
        at: position of the exchange.
        kept: whether the clause was kept.
        expected: for the fault, a noun phrase.
        got: for the fault; a text as it is, anything else as Python shows it.
        evidence: of the point it is judged by, instead of the clause's own.
    """
    if kept:
        return Observation(at)
    return Observation(at, Fault(expected, got if isinstance(got, str) else f"{got!r:.200}", evidence))
