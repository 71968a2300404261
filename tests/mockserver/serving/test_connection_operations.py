from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from diarkit_contracts.api.dialect import Dialect
from diarkit_contracts.api.document import Operation, as_object, operations, resolve
from diarkit_contracts.api.schema import list_faults
from diarkit_contracts.api.states import ERROR_TYPE_OF_STATUS
from diarkit_mockserver.intake.request import ENDPOINT
from diarkit_mockserver.scenario.answer import HttpAnswer
from diarkit_mockserver.scenario.course import ByPolls, PollCounts
from diarkit_mockserver.scenario.limits import Limits, Rate
from diarkit_mockserver.scenario.model import Rule, Scenario, Then
from diarkit_mockserver.world.platform import Platform
from diarkit_mockserver.world.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

    from diarkit_mockserver.serving.server import ServerThread

    Ask = Callable[..., Any]
    Start = Callable[..., ServerThread]

NO_TASK = "00000000-0000-4000-8000-000000000000"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")


def list_statuses(operation: Operation) -> tuple[int, ...]:
    """List the statuses that the document declares, in its order."""
    return tuple(int(status) for status in as_object(operation.body["responses"], "responses"))


OPERATIONS = {operation.path: operation for operation in operations()}
POST, GET = OPERATIONS[ENDPOINT], OPERATIONS[ENDPOINT + "/{task_id}"]


def check(answer: Any, operation: Operation) -> dict[str, Any]:
    """Hold an answer to what the document declares for its status; return the body."""
    assert answer.status in list_statuses(operation)
    declared: dict[str, Any] = resolve(as_object(operation.body["responses"], "responses")[str(answer.status)])
    for name, header in declared.get("headers", {}).items():
        value = answer.header(name)
        assert value is not None or not resolve(header).get("required"), name
    for name in ("x-request-id", "x-correlation-id"):
        assert answer.header(name)
    if "content" not in declared:
        return {}
    assert answer.header("content-type") == "application/json"
    body: dict[str, Any] = json.loads(answer.body)
    assert list_faults(declared["content"]["application/json"]["schema"], body) == ()
    if answer.status >= 400:
        assert body["type"] == ERROR_TYPE_OF_STATUS[answer.status]
    return body


def refuse_when(status: int, on: str = "submit") -> Scenario:
    http = HttpAnswer(status=status, on=on, retry_after=2)  # type: ignore[arg-type]
    return Scenario(course="immediate", rules=(Rule(then=Then(http=http), times=1),))


def test_the_paths_of_the_app_are_those_of_the_document(start: Start, ask: Ask) -> None:
    url = start().url
    for path, operation in OPERATIONS.items():
        place = path.format(task_id=NO_TASK)
        statuses = {method: ask(url, method, place).status for method in METHODS}
        assert {method for method, status in statuses.items() if status != 405} == {operation.method}
        refused = ask(url, "DELETE", place)
        assert refused.header("allow") == operation.method
        body = json.loads(refused.body)
        assert (body["type"], list_faults("ErrorResult", body)) == ("method.invalid", ())


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/api",
        "/api/technology/speaker-diarization/",
        f"/api/technology/speaker-diarization/{NO_TASK}/",
        f"/api/technology/speaker-diarization/{NO_TASK}/x",
        "/API/technology/speaker-diarization",
        "//api/technology/speaker-diarization",
        "/x/api/technology/speaker-diarization",
        "/api/technology/voice-activity-detection",
        "/worlds/nobody/api/technology/speaker-diarization",
        "/worlds/",
        "/docsx",
        "/openapi.json.bak",
        "/%2e%2e/%00",
        "/" + "a" * 10_000,
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "PATCH"])
def test_any_other_path_is_not_found_in_the_envelope(start: Start, ask: Ask, method: str, path: str) -> None:
    answer = ask(start().url, method, path, b"x" * 100_000 if method == "POST" else None)
    assert answer.status == 404
    assert answer.header("content-type") == "application/json"
    body = json.loads(answer.body)
    assert (body["type"], list_faults("ErrorResult", body)) == ("resource.not-found", ())


def test_a_post_is_accepted(start: Start, submit: Ask, make_wav: Ask) -> None:
    server = start()
    answer = submit(server.url, make_wav())
    body = check(answer, POST)
    task_id = body["task"]["task_id"]
    assert (answer.status, body["task"]["state"]) == (202, "pending")
    assert answer.header("x-location") == f"{server.url}{ENDPOINT}/{task_id}"
    assert str(UUID(task_id)) == task_id


