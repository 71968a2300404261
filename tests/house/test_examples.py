from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests

from diarkit_fixtures.segments import Segment
from diarkit_fixtures.speech import speak
from diarkit_fixtures.voices import VOICES
from diarkit_fixtures.wav import write_wav
from diarkit_mockserver.scenario_file import load_scenario
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
def serve(fake: Fake) -> Callable[[str], DiarizationServer]:
    return lambda name: fake.open_world(name, load_scenario(EXAMPLES / "scenarios" / f"{name}.yaml"))


@pytest.fixture(scope="module")
def wav() -> bytes:
    segments = (Segment(0, 50, 250), Segment(1, 300, 450), Segment(0, 460, 550))
    return write_wav(speak(segments, VOICES, 600, 8000, "example"), 8000, truth=None)


def send(server: DiarizationServer, filename: str, wav: bytes) -> requests.Response:
    return requests.post(server.endpoint, files={"file": (filename, wav)}, timeout=10)
