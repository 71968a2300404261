from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from diarkit_mockserver.control import calls
from diarkit_mockserver.control.client import Control
from diarkit_mockserver.control.orders import FaultList, Move, NewWorld
from diarkit_mockserver.scenario.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    Ask = Callable[..., Any]

TEXT = {"type": "string"}
SIZE = {"type": "integer", "minimum": -1}
PAIRS = {
    "type": "array",
    "items": {"type": "object", "required": ["name", "value"], "properties": {"name": TEXT, "value": TEXT}},
}
MESSAGE = {
    "httpVersion": TEXT,
    "cookies": {"type": "array"},
    "headers": PAIRS,
    "headersSize": SIZE,
    "bodySize": SIZE,
}
# HAR 1.2, the fields that it requires and the types that it gives them.
HAR = {
    "type": "object",
    "required": ["log"],
    "properties": {
        "log": {
            "type": "object",
            "required": ["version", "creator", "entries"],
            "properties": {
                "version": {"const": "1.2"},
                "creator": {
                    "type": "object",
                    "required": ["name", "version"],
                    "properties": {"name": TEXT, "version": TEXT},
                },
                "entries": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["startedDateTime", "time", "request", "response", "cache", "timings"],
                        "properties": {
                            "time": {"type": "number", "minimum": 0},
                            "cache": {"type": "object"},
                            "connection": TEXT,
                            "comment": TEXT,
                            "timings": {
                                "type": "object",
                                "required": ["send", "wait", "receive"],
                                "additionalProperties": {"type": "number", "minimum": -1},
                            },
                            "request": {
                                "type": "object",
                                "required": ["method", "url", "queryString", *MESSAGE],
                                "properties": {
                                    **MESSAGE,
                                    "method": TEXT,
                                    "url": TEXT,
                                    "queryString": PAIRS,
                                    "postData": {
                                        "type": "object",
                                        "required": ["mimeType", "params"],
                                        "properties": {
                                            "mimeType": TEXT,
                                            "params": {"type": "array", "items": {"required": ["name"]}},
                                        },
                                        "not": {"required": ["text"]},
                                    },
                                },
                            },
                            "response": {
                                "type": "object",
                                "required": ["status", "statusText", "content", "redirectURL", *MESSAGE],
                                "properties": {
                                    **MESSAGE,
                                    "status": {"type": "integer"},
                                    "statusText": TEXT,
                                    "redirectURL": TEXT,
                                    "content": {
                                        "type": "object",
                                        "required": ["size", "mimeType"],
                                        "properties": {"size": SIZE, "mimeType": TEXT, "text": TEXT},
                                    },
                                },
                            },
                        },
                    },
                },
            },
        }
    },
}


@pytest.fixture
def archive(start: Callable[..., Any], ask: Ask, submit: Ask) -> Any:
    """Uploads, polls, refusals and a damaged answer, two seconds apart, in a world that stands still."""
    with Control(start().url) as control:
        world = control.send(calls.open_world(NewWorld(name="a", frozen=True)))
        base = control.url + world.path
        task_id = json.loads(submit(base, b"RIFF", config='{"max_speakers": 2}', query="channels=0").body)["task"][
            "task_id"
        ]
        control.send(calls.advance_clock(Move(seconds=2)), "a")
        ask(base, "GET", f"/api/technology/speaker-diarization/{task_id}?a=b%20c")
        control.send(
            calls.replace_faults(
                FaultList(faults=(Fault(body="garbled"), Fault(connection="reset_before_headers", on="submit")))
            ),
            "a",
        )
        ask(base, "GET", f"/api/technology/speaker-diarization/{task_id}")
        with pytest.raises(OSError):  # noqa: PT011 - which one is the system's choice
            submit(base, b"RIFF")
        ask(base, "GET", "/api/technology/speaker-diarization/none")
        return json.loads(ask(control.url, "GET", "/__diarkit/v1/journal?format=har&world=a").body)


def test_it_is_a_har_1_2(archive: Any) -> None:
    faults = [
        f"{list(fault.absolute_path)}: {fault.message}" for fault in Draft202012Validator(HAR).iter_errors(archive)
    ]
    assert faults == []
    assert len(archive["log"]["entries"]) == 5


def test_times_are_the_worlds(archive: Any) -> None:
    started = [entry["startedDateTime"] for entry in archive["log"]["entries"]]
    assert started[:2] == ["2000-01-01T00:00:00.000000+00:00", "2000-01-01T00:00:02.000000+00:00"]
    assert all(datetime.fromisoformat(each).tzinfo for each in started)


def test_an_upload_is_a_form_without_its_file(archive: Any) -> None:
    form = archive["log"]["entries"][0]["request"]["postData"]
    file, config = form["params"]
    assert form["mimeType"].startswith("multipart/form-data")
    assert (file["name"], file["fileName"], "first bytes 52494646" in file["comment"]) == ("file", "call.wav", True)
    assert config == {"name": "config", "value": '{"max_speakers": 2}'}


def test_an_answer_is_there_as_it_went_out(archive: Any) -> None:
    upload, poll, garbled, lost, refused = (entry["response"] for entry in archive["log"]["entries"])
    assert (upload["status"], upload["statusText"]) == (202, "Accepted")
    assert json.loads(poll["content"]["text"])["task"]["state"] == "running"
    assert (garbled["status"], garbled["content"]["size"] > 0) == (200, True)
    assert (lost["status"], lost["statusText"]) == (0, "")
    assert refused["status"] == 422


def test_a_query_is_told_in_parts(archive: Any) -> None:
    request = archive["log"]["entries"][1]["request"]
    assert request["queryString"] == [{"name": "a", "value": "b c"}]
    assert request["url"].endswith("?a=b%20c")


def test_time_beyond_all_calendars_is_told_as_their_end(start: Callable[..., Any], ask: Ask) -> None:
    with Control(start().url) as control:
        for _ in range(2):
            control.send(calls.advance_clock(Move(seconds=9e11)))
        ask(control.url, "GET", "/api/system/info")
        archive = json.loads(ask(control.url, "GET", "/__diarkit/v1/journal?format=har").body)
    assert archive["log"]["entries"][0]["startedDateTime"].startswith("9999-12-31")
