from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from diarkit_mockserver.harness.recording import BadRecordingError, Recording, load_recorded
from diarkit_mockserver.intake.request import ENDPOINT
from diarkit_mockserver.scenario.model import Scenario

if TYPE_CHECKING:
    from pathlib import Path

RECORDED = """
version: 1
rules:
- {when: {sha256: aaaaaaaa}, then: {failed: Oh., course: {seconds: {pending: 5}}}}
- {when: {sha256: bbbbbbbb}, then: {http: 413}, times: 1}
"""


def test_answers_of_a_recording_come_at_once(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(RECORDED, "utf-8")
    scenario = load_recorded(path)
    assert scenario.course == "immediate"
    assert [(rule.then.course, rule.times) for rule in scenario.rules] == [(None, None), (None, 1)]


def test_a_task_that_did_not_end_is_counted(start: Any, submit: Any, ask: Any, tmp_path: Path) -> None:
    live = start(Scenario())
    path = tmp_path / "s.yaml"
    recording = Recording(live.url, path)
    try:
        first, _ = submit(recording.url, b"x"), submit(recording.url, b"y")
        for _ in range(2):
            ask(first.header("x-location"))
        assert recording.describe() == f"{path}: 1 answer recorded; 1 task had not ended when last polled"
        assert ask(recording.url, path="/api/system/info").status == 200
    finally:
        recording.close()
    assert first.header("x-location").startswith(recording.url + ENDPOINT)


def test_secrets_of_the_url_are_in_no_error(tmp_path: Path) -> None:
    with pytest.raises(BadRecordingError) as caught:
        Recording("http://user:s3cret-word@127.0.0.1:1", tmp_path / "s.yaml")
    assert "s3cret" not in str(caught.value)


def test_certificates_that_are_none_are_told(tmp_path: Path) -> None:
    path = tmp_path / "c.pem"
    path.write_text("none", "utf-8")
    with pytest.raises(BadRecordingError, match="expected certificates in PEM"):
        Recording("https://127.0.0.1:1", tmp_path / "s.yaml", str(path))
