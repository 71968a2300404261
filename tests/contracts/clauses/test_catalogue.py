from __future__ import annotations

import re
from typing import Any

from diarkit_contracts.api.evidence import Label, Severity
from diarkit_contracts.clauses.catalogue import CLAUSES, find_clause, judge_all
from diarkit_contracts.exchanges.history import read_history


def test_a_correct_server_has_no_finding(afternoon: Any) -> None:
    assert afternoon.findings() == {}


def test_without_exchanges_nothing_is_verified() -> None:
    assert {judgement.observations for judgement in judge_all(read_history([]))} == {()}


def test_all_clauses_are_asked_in_their_order(afternoon: Any) -> None:
    assert [each.clause for each in judge_all(read_history(afternoon.exchanges))] == list(CLAUSES)


def test_each_id_is_there_once_and_names_its_file() -> None:
    ids = [clause.id for clause in CLAUSES]
    assert len(set(ids)) == len(ids)
    for clause in CLAUSES:
        file = clause.check.__module__.rsplit(".", 1)[1]
        assert re.fullmatch(rf"{file}\.[a-z]+(-[a-z]+)*", clause.id)


def test_each_sentence_is_one_and_has_its_source() -> None:
    for clause in CLAUSES:
        assert clause.sentence.endswith(".")
        assert len(clause.evidence.source) > 5


def test_what_is_inferred_is_an_error_only_where_the_answer_contradicts_itself() -> None:
    inferred = [
        clause for clause in CLAUSES if clause.evidence.label is Label.INF and clause.severity is Severity.ERROR
    ]
    assert inferred
    assert all("contradict" in clause.evidence.source for clause in inferred)


def test_a_clause_is_found_by_its_id() -> None:
    assert [find_clause(clause.id) for clause in CLAUSES] == list(CLAUSES)
