from __future__ import annotations

import json
import logging
import os
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from diarkit_contracts.api.evidence import Severity
from diarkit_contracts.api.profiles import PROFILES
from diarkit_contracts.exchanges.exchange import Answer, Exchange, Loss, Lost, Part, Request
from diarkit_mockserver.forward import witness as witness_module
from diarkit_mockserver.forward.recorder import Recorder
from diarkit_mockserver.forward.witness import Findings, Witness

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

URL = "http://h/api/technology/speaker-diarization"


def refuse(number: int, status: int = 413, body: bytes = b"") -> Exchange:
    part = Part(name="file", filename="a", size=1, sha256=f"{number:064x}")
    return Exchange(Request(method="POST", url=URL, parts=(part,), sent_at=-number), Answer(status=status, body=body))


def test_each_answer_is_in_the_file_at_once(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    witness = Witness(Recorder("live"), path)
    for number in (1, 2):
        witness.see(refuse(number))
        assert len(yaml.safe_load(path.read_text("utf-8"))["rules"]) == number
    assert [each.name for each in tmp_path.iterdir()] == ["s.yaml"]


def test_a_file_that_can_not_be_written_leaves_the_last_one(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "s.yaml"
    path.mkdir()
    witness = Witness(Recorder("live"), path)
    witness.see(refuse(1))
    assert [(each.levelno, str(path) in each.getMessage()) for each in caplog.records] == [(logging.ERROR, True)]
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(OSError, match="directory"):
        witness.save()


def test_a_link_stays_one_and_a_pipe_stays_one(tmp_path: Path) -> None:
    """Whoever may replace a device, as root may, must not: `--save /dev/full` would take it from the whole machine."""
    link, file, pipe = tmp_path / "link.yaml", tmp_path / "s.yaml", tmp_path / "pipe"
    link.symlink_to(file)
    Witness(Recorder("live"), link).see(refuse(1))
    assert link.is_symlink()
    assert yaml.safe_load(file.read_text("utf-8"))["rules"]
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        Witness(Recorder("live"), pipe).see(refuse(1))
        assert pipe.is_fifo()
        assert os.read(reader, 1 << 16).decode() == file.read_text("utf-8")
    finally:
        os.close(reader)


def test_nothing_is_written_where_nothing_was_recorded(tmp_path: Path) -> None:
    witness = Witness(Recorder("live"), tmp_path / "s.yaml")
    witness.save()
    Witness(Recorder("live")).see(refuse(1))
    assert list(tmp_path.iterdir()) == []


def test_what_can_not_be_repeated_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    Witness(Recorder("live")).see(refuse(1, 200))
    assert caplog.messages == ["not recorded: a: expected 202 or a refusal, got 200"]


def test_exchanges_are_there_in_the_order_of_their_requests() -> None:
    witness = Witness(Recorder("live"))
    kept = [refuse(number) for number in range(3)]
    for each in kept:
        witness.see(each)
    assert witness.exchanges == tuple(reversed(kept))


@pytest.mark.parametrize(("bound", "most"), [("MOST_EXCHANGES", 2), ("MOST_BYTES", 20)])
def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch, bound: str, most: int) -> None:
    monkeypatch.setattr(witness_module, bound, most)
    witness = Witness(Recorder("live"))
    for number in range(5):
        witness.see(refuse(number, body=b"x" * 10))
    assert (len(witness.exchanges), witness.forgotten) == (2, 3)


TASK = "0A1b2c3d-0000-4000-8000-00000000000f"
JSON = ("Content-Type", "application/json")


def write(state: str, **more: Any) -> bytes:
    return json.dumps({"task": {"task_id": TASK, "state": state}, **more}).encode()


def start(location: str = f"/api/technology/speaker-diarization/{TASK}", sent_at: float = 0) -> Exchange:
    headers = (JSON, ("X-Location", location))
    return Exchange(
        Request(method="POST", url=URL, sent_at=sent_at), Answer(status=202, headers=headers, body=write("pending"))
    )


def look(state: str, sent_at: float = 1, **more: Any) -> Exchange:
    request = Request(method="GET", url=f"{URL}/{TASK}", sent_at=sent_at)
    return Exchange(request, Answer(status=200, headers=(JSON,), body=write(state, **more)))


def name_found(findings: Findings, exchanges: Iterable[Exchange]) -> list[list[str]]:
    """Name the clauses that each exchange is found to break."""
    return [[line.split(": ")[1] for _, line in findings.list_new(each)] for each in exchanges]


def test_what_is_right_is_passed_over() -> None:
    assert name_found(Findings("auto"), [start(), look("pending"), look("running", 2)]) == [[], [], []]


def test_a_finding_is_there_with_the_answer_that_shows_it_and_once() -> None:
    findings = Findings("auto")
    seen = [start("/x"), look("running"), look("pending", 2), look("pending", 3)]
    assert name_found(findings, seen) == [["task.location"], [], ["task.no-way-back"], []]


def test_answers_that_overtake_each_other_are_no_finding() -> None:
    assert name_found(Findings("auto"), [start(), look("running", 2), look("pending", 1)]) == [[], [], []]


def test_the_version_that_is_reported_decides_unless_a_generation_is_asked_for() -> None:
    info = Request(method="GET", url="http://h/api/system/info")
    told = Exchange(info, Answer(status=200, headers=(JSON,), body=b'{"version":"5.0.0"}'))
    # 5.0 sends Location beside X-Location, 3.6 does not know it.
    assert name_found(Findings("auto"), [start(), told, look("running")]) == [[], [], ["shape.headers"]]
    assert name_found(Findings(PROFILES["5.0"]), [start()]) == [["shape.headers"]]
    assert name_found(Findings(PROFILES["3.6"]), [told, start()]) == [[], []]


def test_a_line_is_logged_at_its_level_and_moves_no_cursor(caplog: pytest.LogCaptureFixture) -> None:
    Findings("auto").see(start("/\x1b[2J"))
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert record.getMessage().startswith("error: task.location: expected a URL reference to ")
    assert record.getMessage().endswith("(POST /api/technology/speaker-diarization -> 202 pending, 3.6)")
    assert "\x1b" not in record.getMessage()
    assert set(witness_module.LEVELS) == set(Severity)


def test_what_is_lost_or_very_large_is_for_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    lost = Exchange(Request(method="POST", url=URL), Lost(kind=Loss.CUT, status=500))
    monkeypatch.setattr(witness_module, "LARGEST_JUDGED", 100)
    assert name_found(Findings("auto"), [lost, look("x" * 100)]) == [[], []]


@pytest.mark.parametrize(("bound", "most"), [("MOST_TASKS", 0), ("LARGEST_STORED", 10)])
def test_memory_of_tasks_is_bounded(monkeypatch: pytest.MonkeyPatch, bound: str, most: int) -> None:
    monkeypatch.setattr(witness_module, bound, most)
    assert name_found(Findings("auto"), [look("running"), look("pending", 2)]) == [[], []]
