"""A client that polls as the vendor's own command line client of a sibling product does. It knows nothing of the fake.

`python vendor_style_client.py FILE...` sends the files to SPEECH_PLATFORM_SERVER. It polls once a second, by the task id in the body, with
no limit; any state that is neither pending nor running is an end, and any HTTP error ends the program.
"""

# ruff: noqa: INP001, T201 - a script that prints

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import httpx

SPEECH_PLATFORM_SERVER = os.environ.get("SPEECH_PLATFORM_SERVER", "http://localhost:8000")
POLL_SECONDS = float(os.environ.get("POLL_SECONDS", "1"))
TIMEOUT = httpx.Timeout(300, connect=10)


def run(client: httpx.Client, path: Path) -> dict[str, Any]:
    """Send a recording and poll its task until that is neither pending nor running."""
    endpoint = "/api/technology/speaker-diarization"
    with path.open("rb") as file:
        response = client.post(endpoint, files={"file": (path.name, file)})
    response.raise_for_status()
    data: dict[str, Any] = response.json()
    while data["task"]["state"] in {"pending", "running"}:
        time.sleep(POLL_SECONDS)
        response = client.get(f"{endpoint}/{data['task']['task_id']}")
        response.raise_for_status()
        data = response.json()
    return data


def main(filenames: list[str]) -> int:
    """Print the results; 1 if a task was not done."""
    exit_code = 0
    with httpx.Client(base_url=SPEECH_PLATFORM_SERVER, timeout=TIMEOUT) as client:
        for filename in filenames:
            data = run(client, Path(filename))
            print(f"{filename}: {data['task']['state']}")
            print(json.dumps(data.get("result") or data.get("error"), indent=2))
            exit_code |= data["task"]["state"] != "done"
    return exit_code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