@pytest.mark.parametrize(
    ("query", "config", "status"),
    [
        ("", None, 202),
        ("channel_mode=mix&channels=0&range_from=0.5&range_to=1.5", '{"max_speakers": 2}', 202),
        ("", '{"total_speakers": 2}', 202),
        ("unknown=1", '{"unknown": 1}', 202),
        ("channel_mode=both", None, 422),
        ("channels=0;1", None, 422),
        ("range_from=-1", None, 422),
        ("range_to=x", None, 422),
        ("", "max_speakers=2", 422),
        ("", '{"max_speakers": 0}', 422),
        ("", '{"total_speakers": "2"}', 422),
        ("", '{"max_speakers": 2, "total_speakers": 2}', 422),
    ],
)
def test_the_parameters_of_the_document_are_known_and_checked(
    start: Start, submit: Ask, make_wav: Ask, query: str, config: str | None, status: int
) -> None:
    answer = submit(start().url, make_wav(), query=query, config=config)
    body = check(answer, POST)
    assert answer.status == status
    if status == 422:
        (detail,) = body["detail"]
        assert detail["location"][0] == ("query" if config is None else "body")


def test_every_documented_status_of_post_is_reached(
    start: Start, submit: Ask, ask: Ask, make_wav: Ask, make_form: Ask, form_type: str
) -> None:
    plain = start(Scenario(limits=Limits(upload_bytes=20_000))).url
    wav = make_wav(1)
    broken = make_form(('name="file"; filename="a.wav"', wav))[:-10]
    full = start(Scenario(limits=Limits(storage_bytes=len(wav)), course="manual")).url
    busy = start(Scenario(limits=Limits(rate=Rate(requests=1, seconds=1000)))).url
    unlicensed = start(Scenario(limits=Limits(licensed=False))).url
    assert submit(full, wav).status == submit(busy, wav).status == 202
    answers = {
        202: submit(plain, wav),
        400: ask(plain, "POST", ENDPOINT, broken, {"Content-Type": form_type}),
        403: submit(unlicensed, wav),
        413: submit(plain, make_wav(2)),
        422: ask(plain, "POST", ENDPOINT, b"", {"Content-Type": form_type.replace("form-data", "mixed")}),
        429: submit(busy, wav),
        507: submit(full, wav),
    }
    assert {status: answer.status for status, answer in answers.items()} == {
        status: status for status in list_statuses(POST)
    }
    for answer in answers.values():
        check(answer, POST)
    assert json.loads(answers[400].body) == {"type": "request.invalid", "message": "Invalid request.", "detail": []}
    for name in ("retry-after", "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"):
        assert (answers[429].header(name) or "").isdecimal()


def test_every_documented_status_of_get_is_reached(start: Start, submit: Ask, ask: Ask, make_wav: Ask) -> None:
    answers = {}
    for status in (400, 429):
        url = start(refuse_when(status, "poll")).url
        location = check(submit(url, make_wav()), POST)["task"]["task_id"]
        answers[status] = ask(url, "GET", f"{ENDPOINT}/{location}")
        answers[200] = ask(url, "GET", f"{ENDPOINT}/{location}")
    answers[404] = ask(url, "GET", f"{ENDPOINT}/{NO_TASK}")
    answers[422] = ask(url, "GET", f"{ENDPOINT}/17")
    assert {status: answer.status for status, answer in answers.items()} == {status: status for status in answers}
    assert set(answers) == set(list_statuses(GET))
    bodies = {status: check(answer, GET) for status, answer in answers.items()}
    assert bodies[200]["task"]["state"] == "done"
    assert bodies[422]["detail"][0]["location"] == ["path", "task_id"]


@pytest.mark.parametrize("status", list_statuses(POST)[1:])
def test_every_documented_refusal_of_post_can_be_told(start: Start, submit: Ask, make_wav: Ask, status: int) -> None:
    url = start(refuse_when(status)).url
    answer = submit(url, make_wav())
    assert answer.status == status
    check(answer, POST)
    assert answer.header("retry-after") == "2"
    assert submit(url, make_wav()).status == 202


def test_the_system_operations_answer_as_documented(start: Start, ask: Ask) -> None:
    url = start().url
    info, status = ask(url, "GET", "/api/system/info"), ask(url, "GET", "/api/system/status")
    assert check(info, OPERATIONS["/api/system/info"]) == {"version": "3.6.0"}
    check(status, OPERATIONS["/api/system/status"])
    assert (info.status, status.status, status.body) == (200, 200, b"")


