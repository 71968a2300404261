from __future__ import annotations

import json
from dataclasses import replace

import pytest

from diarkit_contracts.api.states import TaskState
from diarkit_contracts.api.strict_json import StrictJsonError
from diarkit_contracts.exchanges.exchange import Answer, Exchange, Request, describe_field
from diarkit_contracts.exchanges.history import (
    find_operation,
    find_value,
    is_uuid,
    match_path,
    read_history,
    read_object,
)

URL = "http://a/worlds/w/api/technology/speaker-diarization"
ID = "0a1b2c3d-0000-4000-8000-00000000000f"
RESULT = {
    "channels": [
        {
            "channel_number": 1,
            "speakers_count": 1,
            "segments": [{"speaker_id": 0, "start_time": 0.5, "end_time": 2}],
        }
    ]
}


def ask(method: str, url: str, status: int, told: object, **request: object) -> Exchange:
    body = told if isinstance(told, bytes) else json.dumps(told).encode()
    return Exchange(Request(method=method, url=url, **request), Answer(status=status, body=body))  # type: ignore[arg-type]


def start(config: str | None = None, task_id: str = ID) -> Exchange:
    parts = () if config is None else (describe_field("config", config),)
    return ask("POST", URL, 202, {"task": {"task_id": task_id, "state": "pending"}}, parts=parts)


def look(state: str = "done", *, asked: str = ID, status: int = 200) -> Exchange:
    return ask("GET", f"{URL}/{asked}", status, {"task": {"task_id": ID, "state": state}, "result": RESULT})


def test_a_look_is_led_back_to_the_request_it_is_about() -> None:
    history = read_history([look(), start(task_id=ID.upper()), look(), look(asked=ID.replace("0a", "0b"))])
    assert [each.start.at if each.start else None for each in history.looks] == [1, 1, None]


def test_what_is_told_of_a_task_is_read() -> None:
    told = read_history([look()]).looks[0]
    assert (told.task_id, told.state, told.asked) == (ID, TaskState.DONE, ID)
    assert told.channels is not None
    assert told.channels[0].number == 1
    assert (told.channels[0].segments[0].start, told.channels[0].segments[0].end) == (0.5, 2)


@pytest.mark.parametrize(
    "told",
    [b"", b"no JSON", [], {"task": []}, {"task": {"task_id": 7, "state": "finished"}, "result": {"channels": 0}}],
)
def test_what_can_not_be_read_is_none(told: object) -> None:
    seen = read_history([ask("GET", f"{URL}/{ID}", 200, told), ask("POST", URL, 202, told)])
    assert (seen.looks[0].task_id, seen.looks[0].state, seen.looks[0].channels) == (None, None, None)
    assert seen.starts[0].task_id is None


def test_other_exchanges_are_kept_and_not_read() -> None:
    history = read_history(
        [ask("GET", "http://a/docs", 200, {}), ask("GET", URL, 405, {}), ask("POST", URL + "/x", 405, {})]
    )
    assert (len(history.exchanges), history.starts, history.looks) == (3, (), ())


@pytest.mark.parametrize(
    ("config", "read"),
    [(None, {}), ('{"max_speakers": 2}', {"max_speakers": 2}), ("{", None), ("[]", None), ("null", None)],
)
def test_the_config_is_read_as_it_was_sent(config: str | None, read: object) -> None:
    assert read_history([start(config)]).starts[0].config == read


def test_of_parts_with_one_name_the_last_counts() -> None:
    parts = (describe_field("config", "{}"), describe_field("file", "a"), describe_field("config", '{"a": 1}'))
    found = read_history([ask("POST", URL, 422, {}, parts=parts)]).starts[0]
    assert found.config == {"a": 1}
    assert found.file == parts[1]


def test_refused_looks_are_no_part_of_what_a_task_told() -> None:
    history = read_history([start(), look("running"), look(status=404), look(), look()])
    assert [each.at for each in history.by_task[ID]] == [1, 3, 4]


