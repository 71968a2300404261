from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from click.testing import CliRunner

from diarkit_contracts.exchanges.form import read_form
from diarkit_contracts.rows.inputs import make_input
from diarkit_contracts.target import transport as http_transport
from diarkit_contracts.target.client import UnreachableError
from diarkit_mockserver.commands.record import record

if TYPE_CHECKING:
    from pathlib import Path

URL = "http://stub:8000"


@pytest.fixture
def run(stub: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Run `record` against the server in memory, in a folder with two recordings."""

    class Transport:
        def __init__(self, *_: Any) -> None:
            """There is nothing to open."""

        def send(self, request: Any, content: bytes, within_s: float) -> Any:
            kind = dict(request.headers).get("Content-Type", "")
            return stub.send(replace(request, parts=read_form(kind, content)), content, within_s)

        def close(self) -> None:
            """There is nothing to close."""

    monkeypatch.setattr(http_transport, "HttpTransport", Transport)
    monkeypatch.setattr("diarkit_contracts.target.pace.SystemClock.sleep", lambda *_: None)
    monkeypatch.chdir(tmp_path)
    for name in ("wav:1ch:2.0s", "wav:2ch:4.0s"):
        (tmp_path / f"{name[4:7]}.wav").write_bytes(make_input(name))
    (tmp_path / "again.wav").write_bytes(make_input("wav:1ch:2.0s"))
    return lambda *arguments: CliRunner().invoke(record, arguments)


def read(path: Path) -> Any:
    return yaml.safe_load((path / "s.yaml").read_text("utf-8"))


def test_each_file_gets_a_rule(run: Any, tmp_path: Path) -> None:
    ended = run(URL, "1ch.wav", "2ch.wav", "-o", "s.yaml")
    assert ended.exit_code == 0, ended.output
    assert [line.partition(" pending")[0] for line in ended.stdout.splitlines()] == [
        "1ch.wav: result",
        "2ch.wav: result",
    ]
    assert [len(rule["then"]["result"]["channels"]) for rule in read(tmp_path)["rules"]] == [1, 2]


def test_the_same_bytes_get_one_rule(run: Any, tmp_path: Path) -> None:
    ended = run(URL, "1ch.wav", "again.wav", "-o", "s.yaml", "--course", "immediate")
    assert "again.wav: the same bytes as a file before it; one rule answers both" in ended.stderr
    (rule,) = read(tmp_path)["rules"]
    assert rule["then"]["course"] == "immediate"


def test_parameters_are_sent_and_asked_for(run: Any, stub: Any, tmp_path: Path) -> None:
    run(URL, "1ch.wav", "-o", "s.yaml", "--config", '{"max_speakers": 1}', "--query", "channels=0")
    assert stub.seen[0].url.endswith("?channels=0")
    assert read(tmp_path)["rules"][0]["when"] | {"sha256": ""} == {
        "sha256": "", "config": {"max_speakers": 1}, "channels": "0",
    }  # fmt: skip


@pytest.mark.parametrize(
    "arguments",
    [
        (URL, "-o", "s.yaml"),
        (URL, "1ch.wav"),
        (URL, "no-such.wav", "-o", "s.yaml"),
        ("stub", "1ch.wav", "-o", "s.yaml"),
        (URL, "1ch.wav", "-o", "s.yaml", "--config", "[]"),
        (URL, "1ch.wav", "-o", "s.yaml", "--query", "colour=blue"),
        (URL, "1ch.wav", "-o", "s.yaml", "--query", "range_from=soon"),
        (URL, "1ch.wav", "-o", "s.yaml", "--speed", "0"),
        (URL, "1ch.wav", "-o", "no/such/folder/s.yaml"),
    ],
)
def test_wrong_usage_ends_with_2_and_sends_nothing(run: Any, stub: Any, arguments: tuple[str, ...]) -> None:
    assert run(*arguments).exit_code == 2
    assert stub.seen == []


def test_a_server_that_does_not_answer_ends_with_4_and_an_answer_of_no_use_with_1(
    run: Any, stub: Any, tmp_path: Path
) -> None:
    stub.tamper = lambda _, answer: type(answer)(status=204)
    assert run(URL, "1ch.wav", "-o", "s.yaml").exit_code == 1

    def lose(request: Any, _: Any) -> Any:
        raise UnreachableError(request.url, "gone")

    stub.tamper = lose
    assert run(URL, "1ch.wav", "-o", "s.yaml").exit_code == 4
    assert not (tmp_path / "s.yaml").exists()


def test_a_secret_is_sent_and_not_written(run: Any, stub: Any, tmp_path: Path) -> None:
    run("http://me:s3cret-word@stub:8000", "1ch.wav", "-o", "s.yaml", "--header", "X-K: s3cret-key")
    assert ("X-K", "s3cret-key") in stub.seen[0].headers
    assert "s3cret" not in (tmp_path / "s.yaml").read_text("utf-8")
