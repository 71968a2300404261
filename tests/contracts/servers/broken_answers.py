"""Servers whose single answers are wrong: status, headers, JSON, schema, and results that contradict themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from contract_servers.breaking import (
    Broken,
    change_answer,
    change_body,
    change_bytes,
    change_channel,
    change_result,
    change_status,
    find_config,
    refuse_when,
)

from diarkit_mockserver.scenario.limits import Limits, Rate
from diarkit_mockserver.scenario.model import Scenario

if TYPE_CHECKING:
    from contract_servers.breaking import Channel
    from contract_servers.fake import Asked, Server, Told

ENVELOPE_OF_A_FRAMEWORK: Final = b'{"detail":"Not Found"}'


def call_it_text(_: Asked, told: Told) -> None:
    if "content-type" in told.headers:
        told.headers["content-type"] = "text/plain; charset=utf-8"


def drop_location(_: Asked, told: Told) -> None:
    told.headers.pop("x-location", None)


def make_no_request_id(asked: Asked, told: Told) -> None:
    """Give back what was sent; where nothing was, give back nothing under the header's name."""
    if "x-request-id" in told.headers and "x-request-id" not in dict(asked.headers):
        told.headers["x-request-id"] = ""


def name_it_anew(_: Asked, told: Told) -> None:
    if "x-correlation-id" in told.headers:
        told.headers["x-correlation-id"] = "7f3c0000-0000-4000-8000-000000000001"


def correlate_by_request(_: Asked, told: Told) -> None:
    if {"x-correlation-id", "x-request-id"} <= set(told.headers):
        told.headers["x-correlation-id"] = told.headers["x-request-id"]


def keep_ids(server: Server) -> Server:
    """Keep the ids of the first answer about a task with the answer, and tell them each time."""
    kept: dict[str, str] = {}

    def change(asked: Asked, told: Told) -> None:
        if asked.looks and told.status == 200:
            told.headers["x-request-id"] = kept.setdefault(asked.path, told.headers["x-request-id"])

    return change_answer(change)(server)


def drop_rate_headers(_: Asked, told: Told) -> None:
    for name in ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"):
        told.headers.pop(name, None)


def forget_the_envelope(_: Asked, told: Told) -> None:
    if told.status == 404:
        told.body = ENVELOPE_OF_A_FRAMEWORK


def end_with_a_comma(_: Asked, told: Told) -> None:
    if told.body.endswith(b"}"):
        told.body = told.body[:-1] + b",}"


def end_with_a_remark(_: Asked, told: Told) -> None:
    told.body += b" // cached" if told.status == 200 and told.body else b""


def tell_running_by_status(asked: Asked, told: Told) -> None:
    if asked.looks and told.state == "running":
        told.status = 202


def swap(channel: Channel) -> None:
    for segment in channel["segments"]:
        segment["start_time"], segment["end_time"] = segment["end_time"], segment["start_time"]


def shrink(channel: Channel) -> None:
    first = channel["segments"][0]
    first["end_time"] = first["start_time"]


def renumber(channel: Channel, factor: int = 1, first: int = 0) -> None:
    for segment in channel["segments"]:
        segment["speaker_id"] = segment["speaker_id"] * factor + first


def number_through(channels: list[Channel]) -> None:
    first = 0
    for channel in channels:
        renumber(channel, first=first)
        first += channel["speakers_count"]


def overlap(channel: Channel) -> None:
    for before, after in zip(channel["segments"], channel["segments"][1:], strict=False):
        before["end_time"] = after["start_time"] + 0.1


def add_thousandths(channel: Channel) -> None:
    for segment in channel["segments"]:
        segment["end_time"] = round(segment["end_time"] - 0.0004, 4)


def set_time(value: object) -> Any:
    def change(channel: Channel) -> None:
        channel["segments"][0]["start_time"] = value

    return change_channel(change)


FAST: Final = Scenario(limits=Limits(rate=Rate(requests=10, seconds=2)))

