from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

from diarkit_contracts.clauses.task import CLAUSES
from diarkit_contracts.states import STEPS, TaskState

if TYPE_CHECKING:
    from collections.abc import Callable

URL = "http://127.0.0.1:8000/api/technology/speaker-diarization"
OTHER = "0a1b2c3d-0000-4000-8000-00000000000f"
PATH = "/api/technology/speaker-diarization/"


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


def swap_the_error_types(s: Any) -> None:
    task = s.post(seconds=0)
    error = {"type": "internal", "message": ""}
    s.add("GET", f"{URL}/{task}", {"task": {"task_id": task, "state": "rejected"}, "error": error})


BROKEN = [
    ("task.id-echo", answer_for_another),
    ("task.id-unique", lambda s: [s.post(task_id=OTHER) for _ in range(2)]),
    ("task.location", lambda s: s.post(location=f"{URL}/{OTHER}")),
    ("task.location", lambda s: s.post(location=URL)),
    ("task.location-host", lambda s: s.post(task_id=OTHER, location=f"http://localhost:8000{PATH}{OTHER}")),
    ("task.location-host", lambda s: s.post(task_id=OTHER, location=f"https://127.0.0.1:8000{PATH}{OTHER}")),
    ("task.is-found", forget_before_the_end),
    ("task.terminal-is-final", change_the_result),
    ("task.terminal-is-final", change_the_error),
    ("task.error-type", swap_the_error_types),
]


def expire_after_the_end(s: Any) -> None:
    task = s.post()
    s.get(task, "done")
    s.refuse("GET", f"{URL}/{task}", 404)


def leave_out_what_was_null(s: Any) -> None:
    task = s.post()
    s.get(task, "done", (0, 1.0, 2.0))
    s.add("GET", f"{URL}/{task}", {"result": {"channels": [s.channel(0, (0, 1.0, 2.0))]}, "task": {"state": "done", "task_id": task}})  # fmt: skip


def overtake_on_the_wire(s: Any) -> None:
    task = s.post()
    s.get(task, "done", sent_at=5.0)
    s.get(task, "running", sent_at=5.1)


CORRECT = [
    expire_after_the_end,
    leave_out_what_was_null,
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
    assert script.findings() == ({} if legal else {"task.legal-steps": "error"})


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
    assert {clause for clause, _ in BROKEN} | {"task.legal-steps"} == {clause.id for clause in CLAUSES}
