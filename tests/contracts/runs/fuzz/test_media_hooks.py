from __future__ import annotations

import base64
import json
import subprocess
import sys

import pytest

from diarkit_contracts.api.document import DOCUMENT
from diarkit_fixtures.wav.file import WavReader

# The hooks are registered for the whole process that imports them: each question is asked in one of its own.
ASK = """
import base64, json
from types import SimpleNamespace
from diarkit_contracts.runs.fuzz.media_hooks import FILES, filter_case, fits_contract
def fits(**parts): return fits_contract(parts)
assert fits(file=b"x")
assert fits(file=b"x", config={"total_speakers": 2}, other="part")
assert not fits(file=b"x", config={"total_speakers": 0})
assert not fits(config={})
for range_to, stays in ((0, False), ("0", False), (0.5, True), (-1, True)):
    case = SimpleNamespace(query={"range_to": range_to}, body=None, meta=None)
    assert filter_case(None, case) is stays, range_to
print(json.dumps({name: base64.b64encode(data).decode() for name, data in FILES.items()}))
"""

GENERATE = f"""
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from diarkit_contracts.runs.fuzz import media_hooks
schema = schemathesis.openapi.from_path({str(DOCUMENT)!r})
operation = schema["/api/technology/speaker-diarization"]["POST"]
seen = []
for mode in schemathesis.GenerationMode:
    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(max_examples=60, database=None, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
    def run(case):
        broken = any(l.value == "body" and c.mode.is_negative for l, c in case.meta.components.items())
        parts = case.body if isinstance(case.body, dict) else {{}}
        assert not (broken and media_hooks.fits_contract(parts)), parts
        file = parts.get("file")
        seen.append((mode.value, getattr(file, "data", file) in media_hooks.FILES.values()))
    run()
assert ("positive", True) in seen and ("positive", False) not in seen, set(seen)
assert any(mode == "negative" for mode, _ in seen), set(seen)
"""


def run_alone(code: str) -> str:
    answered = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert answered.returncode == 0, answered.stderr
    return answered.stdout


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return {name: base64.b64decode(text) for name, text in json.loads(run_alone(ASK)).items()}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mono", (1, 120, True, True)),
        ("stereo", (2, 90, True, True)),
        ("too short to hold a speaker", (1, 50, True, False)),
        ("silent", (1, 80, False, False)),
    ],
)
def test_a_recording_is_what_its_name_says(files: dict[str, bytes], name: str, expected: tuple[object, ...]) -> None:
    reader = WavReader()
    reader.feed(files[name])
    facts = reader.close()
    assert (facts.channels, facts.length, all(facts.loud), any(facts.truth or ())) == expected


def test_one_file_is_no_audio(files: dict[str, bytes]) -> None:
    assert not files["no audio"].startswith(b"RIFF")


@pytest.mark.slow
def test_uploads_carry_the_recordings_and_what_is_meant_to_break_the_contract_does() -> None:
    run_alone(GENERATE)
