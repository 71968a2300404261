"""`diarkit demo`: run a client written after the guide against the fake, and print what it receives."""

from __future__ import annotations

import json
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from diarkit_contracts.api.words import count
from diarkit_contracts.commands.output import echo_lines
from diarkit_contracts.diarization import read_result
from diarkit_contracts.exchanges.form import Field, write_form
from diarkit_fixtures.samples.catalogue import GUIDE
from diarkit_fixtures.samples.write import write_samples
from diarkit_fixtures.score.difference import draw_line
from diarkit_fixtures.segments import count_speakers
from diarkit_mockserver.commands.health import DIRECT
from diarkit_mockserver.intake.request import ENDPOINT
from diarkit_mockserver.serving.server import ServerThread, bind
from diarkit_mockserver.world.platform import Platform
from diarkit_mockserver.world.world import World

MOST_POLLS = 100
"""As in the guide's first example."""


def run_demo() -> None:
    """Start the fake, run the guide's steps for each of its recordings, and print the answers."""
    server = ServerThread(Platform(World()), bind("127.0.0.1", 0))
    try:
        echo_lines([f"The fake is listening on {server.url}"])
        with tempfile.TemporaryDirectory(prefix="diarkit-") as folder:
            for number, sample in enumerate(GUIDE, start=1):
                echo_lines([click.style(f"\n[{number}/{len(GUIDE)}] {sample.name}", bold=True)])
                (path, *_) = write_samples(Path(folder), [sample.name])
                show_recording(server.url + ENDPOINT, path)
    finally:
        server.stop()
    echo_lines(
        [
            "\nNext steps",
            "  diarkit serve                       the same platform on port 8000, for your own client",
            "  diarkit samples write recordings    these recordings, with their truth",
            "  diarkit scenario check FILE         rules: which upload is done, failed, rejected, refused",
            "  pytest, with the fixture diarization_server as an argument of a test",
        ]
    )


def show_recording(endpoint: str, path: Path) -> None:
    """Upload one recording, poll its task to the end, and print the states and a timeline of each channel."""
    status, location = upload(endpoint, path)
    echo_lines([f"  POST {path.stat().st_size:,} bytes -> {status}, X-Location: {location}"])
    answer: dict[str, Any] = {}
    for answer in poll(location):
        echo_lines([f"  GET -> {answer['task']['state']}"])
    if answer["result"] is None:
        echo_lines([f"  error: {json.dumps(answer['error'])}"])
        return
    channels = read_result(answer)
    length = max((segment.end for segments in channels.values() for segment in segments), default=0)
    for number, segments in channels.items():
        speakers = count(count_speakers(segments), "speaker")
        echo_lines([f"  channel {number}: {speakers:10}  {draw_line(segments, length)}  {length / 100:g} s"])


def upload(endpoint: str, path: Path) -> tuple[int, str]:
    """Send a recording as in the guide; return the status and the URL to poll."""
    kind, body = write_form([Field("file", path.read_bytes(), path.name)])
    request = urllib.request.Request(endpoint, data=body, headers={"Content-Type": kind})  # noqa: S310 - the URL is the fake's own
    with DIRECT.open(request, timeout=10) as response:
        return response.status, response.headers["X-Location"]


def poll(location: str) -> Iterator[dict[str, Any]]:
    """Poll a task until it is done, failed or rejected; yield each answer."""
    for _ in range(MOST_POLLS):
        with DIRECT.open(location, timeout=10) as response:
            answer: dict[str, Any] = json.load(response)
        yield answer
        if answer["task"]["state"] in {"done", "failed", "rejected"}:
            return
