from __future__ import annotations

import json
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

from diarkit_contracts.api.evidence import Severity
from diarkit_contracts.api.profiles import PROFILES
from diarkit_contracts.api.states import STEPS, TERMINAL, TaskState
from diarkit_contracts.clauses import task as of_tasks
from diarkit_contracts.clauses.catalogue import find_clause, judge_all, list_clauses
from diarkit_contracts.clauses.clause import judge
from diarkit_contracts.exchanges.exchange import Exchange, Loss, Lost, Request
from diarkit_contracts.exchanges.history import read_history
from diarkit_fixtures.segments import Segment

if TYPE_CHECKING:
    from collections.abc import Callable

CLAUSES = list_clauses(of_tasks)

URL = "http://127.0.0.1:8000/api/technology/speaker-diarization"
OTHER = "0a1b2c3d-0000-4000-8000-00000000000f"
RUNNING = b'{"task":{"task_id":"%s","state":"running"}}' % OTHER.encode()
PATH = "/api/technology/speaker-diarization/"
END_IN_202 = RUNNING.replace(b"running", b"done")


def answer_for_another(s: Any) -> None:
    told = {"task": {"task_id": OTHER, "state": "running"}}
    s.add("GET", f"{URL}/{s.post()}", told)


def forget_before_the_end(s: Any) -> None:
    task = s.post()
    s.get(task, "running")
    s.refuse("GET", f"{URL}/{task}", 404)


def change_the_result(s: Any) -> None:
    task = s.post()
    s.get(task, "done", (0, 1.0, 2.0))
    s.get(task, "done", (0, 1.0, 2.01))


def change_the_error(s: Any) -> None:
    task = s.post()
    s.get(task, "failed")
    error = {"type": "internal", "message": "Another reason."}
    s.add("GET", f"{URL}/{task}", {"task": {"task_id": task, "state": "failed"}, "result": None, "error": error})


def change_the_type(s: Any) -> None:
    task = s.post()
    s.get(task, "failed")
    error = {"type": "task.validation-error", "message": "It did not work."}
    s.add("GET", f"{URL}/{task}", {"task": {"task_id": task, "state": "failed"}, "result": None, "error": error})


def tell_early(s: Any, state: str, **told: Any) -> None:
    task = s.post()
    s.add("GET", f"{URL}/{task}", {"task": {"task_id": task, "state": state}, **told})


def look_again_after(s: Any, seconds: float) -> None:
    task = s.post()
    s.get(task, "running", sent_at=1.0)  # answered at 1.5
    s.refuse("GET", f"{URL}/{task}", 404, sent_at=1.5 + seconds)


def swap_the_error_types(s: Any) -> None:
    task = s.post(seconds=0)
    error = {"type": "internal", "message": ""}
    s.add("GET", f"{URL}/{task}", {"task": {"task_id": task, "state": "rejected"}, "error": error})


def write_otherwise(s: Any, ended: str) -> None:
    task = s.post(seconds=0)
    s.get(task, ended)
    last = s.exchanges[-1].answer
    s.get(task, ended, body=json.dumps(json.loads(last.body), sort_keys=True).encode())


def leave_out_what_was_null(s: Any) -> None:
    task = s.post()
    s.get(task, "done", (0, 1.0, 2.0))
    s.add("GET", f"{URL}/{task}", {"result": {"channels": [s.channel(0, (0, 1.0, 2.0))]}, "task": {"state": "done", "task_id": task}})  # fmt: skip


def ask_together(
    s: Any, one: tuple[Any, ...], two: tuple[Any, ...], *, third: tuple[Any, ...] = ((0, 0.5, 9.0),), **sent: Any
) -> None:
    """Start two tasks and tell these segments of them, then a third one alone."""
    first, second = s.post(sha256="1", truth=(ONE,), **sent), s.post(sha256="2", truth=(TWO,), **sent)
    s.get(first, "done", *one)
    s.get(second, "done", *two)
    s.get(s.post(sha256="3"), "done", *third)


# So near to each other that an answer to the one is not off by half for the other.
ONE = (Segment(0, 100, 300), Segment(1, 300, 500), Segment(0, 600, 800))
TWO = (Segment(0, 100, 300), Segment(1, 300, 500), Segment(0, 600, 640), Segment(1, 640, 800))
TO_ONE = ((0, 1.0, 3.0), (1, 3.0, 5.0), (0, 6.0, 8.0))
TO_TWO = ((0, 1.0, 3.0), (1, 3.0, 5.0), (0, 6.0, 6.4), (1, 6.4, 8.0))


