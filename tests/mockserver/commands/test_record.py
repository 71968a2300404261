from __future__ import annotations

import os
import socket
import sys
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from click.testing import CliRunner

from diarkit_mockserver.commands.record import record
from diarkit_mockserver.scenario.answer import HttpAnswer
from diarkit_mockserver.scenario.load import load_scenario
from diarkit_mockserver.scenario.model import Rule, Scenario, Then
from diarkit_mockserver.scenario.when import When
from diarkit_mockserver.world.platform import Platform
from diarkit_mockserver.world.world import World

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def world() -> World:
    rules = (Rule(when=When(filename="odd.wav"), then=Then(result={"channels": 1}, breaks_contract=True)),)
    return World(scenario=Scenario(course="immediate", rules=rules))


@pytest.fixture
def url(start: Any, world: World) -> str:
    found: str = start(platform=Platform(world)).url
    return found


@pytest.fixture
def run(url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, make_wav: Any) -> Callable[..., Any]:
    """Run `record` against a fake, in a folder with some recordings."""
    monkeypatch.chdir(tmp_path)
    for name, loud in (("1ch.wav", (True,)), ("again.wav", (True,)), ("2ch.wav", (True, True)), ("odd.wav", (False,))):
        (tmp_path / name).write_bytes(make_wav(loud=loud))
    return lambda *arguments: CliRunner().invoke(record, [each.replace("URL", url) for each in arguments])


def read(path: Path) -> Any:
    return yaml.safe_load((path / "s.yaml").read_text("utf-8"))["rules"]


def test_each_file_gets_a_rule(run: Any, tmp_path: Path) -> None:
    ended = run("URL", "1ch.wav", "2ch.wav", "-o", "s.yaml")
    assert ended.exit_code == 0, ended.output
    assert [line.partition(" pending")[0] for line in ended.stdout.splitlines()] == [
        "1ch.wav: result",
        "2ch.wav: result",
    ]
    assert [len(rule["then"]["result"]["channels"]) for rule in read(tmp_path)] == [1, 2]


def test_the_same_bytes_are_sent_once(run: Any, world: World, tmp_path: Path) -> None:
    ended = run("URL", "1ch.wav", "again.wav", "-o", "s.yaml", "--course", "immediate")
    assert "again.wav: same content as an earlier file; one rule answers both" in ended.stderr
    (rule,) = read(tmp_path)
    assert rule["then"]["course"] == "immediate"
    assert sum(entry.submission is not None for entry in world.journal) == 1


def test_parameters_are_sent_and_asked_for(run: Any, world: World, tmp_path: Path) -> None:
    run("URL", "1ch.wav", "-o", "s.yaml", "--config", '{"max_speakers": 1}', "--query", "channels=0")
    submission = next(iter(world.journal)).submission
    assert submission is not None
    assert (submission.parameters.max_speakers, submission.query) == (1, {"channels": "0"})
    when = {"sha256": submission.sha256, "config": {"max_speakers": 1}, "channels": "0", "exact": True}
    assert read(tmp_path)[0]["when"] == when


@pytest.mark.parametrize(
    "arguments",
    [
        ("URL", "-o", "s.yaml"),
        ("URL", "1ch.wav"),
        ("URL", "no-such.wav", "-o", "s.yaml"),
        ("no-url", "1ch.wav", "-o", "s.yaml"),
        ("URL", "1ch.wav", "-o", "s.yaml", "--config", "[]"),
        ("URL", "1ch.wav", "-o", "s.yaml", "--query", "colour=blue"),
        ("URL", "1ch.wav", "-o", "s.yaml", "--query", "range_from=soon"),
        ("URL", "1ch.wav", "-o", "s.yaml", "--speed", "0"),
        ("URL", "1ch.wav", "-o", "no/such/folder/s.yaml"),
    ],
)
def test_wrong_usage_ends_with_2_and_sends_nothing(run: Any, world: World, arguments: tuple[str, ...]) -> None:
    assert run(*arguments).exit_code == 2
    assert world.journal.total == 0


def test_an_answer_of_no_use_ends_with_1(run: Any, world: World, tmp_path: Path) -> None:
    world.add_rule(Rule(then=Then(http=503)))
    ended = run("URL", "1ch.wav", "-o", "s.yaml", "--task-seconds", "0")
    assert (ended.exit_code, "expected 202 or a refusal, got 503" in ended.stderr) == (1, True)
    assert not (tmp_path / "s.yaml").exists()


def test_what_is_no_such_api_is_refused(run: Any, world: World, tmp_path: Path) -> None:
    world.add_rule(Rule(then=Then(http=HttpAnswer(status=404, body="<h1>nginx</h1>"))))
    ended = run("URL", "1ch.wav", "-o", "s.yaml")
    assert ended.exit_code == 1
    assert (
        "1ch.wav: not the Speaker Diarization API: expected 202, or an error with type and message, got 404"
        in ended.stderr
    )
    assert not (tmp_path / "s.yaml").exists()


def test_the_scenario_is_written_after_each_file(run: Any, world: World, tmp_path: Path) -> None:
    world.add_rule(Rule(when=When(filename="2ch.wav"), then=Then(http=503)))
    assert run("URL", "1ch.wav", "2ch.wav", "-o", "s.yaml").exit_code == 1
    assert len(read(tmp_path)) == 1


def test_what_the_fake_refuses_by_itself_needs_no_rule(run: Any, tmp_path: Path) -> None:
    ended = run("URL", "1ch.wav", "-o", "s.yaml", "--query", "channels=x")
    assert (ended.exit_code, ended.stdout) == (0, "1ch.wav: refused for its parameters, as the fake does by default\n")
    assert not load_scenario(tmp_path / "s.yaml").rules


@pytest.mark.skipif(os.name != "posix" or sys.platform == "darwin", reason="names of files are text there")
def test_a_name_that_is_no_utf_8_is_sent_as_far_as_it_is(run: Any, world: World, tmp_path: Path) -> None:
    name = os.fsdecode("š".encode() + b"\xe9.wav")
    (tmp_path / "1ch.wav").rename(tmp_path / name)
    assert run("URL", name, "-o", "s.yaml").exit_code == 0
    (submission,) = filter(None, (entry.submission for entry in world.journal))
    assert submission.filename == "š\ufffd.wav"


def test_a_result_that_breaks_the_contract_is_repeated(run: Any, tmp_path: Path) -> None:
    assert run("URL", "odd.wav", "-o", "s.yaml").exit_code == 0
    assert read(tmp_path)[0]["then"]["result"] == {"channels": 1}


def test_a_server_that_does_not_answer_ends_with_4(run: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as bound:
        gone = f"http://127.0.0.1:{bound.getsockname()[1]}"
    assert run(gone, "1ch.wav", "-o", "s.yaml").exit_code == 4


def test_a_secret_is_sent_and_not_written(run: Any, url: str, world: World, tmp_path: Path) -> None:
    run(url.replace("//", "//me:s3cret-word@"), "1ch.wav", "-o", "s.yaml", "--header", "X-K: s3cret-key")
    sent = next(iter(world.journal)).request.headers
    assert (sent["x-k"], "authorization" in sent) == ("s3cret-key", True)
    assert "s3cret" not in (tmp_path / "s.yaml").read_text("utf-8")
