from __future__ import annotations

from typing import Any

import pytest

from diarkit_contracts.api import result as rules
from diarkit_contracts.clauses import result
from diarkit_contracts.clauses.catalogue import list_clauses

CLAUSES = list_clauses(result)

ID = "0a1b2c3d-0000-4000-8000-00000000000f"

BROKEN = [
    ("result.end-after-start", [(0, 1.0, 2.0), (1, 3.0, 2.5)]),
    ("result.has-length", [(0, 1.0, 1.0)]),
    ("result.sorted", [(0, 3.0, 4.0), (1, 1.0, 2.0)]),
    ("result.no-overlap", [(0, 1.0, 2.0), (1, 1.99, 3.0)]),
    ("result.no-overlap", [(0, 1.0, 4.0), (1, 1.0, 4.0)]),
    ("result.ids-by-appearance", [(1, 1.0, 2.0), (0, 2.0, 3.0)]),
    ("result.ids-by-appearance", [(1, 1.0, 2.0)]),
    ("result.ids-by-appearance", [(0, 1.0, 2.0), (2, 2.0, 3.0)]),
    ("result.two-decimals", [(0, 1.001, 2.0)]),
    ("result.two-decimals", [(0, 1.0, 2.125)]),
]
CORRECT = [
    [],
    [(0, 0, 0.01)],
    [(0, 1.51, 13.99), (1, 13.99, 14.12), (1, 14.63, 25.51), (1, 25.7, 25.94)],
    [(0, 0.1, 0.2), (1, 0.2, 0.3), (0, 0.3, 0.4), (2, 4.35, 4.36)],
]


@pytest.mark.parametrize(("clause", "segments"), BROKEN)
def test_a_broken_result_is_caught_by_its_clause_alone(script: Any, clause: str, segments: Any) -> None:
    script.get(ID, "done", *segments)
    assert set(script.findings()) == {clause}


@pytest.mark.parametrize("speakers", [0, 1, 3])
def test_a_wrong_count_is_caught(script: Any, speakers: int) -> None:
    script.get(ID, channels=[script.channel(0, (0, 1.0, 2.0), (1, 2.0, 3.0), speakers=speakers)])
    assert script.findings() == {"result.count-is-ids": "error"}


def test_a_channel_that_comes_twice_is_caught(script: Any) -> None:
    script.get(ID, channels=[script.channel(1), script.channel(0), script.channel(1)])
    assert script.findings() == {"result.channel-once": "error"}


def test_a_channel_that_was_asked_for_twice_may_come_twice(script: Any) -> None:
    task = script.post(query={"channels": "0,0"})
    script.get(task, channels=[script.channel(0), script.channel(0)])
    assert script.findings() == {}


@pytest.mark.parametrize(("told", "findings"), [(5, {}), (2, {}), (4, {"result.count-is-ids": "error"})])
def test_the_total_that_was_asked_for_may_be_told_as_the_count(
    script: Any, told: int, findings: dict[str, str]
) -> None:
    task = script.post(config={"total_speakers": 5})
    script.get(task, channels=[script.channel(0, (0, 1.0, 2.0), (1, 2.0, 3.0), speakers=told)])
    assert script.findings() == findings


def test_a_result_without_length_and_one_that_runs_backwards_are_told_apart(script: Any) -> None:
    script.get(ID, "done", (0, 1.0, 1.0), (0, 3.0, 2.0))
    assert script.findings() == {"result.has-length": "warning", "result.end-after-start": "error"}


@pytest.mark.parametrize("segments", CORRECT)
def test_a_correct_result_passes(script: Any, segments: Any) -> None:
    script.get(ID, "done", *segments)
    assert script.findings() == {}


def test_each_channel_has_its_own_ids(script: Any) -> None:
    script.get(ID, channels=[script.channel(0, (0, 1.0, 2.0)), script.channel(1, (0, 1.0, 2.0), (1, 2.0, 3.0))])
    assert script.findings() == {}


def test_what_breaks_the_schema_is_not_asked_for_its_meaning(script: Any) -> None:
    script.get(ID, channels=[script.channel(0, (1, 2.0, 1.0), speakers=-5)])
    assert set(script.findings()) == {"shape.schema"}


def test_a_result_is_judged_once_however_often_it_is_polled(script: Any) -> None:
    for _ in range(3):
        script.get(ID, "done", (0, 1.0, 2.0))
    assert "result.sorted" not in script.observed()
    assert "result.end-after-start" in script.observed()


def test_every_clause_has_a_server_that_breaks_it() -> None:
    tried = {clause for clause, _ in BROKEN} | {"result.count-is-ids", "result.channel-once", "result.bounded-size"}
    assert tried == {clause.id for clause in CLAUSES}


@pytest.mark.parametrize("speakers", [rules.MOST_SPEAKERS, rules.MOST_SPEAKERS + 1])
def test_more_speakers_than_can_be_compared_are_a_finding_and_judged_no_further(script: Any, speakers: int) -> None:
    script.get(ID, "done", *((number, float(speakers - number), speakers + 1.0) for number in range(speakers)))
    assert ("result.bounded-size" in script.findings()) == (speakers > rules.MOST_SPEAKERS)
    assert ("result.sorted" in script.findings()) == (speakers <= rules.MOST_SPEAKERS)


@pytest.mark.parametrize(
    ("config", "found"),
    [({}, True), ({"total_speakers": 150}, True), ({"total_speakers": 151}, False), ({"max_speakers": 200}, False)],
)
def test_more_speakers_than_can_be_compared_are_no_finding_where_they_are_asked_for(
    script: Any, config: dict[str, int], *, found: bool
) -> None:
    task = script.post(config=config, seconds=200)
    script.get(task, "done", *((number, float(number), number + 1.0) for number in range(151)))
    assert ("result.bounded-size" in script.findings()) == found


@pytest.mark.parametrize(
    "result",
    [
        '{"channels":[' + '{"channel_number":0,"speakers_count":0,"segments":[]},' * 30_000 + "{}]}",
        '{"channels":[],' + ",".join(f'"k{number}":1' for number in range(100_000)) + "}",
        '{"channels":[{"channel_number":0,"speakers_count":1,"segments":['
        + ",".join(['{"speaker_id":0,"start_time":1.0,"end_time":2.0}'] * 30_000)
        + "]}]}",
        '"' + "x" * (rules.MOST_BYTES + 1) + '"',
    ],
    ids=["channels", "keys", "segments", "a text"],
)
def test_an_answer_above_the_bounds_gets_one_finding(script: Any, result: str) -> None:
    script.get(ID, body=f'{{"task":{{"task_id":"{ID}","state":"done"}},"result":{result}}}'.encode())
    assert script.findings() == {"result.bounded-size": "error"}
