"""Servers whose answers about a task do not fit each other: ids, URLs, states, memory."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from contract_servers.breaking import (
    ENDS,
    Broken,
    change_answer,
    change_body,
    change_look,
    refuse,
)

from diarkit_mockserver.scenario.course import ByPolls, PollCounts
from diarkit_mockserver.scenario.model import Scenario

if TYPE_CHECKING:
    from collections.abc import Callable

    from contract_servers.breaking import Wrap
    from contract_servers.fake import Asked, Server, Told

ANOTHER: Final = "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d"
SLOW: Final = Scenario(course=ByPolls(polls=PollCounts(pending=1, running=3)))


def change_location(change: Callable[[str], str]) -> Wrap:
    def change_told(_: Asked, told: Told) -> None:
        if "x-location" in told.headers:
            told.headers["x-location"] = change(told.headers["x-location"])

    return change_answer(change_told)


def tell_state(told: Told, state: str) -> None:
    body = told.json
    body["task"]["state"] = state
    body["result"] = None
    body["error"] = {"type": "internal", "message": "It stopped."} if state == "failed" else None
    told.json = body


def tell_later(state: str) -> Callable[[int, Told], None]:
    """Tell another state once it has been told that a task has ended."""
    return lambda look, told: tell_state(told, state) if told.state == "done" and look > 2 else None


def grow(look: int, told: Told) -> None:
    if told.state == "done":
        body = told.json
        for channel in body["result"]["channels"]:
            for segment in channel["segments"][:1]:
                segment["end_time"] = round(segment["end_time"] + 0.01 * look, 2)
        told.json = body


def forget_result(look: int, told: Told) -> None:
    if told.state == "done" and look > 2:
        body = told.json
        for channel in body["result"]["channels"]:
            channel.update(speakers_count=0, segments=[])
        told.json = body


def reword(look: int, told: Told) -> None:
    if told.state == "rejected":
        body = told.json
        body["error"]["message"] += f" (asked {look} times)"
        told.json = body


def retype(look: int, told: Told) -> None:
    if told.state == "rejected" and look % 2:
        body = told.json
        body["error"]["type"] = "internal"
        told.json = body


def turn_keys(look: int, told: Told) -> None:
    if look % 2:
        told.json = dict(reversed(told.json.items()))


def lose(server: Server) -> Server:
    looks: dict[str, int] = {}

    def answer(asked: Asked) -> Told:
        looks[asked.path] = looks.get(asked.path, 0) + 1
        return refuse(404) if asked.looks and looks[asked.path] == 2 else server(asked)

    return answer


def give_one_id(server: Server) -> Server:
    """Give each second task the id of the one ahead."""
    last: list[str] = []

    def answer(asked: Asked) -> Told:
        told = server(asked)
        if told.status == 202:
            came = told.json["task"]["task_id"]
            if len(last) % 2:
                told.body = told.body.replace(came.encode(), last[-1].encode())
                told.headers["x-location"] = told.headers["x-location"].replace(came, last[-1])
            last.append(came)
        return told

    return answer


def tell_another_id(_: Asked, told: Told) -> None:
    if told.status == 200 and told.state:
        body = told.json
        body["task"]["task_id"] = str(UUID(int=UUID(body["task"]["task_id"]).int ^ 1))
        told.json = body


def number_tasks(server: Server) -> Server:
    """Give tasks ids that are no UUIDs."""

    def answer(asked: Asked) -> Told:
        told = server(replace(asked, path=asked.path.replace("/task-", "/")))
        if told.state:
            came = told.json["task"]["task_id"]
            told.body = told.body.replace(came.encode(), f"task-{came}".encode())
            told.headers = {name: value.replace(came, f"task-{came}") for name, value in told.headers.items()}
        return told

    return answer


def answer_with_the_latest(server: Server) -> Server:
    """Tell of each task what the latest one has to tell."""
    latest: list[str] = []

    def answer(asked: Asked) -> Told:
        if not asked.looks or not latest or "0000-" in asked.path:
            told = server(asked)
            if told.status == 202:
                latest[:] = [told.json["task"]["task_id"]]
            return told
        folder, _, task_id = asked.path.rpartition("/")
        told = server(replace(asked, path=f"{folder}/{latest[0]}"))
        told.body = told.body.replace(latest[0].encode(), task_id.encode())
        return told

    return answer


def go_back(look: int, told: Told) -> None:
    if look == 3 and told.state == "running":
        tell_state(told, "pending")


def go_on(_: int, told: Told) -> None:
    """Tell an end, and a running task at the next look."""
    if told.state == "rejected":
        return
    tell_state(told, "failed" if _ == 2 else "running") if _ < 4 else None


def set_error_type(kind: str) -> Any:
    return change_body("rejected", lambda body: body["error"].update(type=kind))


def give_once(server: Server) -> Server:
    """Forget a task as soon as its end has been told."""
    gone: set[str] = set()

    def answer(asked: Asked) -> Told:
        if asked.path in gone:
            return refuse(404)
        told = server(asked)
        if asked.looks and told.state in ENDS:
            gone.add(asked.path)
        return told

    return answer


def add_location(_: Asked, told: Told) -> None:
    """Lead to another task in a second header of the name."""
    if "x-location" in told.headers:
        told.headers["X-Location"] = told.headers["x-location"].rpartition("/")[0] + f"/{ANOTHER}"


TASKS: Final = (
    Broken(name="another id in the answer", clause="task.id-echo", wrap=change_answer(tell_another_id)),
    Broken(name="an id for two tasks", clause="task.id-unique", wrap=give_one_id),
    Broken(name="ids that are no UUIDs", clause="shape.schema", wrap=number_tasks),
    Broken(
        name="X-Location of another task",
        clause="task.location",
        wrap=change_location(lambda url: url.rpartition("/")[0] + f"/{ANOTHER}"),
    ),
    Broken(
        name="X-Location without the id",
        clause="task.location",
        wrap=change_location(lambda url: url.rpartition("/")[0]),
    ),
    Broken(
        name="X-Location of another technology",
        clause="task.location",
        wrap=change_location(lambda url: url.replace("speaker-diarization", "speech-to-text")),
    ),
    Broken(
        name="X-Location on a server behind the proxy",
        clause="task.location-host",
        wrap=change_location(lambda url: url.replace("127.0.0.1:8000", "diarization.internal:8080")),
    ),
    Broken(name="X-Location twice, once of another task", clause="task.location", wrap=change_answer(add_location)),
    Broken(
        name="X-Location with TLS on a port without",
        clause="task.location-connects",
        wrap=change_location(lambda url: url.replace("http:", "https:")),
    ),
    Broken(
        name="done in the 202, but not yet",
        clause="task.legal-steps",
        wrap=change_body("accepted", lambda body: body["task"].update(state="done")),
    ),
    Broken(name="a task whose end is told once", clause="task.is-retained", wrap=give_once),
    Broken(name="running again after done", clause="task.legal-steps", wrap=change_look(tell_later("running"))),
    Broken(name="failed after done", clause="task.legal-steps", wrap=change_look(tell_later("failed"))),
    Broken(name="pending again after running", clause="task.no-way-back", wrap=change_look(go_back), scenario=SLOW),
    Broken(name="running again after failed", clause="task.legal-steps", wrap=change_look(go_on), scenario=SLOW),
    Broken(name="a result that grows", clause="task.terminal-is-final", wrap=change_look(grow)),
    Broken(name="a result that is told once", clause="task.terminal-is-final", wrap=change_look(forget_result)),
    Broken(name="an error in other words each time", clause="task.identical-polls", wrap=change_look(reword)),
    Broken(name="an error of another type each time", clause="task.terminal-is-final", wrap=change_look(retype)),
    Broken(name="a task that is lost while it runs", clause="task.is-found", wrap=lose, scenario=SLOW),
    Broken(name="keys in another order each time", clause="task.identical-polls", wrap=change_look(turn_keys)),
    Broken(name="rejected for an internal error", clause="task.error-type", wrap=set_error_type("internal")),
    Broken(name="the answer of the latest task for all", clause="task.no-crosstalk", wrap=answer_with_the_latest),
)
