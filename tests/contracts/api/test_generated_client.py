from __future__ import annotations

import asyncio
import importlib
import json
import subprocess
import sys
from importlib.resources import as_file
from io import BytesIO
from typing import TYPE_CHECKING, Any
from uuid import UUID

import numpy as np
import pytest

from diarkit_contracts.api.document import DOCUMENT
from diarkit_fixtures.segments import Segment
from diarkit_fixtures.wav.file import write_wav

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PACKAGE = "generated_platform_client"
API = f"{PACKAGE}.api.speaker_diarization"
START = f"{API}.speaker_diarization_start_api_technology_speaker_diarization_post"
RESULT = f"{API}.speaker_diarization_result_api_technology_speaker_diarization_task_id_get"
MOST_POLLS = 10

SCENARIO = """
version: 1
course: {polls: {pending: 1, running: 1}}
rules:
  - when: {filename: broken.wav}
    then: {failed: Processing failed.}
"""
TRUTH = ((Segment(0, 10, 120), Segment(1, 120, 200), Segment(0, 210, 290)),)


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the client that openapi-python-client makes of the document; a warning of it is an error."""
    folder = tmp_path_factory.mktemp("client")
    settings = folder / "settings.json"
    settings.write_text(json.dumps({"post_hooks": []}), encoding="utf-8")
    with as_file(DOCUMENT) as document:
        subprocess.run(
            [
                *(sys.executable, "-m", "openapi_python_client", "generate", "--fail-on-warning", "--meta", "none"),
                *("--path", str(document), "--config", str(settings), "--output-path", str(folder / PACKAGE)),
            ],
            check=True,
            cwd=folder,
        )
    return folder


@pytest.fixture(scope="module")
def load(sources: Path) -> Iterator[Callable[[str], Any]]:
    """Import a module of the generated client."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(sources)
        yield importlib.import_module
    for name in [name for name in sys.modules if name.split(".")[0] == PACKAGE]:
        del sys.modules[name]


@pytest.fixture(scope="module")
def url(serve: Callable[[str], str]) -> str:
    return serve(SCENARIO)


@pytest.fixture(scope="module")
def recording() -> bytes:
    """Three seconds of sound with its truth inside."""
    sound = np.tile(np.array([[8000], [-8000]], dtype=np.int16), (12_000, 1))
    return write_wav(sound, 8000, truth=TRUTH)


def make_request(load: Callable[[str], Any], recording: bytes, name: str, **config: int) -> Any:
    models, types = load(f"{PACKAGE}.models"), load(f"{PACKAGE}.types")
    file = types.File(payload=BytesIO(recording), file_name=name, mime_type="audio/wav")
    if not config:
        return models.SpeakerDiarizationRequest(file=file)
    return models.SpeakerDiarizationRequest(file=file, config=models.SpeakerDiarizationConfig(**config))


def list_segments(done: Any) -> list[list[tuple[int, float, float]]]:
    return [
        [(each.speaker_id, each.start_time, each.end_time) for each in channel.segments]
        for channel in done.result.channels
    ]


def test_it_uploads_and_polls_until_the_task_is_done(load: Callable[[str], Any], url: str, recording: bytes) -> None:
    seen = []
    with load(f"{PACKAGE}.client").Client(base_url=url, raise_on_unexpected_status=True) as client:
        started = load(START).sync(client=client, body=make_request(load, recording, "call.wav"))
        assert isinstance(started.task.task_id, UUID)
        for _ in range(MOST_POLLS):
            told = load(RESULT).sync(started.task.task_id, client=client)
            seen.append(told.task.state)
            if seen[-1] not in {"pending", "running"}:
                break
    assert seen == ["pending", "running", "done"]
    assert isinstance(told, load(f"{PACKAGE}.models").SpeakerDiarizationTask)
    assert list_segments(told) == [[(0, 0.1, 1.2), (1, 1.2, 2.0), (0, 2.1, 2.9)]]


def test_its_config_reaches_the_server_as_json(load: Callable[[str], Any], url: str, recording: bytes) -> None:
    with load(f"{PACKAGE}.client").Client(base_url=url, raise_on_unexpected_status=True) as client:
        for config, speakers in (({"max_speakers": 1}, 1), ({"total_speakers": 2}, 2)):
            body = make_request(load, recording, "call.wav", **config)
            started = load(START).sync(client=client, body=body, channels="0", range_from=0.0)
            for _ in range(MOST_POLLS):
                told = load(RESULT).sync(started.task.task_id, client=client)
            assert told.result.channels[0].speakers_count == speakers


def test_a_failed_task_is_read_as_one(load: Callable[[str], Any], url: str, recording: bytes) -> None:
    with load(f"{PACKAGE}.client").Client(base_url=url, raise_on_unexpected_status=True) as client:
        started = load(START).sync(client=client, body=make_request(load, recording, "broken.wav"))
        for _ in range(MOST_POLLS):
            told = load(RESULT).sync(started.task.task_id, client=client)
    models = load(f"{PACKAGE}.models")
    assert told.result is None
    assert (told.error.type_, told.error.message) == (models.TaskErrorType.INTERNAL, "Processing failed.")


def test_a_refusal_is_read_as_the_error_envelope(load: Callable[[str], Any], url: str) -> None:
    models = load(f"{PACKAGE}.models")
    with load(f"{PACKAGE}.client").Client(base_url=url, raise_on_unexpected_status=True) as client:
        refused = load(RESULT).sync(UUID(int=0), client=client)
    assert isinstance(refused, models.ErrorResult)
    assert refused.type_ is models.ErrorType.RESOURCE_NOT_FOUND


def test_it_works_asynchronously(load: Callable[[str], Any], url: str, recording: bytes) -> None:
    async def run() -> Any:
        async with load(f"{PACKAGE}.client").Client(base_url=url, raise_on_unexpected_status=True) as client:
            body = make_request(load, recording, "call.wav")
            started = await load(START).asyncio(client=client, body=body)
            for _ in range(MOST_POLLS):
                told = await load(RESULT).asyncio(started.task.task_id, client=client)
            return told

    assert asyncio.run(run()).task.state == "done"


def test_it_reads_the_version_of_the_server(load: Callable[[str], Any], url: str) -> None:
    with load(f"{PACKAGE}.client").Client(base_url=url, raise_on_unexpected_status=True) as client:
        told = load(f"{PACKAGE}.api.system.info_api_system_info_get").sync(client=client)
        status = load(f"{PACKAGE}.api.system.status_api_system_status_get").sync_detailed(client=client)
    assert told.version
    assert status.status_code == 200


@pytest.mark.slow
def test_it_type_checks(sources: Path, tmp_path: Path) -> None:
    pytest.importorskip("mypy", reason="mypy comes with diarkit[dev], not with diarkit[test]")
    # The generator's fixed file hands `*args: object` to httpx, which mypy 2 refuses; it is the same for each document.
    settings = tmp_path / "mypy.ini"
    settings.write_text(f"[mypy]\nstrict = true\n[mypy-{PACKAGE}.client]\nignore_errors = true\n", encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--config-file",
        str(settings),
        "--cache-dir",
        str(tmp_path),
        "-p",
        PACKAGE,
    ]
    checked = subprocess.run(command, cwd=sources, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
