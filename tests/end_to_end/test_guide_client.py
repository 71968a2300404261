from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
import requests

from diarkit_fixtures.samples.write import write_samples
from diarkit_fixtures.texts.rttm import read_rttm

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

GUIDE = {
    "Kathryn_Paula.wav": [2],
    "Laura_Harry_Veronika.wav": [1, 2],
    "Laura_Ivy_Kathryn.wav": [3],
    "Veronika_Harry.wav": [2],
}
"""Speakers in each channel, as the guide's table has them."""

SCENARIO = """
version: 1
rules:
  - when: {filename: "Kathryn*"}
    then: {failed: "Processing failed."}
  - when: {filename: "Laura_H*"}
    then: {rejected: "The media file cannot be decoded."}
"""

SLEEP = 0
"""The guide sleeps 5 seconds between two polls; the fake needs none."""


class Client:
    """The guide's two functions, with its one address as a field; the two lines that its page has lost are restored."""

    def __init__(self, server: str) -> None:
        self.endpoint_url = f"{server}/api/technology/speaker-diarization"
        self.states: list[str] = []

    def poll_result(self, polling_url: str, sleep: int = 5) -> requests.Response:
        while True:
            response = requests.get(polling_url)  # noqa: S113 - the guide's own line
            data = response.json()
            task_status = data["task"]["state"]
            self.states.append(task_status)
            if task_status in {"done", "failed", "rejected"}:
                return response
            time.sleep(sleep)

    def run_speaker_diarization(self, audio_path: str, payload: dict[str, str] | None = None) -> Any:
        with open(audio_path, mode="rb") as file:  # noqa: PTH123 - the guide's own line
            files = {"file": file}
            response = requests.post(self.endpoint_url, files=files, data=payload)  # noqa: S113 - the guide's own line
        assert response.status_code == 202
        self.states.append(response.json()["task"]["state"])
        polling_url = response.headers["x-location"]
        response_result = self.poll_result(polling_url, SLEEP)
        return response_result.json()


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recordings")
    write_samples(folder, list(GUIDE))
    return folder


@pytest.mark.parametrize("name", GUIDE)
def test_the_guides_client_finds_the_guides_speakers(serve: Callable[..., Any], recordings: Path, name: str) -> None:
    client = Client(serve().url)
    data = client.run_speaker_diarization(str(recordings / name))
    assert client.states == ["pending", "running", "done"]
    assert [channel["channel_number"] for channel in data["result"]["channels"]] == list(range(len(GUIDE[name])))
    assert [channel["speakers_count"] for channel in data["result"]["channels"]] == GUIDE[name]
    assert data["error"] is None
    assert json.loads(json.dumps(data["result"], indent=2)) == data["result"]


@pytest.mark.parametrize("name", GUIDE)
def test_the_result_is_the_truth_written_beside_the_recording(
    serve: Callable[..., Any], recordings: Path, name: str
) -> None:
    data = Client(serve().url).run_speaker_diarization(str(recordings / name))
    truth = read_rttm((recordings / name).with_suffix(".rttm").read_text("utf-8"), channels=len(GUIDE[name]))
    told = [
        [(each["speaker_id"], each["start_time"], each["end_time"]) for each in channel["segments"]]
        for channel in data["result"]["channels"]
    ]
    assert told == [[(s.speaker, s.start / 100, s.end / 100) for s in channel] for channel in truth]


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"max_speakers": 5}, [3]),
        ({"max_speakers": 2}, [2]),
        ({"total_speakers": 2}, [2]),
        ({"total_speakers": 7}, [7]),
    ],
)
def test_the_guides_config_decides_the_number_of_speakers(
    serve: Callable[..., Any], recordings: Path, config: dict[str, int], expected: list[int]
) -> None:
    client = Client(serve().url)
    data = client.run_speaker_diarization(str(recordings / "Laura_Ivy_Kathryn.wav"), {"config": json.dumps(config)})
    assert [channel["speakers_count"] for channel in data["result"]["channels"]] == expected


def test_the_polling_url_can_be_assembled_as_the_guide_says(serve: Callable[..., Any], recordings: Path) -> None:
    client = Client(serve().url)
    with (recordings / "Veronika_Harry.wav").open("rb") as file:
        response = requests.post(client.endpoint_url, files={"file": file}, timeout=60)
    assert client.endpoint_url + "/" + response.json()["task"]["task_id"] == response.headers["x-location"]


def test_the_guides_client_ends_with_failed_and_rejected_tasks_too(
    serve: Callable[..., Any], recordings: Path, tmp_path: Path
) -> None:
    scenario = tmp_path / "scenario.yaml"
    scenario.write_text(SCENARIO, "utf-8")
    client = Client(serve("--scenario", str(scenario)).url)
    ends = {name: client.run_speaker_diarization(str(recordings / name)) for name in GUIDE}
    assert {name: data["task"]["state"] for name, data in ends.items()} == {
        "Kathryn_Paula.wav": "failed",
        "Laura_Harry_Veronika.wav": "rejected",
        "Laura_Ivy_Kathryn.wav": "done",
        "Veronika_Harry.wav": "done",
    }
    failed, rejected, *done = (data["error"] for data in ends.values())
    assert failed == {"type": "internal", "message": "Processing failed.", "detail": []}
    assert rejected == {"type": "task.validation-error", "message": "The media file cannot be decoded.", "detail": []}
    assert done == [None, None]
    assert [data["result"] is None for data in ends.values()] == [True, True, False, False]
