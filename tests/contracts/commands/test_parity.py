from __future__ import annotations

import json
import re
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from diarkit_contracts.commands.parity import parity
from diarkit_contracts.exchanges.call_ids import IDS
from diarkit_contracts.exchanges.exchange import Answer
from diarkit_contracts.exchanges.recording import write_recording
from diarkit_contracts.target import transport as http_transport
from diarkit_contracts.target.client import UnreachableError

if TYPE_CHECKING:
    from pathlib import Path

ONE, OTHER = "http://stub:8000", "http://other:8000"


@pytest.fixture
def run(stub: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run `parity` against the server in memory, as fast as it goes."""

    class Transport:
        def __init__(self, way: Any) -> None:
            self.url = way.url

        def send(self, request: Any, content: bytes, within_s: float) -> Answer:
            answer: Answer = stub.send(request, content, within_s)
            headers = ((name, value.replace(ONE, self.url)) for name, value in answer.headers)
            return replace(answer, headers=tuple(headers))

        def close(self) -> None:
            """There is nothing to close."""

    monkeypatch.setattr(http_transport, "HttpTransport", Transport)
    monkeypatch.setattr("diarkit_contracts.target.pace.SystemClock.sleep", lambda *_: None)
    return lambda *arguments: CliRunner().invoke(parity, [str(argument) for argument in arguments])


def break_other(request: Any, answer: Answer) -> Answer:
    if "//other" in request.url and answer.status == 404:
        return Answer(status=500, headers=answer.headers, body=answer.body)
    return answer


def test_servers_that_answer_alike_end_with_0(run: Any, stub: Any) -> None:
    ended = run(ONE, OTHER)
    assert ended.exit_code == 0, ended.output
    assert ended.stdout.endswith("FINE: no differences in 28 rows\n")
    assert ended.stderr.count("plan lite: 10 tasks") == 2
    assert {request.url.split("/")[2] for request in stub.seen} == {"stub:8000", "other:8000"}


def test_a_difference_ends_with_1(run: Any, stub: Any, tmp_path: Path) -> None:
    stub.tamper = break_other
    ended = run(ONE, OTHER, "--only", "bad-01", "--json", tmp_path / "parity.json")
    assert ended.exit_code == 1
    assert re.search(r"^error +status ", ended.stdout, re.MULTILINE)
    report = json.loads((tmp_path / "parity.json").read_text("utf-8"))
    assert (report["exit"], report["sides"]) == (1, [ONE, OTHER])


def test_what_the_contract_allows_fails_only_if_asked_to(run: Any, stub: Any) -> None:
    def relocate(request: Any, answer: Answer) -> Answer:
        base = "" if "//other" in request.url else ONE
        return replace(answer, headers=tuple((name, value.replace(ONE, base)) for name, value in answer.headers))

    stub.tamper = relocate
    assert run(ONE, OTHER, "--only", "row-01").exit_code == 0
    assert run(ONE, OTHER, "--only", "row-01", "--fail-on", "warning").exit_code == 1


def test_a_recording_stands_for_a_server(run: Any, stub: Any, verify_stub: Any, tmp_path: Path) -> None:
    file = tmp_path / "yesterday.ndjson"
    file.write_text("".join(write_recording(verify_stub().exchanges)), encoding="utf-8")
    stub.seen.clear()
    assert run(file, file).stdout.endswith("FINE: no differences in 28 rows\n")
    assert stub.seen == []
    stub.tamper = break_other
    ended = run(file, OTHER)
    assert ended.exit_code == 1
    assert ended.stdout.startswith("A  yesterday.ndjson\nB  http://other:8000\n")


def test_nothing_in_common_ends_with_3(run: Any, verify_stub: Any, tmp_path: Path) -> None:
    file = tmp_path / "run.ndjson"
    file.write_text("".join(write_recording(verify_stub(None, "bad-01").exchanges)), encoding="utf-8")
    ended = run(file, ONE, "--only", "row-01")
    assert ended.exit_code == 3
    assert "no row was answered by both sides" in ended.stdout


def test_a_server_that_does_not_answer_ends_with_4(run: Any, stub: Any) -> None:
    def lose(request: Any, _: Any) -> Answer:
        raise UnreachableError(request.url, "gone")

    stub.tamper = lose
    assert run(ONE, OTHER).exit_code == 4


@pytest.mark.parametrize(
    "arguments",
    [
        (ONE,),
        (ONE, "no-such-file"),
        (ONE, "ftp://x"),
        (ONE, __file__),
        (ONE, OTHER, "--only", "row-700"),
        (ONE, OTHER, "--tier", "fuzz"),
        (ONE, OTHER, "--header-b", "no colon"),
    ],
)
def test_wrong_usage_ends_with_2_and_sends_nothing(run: Any, stub: Any, arguments: tuple[str, ...]) -> None:
    assert run(*arguments).exit_code == 2
    assert stub.seen == []


def test_a_secret_goes_to_its_side_alone_and_is_kept_nowhere(run: Any, stub: Any, tmp_path: Path) -> None:
    ended = run(
        ONE, OTHER, "--only", "bad-01", "--header", "X-Both: b0th-secret", "--header-a", "X-A: a-secret",
        "--header-b", "X-B: b-secret", "--json", tmp_path / "p.json",
    )  # fmt: skip
    sent = {
        request.url.split("/")[2]: {name: value for name, value in request.headers if name not in IDS}
        for request in stub.seen
    }
    assert sent == {
        "stub:8000": {"X-Both": "b0th-secret", "X-A": "a-secret"},
        "other:8000": {"X-Both": "b0th-secret", "X-B": "b-secret"},
    }
    assert "secret" not in ended.output + (tmp_path / "p.json").read_text("utf-8")


@pytest.mark.parametrize(
    ("profiles", "broken"),
    [
        (("--profile-a", "3.6", "--profile-b", "5.0"), set()),
        (("--profile-a", "5.0", "--profile-b", "5.0"), {("none of that name", "passed")}),
        (("--profile", "5.0"), {("none of that name", "passed")}),
        (("--profile", "5.0", "--profile-a", "3.6"), set()),
    ],
)  # fmt: skip
def test_each_side_is_held_against_its_own_generation(
    run: Any, stub: Any, tmp_path: Path, profiles: tuple[str, ...], broken: set[tuple[str, str]]
) -> None:
    def send_both(request: Any, answer: Answer) -> Answer:
        told = answer.header("X-Location") if "//other" in request.url else None
        return answer if told is None else replace(answer, headers=(*answer.headers, ("Location", told)))

    stub.tamper = send_both
    file = tmp_path / "p.json"
    run(ONE, OTHER, "--only", "row-01", "--json", file, *profiles)
    differences = json.loads(file.read_text("utf-8"))["differences"]
    assert {(each["one"], each["other"]) for each in differences if each["what"] == "shape.headers"} == broken
    assert "header Location of POST" in {each["what"] for each in differences}  # whatever each is held against


def test_texts_are_compared_if_asked_to(run: Any, stub: Any) -> None:
    def speak(request: Any, answer: Answer) -> Answer:
        changed = answer.body.replace(b'"message"', b'"message" ') if "//other" in request.url else answer.body
        return replace(answer, body=changed)

    stub.tamper = speak
    asked = (ONE, OTHER, "--only", "bad-01", "--fail-on", "warning")
    assert run(*asked).exit_code == 0
    ended = run(*asked, "--texts")
    assert ended.exit_code == 1
    assert "text of the body" in ended.stdout


def test_a_missing_extra_is_named_with_what_to_do(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jsonschema", None)
    ended = run("http://one:8000", "http://other:8000")
    assert (ended.exit_code, "pip install 'diarkit[verify]'" in ended.output) == (2, True)
