"""Longer than other files, as the HAR files of several tools stand here."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from diarkit_contracts.exchanges.exchange import Answer, Exchange, Loss, Lost, Part, Request
from diarkit_contracts.exchanges.form import Field, describe_form, write_form
from diarkit_contracts.exchanges.har import read_har, write_har
from diarkit_contracts.exchanges.plain import RecordingError
from diarkit_contracts.rows.inputs import make_input

URL = "http://stub:8000/api/technology/speaker-diarization"
FIELDS = [Field("file", make_input("wav:1ch:0.5s"), "Ľ.wav"), Field("config", b'{"max_speakers": 2}')]
CONTENT_TYPE, BODY = write_form(FIELDS)


def entry(**changes: Any) -> dict[str, Any]:
    return {
        "startedDateTime": "2026-01-01T12:00:00.500Z",
        "time": 250,
        "request": {
            "method": "get",
            "url": URL + "/x?token=abc",
            "headers": [{"name": "Authorization", "value": "Bearer x"}],
        },
        "response": {
            "status": 200,
            "headers": [{"name": "Set-Cookie", "value": "secret"}],
            "content": {"text": "{}"},
        },
        **changes,
    }


def post(data: dict[str, Any]) -> dict[str, Any]:
    headers = [{"name": "content-type", "value": CONTENT_TYPE}]
    return entry(request={"method": "POST", "url": URL, "headers": headers, "postData": data})


def read(*entries: Any) -> Any:
    return read_har(json.dumps({"log": {"entries": entries}}, indent=1), "x.har")


def test_an_entry_is_an_exchange_without_its_secrets() -> None:
    (exchange,) = read(entry())
    assert (exchange.request.method, exchange.request.url) == ("GET", URL + "/x?token=***")
    assert exchange.request.headers == (("Authorization", "***"),)
    assert exchange.answer.headers == (("Set-Cookie", "***"),)
    assert exchange.answer.received_at - exchange.request.sent_at == 0.25
    assert exchange.answer.body == b"{}"


def test_a_secret_that_an_answer_repeats_is_struck_out_of_it() -> None:
    told = {
        "headers": [
            {"name": "Authorization", "value": "Bearer s3cret-token"},
            {"name": "Origin", "value": "http://stub:8000"},
        ]
    }
    content = {"text": json.dumps({"x": "s3cret-token", "y": "http://stub:8000"})}
    headers = [{"name": "X-Location", "value": "http://stub:8000/s3cret-token"}]
    changed = entry(response={"status": 200, "headers": headers, "content": content})
    changed["request"] |= told
    (exchange,) = read(changed)
    assert json.loads(exchange.answer.body) == {"x": "***", "y": "http://stub:8000"}
    assert exchange.answer.headers == (("X-Location", "http://stub:8000/***"),)


def test_a_body_in_base64_is_decoded() -> None:
    content = {"text": base64.b64encode(b"\xff").decode(), "encoding": "base64"}
    (exchange,) = read(entry(response={"status": 200, "headers": [], "content": content}))
    assert exchange.answer.body == b"\xff"


@pytest.mark.parametrize(
    "data",
    [
        {"text": BODY.decode("latin-1")},
        {"text": base64.b64encode(BODY).decode(), "encoding": "base64"},
    ],
)
def test_a_form_that_is_there_byte_for_byte_is_described_in_full(data: dict[str, Any]) -> None:
    (exchange,) = read(post(data))
    assert exchange.request.parts == describe_form(FIELDS)


def test_a_form_without_its_bytes_is_described_as_unknown() -> None:
    parameters = [
        {"name": "file", "fileName": "a.wav", "contentType": "audio/wav"},
        {"name": "config", "value": '{"max_speakers": 2}'},
    ]
    (exchange,) = read(post({"mimeType": CONTENT_TYPE, "params": parameters}))
    file, config = exchange.request.parts
    assert (file.filename, file.size, file.sha256, file.sound) == ("a.wav", None, None, None)
    assert config.text == '{"max_speakers": 2}'


@pytest.mark.parametrize("data", [{}, {"text": ""}, {"text": "garbage"}, {"params": []}])
def test_a_body_that_can_not_be_read_is_unknown(data: dict[str, Any]) -> None:
    (exchange,) = read(post(data))
    assert (exchange.request.parts, exchange.request.is_body_known) == (None, False)


def test_what_has_no_body_is_known_to_be_no_form() -> None:
    none = entry()
    none["request"]["bodySize"] = 0
    (exchange,) = read(none)
    assert (exchange.request.parts, exchange.request.is_body_known) == (None, True)


EXCHANGES = (
    Exchange(
        Request(
            method="POST",
            url=f"{URL}?channels=0",
            headers=(("content-type", CONTENT_TYPE),),
            parts=describe_form(FIELDS),
        ),
        Answer(status=202, headers=(("content-type", "application/json"),), body=b"{}", received_at=0.25),
    ),
    Exchange(
        Request(method="POST", url=URL, parts=(Part(name="file", filename="a.wav"), Part(name="other")), sent_at=1.0),
        Answer(status=500, body=b"\xff", received_at=1.5),
    ),
    Exchange(Request(method="POST", url=URL, is_body_known=False, sent_at=2.0), Answer(status=403, received_at=2.0)),
    Exchange(Request(method="GET", url=URL + "/x", sent_at=3.0), Lost(kind=Loss.BEFORE_HEAD, received_at=3.0)),
    Exchange(
        Request(method="GET", url=URL + "/x", sent_at=4.0),
        Lost(kind=Loss.CUT, status=200, body=b'{"ta', received_at=4.0),
    ),
)


def test_what_is_written_is_read_again_as_it_was() -> None:
    assert read_har(json.dumps(write_har(EXCHANGES)), "x.har") == EXCHANGES


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


def test_what_is_written_is_a_har_1_2() -> None:
    archive = write_har(EXCHANGES)
    faults = [
        f"{list(fault.absolute_path)}: {fault.message}" for fault in Draft202012Validator(HAR).iter_errors(archive)
    ]
    assert faults == []
    statuses = [(each["response"]["status"], each["response"]["statusText"]) for each in archive["log"]["entries"]]
    assert statuses == [(202, "Accepted"), (500, "Internal Server Error"), (403, "Forbidden"), (0, ""), (200, "OK")]


def test_what_a_tool_may_show_of_an_exchange_is_where_har_has_it() -> None:
    first, second, *_ = write_har(EXCHANGES)["log"]["entries"]
    assert (first["startedDateTime"], first["time"]) == ("1970-01-01T00:00:00.000000+00:00", 250.0)
    assert first["request"]["queryString"] == [{"name": "channels", "value": "0"}]
    form = first["request"]["postData"]
    assert form["mimeType"] == CONTENT_TYPE
    assert [(each["name"], each.get("fileName"), each.get("value")) for each in form["params"]] == [
        ("file", "Ľ.wav", None),
        ("config", None, '{"max_speakers": 2}'),
    ]
    assert first["response"]["content"] == {"size": 2, "mimeType": "application/json", "text": "{}"}
    assert second["response"]["content"]["encoding"] == "base64"


def test_time_beyond_all_calendars_is_their_end() -> None:
    (late,) = write_har([Exchange(Request(method="GET", url=URL, sent_at=1e12), Answer(status=200, received_at=1e12))])[
        "log"
    ]["entries"]
    assert (late["startedDateTime"][:10], late["time"]) == ("9999-12-31", 0.0)


def test_an_owner_may_add_what_is_its_own() -> None:
    archive = write_har(EXCHANGES, [{"comment": str(number)} for number in range(5)])
    assert [each["comment"] for each in archive["log"]["entries"]] == list("01234")
    assert read_har(json.dumps(archive), "x.har") == EXCHANGES


def test_a_loss_that_nobody_knows_is_refused() -> None:
    with pytest.raises(RecordingError, match=r"expected one of refused, .* for _lost, got 'eaten'"):
        read(entry(response={"status": 0, "headers": [], "_lost": "eaten"}))


def test_exchanges_come_in_the_order_in_which_they_were_sent() -> None:
    later = entry(startedDateTime="2026-01-01T14:00:01+01:00")
    assert [each.request.sent_at % 60 for each in read(later, entry())] == [0.5, 1.0]


def test_what_went_elsewhere_or_got_no_answer_is_left_out() -> None:
    elsewhere = entry(request={"method": "GET", "url": "http://stub/logo.png", "headers": []})
    lost = entry(response={"status": 0, "headers": [], "content": {}})
    assert read(elsewhere, lost) == ()


@pytest.mark.parametrize(
    "broken",
    [
        {},
        entry(startedDateTime="yesterday"),
        entry(request={"method": "GET", "headers": []}),
        entry(response={"status": "200", "headers": []}),
        entry(response={"status": 200}),
        entry(response={"status": 200, "headers": [], "content": {"text": "abc", "encoding": "base64"}}),
        7,
    ],
)
def test_a_broken_entry_is_named(broken: Any) -> None:
    with pytest.raises(RecordingError, match=r"x\.har(:\d+)?: entry 1 is not valid HAR 1.2"):
        read(entry(), broken)


def test_a_broken_entry_is_named_with_its_line() -> None:
    with pytest.raises(RecordingError) as caught:
        read(entry(), entry(response={"status": 200}))
    text = json.dumps({"log": {"entries": [entry(), entry(response={"status": 200})]}}, indent=1).splitlines()
    assert '"startedDateTime"' in text[caught.value.line - 1]
    assert caught.value.line > len(text) / 2


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"log": {}}', "[" * 100_000])
def test_a_file_of_another_kind_is_refused(text: str) -> None:
    with pytest.raises(RecordingError, match="expected a HAR"):
        read_har(text, "x.har")
