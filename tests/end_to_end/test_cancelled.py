"""A task that is cancelled, as three clients see it: the guide's loop, the vendor's style, and a machine that knows its states."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests

from diarkit_mockserver.testing import ByPolls, PollCounts, Scenario

if TYPE_CHECKING:
    from diarkit_mockserver.testing import DiarizationServer, DiarizationServerFactory

EXAMPLES = Path(__file__).parents[2] / "examples"
CANCELS = Scenario(profile="5.0", course=ByPolls(polls=PollCounts(pending=0, running=1, cancelled=2)))


class UnknownStateError(Exception):
    """A client met a state that it has no branch for."""


def load(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def poll_as_machine(url: str) -> str:
    """Ask until the end, and take nothing that is not known for an answer."""
    while True:
        state: str = requests.get(url, timeout=9).json()["task"]["state"]
        if state in {"done", "failed", "rejected"}:
            return state
        if state not in {"pending", "running"}:
            raise UnknownStateError(state)


@pytest.fixture
def server(diarization_server_factory: DiarizationServerFactory) -> DiarizationServer:
    return diarization_server_factory(CANCELS)


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "a.wav"
    path.write_bytes(b"no audio")
    return path


def start(server: DiarizationServer) -> requests.Response:
    url = f"{server.url}/api/technology/speaker-diarization"
    return requests.post(url, files={"file": ("a.wav", b"no audio")}, timeout=9)


def test_the_guides_loop_waits_on_and_breaks_when_the_task_is_gone(
    server: DiarizationServer, recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = load("client")
    monkeypatch.setattr(client, "POLL_SECONDS", 0)
    monkeypatch.setattr(client, "ENDPOINT_URL", f"{server.url}/api/technology/speaker-diarization")
    with pytest.raises(KeyError, match="task"):  # the envelope of the 404 has none
        client.run_speaker_diarization(recording)


def test_the_vendors_style_takes_it_for_an_end(
    server: DiarizationServer, recording: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    client = load("vendor_style_client")
    monkeypatch.setattr(client, "POLL_SECONDS", 0)
    monkeypatch.setattr(client, "SPEECH_PLATFORM_SERVER", server.url)
    assert client.main([str(recording)]) == 1
    assert "cancelled" in capsys.readouterr().out


def test_a_machine_that_raises_for_what_it_does_not_know_raises(server: DiarizationServer) -> None:
    with pytest.raises(UnknownStateError, match="cancelled"):
        poll_as_machine(start(server).headers["Location"])


def test_the_task_is_cancelled_for_so_many_polls_and_then_gone(server: DiarizationServer) -> None:
    response = start(server)
    url = response.headers["Location"]
    assert url == response.headers["X-Location"]
    answers = [requests.get(url, timeout=9) for _ in range(5)]
    assert [each.status_code for each in answers] == [200, 200, 200, 404, 404]
    assert [each.json()["task"]["state"] for each in answers[:3]] == ["running", "cancelled", "cancelled"]
    assert answers[1].json() == {"task": answers[1].json()["task"], "result": None, "error": None}


def test_a_task_is_cancelled_by_hand_in_the_newest_generation_alone(
    diarization_server_factory: DiarizationServerFactory,
) -> None:
    newest = diarization_server_factory(Scenario(profile="5.0", course="manual"))
    response = start(newest)
    newest.move(response.json()["task"]["task_id"], "cancelled")
    assert requests.get(response.headers["Location"], timeout=9).json()["task"]["state"] == "cancelled"
    newest.step(response.json()["task"]["task_id"])
    assert requests.get(response.headers["Location"], timeout=9).status_code == 404
    usual = diarization_server_factory(Scenario(course="manual"))
    response = start(usual)
    assert "Location" not in response.headers
    with pytest.raises(ValueError, match=r"generation 3\.6 has no state cancelled"):
        usual.move(response.json()["task"]["task_id"], "cancelled")