ANSWERS: Final = (
    Broken(name="200 for an accepted upload", clause="shape.status", wrap=change_status(202, 200)),
    Broken(name="202 for a look at a running task", clause="shape.status", wrap=change_answer(tell_running_by_status)),
    Broken(
        name="500 for a config that is no JSON",
        clause="shape.status",
        wrap=refuse_when(
            lambda asked: (find_config(asked) or b"{").count(b"{") != (find_config(asked) or b"}").count(b"}"), 500
        ),
    ),
    Broken(
        name="500 for more than ten speakers",
        clause="shape.status",
        wrap=refuse_when(lambda asked: b"12" in (find_config(asked) or b""), 500),
    ),
    Broken(
        name="415 for a file that is no audio",
        clause="shape.status",
        wrap=refuse_when(lambda asked: b"This is not audio" in asked.body, 415),
    ),
    Broken(name="JSON called text", clause="shape.content-type", wrap=change_answer(call_it_text)),
    Broken(name="NaN for a time", clause="shape.json", wrap=set_time(float("nan"))),
    Broken(name="a key twice", clause="shape.json", wrap=change_bytes("done", b'"error":', b'"error":null,"error":')),
    Broken(name="a comma at the end of all JSON", clause="shape.json", wrap=change_answer(end_with_a_comma)),
    Broken(name="a comment behind the JSON", clause="shape.json", wrap=change_answer(end_with_a_remark)),
    Broken(
        name="done without a result",
        clause="shape.schema",
        wrap=change_body("done", lambda body: body.update(result=None)),
    ),
    Broken(
        name="done with an error",
        clause="shape.schema",
        wrap=change_body("done", lambda body: body.update(error={"type": "internal", "message": ""})),
    ),
    Broken(
        name="rejected without an error",
        clause="shape.schema",
        wrap=change_body("rejected", lambda body: body.update(error=None)),
    ),
    Broken(
        name="rejected with a result",
        clause="shape.schema",
        wrap=change_body("rejected", lambda body: body.update(result={"channels": []})),
    ),
    Broken(
        name="a result while it runs",
        clause="task.nothing-before-end",
        wrap=change_body("running", lambda body: body.update(result={"channels": []})),
    ),
    Broken(
        name="half a result while it runs",
        clause="shape.schema",
        wrap=change_body("running", lambda body: body.update(result={"segments": []})),
    ),
    Broken(
        name="a state of its own",
        clause="shape.schema",
        wrap=change_body("done", lambda body: body["task"].update(state="finished")),
    ),
    Broken(
        name="a task without its state",
        clause="shape.schema",
        wrap=change_body("accepted", lambda body: body["task"].pop("state")),
    ),
    Broken(
        name="a result without channels",
        clause="shape.schema",
        wrap=change_body("done", lambda body: body["result"].clear()),
    ),
    Broken(
        name="a channel without its number",
        clause="shape.schema",
        wrap=change_result(lambda all_: all_[0].pop("channel_number")),
    ),
    Broken(
        name="a channel without its count",
        clause="shape.schema",
        wrap=change_channel(lambda one: one.pop("speakers_count")),
    ),
    Broken(
        name="no list where there is no segment",
        clause="shape.schema",
        wrap=change_result(lambda all_: [one.update(segments=None) for one in all_ if not one["segments"]]),
    ),
    Broken(name="a time as text", clause="shape.schema", wrap=set_time("0.25")),
    Broken(name="a time before the beginning", clause="shape.schema", wrap=set_time(-0.25)),
    Broken(
        name="speakers with names",
        clause="shape.schema",
        wrap=change_channel(
            lambda one: [said.update(speaker_id=f"SPEAKER_{said['speaker_id']}") for said in one["segments"]]
        ),
    ),
    Broken(name="404 as a framework says it", clause="shape.schema", wrap=change_answer(forget_the_envelope)),
    Broken(
        name="a detail that names no place",
        clause="shape.schema",
        wrap=change_body("refusal", lambda body: [entry.pop("location") for entry in body["detail"]]),
    ),
    Broken(
        name="a task error of another type",
        clause="shape.schema",
        wrap=change_body("rejected", lambda body: body["error"].update(type="task.validation_error")),
    ),
    Broken(
        name="a refusal of another type",
        clause="shape.schema",
        wrap=change_body("refusal", lambda body: body.update(type=str(body["type"]).replace(".", "-"))),
    ),
    Broken(
        name="info without a version",
        clause="shape.schema",
        wrap=change_answer(lambda asked, told: setattr(told, "body", b"{}") if asked.path.endswith("/info") else None),
    ),
    Broken(name="no X-Location", clause="shape.headers", wrap=change_answer(drop_location)),
    Broken(
        name="an empty request id where none was sent",
        clause="shape.ids-echoed",
        wrap=change_answer(make_no_request_id),
    ),
    Broken(name="a correlation id of its own", clause="shape.ids-echoed", wrap=change_answer(name_it_anew)),
    Broken(name="the request id for both", clause="shape.ids-echoed", wrap=change_answer(correlate_by_request)),
    Broken(name="answers cached with their ids", clause="shape.ids-echoed", wrap=keep_ids),
    Broken(
        name="429 without its headers",
        clause="shape.rate-headers",
        wrap=change_answer(drop_rate_headers),
        scenario=FAST,
    ),
    Broken(name="ends before starts", clause="result.end-after-start", wrap=change_channel(swap)),
    Broken(name="a segment of no length", clause="result.has-length", wrap=change_channel(shrink)),
    Broken(
        name="one speaker too many counted",
        clause="result.count-is-ids",
        wrap=change_channel(lambda one: one.update(speakers_count=one["speakers_count"] + 1)),
    ),
    Broken(
        name="segments counted as speakers",
        clause="result.count-is-ids",
        wrap=change_channel(lambda one: one.update(speakers_count=len(one["segments"]))),
    ),
    Broken(name="a channel twice", clause="result.channel-once", wrap=change_result(lambda all_: all_.append(all_[0]))),
    Broken(
        name="segments by speaker",
        clause="result.sorted",
        wrap=change_channel(lambda one: one["segments"].sort(key=lambda said: said["speaker_id"])),
    ),
    Broken(
        name="segments backwards", clause="result.sorted", wrap=change_channel(lambda one: one["segments"].reverse())
    ),
    Broken(name="two at a time", clause="result.no-overlap", wrap=change_channel(overlap)),
    Broken(
        name="even speaker numbers only",
        clause="result.ids-by-appearance",
        wrap=change_channel(lambda one: renumber(one, factor=2)),
    ),
    Broken(
        name="speakers numbered from 1",
        clause="result.ids-by-appearance",
        wrap=change_channel(lambda one: renumber(one, first=1)),
    ),
    Broken(
        name="speakers numbered through the channels",
        clause="result.ids-by-appearance",
        wrap=change_result(number_through),
    ),
    Broken(name="four decimals", clause="result.two-decimals", wrap=change_channel(add_thousandths)),
)
