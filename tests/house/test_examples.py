from __future__ import annotations

import os
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import requests

from diarkit_contracts.api.generation_document import make_document
from diarkit_contracts.api.points import SERVED
from diarkit_contracts.api.profiles import PROFILES
from diarkit_contracts.api.states import TaskState
from diarkit_fixtures.segments import Segment
from diarkit_fixtures.speech.synth import speak
from diarkit_fixtures.speech.voices import VOICES
from diarkit_fixtures.wav.file import write_wav
from diarkit_mockserver.scenario.load import load_scenario
from diarkit_mockserver.scenario.model import SeededTask
from diarkit_mockserver.testing import DiarizationServer, Fake

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

EXAMPLES = Path(__file__).parents[2] / "examples"
SCENARIOS = sorted((EXAMPLES / "scenarios").glob("*.yaml"))


@pytest.fixture(scope="module")
def fake() -> Iterator[Fake]:
    fake = Fake()
    yield fake
    fake.stop()


@pytest.fixture
def serve(fake: Fake) -> Iterator[Callable[[str], DiarizationServer]]:
    with ExitStack() as opened:
        yield lambda name: opened.enter_context(fake.world(load_scenario(EXAMPLES / "scenarios" / f"{name}.yaml")))


@pytest.fixture(scope="module")
def wav() -> bytes:
    segments = (Segment(0, 50, 250), Segment(1, 300, 450), Segment(0, 460, 550))
    sound = speak(segments, VOICES, 1000, 8000, "example")
    return write_wav(np.stack([sound, sound], axis=1), 8000, truth=None)


def send(server: DiarizationServer, filename: str, wav: bytes) -> requests.Response:
    return requests.post(server.endpoint, files={"file": (filename, wav)}, timeout=60)


def poll(response: requests.Response) -> Any:
    return requests.get(response.headers["x-location"], timeout=60).json()


def end(response: requests.Response) -> Any:
    """Poll until the end, which courses by polls reach without a wait."""
    for _ in range(9):
        data = poll(response)
        if data["task"]["state"] in {"done", "failed", "rejected"}:
            return data
    raise AssertionError(f"no end in sight: {data}")


@pytest.mark.parametrize("file", SCENARIOS, ids=lambda file: file.stem)
def test_each_example_is_a_scenario(file: Path) -> None:
    scenario = load_scenario(file)
    assert scenario.rules or scenario.faults or scenario.tasks


@pytest.mark.parametrize("generation", SERVED)
def test_what_the_contract_shows_of_a_task_is_answered_for_its_id(fake: Fake, generation: str) -> None:
    """All examples of polls, of the answer to an upload and of the parameter, each of its own id; cancelled is in no older file."""
    responses = make_document(PROFILES[generation])["components"]["responses"]
    shown = [one["value"] for one in responses["TaskResult"]["content"]["application/json"]["examples"].values()]
    scenario = load_scenario(EXAMPLES / "scenarios" / "examples.yaml")
    cancelled = tuple(
        SeededTask(id=body["task"]["task_id"], state=TaskState.CANCELLED)
        for body in shown
        if body["task"]["state"] == "cancelled"
    )
    told = replace(scenario, profile=generation, tasks=(*scenario.tasks, *cancelled))
    with fake.world(told) as server:
        bodies = [requests.get(f"{server.endpoint}/{body['task']['task_id']}", timeout=60).json() for body in shown]
        server.reset()
        again = [requests.get(f"{server.endpoint}/{body['task']['task_id']}", timeout=60).json() for body in shown]
    assert bodies == again == shown
    ids = {body["task"]["task_id"] for body in shown}
    assert len(ids) == len(shown) == len(told.tasks)


def test_what_the_contract_shows_beside_the_polls_names_tasks_that_are_served() -> None:
    document = make_document(PROFILES[SERVED[0]])["components"]
    tasks = {task.id: task.state or task.end for task in load_scenario(EXAMPLES / "scenarios" / "examples.yaml").tasks}
    for name, one in document["parameters"]["TaskId"]["examples"].items():
        assert tasks[one["value"]] == name
    (started,) = document["responses"]["TaskAccepted"]["content"]["application/json"]["examples"].values()
    assert tasks[started["value"]["task"]["task_id"]] == started["value"]["task"]["state"] == "pending"
    assert document["headers"]["XLocation"]["example"].endswith(started["value"]["task"]["task_id"])


def test_the_guide_shows_each_state(serve: Callable[[str], DiarizationServer], wav: bytes) -> None:
    response = send(serve("guide"), "interview-1.wav", wav)
    states = [response.json()["task"]["state"]] + [poll(response)["task"]["state"] for _ in range(3)]
    assert states == ["pending", "pending", "running", "done"]


@pytest.mark.parametrize(("filename", "count"), [("interview-1.wav", 2), ("monologue.wav", 1), ("silence.wav", 0)])
def test_the_guide_has_so_many_speakers(
    serve: Callable[[str], DiarizationServer], wav: bytes, filename: str, count: int
) -> None:
    channels = end(send(serve("guide"), filename, wav))["result"]["channels"]
    assert [channel["speakers_count"] for channel in channels] == [count, count]


