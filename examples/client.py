"""A client as the user's guide of version 3.6.0 describes it. It knows nothing of the fake.

`python client.py FILE...` sends the files to SPEECH_PLATFORM_SERVER and prints who speaks when.
"""

# ruff: noqa: INP001, T201 - a script that prints

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import requests

SPEECH_PLATFORM_SERVER = os.environ.get("SPEECH_PLATFORM_SERVER", "http://localhost:8000")
ENDPOINT_URL = f"{SPEECH_PLATFORM_SERVER}/api/technology/speaker-diarization"
POLL_SECONDS = float(os.environ.get("POLL_SECONDS", "5"))
TIMEOUT_S = 60


def poll_result(polling_url: str) -> dict[str, Any]:
    """Poll until the task has ended, one way or another."""
    while True:
        data: dict[str, Any] = requests.get(polling_url, timeout=TIMEOUT_S).json()
        if data["task"]["state"] in {"done", "failed", "rejected"}:
            return data
        time.sleep(POLL_SECONDS)


def run_speaker_diarization(audio_path: Path) -> dict[str, Any]:
    """Send a recording and wait for its result."""
    with audio_path.open(mode="rb") as file:
        response = requests.post(ENDPOINT_URL, files={"file": file}, timeout=TIMEOUT_S)
    response.raise_for_status()
    return poll_result(response.headers["x-location"])


def main(filenames: list[str]) -> int:
    """Print the results; 1 if a task did not end well."""
    exit_code = 0
    for filename in filenames:
        data = run_speaker_diarization(Path(filename))
        print(f"{filename}: {data['task']['state']}")
        if data["task"]["state"] == "done":
            print(json.dumps(data["result"], indent=2))
        else:
            print(json.dumps(data["error"], indent=2))
            exit_code = 1
    return exit_code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
