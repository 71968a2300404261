from __future__ import annotations

import json
import socket
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from contract_servers.broken import BROKEN
from contract_servers.correct import CORRECT
from contract_servers.listening import listen

from diarkit_contracts.commands.verify import verify
from diarkit_contracts.exchanges.recording import read_recording
from diarkit_contracts.runs.fuzz import schemathesis as fuzz
from diarkit_contracts.runs.fuzz.schemathesis import FuzzRun
from diarkit_contracts.runs.verify import verify_recording
from diarkit_contracts.target import transport as http_transport
from diarkit_mockserver.scenario.model import Scenario

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ELSEWHERE = "http://stub:8000"


@pytest.fixture(autouse=True)
def _in_an_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(*arguments: str) -> Any:
    return CliRunner().invoke(verify, [*arguments, "--tier", "fuzz"])


@pytest.fixture
def correct() -> Iterator[str]:
    server, _ = replace(CORRECT[0], scenario=Scenario(course="immediate")).build()
    with listen(server) as url:
        yield url


@pytest.fixture
def broken() -> Iterator[str]:
    server, _ = next(broken for broken in BROKEN if broken.name == "range ignored").build()
    with listen(server) as url:
        yield url


def test_a_correct_server_passes_and_it_was_said_what_that_costs(correct: str, tmp_path: Path) -> None:
    ended = run(correct, "--max-seconds", "300", "--max-calls", "400", "--seed", "1")
    assert ended.exit_code == 0, ended.output
    assert ended.stderr.startswith(
        "plan fuzz: 300 s of uploads and mistakes as fast as the server answers, at most 4 tasks in flight"
    )
    assert ended.stderr.splitlines()[0].endswith("seed 1")  # on a slow machine lines of progress follow
    assert "tier fuzz" in ended.stdout
    assert list(tmp_path.iterdir()) == []


def test_a_find_is_told_step_by_step_and_kept_and_can_be_sent_again(broken: str, correct: str, tmp_path: Path) -> None:
    ended = run(broken, "--save-rows", "kept.json")
    assert ended.exit_code == 1, ended.output
    assert "requests in order:\n  found-01[upload] POST /api/technology/speaker-diarization" in ended.stdout
    assert f"diarkit verify {broken} --rows kept.json" in ended.stdout
    assert len(json.loads((tmp_path / "kept.json").read_text(encoding="utf-8"))) == 1
    again = [CliRunner().invoke(verify, [url, "--rows", "kept.json"]) for url in (broken, correct)]
    assert [each.exit_code for each in again] == [1, 0], again[1].output
    assert "parameters.range" in again[0].stdout
    assert f"diarkit verify {broken} --rows kept.json" in again[0].stdout


def test_every_exchange_is_recorded(correct: str, tmp_path: Path) -> None:
    ended = run(correct, "--max-calls", "300", "--record", "all.ndjson")
    assert ", 300 requests, " in ended.stdout
    exchanges = read_recording(tmp_path / "all.ndjson")
    assert len(exchanges) == 300 - 1  # ahead of them it was asked for its version
    again = CliRunner().invoke(verify, ["--recording", "all.ndjson"])
    assert again.exit_code == 0, again.output


def test_a_find_that_can_not_be_kept_is_shown(broken: str) -> None:
    ended = run(broken, "--save-rows", "nowhere/kept.json")
    assert ended.exit_code == 1
    assert '"id": "found-01"' in ended.stdout
    assert "--save-rows nowhere/kept.json can't be written (No such file or directory)" in ended.stderr
    assert "parameters.range" in ended.stdout


def test_caps_hold_here_too(correct: str) -> None:
    ended = run(correct, "--max-calls", "10")
    assert ended.exit_code == 3
    assert "10 requests" in ended.stdout


@pytest.mark.parametrize("driver", ["machine", "schemathesis"])
def test_a_server_elsewhere_is_not_asked_by_mistake(monkeypatch: pytest.MonkeyPatch, driver: str) -> None:
    monkeypatch.setattr(http_transport, "HttpTransport", None)
    ended = run(ELSEWHERE, "--driver", driver)
    assert ended.exit_code == 2
    assert "--i-own-this-server" in ended.stderr


