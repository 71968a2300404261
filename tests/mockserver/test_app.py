from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import socket
import struct
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest

from diarkit_contracts.document import Operation, as_object, operations, resolve
from diarkit_contracts.schema import list_faults
from diarkit_contracts.states import ERROR_TYPE_OF_STATUS
from diarkit_mockserver.course import ByPolls, PollCounts
from diarkit_mockserver.limits import Limits, Rate
from diarkit_mockserver.platform import Platform
from diarkit_mockserver.scenario import Dialect, HttpAnswer, Rule, Scenario, Then
from diarkit_mockserver.when import When
from diarkit_mockserver.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

    from diarkit_mockserver.server import ServerThread

    Ask = Callable[..., Any]
    Start = Callable[..., ServerThread]

ENDPOINT = "/api/technology/speaker-diarization"
NO_TASK = "00000000-0000-4000-8000-000000000000"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
OPERATIONS = {operation.path: operation for operation in operations()}
POST, GET = OPERATIONS[ENDPOINT], OPERATIONS[ENDPOINT + "/{task_id}"]


def check(answer: Any, operation: Operation) -> dict[str, Any]:
    """Hold an answer to what the document declares for its status; return the body."""
    assert answer.status in operation.statuses
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
    assert {status: answer.status for status, answer in answers.items()} == {status: status for status in POST.statuses}
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
    assert set(answers) == set(GET.statuses)
    bodies = {status: check(answer, GET) for status, answer in answers.items()}
    assert bodies[200]["task"]["state"] == "done"
    assert bodies[422]["detail"][0]["location"] == ["path", "task_id"]


@pytest.mark.parametrize("status", POST.statuses[1:])
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
    "text", ["17", "x" * 1000, NO_TASK[:-1], NO_TASK + "0", "%00", "%F0%9F%98%80", "%ff", "null", "."]
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
        ({"Host": "evil/../path"}, None),
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


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_client_that_sends_no_host_gets_the_servers_own_address(
    start: Start, make_wav: Ask, make_form: Ask, form_type: str, host: str
) -> None:
    try:
        server = start(host=host)
    except OSError:
        pytest.skip(f"no {host} on this machine")
    body = make_form(('name="file"; filename="a.wav"', make_wav()))
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port), 10) as client:
        head = f"POST {ENDPOINT} HTTP/1.0\r\nContent-Type: {form_type}\r\nContent-Length: {len(body)}\r\n\r\n"
        client.sendall(head.encode() + body)
        came = b""
        while piece := client.recv(65536):
            came += piece
    assert f"x-location: {server.url}{ENDPOINT}/".encode() in came


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


def test_what_arrives_is_the_file_whatever_the_transfer(
    start: Start, ask: Ask, make_wav: Ask, make_form: Ask, form_type: str
) -> None:
    platform = Platform(World(scenario=Scenario(course="immediate")))
    url = start(platform=platform).url
    content = make_wav(30)
    body = make_form(('name="file"; filename="a.wav"', content))
    headers = {"Content-Type": form_type}
    assert ask(url, "POST", ENDPOINT, body, headers).status == 202
    pieces = (body[at : at + 1009] for at in range(0, len(body), 1009))
    assert ask(url, "POST", ENDPOINT, pieces, headers).status == 202
    digests = [entry.submission.sha256 for entry in platform.world.journal if entry.submission is not None]
    assert digests == [hashlib.sha256(content).hexdigest()] * 2


def test_a_client_that_waits_for_100_continue_gets_it(
    start: Start, make_wav: Ask, make_form: Ask, form_type: str
) -> None:
    server = start()
    body = make_form(('name="file"; filename="a.wav"', make_wav()))
    with socket.create_connection((urlsplit(server.url).hostname, urlsplit(server.url).port), 10) as client:
        head = f"POST {ENDPOINT} HTTP/1.1\r\nHost: x\r\nContent-Type: {form_type}\r\nContent-Length: {len(body)}\r\n"
        client.sendall(f"{head}Expect: 100-continue\r\n\r\n".encode())
        assert client.recv(1000).startswith(b"HTTP/1.1 100 Continue")
        client.sendall(body)
        assert client.recv(1000).startswith(b"HTTP/1.1 202")


