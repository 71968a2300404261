"""All clauses in one list, and a history held against them. Decides no clause."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from diarkit_contracts.clauses import acceptance, audio, parameters, refusal, relations, result, shape, task
from diarkit_contracts.clauses.clause import judge

if TYPE_CHECKING:
    from diarkit_contracts.clauses.clause import Clause, Judgement
    from diarkit_contracts.exchanges.history import History

CLAUSES: Final[tuple[Clause, ...]] = (
    *shape.CLAUSES,
    *result.CLAUSES,
    *task.CLAUSES,
    *parameters.CLAUSES,
    *refusal.CLAUSES,
    *acceptance.CLAUSES,
    *audio.CLAUSES,
    *relations.CLAUSES,
)
"""Each id once, in the order in which a report shows them."""


def find_clause(clause_id: str) -> Clause:
    """Find a clause by its id."""
    return next(clause for clause in CLAUSES if clause.id == clause_id)


def judge_all(history: History) -> tuple[Judgement, ...]:
    """Hold a history against all clauses, in their order."""
    return tuple(judge(clause, history) for clause in CLAUSES)
