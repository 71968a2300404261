"""What a client did on the fake can be judged afterwards: each export of the journal is a recording."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests
from click.testing import CliRunner

from diarkit_contracts.commands.verify import verify
from diarkit_contracts.exchanges.recording import read_recording
from diarkit_contracts.runs.verify import verify_recording
from diarkit_fixtures.samples.write import write_samples

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

FORMS = ("json", "ndjson", "har")
CLIENT = Path(__file__).parents[2] / "examples" / "client.py"
API = "/api/technology/speaker-diarization"

REFUSING = """
version: 1
limits: {upload_bytes: 2000000}
faults:
  - {on: poll, ordinal: 1, connection: close_in_body}
  - {on: poll, ordinal: 2, connection: reset_before_headers}
  - {on: submit, ordinal: 1, http: 507}
"""


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("recordings")
    names = ["Laura_Harry_Veronika.wav", "Veronika_Harry.wav"]
    write_samples(folder, names)
    return [str(folder / name) for name in names]


def load_client(monkeypatch: pytest.MonkeyPatch, url: str) -> ModuleType:
    """Load the guide's client for one server; it polls without a pause."""
    monkeypatch.setenv("SPEECH_PLATFORM_SERVER", url)
    monkeypatch.setenv("POLL_SECONDS", "0")
    spec = importlib.util.spec_from_file_location("guide_client", CLIENT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def export(url: str, form: str, folder: Path) -> Path:
    path = folder / f"journal.{form}"
    path.write_bytes(requests.get(f"{url}/__diarkit/v1/journal?format={form}", timeout=60).content)
    return path


def judge(path: Path) -> Any:
    return CliRunner().invoke(verify, ["--recording", str(path)])


def test_the_guides_client_leaves_a_journal_that_is_a_recording_without_a_finding(
    serve: Callable[..., Any], recordings: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = serve().url
    assert load_client(monkeypatch, url).main(recordings) == 0
    verdicts = []
    for form in FORMS:
        path = export(url, form, tmp_path)
        ended = judge(path)
        assert (ended.exit_code, "no findings" in ended.output) == (0, True), ended.output
        verdicts.append(verify_recording("", read_recording(path)))
        passed = {each.clause.id for each in verdicts[-1].passed}
        # What the journal knows of the files is judged too: their length, who speaks in them, and that they were sound.
        assert {"acceptance.upload", "audio.speakers", "audio.error-rate", "parameters.inside-audio"} <= passed
        assert verdicts[-1].findings == ()
    assert verdicts[0].passed == verdicts[1].passed == verdicts[2].passed


def test_where_no_task_is_done_it_is_said_what_was_not_seen(serve: Callable[..., Any], tmp_path: Path) -> None:
    url = serve().url
    requests.get(f"{url}/api/system/info", timeout=60)
    for form in FORMS:
        ended = judge(export(url, form, tmp_path))
        assert (ended.exit_code, "never seen: a task that is done" in ended.output) == (3, True), ended.output


def test_what_a_journal_does_not_hold_is_no_finding(
    serve: Callable[..., Any], recordings: list[str], tmp_path: Path
) -> None:
    """Refused uploads, whose bodies nobody recorded; answers that were lost; parts and keys that are ignored; no audio."""
    scenario = tmp_path / "scenario.yaml"
    scenario.write_text(REFUSING, "utf-8")
    url = serve("--scenario", str(scenario)).url

    def submit(data: bytes, config: str | None = None, query: str = "", **more: Any) -> requests.Response:
        files: dict[str, Any] = {"file": ("a.wav", data), **more}
        fields = None if config is None else {"config": config}
        return requests.post(f"{url}{API}{query}", files=files, data=fields, timeout=60)

    wav = Path(recordings[1]).read_bytes()
    assert submit(wav).status_code == 507
    assert submit(b"RIFF" * 600_000).status_code == 413
    assert submit(wav, '{"max_speakers": 0}').status_code == 422
    assert submit(wav, "no JSON").status_code == 422
    assert submit(wav, query="?channel_mode=both").status_code == 422
    assert requests.post(url + API, data={"a": "b"}, timeout=60).status_code == 422
    assert submit(b"").status_code == 202
    accepted = submit(
        wav, '{"api_key": "s3cret", "max_speakers": 2}', "?token=s3cret&channels=0", other=("o.txt", b"x")
    )
    location = accepted.headers["x-location"]
    for _ in range(2):
        with pytest.raises(requests.RequestException):
            requests.get(location, timeout=60).json()
    while requests.get(location, timeout=60).json()["task"]["state"] != "done":
        pass
    for form in FORMS:
        path = export(url, form, tmp_path)
        assert "s3cret" not in path.read_text("utf-8")
        ended = judge(path)
        assert (ended.exit_code, "no findings" in ended.output) == (0, True), ended.output
        verdict = verify_recording("", read_recording(path))
        assert [each.answer.kind for each in verdict.lost] == ["cut", "reset before the head"]
        assert "acceptance.unknown-is-ignored" in {each.clause.id for each in verdict.passed}
