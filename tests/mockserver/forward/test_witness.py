from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

import pytest
import yaml

from diarkit_contracts.api.profiles import DEFAULT
from diarkit_contracts.exchanges.exchange import Answer, Exchange, Part, Request
from diarkit_mockserver.forward import witness as witness_module
from diarkit_mockserver.forward.recorder import Recorder
from diarkit_mockserver.forward.witness import Witness

if TYPE_CHECKING:
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


def test_what_is_there_is_held_against_the_contract() -> None:
    witness = Witness(Recorder("live"))
    witness.see(refuse(1, 400, b"no envelope"))
    verdict = witness.judge("live", DEFAULT)
    assert verdict.target == "live"
    assert {finding.clause.id for finding in verdict.findings} & {
        "shape.envelope",
        "shape.error-envelope",
        "refusal.envelope",
    } or verdict.findings