def test_a_task_shows_its_states_and_then_its_result(start: Start, submit: Ask, ask: Ask, make_wav: Ask) -> None:
    url = start(Scenario(course=ByPolls(polls=PollCounts(pending=1, running=1)))).url
    location = submit(url, make_wav(5)).header("x-location")
    bodies = [check(ask(location), GET) for _ in range(4)]
    assert [body["task"]["state"] for body in bodies] == ["pending", "running", "done", "done"]
    assert bodies[2] == bodies[3]
    assert [body["result"] is None for body in bodies] == [True, True, False, False]


@pytest.mark.parametrize("form", ["{}", "{{{}}}", "urn:uuid:{}"])
def test_a_task_is_found_under_any_spelling_of_its_id(
    start: Start, submit: Ask, ask: Ask, make_wav: Ask, form: str
) -> None:
    url = start().url
    task_id = json.loads(submit(url, make_wav()).body)["task"]["task_id"]
    for spelling in (task_id, task_id.upper(), task_id.replace("-", "")):
        body = check(ask(url, "GET", f"{ENDPOINT}/{form.format(spelling)}"), GET)
        assert body["task"]["task_id"] == task_id


@pytest.mark.parametrize(
    "text",
    [
        *("17", "x" * 1000, NO_TASK[:-1], NO_TASK + "0", "%00", "%F0%9F%98%80", "%ff", "null", "."),
        *("0x" + "3" * 30, "3_" + "3" * 30, "%20" + "3" * 31, "%D9%A3" + "3" * 31, "{{" + NO_TASK),
    ],
)
def test_what_is_no_task_id_is_refused(start: Start, ask: Ask, text: str) -> None:
    answer = ask(start().url, "GET", f"{ENDPOINT}/{text}")
    assert answer.status == 422
    check(answer, GET)


def test_the_ids_of_a_request_are_echoed_or_made(start: Start, submit: Ask, ask: Ask, make_wav: Ask) -> None:
    url = start().url
    told = {"X-Request-ID": "my request", "x-correlation-id": "déjà vu".encode().decode("latin-1")}
    for answer in (
        submit(url, make_wav(), headers=told),
        ask(url, "GET", f"{ENDPOINT}/{NO_TASK}", None, told),
        ask(url, "GET", "/api/system/info", None, told),
    ):
        assert answer.header("x-request-id") == "my request"
        assert (answer.header("x-correlation-id") or "").encode("latin-1") == "déjà vu".encode()
    location = submit(url, make_wav()).header("x-location")
    made = [answer.header(name) for answer in (ask(location), ask(location)) for name in told]
    assert len(set(made)) == 4
    assert all(str(UUID(value)) == value for value in made)


@pytest.mark.parametrize(
    ("headers", "base"),
    [
        ({"Host": "platform:1234"}, "http://platform:1234"),
        ({"Host": "x", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "public.example"}, "https://public.example"),
        (
            {"Host": "x", "Forwarded": "proto=https;host=public.example", "X-Forwarded-Prefix": "/f"},
            "https://public.example/f",
        ),
        ({"Host": "x", "X-Forwarded-Host": "evil/../path"}, None),
    ],
)
def test_x_location_is_the_address_that_the_client_used(
    start: Start, submit: Ask, make_wav: Ask, headers: dict[str, str], base: str | None
) -> None:
    server = start()
    location = submit(server.url, make_wav(), headers=headers).header("x-location")
    assert location.startswith(f"{base or server.url}{ENDPOINT}/")


def test_x_location_is_the_external_url_or_relative_if_so_told(start: Start, submit: Ask, make_wav: Ask) -> None:
    told = start(platform=Platform(World(), external_url="https://platform.example/base/"))
    location = submit(told.url, make_wav()).header("x-location")
    assert location.startswith(f"https://platform.example/base{ENDPOINT}/")
    relative = start(Scenario(dialect=Dialect(x_location="relative")))
    assert submit(relative.url, make_wav()).header("x-location").startswith(f"{ENDPOINT}/")


def test_worlds_do_not_see_each_other_and_x_location_keeps_the_prefix(
    start: Start, submit: Ask, ask: Ask, make_wav: Ask
) -> None:
    platform = Platform(World())
    platform.worlds = {"a": World("a", Scenario(course="immediate")), "b": World("b", Scenario(course="immediate"))}
    server = start(platform=platform)
    urls = [server.url, f"{server.url}/worlds/a", f"{server.url}/worlds/b"]
    locations = [submit(url, make_wav()).header("x-location") for url in urls]
    assert [location.rpartition("/api/")[0] for location in locations] == urls
    tasks = [location.rpartition("/")[2] for location in locations]
    assert len(set(tasks)) == 3
    for url in urls:
        found = {task: ask(url, "GET", f"{ENDPOINT}/{task}").status for task in tasks}
        assert found == {task: 200 if url == urls[tasks.index(task)] else 404 for task in tasks}
