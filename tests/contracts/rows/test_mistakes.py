from __future__ import annotations

import pytest

from diarkit_contracts.clauses.catalogue import CLAUSES, judge_all
from diarkit_contracts.exchanges.exchange import Answer, Exchange, Request
from diarkit_contracts.exchanges.history import read_history
from diarkit_contracts.rows.mistakes import make_mistakes

ROWS = make_mistakes()
URL = "http://stub:8000"


def test_the_names_of_rows_stay() -> None:
    assert [row.name for row in ROWS][:4] == ["bad-01[unknown-task]", "bad-02[bad-task-id]", "bad-03[both-limits]", "bad-04[config-not-json]"]  # fmt: skip
    assert [row.name for row in ROWS][15:19] == [
        "bad-16[put]",
        "bad-51[file-empty]",
        "bad-49[system-info]",
        "bad-17[total=0]",
    ]
    assert ROWS[-1].name == "bad-50[system-status]"
    assert len({row.what for row in ROWS}) == len({row.id for row in ROWS}) == len(ROWS)


def test_a_row_is_about_a_clause_that_is_there_or_about_none() -> None:
    assert {row.about for row in ROWS} <= {clause.id for clause in CLAUSES} | {""}


@pytest.mark.parametrize(
    "row",
    [row for row in ROWS if row.about],
    ids=lambda row: row.name,
)
def test_the_clause_that_a_row_is_for_judges_it(row: object) -> None:
    call = row.call  # type: ignore[attr-defined]
    headers = (("Content-Type", call.write_body()[0]),)
    request = Request(method=call.method, url=URL + call.target, headers=headers, parts=call.describe_body())
    for status in (422, 405, 404):
        refused = Exchange(request, Answer(status=status, body=b'{"type": "request.validation-error", "message": ""}'))
        told = {each.clause.id: each for each in judge_all(read_history([refused]))}
        if told[row.about].observations:  # type: ignore[attr-defined]
            return
    pytest.fail(f"{row.about} says nothing of {row.name}")  # type: ignore[attr-defined]


def test_an_upload_with_a_mistake_is_small() -> None:
    assert max(len(row.call.write_body()[1]) for row in ROWS) < 10_000


@pytest.mark.parametrize(
    ("what", "clause"),
    [
        ("broken-form", "refusal.broken-form"),
        ("no-boundary", "refusal.broken-form"),
        ("json-body", "refusal.broken-form"),
        ("file-empty", "refusal.empty-file"),
        ("put", "refusal.method"),
    ],
)
def test_what_is_refused_as_no_form_or_for_nothing_in_it_is_said(what: str, clause: str) -> None:
    (row,) = (row for row in ROWS if row.what == what)
    assert row.about == clause
