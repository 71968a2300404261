from __future__ import annotations

import json
import logging
import re
import socket
import struct
from typing import TYPE_CHECKING, Any

import pytest
from openapi_spec_validator import validate

from diarkit_mockserver.control.app import LARGEST_BODY, MOST_VALUES
from diarkit_mockserver.scenario.model import Scenario
from diarkit_mockserver.world.platform import Platform
from diarkit_mockserver.world.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

    Send = Callable[..., Any]

V1 = "/__diarkit/v1"
FOREIGN = re.compile(r"""(?:src|href|url)\s*[=:(]\s*["']?\s*((?:https?:)?//[^"'\s)>]+)""", re.IGNORECASE)
TOKEN = "a-token"  # noqa: S105 - of a test


@pytest.fixture
def url(start: Callable[..., Any]) -> str:
    return str(start().url)


@pytest.fixture
def call(ask: Callable[..., Any], url: str) -> Send:
    """Send JSON, or a text as it stands; return status and what came."""

    def send(method: str, path: str, body: object = None, kind: str = "application/json") -> tuple[int, Any]:
        data = None if body is None else (body if isinstance(body, str) else json.dumps(body)).encode()
        answer = ask(url, method, V1 + path, data, {} if data is None else {"Content-Type": kind})
        assert (answer.status >= 400) == (answer.header("content-type") == "application/problem+json")
        return answer.status, json.loads(answer.body) if answer.body else None

    return send


def test_its_description_is_valid_openapi(call: Send) -> None:
    status, document = call("GET", "/openapi.json")
    assert status == 200
    validate(document)
    assert {"/worlds", "/reset", "/scenario", "/respond", "/tasks", "/clock", "/faults", "/journal"} <= set(
        document["paths"]
    )


def test_every_body_and_answer_is_described(call: Send) -> None:
    _, document = call("GET", "/openapi.json")
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            done = next(
                operation["responses"][code] for code in ("200", "201", "204") if code in operation["responses"]
            )
            assert operation["description"], (path, method)
            assert "4XX" in operation["responses"]
            assert done.get("content", {}).get("application/json", {}).get("schema") or "204" in operation["responses"]


@pytest.mark.parametrize("page", ["/docs", "/redoc"])
def test_its_pages_need_no_other_host(ask: Callable[..., Any], url: str, page: str) -> None:
    html = ask(url, "GET", V1 + page).body.decode()
    assert FOREIGN.findall(html) == []
    assert f"{V1}/openapi.json" in html
    local = re.findall(r'(?:src|href)="(/[^"]+)"', html)
    assert local
    assert [ask(url, "GET", each).status for each in local] == [200] * len(local)


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "kind"),
    [
        ("GET", "/nothing", None, 404, "not-found"),
        ("POST", "/health", None, 405, "method-not-allowed"),
        ("GET", "/journal?limit=-1", None, 422, "query-invalid"),
        ("GET", "/journal?since=x", None, 422, "query-invalid"),
        ("GET", "/journal?format=xml", None, 422, "query-invalid"),
        ("POST", "/reset?wrld=a", None, 422, "query-invalid"),
        ("GET", "/clock?world=none", None, 404, "world-unknown"),
        ("DELETE", "/worlds/none", None, 404, "world-unknown"),
        ("POST", "/tasks/none/step", None, 404, "task-unknown"),
        ("POST", "/clock/advance", {"seconds": -1}, 422, "body-invalid"),
        ("POST", "/clock/advance", {"second": 1}, 422, "body-invalid"),
        ("POST", "/clock/advance", None, 422, "body-invalid"),
        ("POST", "/worlds", {"name": ".."}, 422, "body-invalid"),
        ("POST", "/worlds", {"name": "a/b"}, 422, "body-invalid"),
        ("PUT", "/scenario", "rules: [", 422, "body-invalid"),
        ("PUT", "/scenario", {"rules": [{"then": {"rttm": "/etc/passwd"}}]}, 422, "body-invalid"),
    ],
)
def test_every_refusal_is_a_problem_with_its_kind(
    call: Send, method: str, path: str, body: object, status: int, kind: str
) -> None:
    got, problem = call(method, path, body)
    assert (got, problem["status"], problem["type"]) == (status, status, f"urn:diarkit:problem:{kind}")
    assert problem["title"]
    assert problem["detail"]


def test_a_wrong_method_names_the_right_ones(ask: Callable[..., Any], url: str) -> None:
    assert ask(url, "POST", f"{V1}/health").header("allow") == "GET"


def test_a_problem_in_a_body_has_its_line_and_column(call: Send) -> None:
    _, problem = call("PUT", "/scenario", '{\n  "version": 1,\n  "rules": [{"then": {"speakers": -1}}]\n}')
    assert problem["errors"] == [
        {"detail": "expected speakers >= 0, got -1", "source": "body", "line": 3, "column": 35}
    ]
    assert problem["detail"] == "body:3:35: expected speakers >= 0, got -1"


