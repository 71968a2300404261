from __future__ import annotations

import pytest

from diarkit_contracts.clauses.catalogue import CLAUSES, judge_exchanges
from diarkit_contracts.exchange import Answer, Exchange, Request
from diarkit_contracts.mistakes import make_mistakes

ROWS = make_mistakes()
URL = "http://stub:8000"


def test_the_names_of_rows_stay() -> None:
    assert [row.name for row in ROWS][:4] == ["bad-01[unknown-task]", "bad-02[bad-task-id]", "bad-03[both-limits]", "bad-04[config-not-json]"]  # fmt: skip
    assert (ROWS[15].name, ROWS[16].name) == ("bad-16[put]", "bad-17[total=0]")
    assert len({row.what for row in ROWS}) == len(ROWS)


def test_a_row_shows_clauses_that_are_there() -> None:
    assert {clause for row in ROWS for clause in row.shows} <= {clause.id for clause in CLAUSES}


@pytest.mark.parametrize(
    "row",
    [row for row in ROWS if row.shows[-1].startswith("refusal.") and len(row.shows) > 5],
    ids=lambda row: row.name,
)
def test_the_clause_that_a_row_is_for_judges_it(row: object) -> None:
    call = row.call  # type: ignore[attr-defined]
    request = Request(method=call.method, url=URL + call.target, parts=call.describe_body())
    for status in (422, 405, 404):
        refused = Exchange(request, Answer(status=status, body=b'{"type": "request.validation-error", "message": ""}'))
        told = {each.clause.id: each for each in judge_exchanges([refused])}
        if told[row.shows[-1]].observations:  # type: ignore[attr-defined]
            return
    pytest.fail(f"{row.shows[-1]} says nothing of {row.name}")  # type: ignore[attr-defined]


def test_an_upload_with_a_mistake_is_small() -> None:
    assert max(len(row.call.write_body()[1]) for row in ROWS) < 10_000