BROKEN = [
    ("task.identical-polls", lambda s: write_otherwise(s, "done")),
    ("task.identical-polls", lambda s: write_otherwise(s, "rejected")),
    ("task.identical-polls", leave_out_what_was_null),
    ("task.no-crosstalk", lambda s: ask_together(s, TO_ONE, TO_ONE)),
    ("task.no-crosstalk", lambda s: ask_together(s, TO_TWO, TO_TWO)),
    ("task.id-echo", answer_for_another),
    ("task.id-unique", lambda s: [s.post(task_id=OTHER) for _ in range(2)]),
    ("task.location", lambda s: s.post(location=f"{URL}/{OTHER}")),
    ("task.location", lambda s: s.post(location=URL)),
    ("task.location", lambda s: s.post(location="http://[1")),
    ("task.location-host", lambda s: s.post(task_id=OTHER, location=f"http://worker-1:8000{PATH}{OTHER}")),
    ("task.legal-steps", lambda s: s.get(s.post(body=END_IN_202, task_id=OTHER), "running")),
    ("task.is-retained", lambda s: [expire_after_the_end(s) for _ in range(3)]),
    ("task.location-host", lambda s: s.post(task_id=OTHER, location=f"https://127.0.0.1:8000{PATH}{OTHER}")),
    ("task.is-found", forget_before_the_end),
    ("task.terminal-is-final", change_the_result),
    ("task.identical-polls", change_the_error),
    ("task.nothing-before-end", lambda s: tell_early(s, "running", result={"channels": []})),
    ("task.nothing-before-end", lambda s: tell_early(s, "pending", error={"type": "internal", "message": ""})),
    ("task.is-found", lambda s: look_again_after(s, 4.9)),
    ("task.error-type", swap_the_error_types),
]


def expire_after_the_end(s: Any) -> None:
    task = s.post()
    s.get(task, "done")
    s.refuse("GET", f"{URL}/{task}", 404)


def overtake_on_the_wire(s: Any) -> None:
    task = s.post()
    s.get(task, "done", sent_at=5.0)
    s.get(task, "running", sent_at=5.1)


CORRECT = [
    expire_after_the_end,
    lambda s: look_again_after(s, 5.1),
    lambda s: s.post(task_id=OTHER, location=f"{PATH}{OTHER}/"),
    lambda s: s.post(task_id=OTHER, location=f"http://localhost:8000{PATH}{OTHER}"),
    lambda s: [expire_after_the_end(s), *(s.get(task, "done") for task in [s.post()] * 2)],
    lambda s: [s.get(s.post(body=END_IN_202, task_id=OTHER), "done")],
    lambda s: [
        s.get(task, "running", body=body) for task in [s.post(task_id=OTHER)] for body in (RUNNING, b" " + RUNNING)
    ],
    lambda s: ask_together(s, TO_ONE, TO_TWO),
    lambda s: ask_together(s, TO_ONE[:2], TO_ONE[:2]),  # too few segments to tell them apart
    lambda s: ask_together(s, TO_ONE, TO_ONE, third=TO_ONE),  # the same for everybody
    lambda s: ask_together(s, TO_ONE, TO_ONE, query={"range_to": 9}),  # what is to be told is not known
    overtake_on_the_wire,
    lambda s: s.post(task_id=OTHER, location=PATH + OTHER),
    lambda s: s.post(task_id=OTHER.upper(), location=PATH + OTHER),
    lambda s: [s.get(s.post(), "done") for _ in range(3)],
    lambda s: s.refuse("GET", f"{URL}/{OTHER}", 404),
]


@pytest.mark.parametrize(("clause", "write"), BROKEN)
def test_a_broken_task_is_caught_by_its_clause_alone(script: Any, clause: str, write: Callable[[Any], None]) -> None:
    write(script)
    assert set(script.findings()) == {clause}


@pytest.mark.parametrize("write", CORRECT)
def test_a_correct_task_passes(script: Any, write: Callable[[Any], None]) -> None:
    write(script)
    assert script.findings() == {}


@pytest.mark.parametrize(("before", "after"), list(product(TaskState, TaskState)))
def test_every_illegal_step_is_caught_and_no_legal_one(script: Any, before: TaskState, after: TaskState) -> None:
    task = script.post(seconds=0)
    script.get(task, before.value)
    script.get(task, after.value)
    legal = before is after or after in STEPS[before]
    broken = {"task.legal-steps": "error"} if before in TERMINAL else {"task.no-way-back": "warning"}
    newest = PROFILES["5.0" if "cancelled" in {before, after} else "3.6"]
    found = script.findings(newest)
    found.pop("shape.headers", None)  # the script sends X-Location alone
    assert found == ({} if legal or before is TaskState.CANCELLED else broken)


def test_an_error_of_another_type_is_another_outcome(script: Any) -> None:
    change_the_type(script)
    assert script.findings() == {"task.terminal-is-final": "error", "task.error-type": "warning"}


def test_polls_of_other_tasks_in_between_change_nothing(script: Any) -> None:
    one, two = script.post(), script.post()
    for task, state in (
        (one, "running"),
        (two, "pending"),
        (one, "done"),
        (two, "running"),
        (two, "done"),
        (one, "done"),
    ):
        script.get(task, state)
    assert script.findings() == {}


def test_every_clause_has_a_server_that_breaks_it() -> None:
    assert {clause for clause, _ in BROKEN} | {
        "task.legal-steps",
        "task.no-way-back",
        "task.ends",
        "task.location-connects",
    } == {clause.id for clause in CLAUSES}


