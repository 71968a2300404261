"""The list of all clauses, and judging a history by them."""

from __future__ import annotations

from types import ModuleType
from typing import Final

from diarkit_contracts.clauses import acceptance, audio, parameters, refusal, relations, result, shape, task
from diarkit_contracts.clauses.clause import Clause, Judgement, judge
from diarkit_contracts.exchanges.history import History


def list_clauses(*files: ModuleType) -> tuple[Clause, ...]:
    """List the clauses of files in the order in which they are defined."""
    return tuple(each for file in files for each in vars(file).values() if isinstance(each, Clause))


USUAL: Final = list_clauses(shape, result, task, parameters, refusal, acceptance, audio)
"""The clauses of every run, in the order of reports."""

CLAUSES: Final = (*USUAL, *list_clauses(relations))
"""All clauses; ids are unique."""


def find_clause(clause_id: str) -> Clause:
    """Find a clause by its id."""
    return next(clause for clause in CLAUSES if clause.id == clause_id)


def list_due(history: History) -> tuple[Clause, ...]:
    """List the clauses that apply to a history: relations only if own recordings were sent."""
    return CLAUSES if any(start.made is not None for start in history.starts) else USUAL


def judge_all(history: History) -> tuple[Judgement, ...]:
    """Judge a history by the clauses that apply to it, in order."""
    return tuple(judge(clause, history) for clause in list_due(history))