def test_each_task_has_one_result_and_one_end_the_first() -> None:
    history = read_history([start(), look("running"), look(), look()])
    end = history.find_end(history.starts[0])
    assert [each.at for each, _ in history.results()] == [2]
    assert end is not None
    assert end.at == 2


def test_a_task_that_nobody_looked_at_has_no_end() -> None:
    history = read_history([start()])
    assert history.find_end(history.starts[0]) is None


@pytest.mark.parametrize(
    ("method", "path", "operation"),
    [
        ("POST", "/api/technology/speaker-diarization", "speaker_diarization_start"),
        ("GET", f"/worlds/w/api/technology/speaker-diarization/{ID}", "speaker_diarization_result"),
        ("GET", "/api/system/info", "info_api"),
        ("GET", "/api/technology/speaker-diarization", None),
        ("GET", "/api/technology/speaker-diarization/a/b", None),
        ("DELETE", f"/api/technology/speaker-diarization/{ID}", None),
    ],
)
def test_an_exchange_belongs_to_the_operation_of_its_method_and_path(
    method: str, path: str, operation: str | None
) -> None:
    found = find_operation(ask(method, f"http://a{path}", 200, {}))
    assert (
        (found is None)
        if operation is None
        else (found is not None and str(found.body["operationId"]).startswith(operation))
    )


def test_a_path_is_matched_from_its_end() -> None:
    assert match_path("/a/{b}", "/x/a/1")
    assert not match_path("/a/{b}", "/a/1/")
    assert not match_path("/a/{b}", "//a/1")
    assert not match_path("/a/{b}", "/x//a/1")


@pytest.mark.parametrize(
    ("text", "expected"), [(ID, True), (ID.upper(), True), (ID.replace("-", ""), False), ("17", False)]
)
def test_a_uuid_has_its_usual_form(text: str, expected: object) -> None:
    assert is_uuid(text) is expected


@pytest.mark.parametrize("body", [None, 1, [], {"a": 1}, {"a": {"c": 1}}])
def test_a_value_that_is_not_there_is_none(body: object) -> None:
    assert find_value(body, "a", "b") is None


def test_an_object_is_read_leniently() -> None:
    assert read_object(b'{"a": NaN, "b": 1, "b": 2}') is not None
    assert read_object(b"[1]") is None
    assert read_object(b"[" * 100_000) is None


def test_a_result_is_read_with_its_faults_and_one_of_another_structure_is_none() -> None:
    upside_down = {"task": {"task_id": ID, "state": "done"}, "result": {**RESULT, "extra": 1}}
    told = read_history([look(), ask("GET", f"{URL}/{ID}", 200, upside_down)]).looks
    assert [[fault.rule.name for fault in each.faults] for each in told] == [[], ["known-keys"]]
    assert told[0].channels == told[1].channels
    broken = {"task": {"task_id": ID, "state": "done"}, "result": {"channels": [{}]}}
    (seen,) = read_history([ask("GET", f"{URL}/{ID}", 200, broken)]).looks
    assert (seen.channels, {fault.rule.name for fault in seen.faults}) == (None, {"structure"})


@pytest.mark.parametrize("time", ["NaN", "Infinity", "1e999"])
def test_a_time_that_is_no_number_makes_a_result_unreadable(time: str) -> None:
    exchange = look()
    body = exchange.answer.body.replace(b"0.5", time.encode())
    assert body != exchange.answer.body
    told = read_history([replace(exchange, answer=replace(exchange.answer, body=body))]).looks[0]
    assert (told.state, told.channels) == (TaskState.DONE, None)


def test_a_body_is_decoded_once_and_so_is_one_that_is_refused() -> None:
    history = read_history([])
    assert history.decode(b'{"a": [1]}') is history.decode(b'{"a": [1]}')
    assert isinstance(history.decode(b"NaN"), StrictJsonError)
    assert history.decode(b"NaN") is history.decode(b"NaN")
