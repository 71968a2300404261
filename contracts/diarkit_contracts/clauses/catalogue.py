"""All clauses in one list, and a history held against them. Decides no clause."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from diarkit_contracts.clauses import acceptance, audio, parameters, refusal, result, shape, task
from diarkit_contracts.clauses.clause import judge
from diarkit_contracts.exchanges.history import read_history

if TYPE_CHECKING:
    from collections.abc import Iterable

    from diarkit_contracts.clauses.clause import Clause, Judgement
    from diarkit_contracts.exchanges.exchange import Exchange

CLAUSES: Final[tuple[Clause, ...]] = (
    *shape.CLAUSES,
    *result.CLAUSES,
    *task.CLAUSES,
    *parameters.CLAUSES,
    *refusal.CLAUSES,
    *acceptance.CLAUSES,
    *audio.CLAUSES,
)
"""Each id once, in the order in which a report shows them."""


def find_clause(clause_id: str) -> Clause:
    """Find a clause by its id."""
    return next(clause for clause in CLAUSES if clause.id == clause_id)


def judge_exchanges(exchanges: Iterable[Exchange], clauses: Iterable[Clause] = CLAUSES) -> tuple[Judgement, ...]:
    """Hold recorded exchanges against clauses.

    Args:
        exchanges: with one server, in the order in which they were sent.
        clauses: which to hold them against.

    Returns:
        One judgement for each clause, in the same order.
    """
    history = read_history(exchanges)
    return tuple(judge(clause, history) for clause in clauses)
