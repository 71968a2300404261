"""Which mistake a request has, and what a text may name of it: told from the request alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from contract_servers.fake import URL

from diarkit_contracts.exchanges.exchange import Answer, Exchange, Part, Request, Sound, describe_field
from diarkit_contracts.exchanges.form import BOUNDARY
from diarkit_contracts.exchanges.history import read_history
from diarkit_contracts.runs.learn.seen import describe_seen, list_seen

if TYPE_CHECKING:
    from diarkit_contracts.api.points import Seen

START = "/api/technology/speaker-diarization"
TASK = "0a1b2c3d-0000-4000-8000-00000000000f"
FILE = Part(name="file", filename="a.wav", size=9, sha256="0" * 64, sound=Sound(length=200, loud=(True,)))
JUNK = Part(name="file", filename="a.wav", size=9, sha256="0" * 64)


def see(request: Request, status: int = 422, body: bytes = b"{}") -> Seen:
    (seen,) = list_seen(read_history([Exchange(request, Answer(status=status, body=body))]), URL)
    return seen


def post(query: str = "", *parts: Part) -> Request:
    return Request(method="POST", url=f"{URL}{START}{query}", parts=parts)


def configure(text: str) -> Request:
    return post("", FILE, describe_field("config", text))


def ask(method: str, path: str) -> Request:
    return Request(method=method, url=URL + path)


@pytest.mark.parametrize(
    ("request_", "mistake", "values"),
    [
        (post("", FILE), "", {}),
        (post(), "missing_file", {}),
        (post("", describe_field("file", "RIFF")), "text_file", {"value": "RIFF"}),
        (post("", describe_field("file", "")), "empty_text_file", {}),
        (configure("{"), "broken_config", {"value": "{"}),
        (configure("[2]"), "config_type", {"value": "[2]"}),
        (configure('"max"'), "config_type", {"value": "max"}),
        (configure('{"max_speakers": 0}'), "bad_limit", {"value": "0", "name": "max_speakers"}),
        (configure('{"total_speakers": "x"}'), "limit_type", {"value": "x", "name": "total_speakers"}),
        (configure('{"max_speakers": 1.5}'), "limit_type", {"value": "1.5"}),
        (configure('{"max_speakers": true}'), "limit_type", {"value": "true"}),
        (configure('{"max_speakers": 1, "total_speakers": 1}'), "both_limits", {}),
        (configure('{"max_speakers": 0, "total_speakers": 0}'), "several", {}),
        (post("?channel_mode=x", FILE), "bad_mode", {"value": "x"}),
        (post("?channels=a", FILE), "bad_channels", {"value": "a"}),
        (post("?range_to=soon", FILE), "bad_time", {"value": "soon", "name": "range_to"}),
        (post("?range_from=-1", FILE), "negative_time", {"value": "-1", "name": "range_from"}),
        (post("?range_from=nan", FILE), "odd_time", {"value": "nan"}),
        (post("?range_from=-1&channel_mode=x", FILE), "several", {}),
        (ask("GET", f"{START}/no-id"), "bad_task_id", {"value": "no-id", "task_id": ""}),
        (ask("PUT", f"{START}/{TASK}"), "wrong_method", {"task_id": TASK, "method": "PUT", "allowed": "GET"}),
        (ask("GET", START), "wrong_method", {"method": "GET", "allowed": "POST"}),
        (ask("GET", "/api/x"), "unknown_path", {"path": "/api/x"}),
        (ask("GET", "/api/system/info"), "", {}),
        (Request(method="POST", url=URL + START, headers=(("Content-Type", f"multipart/form-data; boundary={BOUNDARY}"),)), "broken_form", {}),
        (Request(method="POST", url=URL + START, headers=(("Content-Type", "application/json"),)), "no_form", {}),
    ],
)  # fmt: skip
def test_the_one_mistake_of_a_request_is_found_with_what_a_text_may_name(
    request_: Request, mistake: str, values: dict[str, str]
) -> None:
    seen = see(request_)
    assert seen.mistake == mistake
    assert {key: seen.values[key] for key in values} == values
    assert (seen.values["base"], seen.values["host"]) == (URL, URL.removeprefix("http://"))


@pytest.mark.parametrize(("status", "mistake"), [(404, "unknown_task"), (200, "")])
def test_a_task_that_nobody_started_is_unknown_if_the_platform_says_so(status: int, mistake: str) -> None:
    assert see(ask("GET", f"{START}/{TASK}"), status).mistake == mistake


@pytest.mark.parametrize(
    ("request_", "mistake", "value"),
    [
        (post("", FILE), "", ""),
        (post("", JUNK), "undecodable", ""),
        (post("?channels=0,5", FILE), "channel_beyond", "5"),
        (post("?channels=" + "9" * 5_000, FILE), "", ""),
        (post("?range_from=1&range_to=0.5", FILE), "range_reversed", "0.5"),
        (post("?range_from=9", FILE), "range_beyond", "9"),
    ],
)
def test_what_only_the_recording_shows_is_found_where_its_task_is_looked_at(
    request_: Request, mistake: str, value: str
) -> None:
    accepted = Answer(status=202, body=b'{"task": {"task_id": "%s"}}' % TASK.encode())
    look = Exchange(ask("GET", f"{START}/{TASK}"), Answer(status=200, body=b"{}"))
    first, second = list_seen(read_history([Exchange(request_, accepted), look]), URL)
    assert (first.mistake, second.mistake, second.values["value"]) == ("", mistake, value)
    assert second.query == request_.query


def test_an_exchange_is_named_without_host_and_id() -> None:
    assert (
        describe_seen(see(ask("PUT", f"{START}/{TASK}"), 405), "bad-16[put]")
        == f"bad-16[put]: PUT {START}/{{task_id}} -> 405"
    )
    assert describe_seen(see(ask("GET", "/x"), 404), "") == "outside of rows: GET another path -> 404"
    assert describe_seen(see(post("", FILE), 202), "row-01") == f"row-01: POST {START} -> 202"
