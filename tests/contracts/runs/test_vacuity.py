from __future__ import annotations

import pytest

from diarkit_contracts.api.profiles import Capability
from diarkit_contracts.clauses.catalogue import CLAUSES
from diarkit_contracts.exchanges.exchange import Answer, Exchange, Request
from diarkit_contracts.exchanges.history import read_history
from diarkit_contracts.runs.vacuity import NEEDED, SIGHTS_OF_A_PLAN, UNSEEN_CLAUSES, Sight, explain_unseen, list_unseen

INFO = Exchange(Request(method="GET", url="http://stub/api/system/info"), Answer(status=200, body=b"{}"))
ELSEWHERE = Exchange(Request(method="GET", url="http://stub/health"), Answer(status=404, body=b"Not found"))


def test_nothing_shows_nothing() -> None:
    assert list_unseen(read_history([]), SIGHTS_OF_A_PLAN) == SIGHTS_OF_A_PLAN


def test_an_answer_counts_if_it_is_one_of_the_api() -> None:
    assert Sight.ANSWER in list_unseen(read_history([ELSEWHERE]), SIGHTS_OF_A_PLAN)
    assert Sight.ANSWER not in list_unseen(read_history([INFO]), SIGHTS_OF_A_PLAN)


def test_an_error_page_is_no_envelope() -> None:
    assert Sight.ENVELOPE in list_unseen(read_history([ELSEWHERE]), SIGHTS_OF_A_PLAN)


@pytest.mark.parametrize("clause", CLAUSES, ids=lambda clause: clause.id)
def test_each_clause_has_a_reason_of_its_own_kind(clause: object) -> None:
    history = read_history([INFO])
    reason = explain_unseen(clause, history, ())  # type: ignore[arg-type]
    assert reason != "nothing was seen that it is about"
    assert explain_unseen(clause, read_history([]), ()) == "there was no answer"  # type: ignore[arg-type]


def test_reasons_are_for_clauses_that_are_there() -> None:
    assert {*UNSEEN_CLAUSES, *NEEDED} <= {clause.id for clause in CLAUSES}


def test_a_reason_tells_what_a_target_can_not_be_made_to_do() -> None:
    (clause,) = [clause for clause in CLAUSES if clause.id == "refusal.retry-after"]
    history = read_history([INFO])
    assert explain_unseen(clause, history, ()) == "no 429 was seen, and this target can't be made to limit the rate"
    assert explain_unseen(clause, history, {Capability.LIMIT_RATE}) == "no 429 was seen"
