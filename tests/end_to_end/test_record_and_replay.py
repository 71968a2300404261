"""`diarkit record` and what comes of it: a fake that answers what another server answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests
from click.testing import CliRunner

from diarkit_contracts.rows.inputs import make_input
from diarkit_mockserver.commands.record import record
from diarkit_mockserver.scenario.course import BySeconds
from diarkit_mockserver.scenario.load import load_scenario

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.diarization_strict

INPUTS = ("wav:1ch:2.0s", "wav:2ch:4.0s", "file:junk")


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"file-{number}.wav" for number in range(len(INPUTS))]
    for path, name in zip(paths, INPUTS, strict=True):
        path.write_bytes(make_input(name))
    return paths


def diarize(endpoint: str, file: Path, **parameters: str) -> Any:
    """Send a file and wait for its end; all but the id."""
    started = requests.post(endpoint, files={"file": (file.name, file.read_bytes())}, params=parameters, timeout=60)
    if started.status_code != 202:
        return started.status_code, started.json()["message"]
    while True:
        told = requests.get(started.headers["x-location"], timeout=60).json()
        if told["task"]["state"] not in {"pending", "running"}:
            return told["task"]["state"], told["result"], (told["error"] or {}).get("message")


def test_a_fake_answers_what_the_recorded_server_answered(
    diarization_server: Any, serve: Callable[..., Any], files: list[Path], tmp_path: Path
) -> None:
    refused = tmp_path / "refused.wav"
    refused.write_bytes(b"too large")
    diarization_server.respond(filename="refused.wav", http=413)
    diarization_server.respond(filename="file-1.wav", failed="Out of memory.")
    answered = {file.name: diarize(diarization_server.endpoint, file) for file in (*files, refused)}
    scenario = tmp_path / "scenario.yaml"
    names = map(str, (*files, refused))
    ended = CliRunner().invoke(record, [diarization_server.url, *names, "-o", str(scenario), "--course", "immediate"])
    assert ended.exit_code == 0, ended.output
    assert len(load_scenario(scenario).rules) == 4
    fake = serve("--scenario", str(scenario), "--seed", "7").url + "/api/technology/speaker-diarization"
    assert {file.name: diarize(fake, file) for file in (*files, refused)} == answered
    assert sorted(str(state) for state, *_ in answered.values()) == ["413", "done", "failed", "rejected"]


def test_a_recorded_answer_is_for_the_recorded_parameters_alone(
    diarization_server: Any, serve: Callable[..., Any], files: list[Path], tmp_path: Path
) -> None:
    """Other parameters and other files get what they get without a recording, and the log says so."""
    scenario, stereo, mono = tmp_path / "scenario.yaml", files[1], files[0]
    ended = CliRunner().invoke(
        record, [diarization_server.url, str(stereo), "-o", str(scenario), "--course", "immediate"]
    )
    assert ended.exit_code == 0, ended.output
    endpoint = serve("--scenario", str(scenario), "--seed", "7").url + "/api/technology/speaker-diarization"
    _, whole, _ = diarize(endpoint, stereo)
    assert whole == diarize(diarization_server.endpoint, stereo)[1]
    others: list[dict[str, str]] = [{"channel_mode": "mix"}, {"channels": "1"}, {"range_from": "3"}]
    mixed, second, late = (diarize(endpoint, stereo, **each)[1]["channels"] for each in others)
    assert [each["channel_number"] for each in mixed] == [0]
    assert [each["channel_number"] for each in second] == [1]
    assert all(segment["start_time"] >= 3 for channel in late for segment in channel["segments"])
    diarize(endpoint, mono)
    log = (tmp_path / "log.txt").read_text("utf-8")
    for said in ("channel_mode: expected none, got 'mix'", "range_from: expected none, got 3.0", "sha256: expected"):
        (line,) = (each for each in log.splitlines() if said in each and "WARNING" in each)
        assert "no rule matched" in line


def test_a_measured_course_is_one_of_a_scenario(diarization_server: Any, files: list[Path], tmp_path: Path) -> None:
    scenario = tmp_path / "scenario.yaml"
    ended = CliRunner().invoke(record, [diarization_server.url, str(files[0]), "-o", str(scenario), "--speed", "100"])
    assert ended.exit_code == 0, ended.output
    (rule,) = load_scenario(scenario).rules
    assert isinstance(rule.then.course, BySeconds)
    assert rule.when.sha256 is not None
