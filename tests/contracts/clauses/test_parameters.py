from __future__ import annotations

from typing import Any

import pytest

from diarkit_contracts.clauses import parameters
from diarkit_contracts.clauses.catalogue import list_clauses
from diarkit_fixtures.segments import Segment

CLAUSES = list_clauses(parameters)

ONE = [(0, 1.0, 2.0)]
TWO = [(0, 1.0, 2.0), (1, 2.0, 3.0), (0, 3.5, 4.0)]
THREE = [(0, 1.0, 2.0), (1, 2.0, 3.0), (2, 3.5, 4.0)]
MANY = [(n, n / 100, (n + 1) / 100) for n in range(101)]

# What was sent, and the channels told: {number: segments}.
BROKEN = [
    ("parameters.total-speakers", {"config": {"total_speakers": 3}}, {0: TWO}),
    ("parameters.total-speakers", {"config": {"total_speakers": 2}}, {0: THREE}),
    (
        "parameters.total-speakers",
        {"config": {"total_speakers": 1}, "channels": 2, "query": {"channels": "1"}},
        {1: TWO},
    ),
    (
        "parameters.total-speakers",
        {"config": {"total_speakers": 1}, "channels": 2, "query": {"channel_mode": "mix"}},
        {0: TWO},
    ),
    ("parameters.total-speakers", {"config": {"total_speakers": 4}}, {0: TWO}),
    ("parameters.max-speakers", {"config": {"max_speakers": 1}}, {0: TWO}),
    ("parameters.max-speakers", {"config": {"max_speakers": 2}, "channels": 2}, {0: ONE, 1: THREE}),
    ("parameters.max-speakers", {}, {0: MANY}),
    ("parameters.channels", {"channels": 2}, {0: ONE}),
    ("parameters.channels", {"channels": 1}, {0: ONE, 1: ONE}),
    ("parameters.channels", {"channels": 2, "query": {"channels": "1"}}, {0: ONE, 1: ONE}),
    ("parameters.channels", {"channels": 2, "query": {"channels": "1,0"}}, {0: ONE}),
    ("parameters.channels", {"channels": 2}, {1: ONE, 2: ONE}),
    ("parameters.channel-numbers", {"channels": 2, "query": {"channels": "1"}}, {0: ONE}),
    ("parameters.channel-numbers", {"channels": 3, "query": {"channels": "2,0"}}, {0: ONE, 1: ONE}),
    ("parameters.channels", {"channels": 2, "query": {"channels": ""}}, {1: ONE}),
    ("parameters.channel-order", {"channels": 2, "query": {"channels": "1,0"}}, {0: ONE, 1: ONE}),
    ("parameters.channel-order", {"channels": 2}, {1: ONE, 0: ONE}),
    ("parameters.mix-is-one", {"channels": 2, "query": {"channel_mode": "mix"}}, {0: ONE, 1: ONE}),
    ("parameters.mix-is-one", {"channels": 2, "query": {"channel_mode": "mix"}}, {}),
    ("parameters.mix-is-zero", {"channels": 2, "query": {"channel_mode": "mix", "channels": "1"}}, {1: ONE}),
    ("parameters.range", {"query": {"range_from": 3}}, {0: [(0, 2.5, 9.5)]}),
    ("parameters.range", {"query": {"range_to": 3}}, {0: TWO}),
    ("parameters.range", {"query": {"range_from": 4, "range_to": 6}}, {0: [(0, 1.0, 5.0)]}),
    ("parameters.inside-audio", {"seconds": 3.89}, {0: TWO}),
]
CORRECT = [
    ({"config": {"total_speakers": 3}}, {0: THREE}),
    ({"config": {"total_speakers": 5}}, {0: THREE}),
    ({"config": {"total_speakers": 2}, "channels": 2}, {0: TWO, 1: []}),
    ({"config": {"total_speakers": 3}, "channels": 2}, {0: TWO, 1: ONE}),
    ({"config": {"max_speakers": 2}}, {0: TWO}),
    ({"config": {"max_speakers": 2}}, {0: []}),
    ({"config": {"max_speakers": 9, "unknown": 1}}, {0: ONE}),
    ({"query": {"channels": "9" * 5_000}}, {0: ONE}),
    ({"config": {"total_speakers": 10**400}}, {0: THREE}),
    ({}, {0: MANY[:100]}),
    ({"channels": 3}, {0: ONE, 1: [], 2: TWO}),
    ({"channels": 3, "query": {"channels": "2,0"}}, {2: ONE, 0: ONE}),
    ({"channels": 3, "query": {"channels": "2,2"}}, {2: ONE}),
    ({"channels": 2, "query": {"channel_mode": "split", "channels": "1"}}, {1: ONE}),
    ({"channels": 2, "query": {"channel_mode": "mix"}}, {0: TWO}),
    ({"query": {"range_from": 1, "range_to": 4}}, {0: TWO}),
    ({"query": {"range_from": 3, "range_to": 6}}, {0: [(0, 0.0, 3.0)]}),
    ({"query": {"range_from": 3, "range_to": 6}}, {0: [(0, 3.0, 6.01)]}),
    ({"query": {"range_from": 8}}, {0: [(0, 0.5, 2.0)]}),
    ({"query": {"range_to": 100}}, {0: TWO}),
    ({"query": {"range_from": 3, "range_to": 6}}, {0: []}),
    ({"seconds": 3.99}, {0: TWO}),
    ({"seconds": 3.91}, {0: TWO}),
    ({"query": {"range_from": 1.1, "range_to": 3.9}}, {0: TWO}),
]