FAR_ONE = (Segment(0, 0, 100), Segment(1, 100, 200), Segment(0, 200, 300))
FAR_TWO = (Segment(0, 600, 700), Segment(1, 700, 800), Segment(0, 800, 990))
TO_FAR_ONE = ((0, 0.0, 1.0), (1, 1.0, 2.0), (0, 2.0, 3.05))
TO_FAR_TWO = ((0, 6.0, 7.0), (1, 7.0, 8.0), (0, 8.0, 9.95))


def test_two_answers_that_are_swapped_are_caught_both(script: Any) -> None:
    one, two = script.post(sha256="1", truth=(FAR_ONE,)), script.post(sha256="2", truth=(FAR_TWO,))
    script.get(one, "done", *TO_FAR_TWO)
    script.get(two, "done", *TO_FAR_ONE)
    (judged,) = (each for each in judge_all(read_history(script.exchanges)) if each.clause.id == "task.no-crosstalk")
    assert [each.fault.got.partition(",")[0] for each in judged.broken if each.fault] == ["the answer to exchange 1", "the answer to exchange 0"]  # fmt: skip


@pytest.mark.parametrize("sent", [{"seconds": 5}, {"channels": 1}])
def test_an_answer_that_its_file_can_not_have_and_that_another_task_told_is_caught(script: Any, sent: Any) -> None:
    told = [script.channel(0, *TO_FAR_TWO), *([script.channel(1)] if "channels" in sent else [])]
    one, two = (
        script.post(sha256="1", **sent),
        script.post(**{"sha256": "2", **sent, "seconds": 10, "channels": len(told)}),
    )
    script.get(one, channels=told)
    script.get(two, channels=told)
    script.get(script.post(sha256="3"), "done", (0, 1.0, 2.0))
    assert script.findings().get("task.no-crosstalk") == "error"


@pytest.mark.parametrize("digests", ["11", "12"])
def test_tasks_one_after_the_other_and_two_of_one_file_are_not_judged(script: Any, digests: str) -> None:
    for digest, told in zip(digests, (TO_ONE, TO_TWO), strict=True):
        script.get(script.post(sha256=digest, truth=(ONE,)), "done", *told)
    assert "task.no-crosstalk" not in script.observed()


def test_one_file_sent_twice_at_a_time_is_not_judged(script: Any) -> None:
    tasks = [script.post(), script.post()]
    for task, told in zip(tasks, (TO_ONE, TO_TWO), strict=True):
        script.get(task, "done", *told)
    assert "task.no-crosstalk" not in script.observed()


@pytest.mark.parametrize(("given_up", "broken"), [(0, 0), (1, 0), (2, 2)])
def test_two_tasks_without_an_end_are_a_finding_of_a_run_of_ours(script: Any, given_up: int, broken: int) -> None:
    tasks = [script.post(sha256=str(number) * 64) for number in range(2)]
    for task in tasks:
        script.get(task, "running")
    clause = find_clause("task.ends")
    judged = judge(clause, read_history(script.exchanges, given_up=frozenset(tasks[:given_up])))
    assert [each.at for each in judged.broken] == [2, 3][:broken]
    assert judge(clause, read_history(script.exchanges)).observations == ()


@pytest.mark.parametrize(("host", "broken"), [("127.0.0.1:8000", 0), ("gone.example:8000", 1), ("there.example", 0)])
def test_a_location_that_nobody_can_connect_to_is_a_finding(script: Any, host: str, broken: int) -> None:
    script.post(location=f"http://{host}/api/technology/speaker-diarization/{OTHER}", task_id=OTHER)
    lost = Exchange(Request(method="GET", url="http://gone.example:8000/x"), Lost(kind=Loss.REFUSED))
    history = read_history([*script.exchanges, lost], given_up=frozenset())
    assert len(judge(find_clause("task.location-connects"), history).broken) == broken


def test_a_second_location_leads_to_the_same_task(script: Any) -> None:
    for extra, severity in ((("X-Location", URL), Severity.ERROR), (("Location", URL), Severity.WARNING)):
        script.exchanges.clear()
        script.post(extra=(("X-Location", PATH + OTHER), extra), task_id=OTHER)
        judged = judge(find_clause("task.location"), read_history(script.exchanges))
        (fault,) = (each.fault for each in judged.broken)
        assert fault is not None
        assert (fault.evidence or judged.clause.evidence).severity is severity


@pytest.mark.parametrize("spelled", ["{}/", "{}%31", "{}//"])
def test_a_look_is_one_however_it_is_spelled(script: Any, spelled: str) -> None:
    task = script.post(task_id=OTHER[:-1] + "1")
    url = spelled.format(f"{URL}/{task}" if "%" not in spelled else f"{URL}/{task[:-1]}")
    script.add("GET", url, {"task": {"task_id": task, "state": "pending"}, "result": None, "error": None})
    (look,) = read_history(script.exchanges).looks
    assert (look.asked, look.start is not None) == (task, True)
    assert script.findings() == {}
