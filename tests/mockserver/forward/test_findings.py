from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import pytest

from diarkit_contracts.api.evidence import Severity
from diarkit_contracts.api.profiles import PROFILES
from diarkit_contracts.exchanges.exchange import Answer, Exchange, Loss, Lost, Request
from diarkit_mockserver.forward import findings as findings_module
from diarkit_mockserver.forward.findings import Findings

if TYPE_CHECKING:
    from collections.abc import Iterable

POST = "http://h/api/technology/speaker-diarization"
TASK = "0A1b2c3d-0000-4000-8000-00000000000f"
JSON = ("Content-Type", "application/json")


def write(state: str, **more: Any) -> bytes:
    return json.dumps({"task": {"task_id": TASK, "state": state}, **more}).encode()


def start(location: str = f"/api/technology/speaker-diarization/{TASK}", sent_at: float = 0) -> Exchange:
    headers = (JSON, ("X-Location", location))
    return Exchange(
        Request(method="POST", url=POST, sent_at=sent_at), Answer(status=202, headers=headers, body=write("pending"))
    )


def look(state: str, sent_at: float = 1, **more: Any) -> Exchange:
    request = Request(method="GET", url=f"{POST}/{TASK}", sent_at=sent_at)
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
    assert set(findings_module.LEVELS) == set(Severity)


def test_what_is_lost_or_very_large_is_for_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    lost = Exchange(Request(method="POST", url=POST), Lost(kind=Loss.CUT, status=500))
    monkeypatch.setattr(findings_module, "LARGEST_JUDGED", 100)
    assert name_found(Findings("auto"), [lost, look("x" * 100)]) == [[], []]


@pytest.mark.parametrize(("bound", "most"), [("MOST_TASKS", 0), ("LARGEST_STORED", 10)])
def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch, bound: str, most: int) -> None:
    monkeypatch.setattr(findings_module, bound, most)
    assert name_found(Findings("auto"), [look("running"), look("pending", 2)]) == [[], []]
