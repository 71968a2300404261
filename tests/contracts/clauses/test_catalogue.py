from __future__ import annotations

import hashlib
import re
from typing import Any

import pytest

from diarkit_contracts.clauses.catalogue import CLAUSES, judge_exchanges
from diarkit_contracts.clauses.clause import Label, Severity
from diarkit_fixtures.segments import Segment

URL = "http://127.0.0.1:8000/api/technology/speaker-diarization"
INVALID = b'{"type":"request.invalid","message":""}'
EMPTY = hashlib.sha256().hexdigest()
NEVER_GIVEN = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def afternoon(script: Any) -> Any:
    """A correct server, asked for everything that a clause is about."""
    asked: list[dict[str, Any]] = [
        {"config": {"total_speakers": 2}, "query": {"range_from": 0.5, "range_to": 9}},
        {"config": {"max_speakers": 2}, "query": {"channels": "0"}},
        {
            "query": {"channel_mode": "mix"},
            "channels": 2,
            "truth": ((Segment(0, 100, 200),), (Segment(0, 200, 350),)),
        },
    ]
    for sent in asked:
        task = script.post(**sent)
        for state in ("pending", "running", "done", "done"):
            script.get(task, state, (0, 1.0, 2.0), (1, 2.0, 3.5))
    script.post(query={"colour": "blue"})
    script.get(script.post(seconds=0), "rejected")
    script.get(script.post(seconds=0.5), "done")
    script.get(script.post(loud=(False,)), "done")
    script.get(script.post(truth=((Segment(0, 100, 200),),)), "done", (0, 1.0, 2.0))
    script.get(script.post(truth=((Segment(0, 100, 200),),), query={"range_to": 1.5}), "done", (0, 1.0, 1.5))
    refused = b'{"type":"request.validation-error","message":""}'
    mistakes: list[dict[str, Any]] = [
        {"config": {"max_speakers": 2, "total_speakers": 2}},
        {"config": {"max_speakers": 0}},
        {"query": {"channels": "a"}},
        {"file": False},
    ]
    for mistake in mistakes:
        script.post(**mistake, status=422, body=refused, location=None)
    script.post(sha256=EMPTY, seconds=0, status=422, body=refused, location=None)
    script.add("POST", URL, None, sent=(("content-type", "text/plain"),), status=400, body=INVALID)
    one, two = script.post(sha256="1"), script.post(sha256="2")
    script.get(one, "done", (0, 1.0, 2.0))
    script.get(two, "done", (0, 1.5, 2.5))
    script.refuse("GET", f"{URL}/{NEVER_GIVEN}", 404, extra=(("x-request-id", "17"),))
    script.refuse("GET", f"{URL}/17", 422)
    script.refuse("DELETE", URL, 405)
    script.refuse("POST", URL, 429, sent_at=100.0)
    script.refuse("POST", URL, 413, sent_at=103.0)
    return script


def test_a_correct_server_has_no_finding_and_every_clause_met_a_case(afternoon: Any) -> None:
    assert afternoon.findings() == {}
    assert afternoon.observed() == {clause.id for clause in CLAUSES}


def test_without_exchanges_nothing_is_verified() -> None:
    assert {judgement.observations for judgement in judge_exchanges([])} == {()}


def test_a_part_of_the_clauses_may_be_asked(afternoon: Any) -> None:
    judgements = judge_exchanges(afternoon.exchanges, CLAUSES[2:4])
    assert [judgement.clause for judgement in judgements] == list(CLAUSES[2:4])


def test_each_id_is_there_once_and_names_its_file() -> None:
    ids = [clause.id for clause in CLAUSES]
    assert len(set(ids)) == len(ids)
    for clause in CLAUSES:
        file = clause.check.__module__.rsplit(".", 1)[1]
        assert re.fullmatch(rf"{file}\.[a-z]+(-[a-z]+)*", clause.id)


def test_each_sentence_is_one_and_has_its_source() -> None:
    for clause in CLAUSES:
        assert clause.sentence.endswith(".")
        assert len(clause.source) > 5


def test_what_is_inferred_is_an_error_only_where_the_answer_contradicts_itself() -> None:
    inferred = {clause.id for clause in CLAUSES if clause.label is Label.INF and clause.severity is Severity.ERROR}
    assert inferred == {
        "result.end-after-start",
        "result.count-is-ids",
        "parameters.inside-audio",
        "refusal.empty-file",
    }
