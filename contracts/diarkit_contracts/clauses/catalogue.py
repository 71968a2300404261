"""All clauses in one list, and a history held against them. Decides no clause."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from diarkit_contracts.clauses import acceptance, audio, parameters, refusal, relations, result, shape, task
from diarkit_contracts.clauses.clause import judge

if TYPE_CHECKING:
    from diarkit_contracts.clauses.clause import Clause, Judgement
    from diarkit_contracts.exchanges.history import History

USUAL: Final[tuple[Clause, ...]] = (
    *shape.CLAUSES,
    *result.CLAUSES,
    *task.CLAUSES,
    *parameters.CLAUSES,
    *refusal.CLAUSES,
    *acceptance.CLAUSES,
    *audio.CLAUSES,
)
"""What any run is about, in the order in which a report shows it."""

CLAUSES: Final[tuple[Clause, ...]] = (*USUAL, *relations.CLAUSES)
"""Each id once."""


def find_clause(clause_id: str) -> Clause:
    """Find a clause by its id."""
    return next(clause for clause in CLAUSES if clause.id == clause_id)


def list_due(history: History) -> tuple[Clause, ...]:
    """List what a history is held against: relations of recordings only where somebody's own were sent."""
    return CLAUSES if any(start.file is not None and start.file.made is not None for start in history.starts) else USUAL


def judge_all(history: History) -> tuple[Judgement, ...]:
    """Hold a history against what it is about, in its order."""
    return tuple(judge(clause, history) for clause in list_due(history))
