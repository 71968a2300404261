from __future__ import annotations

import json
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest

from diarkit_contracts.coverage.points import list_points
from diarkit_mockserver.scenario.model import Scenario

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    Diarkit = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def journals(
    start: Callable[..., Any], submit: Callable[..., Any], ask: Callable[..., Any], tmp_path: Path
) -> list[str]:
    """The same journal in each of its forms: of a client that uploads and polls once."""
    server: Any = start()
    task = json.loads(submit(server.url, b"x").body)["task"]["task_id"]
    ask(server.url, "GET", f"/api/technology/speaker-diarization/{task}")
    files = [tmp_path / f"journal.{form}" for form in ("ndjson", "json", "har")]
    for file in files:
        file.write_bytes(ask(server.url, "GET", f"/__diarkit/v1/journal?format={file.suffix[1:]}").body)
    return [str(file) for file in files]


def test_a_journal_shows_what_was_met_in_each_of_its_forms(diarkit: Diarkit, journals: list[str]) -> None:
    ran = [diarkit("coverage", journal) for journal in journals]
    assert [one.returncode for one in ran] == [0, 0, 0]
    shares = [one.stdout.splitlines()[0].partition(",") for one in ran]
    assert len({share for share, _, _ in shares}) == 1
    assert not shares[0][2].startswith(" 0 of them")
    assert shares[2][2].startswith(" 0 of them"), "a HAR has no connections"
    assert 'diarization_server.respond(failed="Internal error.")' not in ran[0].stdout, "a task was rejected"
    assert "diarization_server.respond(http=507)" in ran[0].stdout


def test_all_of_it_is_written_and_too_little_fails(diarkit: Diarkit, journals: list[str], tmp_path: Path) -> None:
    files = {form: tmp_path / f"report.{form}" for form in ("html", "md", "json")}
    ran = diarkit("coverage", *journals, "--min", "90", *(f"--{form}={file}" for form, file in files.items()))
    assert ran.returncode == 1
    for file in files.values():
        assert all(point.text in unescape(file.read_text("utf-8")) for point in list_points())


def test_the_generation_says_what_there_is_to_meet(
    diarkit: Diarkit, start: Callable[..., Any], ask: Callable[..., Any], tmp_path: Path
) -> None:
    server: Any = start(Scenario(profile="5.0"))
    ask(server.url, "GET", "/api/system/info")
    journal, report = tmp_path / "journal.ndjson", tmp_path / "report.json"
    journal.write_bytes(ask(server.url, "GET", "/__diarkit/v1/journal?format=ndjson").body)

    def list_ids(*flags: str) -> set[str]:
        assert diarkit("coverage", str(journal), "--json", str(report), *flags).returncode == 0
        return {point["id"] for point in json.loads(report.read_text("utf-8"))["points"]}

    own, other = "answer:GET /api/system/info 405", "answer:GET /api/system/info 429"
    assert (own in list_ids(), other in list_ids("--profile", "3.6")) == (True, True)
    assert (other in list_ids(), own in list_ids("--profile", "3.6")) == (False, False)


@pytest.mark.parametrize("arguments", [(), ("none.ndjson",)])
def test_wrong_usage_is_told_apart(diarkit: Diarkit, arguments: tuple[str, ...]) -> None:
    assert diarkit("coverage", *arguments).returncode == 2


def test_what_is_no_recording_is_said(diarkit: Diarkit, tmp_path: Path) -> None:
    file = tmp_path / "no.har"
    file.write_text("[]", "utf-8")
    ran = diarkit("coverage", str(file))
    assert (ran.returncode, "no.har" in ran.stderr, "Traceback" in ran.stderr) == (2, True, False)
