from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarkit_contracts.api.profiles import DEFAULT
from diarkit_contracts.api.schema import list_faults
from diarkit_contracts.api.states import TaskState
from diarkit_fixtures.segments import Segment
from diarkit_mockserver.intake.refusals import Condition, Detail, Refusal, refuse
from diarkit_mockserver.world.wire import (
    JSON,
    Acceptance,
    dump,
    write_error,
    write_refusal,
    write_result,
    write_task,
)

ID = "123e4567-e89b-42d3-a456-426614174000"


def test_a_202_is_the_reference_example() -> None:
    body = Acceptance(DEFAULT).write(ID, b"/task").body
    assert body == b'{"task":{"task_id":"123e4567-e89b-42d3-a456-426614174000","state":"pending"}}'
    assert list_faults("TaskStarted", json.loads(body)) == ()


@pytest.mark.parametrize("nulls", [True, False])
@pytest.mark.parametrize(
    ("state", "result", "error"),
    [
        (TaskState.PENDING, None, None),
        (TaskState.RUNNING, None, None),
        (TaskState.DONE, '{"channels":[]}', None),
        (TaskState.FAILED, None, '{"type":"internal","message":"m","detail":[]}'),
        (TaskState.REJECTED, None, '{"type":"task.validation-error","message":"m","detail":[]}'),
    ],
)
def test_a_task_has_what_its_state_has_and_nulls_by_setting(
    state: TaskState, result: str | None, error: str | None, *, nulls: bool
) -> None:
    decoded = json.loads(write_task(ID, state, result=result, error=error, nulls=nulls))
    assert list_faults("SpeakerDiarizationTask", decoded) == ()
    there = {key for key, value in (("result", result), ("error", error)) if value is not None}
    assert set(decoded) == {"task", "result", "error"} if nulls else {"task"} | there
    assert {key for key in ("result", "error") if decoded.get(key) is not None} == there


@pytest.mark.parametrize(
    ("centiseconds", "written"),
    [(0, "0.0"), (1, "0.01"), (29, "0.29"), (100, "1.0"), (740, "7.4"), (343, "3.43"), (720_000, "7200.0")],
)
def test_times_have_at_most_two_decimals(centiseconds: int, written: str) -> None:
    result = write_result([(0, (Segment(0, centiseconds, centiseconds + 1),))])  # type: ignore[arg-type]
    assert f'"start_time":{written},' in result


@given(st.integers(0, 100_000_000))
def test_a_time_is_read_back_as_the_same_centisecond(centiseconds: int) -> None:
    decoded = json.loads(write_result(((0, (Segment(0, centiseconds, centiseconds + 1),)),)))
    start = decoded["channels"][0]["segments"][0]["start_time"]
    assert round(start * 100) == centiseconds
    assert round(start, 2) == start


def test_a_result_counts_its_speakers() -> None:
    answer = ((2, (Segment(0, 0, 100), Segment(1, 100, 150), Segment(0, 200, 300))), (0, ()))
    assert json.loads(write_result(answer)) == {
        "channels": [
            {
                "channel_number": 2,
                "speakers_count": 2,
                "segments": [
                    {"speaker_id": 0, "start_time": 0, "end_time": 1},
                    {"speaker_id": 1, "start_time": 1, "end_time": 1.5},
                    {"speaker_id": 0, "start_time": 2, "end_time": 3},
                ],
            },
            {"channel_number": 0, "speakers_count": 0, "segments": []},
        ]
    }


def test_an_error_keeps_its_details() -> None:
    detail = Detail(location=("body", "config", 0), message="m", type="t")
    written = json.loads(write_error("internal", "text", [detail]))
    assert written["detail"] == [{"location": ["body", "config", 0], "message": "m", "type": "t"}]
    assert list_faults("ErrorResult", written) == ()


def test_a_refusal_is_the_envelope_with_its_headers() -> None:
    response = write_refusal(refuse(Condition.METHOD_WRONG, headers=(("allow", "GET"),)))
    assert (response.status, response.headers) == (405, (JSON, (b"allow", b"GET")))
    assert json.loads(response.body) == {"type": "method.invalid", "message": "Method is not allowed.", "detail": []}


def test_the_literal_body_of_the_reference_is_kept() -> None:
    assert write_refusal(refuse(Condition.MULTIPART_BROKEN)).body == (
        b'{"type":"request.invalid","message":"Invalid request.","detail":[]}'
    )


@pytest.mark.parametrize("status", range(400, 600))
def test_every_refusal_fits_the_contract(status: int) -> None:
    assert list_faults("ErrorResult", json.loads(write_refusal(Refusal(status)).body)) == ()


def test_a_foreign_body_is_sent_as_it_is() -> None:
    response = write_refusal(Refusal(502, foreign=(b"<html>", "text/html"), headers=(("retry-after", "1"),)))
    assert (response.status, response.body) == (502, b"<html>")
    assert response.headers == ((b"content-type", b"text/html"), (b"retry-after", b"1"))


def test_a_header_value_never_breaks_the_wire() -> None:
    response = write_refusal(Refusal(503, headers=(("retry-after", "\N{SNOWMAN}"),)))
    assert (b"retry-after", b"?") in response.headers


@given(st.text())
def test_any_text_can_be_written(text: str) -> None:
    assert json.loads(dump({"message": text}).encode()) == {"message": text}


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_json_does_not_know_is_not_written(value: float) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        dump(value)