@pytest.mark.parametrize(
    ("filename", "ends"),
    [
        ("rejected.wav", ["rejected", "rejected"]),
        ("flaky.wav", ["failed", "done"]),
        ("failed.wav", ["failed", "failed"]),
        ("forbidden.wav", [403, 403]),
        ("large.wav", [413, 413]),
        ("full.wav", [507, 507]),
        ("other.wav", ["done", "done"]),
    ],
)
def test_the_failures_are_picked_by_the_name_of_the_file(
    serve: Callable[[str], DiarizationServer], wav: bytes, filename: str, ends: list[str | int]
) -> None:
    server = serve("failures")
    responses = [send(server, filename, wav) for _ in range(2)]
    assert [r.status_code if r.status_code != 202 else end(r)["task"]["state"] for r in responses] == ends


def test_the_busy_platform_comes_round(serve: Callable[[str], DiarizationServer], wav: bytes) -> None:
    server = serve("busy")
    server.freeze()
    refused = [send(server, "often.wav", wav) for _ in range(3)]
    assert [(r.status_code, r.headers["retry-after"]) for r in refused] == [(429, "1")] * 3
    often, second, third = (send(server, name, wav) for name in ("often.wav", "b.wav", "c.wav"))
    polls = [requests.get(often.headers["x-location"], timeout=60) for _ in range(3)]
    assert [r.status_code for r in polls] == [429, 429, 200]
    assert [poll(r)["task"]["state"] for r in (second, third)] == ["running", "pending"]
    server.advance(1)
    assert [poll(r)["task"]["state"] for r in (often, second, third)] == ["done", "done", "done"]


def test_the_truth_is_answered(serve: Callable[[str], DiarizationServer], wav: bytes) -> None:
    server = serve("truth")
    meeting, call, exact = (
        end(send(server, f"{name}.wav", wav))["result"]["channels"] for name in ("meeting", "call", "exact")
    )
    assert [(s["speaker_id"], s["start_time"], s["end_time"]) for s in meeting[0]["segments"]] == [
        (0, 0.5, 2.9),
        (1, 3.1, 4.85),
        (0, 4.85, 5.75),
        (2, 6.2, 8.25),
    ]
    assert [channel["speakers_count"] for channel in call] == [1, 1]
    assert exact == [
        {
            "channel_number": 0,
            "speakers_count": 1,
            "segments": [{"speaker_id": 0, "start_time": 0.5, "end_time": 2.25}],
        }
    ]
    assert end(send(server, "broken.wav", wav))["result"] == {"channels": None}


def test_the_client_of_the_guide_gets_its_results(
    serve: Callable[[str], DiarizationServer], wav: bytes, tmp_path: Path
) -> None:
    files = [tmp_path / "interview.wav", tmp_path / "monologue.wav"]
    for file in files:
        file.write_bytes(wav)
    settings = {"SPEECH_PLATFORM_SERVER": serve("guide").url, "POLL_SECONDS": "0"}
    done = subprocess.run(
        [sys.executable, EXAMPLES / "client.py", *files],
        env=os.environ | settings,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert [line for line in done.stdout.splitlines() if line.endswith(": done")] == [f"{file}: done" for file in files]
    assert done.stdout.count('"speakers_count": 2') == 2
    assert done.stdout.count('"speakers_count": 1') == 2


def test_the_gateway_wants_credentials_and_has_too_much_to_do(serve: Callable[[str], DiarizationServer]) -> None:
    server = serve("gateway")
    wav = {"file": ("a.wav", b"x")}
    assert requests.post(server.endpoint, files=wav, timeout=60).status_code == 401
    bearer = {"Authorization": "Bearer x"}
    answers = [requests.post(server.endpoint, files=wav, headers=bearer, timeout=60) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [202, 503, 202]
    assert answers[1].headers["Retry-After"] == "1"


def test_the_network_spoils_four_polls(serve: Callable[[str], DiarizationServer]) -> None:
    server = serve("network")
    location = requests.post(server.endpoint, files={"file": ("a.wav", b"x")}, timeout=60).headers["X-Location"]
    for _ in range(2):
        with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
            requests.get(location, timeout=60)
    with pytest.raises(requests.exceptions.JSONDecodeError):
        requests.get(location, timeout=60).json()
    states = [requests.get(location, timeout=60).json()["task"]["state"] for _ in range(3)]
    assert states == ["running", "running", "done"]


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("overlap", "result:overlap"),
        ("beyond", "result:beyond_audio"),
        ("count", "result:count_wrong"),
        ("state", "result:unknown_state"),
        ("stuck", "task:stuck"),
        ("lost", "task:lost"),
        ("other", None),
    ],
)
def test_broken_results_are_picked_by_the_files_name(
    serve: Callable[[str], DiarizationServer], name: str, fault: str | None
) -> None:
    server = serve("broken_results")
    accepted = requests.post(server.endpoint, files={"file": (f"{name}.wav", b"x")}, timeout=60)
    polled = requests.get(accepted.headers["X-Location"], timeout=60)
    assert server.journal[0].faults == (() if fault is None else (fault,))
    assert (polled.status_code == 404) == (name == "lost")
    assert ('"state":"done"' in polled.text) == (name not in {"state", "stuck", "lost"})
