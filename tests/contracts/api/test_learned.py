from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from diarkit_contracts.api.dialect import Dialect
from diarkit_contracts.api.evidence import Label, Severity
from diarkit_contracts.api.generation_document import make_document
from diarkit_contracts.api.learned import Learned, SeenPoint, read_learned
from diarkit_contracts.exchanges.exchange import Answer, Exchange, Request
from diarkit_contracts.runs.learn.learn import write_learned
from diarkit_contracts.runs.verify import verify_recording
from diarkit_fixtures.texts.read import TextError

if TYPE_CHECKING:
    from pathlib import Path

POST = "/api/technology/speaker-diarization"


def see(point: str, value: str | int) -> SeenPoint:
    return SeenPoint(point=point, value=value, exchange="row-01: POST -> 202", version="5.0.1", date="2026-05-01")


LEARNED = Learned(
    profile="5.0",
    dialect=Dialect(bad_mode=400, server="nginx"),
    seen=(see("bad_mode", 400), see("location", "sent"), see("server", "apache")),
    not_learned=("rate_limit",),
    course={"realtime_factor": 20.0, "workers": 2, "overhead": 0.5},
)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "platform.yaml"
    file.write_text(write_learned(LEARNED, "a sentence"), encoding="utf-8")
    assert read_learned(file) == LEARNED
    assert file.read_text("utf-8").startswith("# yaml-language-server: $schema=scenario.schema.json\n")


def test_what_was_seen_is_cited_and_what_was_changed_since_is_not() -> None:
    column = LEARNED.column
    assert {key: column.cells[key].label for key in ("bad_mode", "location", "server", "cancelled")} == {
        "bad_mode": Label.SEEN, "location": Label.SEEN, "server": Label.UNK, "cancelled": Label.DOC,
    }  # fmt: skip
    assert str(column.cells["location"].evidence) == "SEEN: row-01: POST -> 202, version 5.0.1, 2026-05-01"
    assert column.cells["location"].evidence.severity is Severity.WARNING


def test_a_finding_and_the_document_cite_what_was_seen() -> None:
    task = b'{"task": {"task_id": "0a1b2c3d-0000-4000-8000-00000000000f", "state": "pending"}}'
    accepted = Answer(status=202, headers=(("Content-Type", "application/json"), ("X-Location", "/x")), body=task)
    exchange = Exchange(Request(method="POST", url=f"http://stub{POST}"), accepted)
    (finding,) = (
        each for each in verify_recording("", [exchange], LEARNED.column).findings if each.clause.id == "shape.headers"
    )
    assert finding.evidence.label is Label.SEEN
    headers = make_document(LEARNED.column)["components"]["headers"]
    assert headers["Location"]["x-evidence"]["label"] == "SEEN"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("seen: [{point: nothing, value: 1, exchange: x, version: '1', date: x}]", "expected a point"),
        ("seen: [{point: server}]", "value"),
        ("rules: []", "rules"),
        ("profile: '6.0'", "1:10: profile: expected 3.6, 3.7 or 5.0, got the text '6.0'; did you mean 5.0"),
        ("dialect:\n  unpopulatd: absent", "2:3: unknown key 'unpopulatd'.*did you mean unpopulated"),
        ("dialect:\n  unpopulated: gone", "2:16: unpopulated: expected null or absent, got the text 'gone'"),
        (
            "seen:\n- {point: bad_task_id, value: 999, exchange: x, version: '1', date: x}",
            "2:3: bad_task_id: expected one of 422, 404, 400, got 999",
        ),
    ],
)
def test_a_file_that_is_none_says_why(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "platform.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(TextError, match=said):
        read_learned(file)