@pytest.mark.parametrize("reset", [True, False])
def test_a_client_that_goes_away_in_the_middle_of_its_upload_leaves_the_server_well(
    start: Start,
    submit: Ask,
    make_wav: Ask,
    make_form: Ask,
    form_type: str,
    caplog: pytest.LogCaptureFixture,
    *,
    reset: bool,
) -> None:
    platform = Platform(World(scenario=Scenario(course="immediate")))
    server = start(platform=platform)
    body = make_form(('name="file"; filename="a.mp3"', b"ID3" + bytes(3_000_000)))
    for sent in (0, 10, 200, 2_000_000):
        client = socket.create_connection((urlsplit(server.url).hostname, urlsplit(server.url).port), 10)
        head = (
            f"POST {ENDPOINT} HTTP/1.1\r\nHost: x\r\nContent-Type: {form_type}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        client.sendall(head.encode() + body[:sent])
        if reset:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
    assert submit(server.url, make_wav()).status == 202
    assert len(platform.world.tasks) == 1
    assert [record for record in caplog.records if record.levelname in {"ERROR", "CRITICAL"}] == []


def test_a_connection_is_kept_for_many_requests(start: Start, make_wav: Ask, make_form: Ask, form_type: str) -> None:
    address = urlsplit(start().url)
    body = make_form(('name="file"; filename="a.wav"', make_wav()))
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=10)
    with contextlib.closing(connection):
        connection.connect()
        used = connection.sock
        for number in range(20):
            place = ENDPOINT if number % 2 else f"{ENDPOINT}?channels=x"
            connection.request("POST", place, body, {"Content-Type": form_type})
            response = connection.getresponse()
            response.read()
            assert response.status == (202 if number % 2 else 422)
            connection.request("POST", "/nowhere", body)
            response = connection.getresponse()
            response.read()
            assert response.status == 404
        assert connection.sock is used


def test_a_refused_upload_can_be_sent_to_its_end(start: Start, make_wav: Ask, make_form: Ask, form_type: str) -> None:
    address = urlsplit(start(Scenario(limits=Limits(upload_bytes=1000))).url)
    body = make_form(('name="file"; filename="a.wav"', make_wav() + bytes(20_000_000)))
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=10)
    with contextlib.closing(connection):
        connection.request("POST", ENDPOINT, body, {"Content-Type": form_type})
        response = connection.getresponse()
        assert (response.status, json.loads(response.read())["type"]) == (413, "request.size-limit-exceeded")


def test_two_requests_in_one_packet_are_answered_in_order(start: Start, submit: Ask, make_wav: Ask) -> None:
    server = start(Scenario(course=ByPolls(polls=PollCounts(running=1))))
    location = urlsplit(submit(server.url, make_wav()).header("x-location")).path
    with socket.create_connection((urlsplit(server.url).hostname, urlsplit(server.url).port), 10) as client:
        one = f"GET {location} HTTP/1.1\r\nHost: x\r\n\r\n"
        last = f"GET {location} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        client.sendall((one + f"GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n{last}").encode())
        came = b""
        while piece := client.recv(65536):
            came += piece
    assert [came.find(text) >= 0 for text in (b'"running"', b"resource.not-found", b'"done"')] == [True] * 3
    assert came.find(b'"running"') < came.find(b"resource.not-found") < came.find(b'"done"')


@pytest.mark.parametrize("when", [When(filename="*.wav"), When(sha256="0" * 8)])
def test_what_the_client_sent_can_be_looked_up(start: Start, submit: Ask, make_wav: Ask, when: When) -> None:
    platform = Platform(World(scenario=Scenario(course="immediate", rules=(Rule(when=when, then=Then(speakers=2)),))))
    content = make_wav()
    submit(start(platform=platform).url, content, filename="Ž.wav", config='{"x": 1}', query="channels=0&y=2")
    (sent,) = (entry.submission for entry in platform.world.journal)
    assert sent is not None
    assert (sent.filename, sent.size, sent.config, sent.query) == (
        "Ž.wav",
        len(content),
        {"x": 1},
        {"channels": "0", "y": "2"},
    )
    assert sent.sha256 == hashlib.sha256(content).hexdigest()
    assert sent.headers["content-length"]