def tell(script: Any, sent: dict[str, Any], told: dict[int, Any]) -> None:
    script.get(script.post(**sent), channels=[script.channel(number, *segments) for number, segments in told.items()])


@pytest.mark.parametrize(("clause", "sent", "told"), BROKEN)
def test_a_result_that_does_not_fit_its_request_is_caught_by_its_clause_alone(
    script: Any, clause: str, sent: dict[str, Any], told: dict[int, Any]
) -> None:
    tell(script, sent, told)
    assert set(script.findings()) == {clause}


@pytest.mark.parametrize(("sent", "told"), CORRECT)
def test_a_result_that_fits_its_request_passes(script: Any, sent: dict[str, Any], told: dict[int, Any]) -> None:
    tell(script, sent, told)
    assert script.findings() == {}


def test_the_request_of_another_task_does_not_count(script: Any) -> None:
    one = script.post(config={"total_speakers": 2})
    two = script.post(config={"total_speakers": 3})
    script.get(two, "done", *THREE)
    script.get(one, "done", *TWO)
    assert script.findings() == {}
    script.exchanges[2:] = []
    script.get(two, "done", *TWO)
    script.get(one, "done", *THREE)
    assert script.findings() == {"parameters.total-speakers": "error"}


def test_a_result_whose_request_is_not_known_is_not_judged(script: Any) -> None:
    script.get("0a1b2c3d-0000-4000-8000-00000000000f", "done", *MANY)
    assert not {clause for clause in script.observed() if clause.startswith("parameters.")}


def test_every_clause_has_a_server_that_breaks_it() -> None:
    assert {clause for clause, _, _ in BROKEN} | {"parameters.max-is-a-bound"} == {clause.id for clause in CLAUSES}


# Of a channel in which two speak: max_speakers, and the speakers of its five segments.
@pytest.mark.parametrize(
    ("results", "is_caught"),
    [
        ([(None, 2), (3, 3), (4, 4)], True),
        ([(3, 3), (3, 3), (None, 1)], True),
        ([(None, 2), (3, 3), (9, 5)], True),
        ([(None, 2), (1, 1), (2, 2), (3, 3), (4, 4)], True),
        ([(None, 2), (3, 3)], False),
        ([(None, 2), (3, 3), (4, 3)], False),
        ([(None, 2), (3, 3), (3, 2), (4, 4)], False),
        ([(None, 2), (1, 1), (2, 2)], False),
        ([(3, 3), (4, 4)], False),
        ([(3, 3), (4, 4), (None, 3)], False),
        ([(None, 2), (3, 3), (4, 4), (None, 3)], False),
    ],
)
def test_max_speakers_is_not_the_exact_number(
    script: Any, results: list[tuple[int | None, int]], is_caught: bool
) -> None:
    spoken = tuple(Segment(number % 2, 100 * number + 10, 100 * number + 90) for number in range(5))
    for most, came in results:
        task_id = script.post(config={"max_speakers": most} if most else None, truth=(spoken,))
        script.get(task_id, "done", *((min(number, came - 1), number + 0.1, number + 0.9) for number in range(5)))
    findings = script.findings()
    assert findings.get("parameters.max-is-a-bound") == ("error" if is_caught else None)
    assert {name for name in findings if not name.startswith("audio.")} <= {"parameters.max-is-a-bound"}


@pytest.mark.parametrize(("range_to", "is_caught"), [(1, True), (2, False)])
def test_only_those_who_speak_in_the_range_are_expected_there(script: Any, range_to: int, is_caught: bool) -> None:
    truth = ((Segment(0, 10, 90), Segment(1, 110, 190)),)
    script.get(script.post(truth=truth), "done", (0, 0.1, 0.9), (1, 1.1, 1.9))
    for _ in range(2):
        task_id = script.post(config={"max_speakers": 2}, truth=truth, query={"range_to": range_to})
        script.get(task_id, "done", (0, 0.1, 0.4), (1, 0.5, 0.9))
    assert ("parameters.max-is-a-bound" in script.findings()) is is_caught


@pytest.mark.parametrize(
    "upload",
    [
        {"config": {"max_speakers": 3}, "query": {"channel_mode": "mix"}},
        {"config": {"total_speakers": 3}},
        {"config": None},
    ],
    ids=str,
)
def test_other_requests_say_nothing_about_the_bound(script: Any, upload: dict[str, Any]) -> None:
    for _ in range(2):
        script.get(script.post(**upload, truth=((Segment(0, 100, 200),),)), "done", *THREE)
    assert "parameters.max-is-a-bound" not in script.observed()
