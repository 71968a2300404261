"""The types of clauses and their judgements."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

from diarkit_contracts.api.evidence import Evidence, Severity
from diarkit_contracts.clauses.need import Need
from diarkit_contracts.exchanges.history import History


@dataclass(frozen=True, slots=True)
class Fault:
    """What was expected, and what came.

    Attributes:
        evidence: of the deciding point; None for the clause's own.
    """

    expected: str
    got: str
    evidence: Evidence | None = None


@dataclass(frozen=True, slots=True)
class Observation:
    """One case to which a clause applies.

    Attributes:
        at: position in the history of the exchange that shows it.
        fault: None if the clause holds.
    """

    at: int
    fault: Fault | None = None


Check: TypeAlias = "Callable[[History], Iterable[Observation]]"
"""Yields one observation per case, whether it holds or not, so that a clause that judged nothing is recognised."""


@dataclass(frozen=True, slots=True)
class Clause:
    """One requirement of the contract.

    Attributes:
        id: file and name, such as `task.terminal-is-final`; its meaning never changes.
        place: path of keys in the contract document.
        needs: what must be observed for it to apply, most general first.
    """

    check: Check
    id: str
    sentence: str
    evidence: Evidence
    place: str
    needs: tuple[Need, ...]

    def __repr__(self) -> str:
        return f"<{self.id}>"

    @property
    def severity(self) -> Severity:
        """The severity of a violation."""
        return self.evidence.severity


def clause(name: str, evidence: Evidence, place: str, *needs: Need) -> Callable[[Check], Clause]:
    """Decorate a check to make it a clause, `@clause("task.id-echo", ...)`; its docstring is the sentence."""
    return lambda check: Clause(check, name, check.__doc__ or "", evidence, place, needs)


@dataclass(frozen=True, slots=True)
class Judgement:
    """The result of judging a history by a clause: one observation per case; without any the clause verified nothing."""

    clause: Clause
    observations: tuple[Observation, ...]

    @property
    def broken(self) -> tuple[Observation, ...]:
        """The violations."""
        return tuple(each for each in self.observations if each.fault is not None)


def judge(clause: Clause, history: History) -> Judgement:
    """Judge a history by a clause."""
    return Judgement(clause, tuple(clause.check(history)))


def observe(at: int, *, met: bool, expected: str, got: object, evidence: Evidence | None = None) -> Observation:
    """Make an observation; `got` is text as it is, or another value by `repr`; `evidence` replaces the clause's own."""
    if met:
        return Observation(at)
    return Observation(at, Fault(expected, got if isinstance(got, str) else f"{got!r:.200}", evidence))