def test_a_server_elsewhere_is_asked_by_its_owner(stub: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    class Transport:
        def __init__(self, *_: Any) -> None:
            self.send = stub.send

        def close(self) -> None:
            pass

    monkeypatch.setattr(http_transport, "HttpTransport", Transport)
    monkeypatch.setattr("diarkit_contracts.target.pace.SystemClock.sleep", lambda *_: None)
    ended = run(ELSEWHERE, "--i-own-this-server", "--max-calls", "200")
    assert ended.exit_code in {0, 3}, ended.output
    assert len(stub.seen) == 200


def test_ctrl_c_ends_a_run_with_what_was_seen(stub: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    class Transport:
        def __init__(self, *_: Any) -> None:
            pass

        def send(self, *arguments: Any) -> Any:
            if len(stub.seen) == 100:
                raise KeyboardInterrupt
            return stub.send(*arguments)

        def close(self) -> None:
            pass

    monkeypatch.setattr(http_transport, "HttpTransport", Transport)
    monkeypatch.setattr("diarkit_contracts.target.pace.SystemClock.sleep", lambda *_: None)
    ended = run(ELSEWHERE, "--i-own-this-server")
    assert ended.exit_code == 130, ended.output
    assert "10" in ended.stdout.splitlines()[-1]


@pytest.mark.parametrize(
    "arguments",
    [
        [ELSEWHERE, "--only", "row-01"],
        [ELSEWHERE, "--rows", __file__],
        ["--recording", __file__],
        ["ftp://stub"],
        ["http://127.0.0.1:1", "--driver", "schemathesis", "--max-calls", "7"],
        ["http://127.0.0.1:1", "--driver", "schemathesis", "--insecure"],
        ["http://127.0.0.1:1", "--driver", "dice"],
    ],
)
def test_wrong_usage_ends_with_2(arguments: list[str]) -> None:
    assert run(*arguments).exit_code == 2


def test_a_file_that_holds_no_rows_ends_with_2_and_its_place(tmp_path: Path) -> None:
    (tmp_path / "rows.json").write_text("[{]", encoding="utf-8")
    ended = CliRunner().invoke(verify, [ELSEWHERE, "--rows", "rows.json"])
    assert ended.exit_code == 2
    assert "--rows rows.json:1:3: not YAML" in ended.stderr


@pytest.mark.parametrize(("failed", "code"), [(True, 1), (False, 3)])
def test_schemathesis_draws_if_it_is_asked_to(
    correct: str, monkeypatch: pytest.MonkeyPatch, failed: bool, code: int
) -> None:
    asked: dict[str, Any] = {}

    def run_schemathesis(url: str, **told: Any) -> FuzzRun:
        asked.update(told, url=url)
        return FuzzRun(verdict=verify_recording(url, ()), text="what schemathesis says", failed=failed)

    monkeypatch.setattr(fuzz, "run_schemathesis", run_schemathesis)
    flags = ["--driver", "schemathesis", "--max-seconds", "60", "--seed", "7", "--pace", "0.5", "--header", "X-A: b"]
    ended = run(correct.replace("//", "//me:secret@"), *flags)
    assert ended.exit_code == code
    assert ended.stderr == "plan schemathesis: at most 60 s, seed 7\n"
    assert ("what schemathesis says" in ended.stdout) is failed
    assert asked["url"] == correct
    assert [name for name, _ in asked["headers"]] == ["X-A", "Authorization"]
    assert (asked["seconds"], asked["number"], asked["rate"]) == (30.0, 7, "120/m")


@pytest.mark.parametrize("driver", ["machine", "schemathesis"])
def test_a_server_that_does_not_answer_ends_with_4(driver: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as bound:
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
    ended = run(url, "--driver", driver)
    assert ended.exit_code == 4, ended.output
    assert "connection refused" in ended.stdout
