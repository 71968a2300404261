"""What a clause is and what it may say of a history. Knows no clause."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from diarkit_contracts.api.evidence import Label, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from diarkit_contracts.clauses.need import Need
    from diarkit_contracts.exchanges.history import History


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


@dataclass(frozen=True, slots=True)
class Clause:
    """One sentence of the contract, and all that belongs to it; made of its check: `@partial(Clause, id=..., ...)`.

    Attributes:
        check: looks for what is against it.
        id: file and name, such as `task.terminal-is-final`; never changes its meaning.
        sentence: what holds.
        source: where it is written, or what it is inferred from.
        place: path of keys in the contract document where it speaks of this.
        needs: what has to be seen so that there is something to judge, the most general first.
        weight: its severity, where that does not follow from the label.
    """

    check: Check
    id: str
    sentence: str
    label: Label
    source: str
    place: str
    needs: tuple[Need, ...]
    weight: Severity | None = None

    @property
    def severity(self) -> Severity:
        """Error for what is documented, warning for what is inferred, unless a clause says otherwise."""
        return self.weight or (Severity.ERROR if self.label is Label.DOC else Severity.WARNING)


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
