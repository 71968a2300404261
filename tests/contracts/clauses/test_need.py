from __future__ import annotations

from typing import Any

import pytest

from diarkit_contracts.clauses import need
from diarkit_contracts.clauses.catalogue import CLAUSES
from diarkit_contracts.clauses.clause import judge
from diarkit_contracts.clauses.need import ANSWER, ENVELOPE, FINALITY, SUCCESSION, Need, list_unseen
from diarkit_contracts.exchanges.exchange import Answer, Exchange, Request
from diarkit_contracts.exchanges.history import read_history

INFO = Exchange(Request(method="GET", url="http://stub/api/system/info"), Answer(status=200, body=b"{}"))
ELSEWHERE = Exchange(Request(method="GET", url="http://stub/health"), Answer(status=404, body=b"Not found"))

NEEDS = tuple(each for each in vars(need).values() if isinstance(each, Need))


@pytest.mark.parametrize("each", NEEDS, ids=lambda each: each.id)
def test_nothing_shows_nothing_and_an_afternoon_of_questions_shows_all(each: Need, afternoon: Any) -> None:
    assert list_unseen(read_history([]), [each]) == (each,)
    assert list_unseen(read_history(afternoon.exchanges, given_up=frozenset()), [each]) == ()


def test_each_need_has_an_id_and_a_sentence_of_its_own() -> None:
    needs = {*NEEDS, *(each for clause in CLAUSES for each in clause.needs)}
    assert len({each.id for each in needs}) == len({each.sentence for each in needs}) == len(needs)


def test_what_a_clause_judges_shows_all_that_it_needs(afternoon: Any) -> None:
    judged: set[str] = set()
    for end in range(1, len(afternoon.exchanges) + 1):
        # A part of an afternoon shows a part of it: whatever is judged there, its needs are there too.
        history = read_history(afternoon.exchanges[max(0, end - 6) : end], given_up=frozenset())
        for clause in CLAUSES:
            if judge(clause, history).observations:
                judged.add(clause.id)
                assert list_unseen(history, clause.needs) == (), clause.id
    assert len(judged) > len(CLAUSES) - 3


def test_each_clause_needs_something_that_nothing_does_not_show() -> None:
    assert all(list_unseen(read_history([]), clause.needs) == clause.needs != () for clause in CLAUSES)


def test_an_answer_counts_if_it_is_one_of_the_api() -> None:
    assert list_unseen(read_history([ELSEWHERE]), [ANSWER]) == (ANSWER,)
    assert list_unseen(read_history([INFO]), [ANSWER]) == ()


def test_an_error_page_is_no_envelope() -> None:
    assert list_unseen(read_history([ELSEWHERE]), [ENVELOPE]) == (ENVELOPE,)


@pytest.mark.parametrize(
    ("states", "shown"),
    [
        (["pending"], []),
        (["pending", "done"], [SUCCESSION]),
        (["done", "done"], [FINALITY]),
        (["done", "running"], [FINALITY]),
        (["running", "done", "done"], [SUCCESSION, FINALITY]),
    ],
)
def test_a_task_is_asked_for_again_before_or_after_its_end(script: Any, states: list[str], shown: list[Need]) -> None:
    task = script.post()
    for state in states:
        script.get(task, state)
    history = read_history(script.exchanges)
    assert [each for each in (SUCCESSION, FINALITY) if each.seen(history)] == shown