def test_a_slip_in_a_name_is_answered_with_the_nearest(call: Send) -> None:
    call("POST", "/worlds", {"name": "telephone"})
    assert call("GET", "/clock?world=telefone")[1]["detail"].endswith("did you mean telephone?")
    assert call("POST", "/reset?worlds=a")[1]["detail"].endswith("did you mean world?")


def test_a_body_without_an_end_is_cut_off(ask: Callable[..., Any], url: str) -> None:
    answer = ask(url, "PUT", f"{V1}/scenario", b" " * (LARGEST_BODY + 1))
    assert (answer.status, json.loads(answer.body)["type"]) == (413, "urn:diarkit:problem:body-too-large")


def test_a_body_of_too_many_values_is_not_read(ask: Callable[..., Any], url: str) -> None:
    answer = ask(url, "PUT", f"{V1}/scenario", b"[" + b"1," * MOST_VALUES + b"1,1]")
    assert (answer.status, json.loads(answer.body)["detail"]) == (413, f"expected at most {MOST_VALUES} values")


def test_what_is_not_text_is_refused(ask: Callable[..., Any], url: str) -> None:
    answer = ask(url, "PUT", f"{V1}/scenario", b"\xff")
    assert (answer.status, "UTF-8" in json.loads(answer.body)["detail"]) == (422, True)


@pytest.mark.parametrize("sent", [None, "Bearer", "Bearer wrong", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN}x"])
def test_without_the_token_only_health_and_readiness_are_told(
    start: Callable[..., Any], ask: Callable[..., Any], sent: str | None
) -> None:
    url = start(platform=Platform(World(), control_token=TOKEN)).url
    headers = {} if sent is None else {"Authorization": sent}
    for path in ("/worlds", "/journal?reveal=true", "/openapi.json", "/docs", "/nothing", "/health/", "//health"):
        answer = ask(url, "GET", V1 + path, None, headers)
        assert (answer.status, answer.header("www-authenticate")) == (401, "Bearer")
        assert json.loads(answer.body)["type"] == "urn:diarkit:problem:token-missing"
    for path in ("/health", "/ready"):
        assert ask(url, "GET", V1 + path, None, headers).status == 200
    assert ask(url, "GET", "/api/system/info", None, headers).status == 200


def test_with_the_token_everything_is_told(start: Callable[..., Any], ask: Callable[..., Any]) -> None:
    url = start(platform=Platform(World(), control_token=TOKEN)).url
    headers = {"Authorization": f"bearer {TOKEN}"}
    assert ask(url, "GET", f"{V1}/worlds", None, headers).status == 200
    document = json.loads(ask(url, "GET", f"{V1}/openapi.json", None, headers).body)
    validate(document)
    assert document["security"] == [{"token": []}]
    assert document["paths"]["/health"]["get"]["security"] == []


def test_calls_are_no_exchanges_of_the_platform(start: Callable[..., Any], ask: Callable[..., Any]) -> None:
    world = World(scenario=Scenario())
    url = start(platform=Platform(world)).url
    ask(url, "GET", f"{V1}/journal")
    assert world.journal.total == 0


def test_a_server_for_all_interfaces_draws_a_token_and_one_for_this_machine_needs_none(
    serve: Callable[..., Any], ask: Callable[..., Any]
) -> None:
    exposed = serve("--port", "0", "--host", "0.0.0.0")  # noqa: S104 - what is tested
    token = re.search(r"^control token: (\S{20,}) ", exposed.log.read_text("utf-8"), re.MULTILINE)
    assert token is not None
    assert ask(exposed.url, "GET", f"{V1}/worlds").status == 401
    assert ask(exposed.url, "GET", f"{V1}/worlds", None, {"Authorization": f"Bearer {token[1]}"}).status == 200
    own = serve("--port", "0", env={"DIARKIT_NONCE": "this one"})
    assert ask(own.url, "GET", f"{V1}/worlds").status == 200
    assert json.loads(ask(own.url, "GET", f"{V1}/ready").body)["nonce"] == "this one"


def test_a_token_in_the_environment_counts_everywhere(serve: Callable[..., Any], ask: Callable[..., Any]) -> None:
    running = serve("--port", "0", env={"DIARKIT_CONTROL_TOKEN": TOKEN})
    assert ask(running.url, "GET", f"{V1}/worlds").status == 401
    assert ask(running.url, "GET", f"{V1}/worlds", None, {"Authorization": f"Bearer {TOKEN}"}).status == 200
    assert TOKEN not in running.log.read_text("utf-8")


@pytest.mark.parametrize("sent", [0.5, 1.0])
def test_a_client_that_leaves_in_the_middle_is_no_error(
    start: Callable[..., Any], ask: Callable[..., Any], caplog: pytest.LogCaptureFixture, sent: float
) -> None:
    """In the middle of its body, or while its answer is made."""
    url = start().url
    body = b'{"version": 1, "rules": [' + b",".join([b'{"then": {"speakers": 1}}'] * 2000) + b"]}"
    head = f"PUT {V1}/scenario HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    for _ in range(3):
        with socket.create_connection(url.removeprefix("http://").split(":")) as client:
            client.sendall(head + body[: int(len(body) * sent)])
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # leaves with a reset
    assert ask(url, "POST", f"{V1}/reset").status == 200
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
