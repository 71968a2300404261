"""Ways to keep the contract that the documents leave open: answers changed on their way. Knows no clause."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Any

from contract_servers.breaking import ENDS, change_answer, find_config, refuse
from contract_servers.fake import Asked

from diarkit_contracts.exchanges.call_ids import IDS

if TYPE_CHECKING:
    from contract_servers.breaking import Channel, Wrap
    from contract_servers.fake import Server, Told


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


def tell_null_for_nothing(_: Asked, told: Told) -> None:
    """Write null for what an error has nothing to say of."""
    if told.status >= 400 or told.state == "rejected":
        body = told.json
        error = body if told.status >= 400 else body["error"]
        error["detail"] = [entry | {"context": None} for entry in error.get("detail") or []] or None
        told.json = body


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


def reject_later(server: Server, state: str = "rejected", kind: str = "task.validation-error") -> Server:
    """Accept each upload with a mistake, and reject its task, or let it fail."""
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
            task = {"task_id": f"{next(made):08x}-1111-4111-8111-111111111111", "state": state}
            error = {"type": kind, "message": "The input is not valid."}
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


def queue_again(server: Server) -> Server:
    """Tell at the second look at a running task that it waits again."""
    looks: Counter[str] = Counter()

    def change(asked: Asked, told: Told) -> None:
        if asked.looks and told.state == "running":
            looks[asked.path] += 1
            if looks[asked.path] == 2:
                told.body = told.body.replace(b'"running"', b'"pending"')

    return change_answer(change)(server)


def end_a_little_later(channel: Channel) -> None:
    """Add what comes after speech, as voice activity detection does."""
    channel["segments"][-1]["end_time"] = round(channel["segments"][-1]["end_time"] + 0.08, 2)


def end_at_its_start(channel: Channel) -> None:
    """Round a segment of some milliseconds to nothing."""
    last = channel["segments"][-1]
    channel["segments"].append(last | {"start_time": last["end_time"]})


def explain_anew(look: int, told: Told) -> None:
    if told.state == "rejected":
        body = told.json
        body["error"]["message"] += f" (asked {look} times)"
        told.json = body


def number_anew(server: Server) -> Server:
    """Number the channels that were asked for from 0."""
    chosen: set[str] = set()

    def change(asked: Asked, told: Told) -> None:
        if asked.starts and "channels=" in asked.query and told.status == 202:
            chosen.add(told.json["task"]["task_id"])
        if asked.looks and told.state == "done" and asked.path.rpartition("/")[2] in chosen:
            body = told.json
            for number, channel in enumerate(body["result"]["channels"]):
                channel["channel_number"] = number
            told.json = body

    return change_answer(change)(server)


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


def split_speakers(server: Server) -> Server:
    """Take each segment for another speaker, up to max_speakers."""
    most: dict[str, int] = {}

    def change(asked: Asked, told: Told) -> None:
        config = find_config(asked) or b"{}"
        if asked.starts and told.status == 202 and b"total" not in config:
            most[told.json["task"]["task_id"]] = json.loads(config).get("max_speakers", 100)
        if asked.looks and told.state == "done" and (limit := most.get(asked.path.rpartition("/")[2])):
            body = told.json
            for channel in body["result"]["channels"]:
                for number, segment in enumerate(channel["segments"]):
                    segment["speaker_id"] = min(number, limit - 1)
                channel["speakers_count"] = min(limit, len(channel["segments"]))
            told.json = body

    return change_answer(change)(server)


def add_milliseconds(channel: Channel) -> None:
    for segment in channel["segments"]:
        segment["end_time"] = round(segment["end_time"] - 0.004, 3)


def end_at_once(_: Asked, told: Told) -> None:
    if told.status == 202:
        told.body = told.body.replace(b'"pending"', b'"running"')


def tell_end_at_once(server: Server) -> Server:
    """Tell in the 202 how the task has ended."""

    def answer(asked: Asked) -> Told:
        told = server(asked)
        if told.status == 202:
            body = told.json
            body["task"] = server(Asked(method="GET", path=f"{asked.path}/{body['task']['task_id']}")).json["task"]
            told.json = body
        return told

    return answer


def lead_to_localhost(_: Asked, told: Told) -> None:
    told.headers = {name: value.replace("//127.0.0.1:", "//localhost:") for name, value in told.headers.items()}


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


def end_with_slash(server: Server) -> Server:
    """Tell X-Location with a slash at the end, and answer there."""

    def answer(asked: Asked) -> Told:
        told = server(replace(asked, path=asked.path.rstrip("/") or "/"))
        told.headers = {
            name: f"{value}/" if name.lower() == "x-location" else value for name, value in told.headers.items()
        }
        return told

    return answer


def limit_by_date(server: Server) -> Server:
    """Limit the rate at each 15th request; it may be sent again after a date, which is over."""
    numbers = count(1)

    def answer(asked: Asked) -> Told:
        if next(numbers) % 15:
            return server(asked)
        told = refuse(429)
        told.json = {**told.json, "type": "request.rate-limit-exceeded"}
        limits = {"x-ratelimit-limit": "15", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1"}
        told.headers |= {"retry-after": "Fri, 31 Dec 1999 00:00:00 GMT", **limits}
        return told

    return answer
