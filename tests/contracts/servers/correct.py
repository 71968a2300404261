"""Servers that keep every clause, each in another way that the documents leave open."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, replace
from itertools import count
from typing import TYPE_CHECKING, Any, Final

from contract_servers.breaking import (
    ENDS,
    change_answer,
    change_body,
    change_channel,
    change_mix,
    find_config,
    refuse,
    refuse_when,
)
from contract_servers.fake import Fake

from diarkit_contracts.call_ids import IDS
from diarkit_contracts.profiles import DEFAULT, PROFILES, Profile
from diarkit_mockserver.course import ByPolls, ByRealTime, BySeconds, PollCounts, StateSeconds
from diarkit_mockserver.limits import Limits, Rate
from diarkit_mockserver.scenario import Dialect, Rule, Scenario, Then

if TYPE_CHECKING:
    from collections.abc import Callable

    from contract_servers.breaking import Channel, Wrap
    from contract_servers.fake import Asked, Server, Told

    from diarkit_mockserver.clock import Clock

USUAL = Scenario()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Correct:
    """A server that keeps the contract.

    Attributes:
        name: what is its own way.
        wrap: puts it around the fake.
        warns: ids of the clauses that say it differs from what is inferred; none of them fails a run.
        profile: the generation that it is of.
    """

    name: str
    wrap: Callable[[Server], Server] = lambda server: server
    scenario: Scenario = USUAL
    warns: frozenset[str] = frozenset()
    profile: Profile = DEFAULT

    def build(self) -> tuple[Server, Clock]:
        """Make the server, and the clock of its world."""
        fake = Fake(self.scenario)
        return self.wrap(fake), fake.clock


def add_fields(_: Asked, told: Told) -> None:
    told.headers["x-served-by"] = "node-3"
    if told.status in {200, 202} and told.state:
        body = told.json
        body["task"]["created"] = "2026-01-01T00:00:00Z"
        body["statistics"] = {"seconds": 0.25}
        told.json = body


def write_otherwise(_: Asked, told: Told) -> None:
    if told.body:
        told.body = b"\n" + json.dumps(told.json, indent=2, sort_keys=True, ensure_ascii=True).encode() + b"\r\n"


def write_numbers_otherwise(asked: Asked, told: Told) -> None:
    if asked.looks and told.state == "done":
        body = told.json
        for channel in body["result"]["channels"]:
            for segment in channel["segments"]:
                segment["start_time"] = f"@{segment['start_time']:.4f}@"
                segment["end_time"] = f"@{segment['end_time']:.6e}@"
        told.body = json.dumps(body).replace('"@', "").replace('@"', "").encode()


def speak_slovak(_: Asked, told: Told) -> None:
    if told.status >= 400:
        body = told.json
        told.json = body | {"message": "Žiadosť sa nedá spracovať."}


def say_in_capitals(_: Asked, told: Told) -> None:
    """Write ids in capitals, which a UUID may be read from (RFC 9562, 4)."""
    if told.state:
        body = told.json
        body["task"]["task_id"] = body["task"]["task_id"].upper()
        told.json = body


def answer_400_for_no_json(server: Server) -> Server:
    def answer(asked: Asked) -> Told:
        told = server(asked)
        if told.status == 422 and b"config" in told.body and not is_json(find_config(asked) or b""):
            return refuse(400)
        return told

    return answer


def is_json(data: bytes) -> bool:
    try:
        json.loads(data)
    except (ValueError, RecursionError):
        return False
    return True


def reject_later(server: Server) -> Server:
    """Accept each upload with a mistake, and reject its task."""
    made = count(1)
    rejected: dict[str, Any] = {}

    def answer(asked: Asked) -> Told:
        task_id = asked.path.rpartition("/")[2]
        if task_id in rejected and asked.method == "GET":
            told = refuse(400)
            told.status = 200
            told.json = rejected[task_id]
            return told
        told = server(asked)
        if asked.starts and told.status in {400, 422}:
            task = {"task_id": f"{next(made):08x}-1111-4111-8111-111111111111", "state": "rejected"}
            error = {"type": "task.validation-error", "message": "The input is not valid."}
            rejected[task["task_id"]] = {"task": task, "error": error}
            told.status = 202
            told.json = {"task": task | {"state": "pending"}}
            told.headers["x-location"] = f"{asked.path}/{task['task_id']}"
        return told

    return answer


def expire(server: Server) -> Server:
    """Forget a task once its end has been told twice."""
    told_ends: dict[str, int] = {}

    def answer(asked: Asked) -> Told:
        if told_ends.get(asked.path, 0) == 2:
            return refuse(404)
        told = server(asked)
        if asked.looks and told.state in ENDS:
            told_ends[asked.path] = told_ends.get(asked.path, 0) + 1
        return told

    return answer


def add_location(_: Asked, told: Told) -> None:
    if "x-location" in told.headers:
        told.headers["location"] = told.headers["x-location"]


def move_location(_: Asked, told: Told) -> None:
    if "x-location" in told.headers:
        told.headers["location"] = told.headers.pop("x-location")


def tell_cancelled(server: Server) -> Server:
    """Let tasks that run be cancelled and taken up again, as long as nobody knows how that ends."""
    looks: dict[str, int] = {}

    def change(asked: Asked, told: Told) -> None:
        if asked.looks and told.state == "running":
            looks[asked.path] = looks.get(asked.path, 0) + 1
            if looks[asked.path] == 1:
                told.body = told.body.replace(b'"running"', b'"cancelled"')

    return change_answer(change)(change_answer(move_location)(refuse_ids(404)(server)))


def drop_ids(_: Asked, told: Told) -> None:
    for name in IDS:
        told.headers.pop(name, None)


def drop_made_ids(asked: Asked, told: Told) -> None:
    """Give back what was sent, and nothing else."""
    for name in set(IDS) - set(dict(asked.headers)):
        told.headers.pop(name, None)


def drop_ids_of_refusals(_: Asked, told: Told) -> None:
    if told.status >= 400:
        told.headers.pop("x-request-id", None)


def add_id_of_proxy(_: Asked, told: Told) -> None:
    if "x-request-id" in told.headers:
        told.headers["x-request-id"] = f"edge-7, {told.headers['x-request-id']}"


def forget_who_hardly_speaks(channel: Channel) -> None:
    """Give what a speaker says in less than half a second to whoever spoke before."""
    talk: Counter[int] = Counter()
    for segment in channel["segments"]:
        talk[segment["speaker_id"]] += round((segment["end_time"] - segment["start_time"]) * 100)
    last, ids = 0, {}
    for segment in channel["segments"]:
        last = segment["speaker_id"] if talk[segment["speaker_id"]] >= 50 else last
        segment["speaker_id"] = ids.setdefault(last, len(ids))
    channel["speakers_count"] = len(ids)


def overlap_and_count_backwards(channel: Channel) -> None:
    """Tell overlapped speech under speaker numbers of an inner order."""
    for before, after in zip(channel["segments"], channel["segments"][1:], strict=False):
        before["end_time"] = round(after["start_time"] + 0.05, 2)
    for segment in channel["segments"]:
        segment["speaker_id"] = 20 - segment["speaker_id"]


def add_milliseconds(channel: Channel) -> None:
    for segment in channel["segments"]:
        segment["end_time"] = round(segment["end_time"] - 0.004, 3)


def end_at_once(_: Asked, told: Told) -> None:
    if told.status == 202:
        told.body = told.body.replace(b'"pending"', b'"running"')


def refuse_ids(status: int) -> Wrap:
    def wrap(server: Server) -> Server:
        def answer(asked: Asked) -> Told:
            told = server(asked)
            return refuse(status) if asked.looks and told.status == 422 else told

        return answer

    return wrap


def answer_under(prefix: str) -> Wrap:
    """Answer behind a proxy that takes a prefix off, and says so."""

    def wrap(server: Server) -> Server:
        def answer(asked: Asked) -> Told:
            told = server(replace(asked, headers=(*asked.headers, ("x-forwarded-prefix", prefix))))
            if asked.path.startswith(prefix):
                asked = replace(asked, path=asked.path.removeprefix(prefix))
                told = server(replace(asked, headers=(*asked.headers, ("x-forwarded-prefix", prefix))))
            return told

        return answer

    return wrap


CORRECT: Final[tuple[Correct, ...]] = (
    Correct(name="the fake as it is"),
    Correct(name="relative X-Location", scenario=Scenario(dialect=Dialect(x_location="relative"))),
    Correct(name="absent instead of null", scenario=Scenario(dialect=Dialect(unpopulated="absent"))),
    Correct(name="times from range_from", scenario=Scenario(dialect=Dialect(times="range"))),
    Correct(name="done at the first look", scenario=Scenario(course="immediate")),
    Correct(name="running at once", wrap=change_answer(end_at_once)),
    Correct(name="never running", scenario=Scenario(course=ByPolls(polls=PollCounts(pending=2)))),
    Correct(name="slow", scenario=Scenario(course=BySeconds(seconds=StateSeconds(pending=20, running=60)))),
    Correct(name="one worker", scenario=Scenario(course=ByRealTime(realtime_factor=2))),
    Correct(name="rate-limited", scenario=Scenario(limits=Limits(rate=Rate(requests=5, seconds=10)))),
    Correct(name="rate-limited by the second", scenario=Scenario(limits=Limits(rate=Rate(requests=1, seconds=1)))),
    Correct(name="a queue of one", scenario=Scenario(limits=Limits(queue_length=1))),
    Correct(name="tasks that expire", wrap=expire),
    Correct(name="one finished task kept", scenario=Scenario(limits=Limits(finished_tasks=1))),
    Correct(name="another draw", scenario=Scenario(seed=7)),
    Correct(
        name="a task that fails",
        scenario=Scenario(rules=(Rule(then=Then(failed="The GPU is gone."), times=1),)),
    ),
    Correct(name="no detail", wrap=change_body("refusal", lambda body: body.pop("detail"))),
    Correct(name="no detail in a task", wrap=change_body("rejected", lambda body: body["error"].pop("detail"))),
    Correct(name="other messages", wrap=change_answer(speak_slovak)),
    Correct(name="fields and headers of its own", wrap=change_answer(add_fields)),
    Correct(name="JSON with room and sorted keys", wrap=change_answer(write_otherwise)),
    Correct(name="numbers with zeros and exponents", wrap=change_answer(write_numbers_otherwise)),
    Correct(name="ids in capitals", wrap=change_answer(say_in_capitals)),
    Correct(name="400 for a config that is no JSON", wrap=answer_400_for_no_json),
    Correct(name="422 for a file that is no audio", wrap=refuse_when(lambda asked: b"This is not audio" in asked.body)),
    Correct(name="404 for an id that is no UUID", wrap=refuse_ids(404)),
    Correct(name="400 for an id that is no UUID", wrap=refuse_ids(400)),
    Correct(name="mistakes rejected later", wrap=reject_later),
    Correct(name="Location beside X-Location", wrap=change_answer(add_location)),
    Correct(name="the generation of 4.0", wrap=change_answer(add_location), profile=PROFILES["4.0"]),
    Correct(name="the generation of 5.0", wrap=tell_cancelled, profile=PROFILES["5.0"]),
    Correct(name="no ids in answers", wrap=change_answer(drop_ids)),
    Correct(name="ids only where they were sent", wrap=change_answer(drop_made_ids)),
    Correct(name="no request id in refusals", wrap=change_answer(drop_ids_of_refusals)),
    Correct(name="a proxy that adds a request id", wrap=change_answer(add_id_of_proxy)),
    Correct(name="behind a prefix", wrap=answer_under("/speech")),
    Correct(name="a mix without who hardly speaks", wrap=change_mix(forget_who_hardly_speaks)),
    Correct(name="three decimals", wrap=change_channel(add_milliseconds), warns=frozenset({"result.two-decimals"})),
    Correct(
        name="overlapped speech under numbers of its own",
        wrap=change_channel(overlap_and_count_backwards),
        warns=frozenset({"result.no-overlap", "result.ids-by-appearance"}),
    ),
)
"""What differs here, no client may rely on."""
