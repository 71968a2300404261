from __future__ import annotations

from typing import Any

import pytest

from diarkit_contracts.exchanges.history import read_history
from diarkit_contracts.runs.parity.answers import read_answers, read_error_type


def read(verdict: Any) -> Any:
    return read_answers(verdict.rows[0], read_history(verdict.exchanges))


def test_a_task_is_read_with_its_states_and_channels(verify_stub: Any) -> None:
    answers = read(verify_stub(None, "row-01"))
    assert (answers.is_task, answers.states, answers.end) == (True, ("running", "done"), "done")
    assert answers.channels == {0: True, 1: True}
    assert answers.describe() == "202 pending, then done"
    assert answers.location_form == "absolute"
    assert not answers.is_refused


def test_a_refusal_is_read_as_one(verify_stub: Any) -> None:
    answers = read(verify_stub(None, "bad-03"))
    assert (answers.is_task, answers.end, answers.is_refused, answers.location_form) == (False, "", True, "absent")
    assert read_error_type(answers.start) == "request.validation-error"


def test_a_rejected_task_is_a_refusal_too(verify_stub: Any) -> None:
    answers = read(verify_stub(None, "row-07"))
    assert (answers.is_task, answers.is_refused, answers.channels) == (True, True, None)
    assert read_error_type(answers.looks["rejected"]) == "task.validation-error"
    assert read_error_type(answers.start) == ""


def test_the_last_of_several_tries_counts(verify_stub: Any, stub: Any, make_target: Any) -> None:
    from diarkit_contracts.rows.plan import choose_rows  # noqa: PLC0415
    from diarkit_contracts.runs.verify import verify_target  # noqa: PLC0415

    tries = []

    def tamper(request: Any, answer: Any) -> Any:
        tries.append(request)
        return stub.refuse(429, ("Retry-After", "1")) if len(tries) == 1 else answer

    stub.tamper = tamper
    verdict = verify_target(choose_rows(["row-01"]), make_target())
    assert read(verdict).start.answer.status == 202


@pytest.mark.parametrize("told", [b'"/api/technology/speaker-diarization/x"'])
def test_a_relative_location_is_told_from_an_absolute_one(verify_stub: Any, stub: Any, told: bytes) -> None:
    stub.URL = ""
    assert read(verify_stub(None, "row-01")).location_form == "relative"
    assert told.startswith(b'"/')
