from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from diarkit_contracts.api.states import TaskState
from diarkit_contracts.coverage.points import Tally
from diarkit_contracts.exchanges.exchange import Part
from diarkit_contracts.exchanges.plain import RecordingError
from diarkit_contracts.exchanges.recording import HEAD, write_lines
from diarkit_mockserver.intake.request import Request
from diarkit_mockserver.journal.coverage import Coverage, read_tally
from diarkit_mockserver.journal.export import write_entries, write_har
from diarkit_mockserver.journal.journal import Entry, Journal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from diarkit_mockserver.intake.submission import Submission

PATH = "/api/technology/speaker-diarization"
TASK = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
ACCEPTED = f"answer:POST {PATH} 202"
LOOKED = f"answer:GET {PATH}/{{task_id}} 200"


class Client:
    """Leaves entries in a journal."""

    def __init__(self, make_submission: Callable[..., Submission]) -> None:
        self._make = make_submission
        self._number = 0

    def add(self, journal: Journal, method: str, state: TaskState, status: int = 200) -> None:
        self._number += 1
        upload = method == "POST"
        entry = Entry(
            number=self._number,
            follows=self._number - 1,
            asked_at=self._number,
            answered_at=self._number,
            connection=1,
            request=Request(method, PATH if upload else f"{PATH}/{TASK}", "", (), scheme="http", server="any"),
            submission=self._make() if upload else None,
            received=0,
            status=status,
            headers=(),
            body=f'{{"task":{{"task_id":"{TASK}","state":"{state}"}},"result":null,"error":null}}'.encode(),
            task_id=TASK,
            state=state,
            rule="",
            note="",
            parts=(Part(name="file", filename="call.wav", sha256="a" * 64, size=1),) if upload else None,
        )
        journal.add(entry)


@pytest.fixture
def client(make_submission: Callable[..., Submission]) -> Client:
    return Client(make_submission)


@pytest.fixture
def journal() -> Journal:
    """A ring of ten, which is counted."""
    ring = Journal(most_entries=10)
    ring.keeper = Coverage()
    return ring


def read(journal: Journal) -> tuple[frozenset[str], frozenset[str]]:
    assert isinstance(journal.keeper, Coverage)
    tally = journal.keeper.tally(journal, ())
    return tally.met, tally.behaved


def test_a_client_that_behaves_has_behaved_in_all_that_it_met(client: Client, journal: Journal) -> None:
    client.add(journal, "POST", TaskState.PENDING, 202)
    client.add(journal, "GET", TaskState.FAILED)
    met, behaved = read(journal)
    assert {ACCEPTED, LOOKED, "need:failed"} <= met
    assert met == behaved


def test_a_client_that_does_not_has_only_met_it(client: Client, journal: Journal) -> None:
    client.add(journal, "POST", TaskState.PENDING, 202)
    client.add(journal, "GET", TaskState.RUNNING)
    met, behaved = read(journal)
    assert (LOOKED in met, behaved) == (True, frozenset())
    # It had not yet given up: to look does not make it final.
    client.add(journal, "GET", TaskState.FAILED)
    assert LOOKED in read(journal)[1]


@pytest.mark.parametrize("polls", [1, 5, 9, 10, 11, 37, 100])
def test_the_ring_loses_nothing(client: Client, journal: Journal, polls: int) -> None:
    client.add(journal, "POST", TaskState.PENDING, 202)
    for _ in range(polls):
        client.add(journal, "GET", TaskState.RUNNING)
    client.add(journal, "GET", TaskState.FAILED)
    met, behaved = read(journal)
    assert {ACCEPTED, LOOKED, "need:found", "need:failed", "need:accepted"} <= met
    assert met == behaved


def test_what_is_less_than_half_a_ring_apart_is_seen_together(client: Client, journal: Journal) -> None:
    for before in range(30):
        client.add(journal, "GET", TaskState.RUNNING)
        assert "need:finality" not in read(journal)[0], before
    client.add(journal, "GET", TaskState.DONE)
    for _ in range(4):
        client.add(journal, "PUT", TaskState.DONE, 405)
    client.add(journal, "GET", TaskState.DONE)
    for _ in range(30):
        client.add(journal, "PUT", TaskState.DONE, 405)
    met, behaved = read(journal)
    assert "need:finality" in met
    assert not behaved, "polled after the end, however long ago"


def test_clearing_and_resetting_lose_nothing(client: Client, journal: Journal) -> None:
    client.add(journal, "POST", TaskState.PENDING, 202)
    journal.clear()
    assert ACCEPTED in read(journal)[0]
    heir = Journal()
    client.add(journal, "GET", TaskState.FAILED)
    journal.pass_on(heir)
    assert {ACCEPTED, LOOKED, "need:failed"} <= read(heir)[0]


def test_a_journal_that_nobody_counts_is_passed_on_as_it_is() -> None:
    heir = Journal()
    Journal().pass_on(heir)
    assert heir.keeper is None


@pytest.mark.parametrize("form", ["ndjson", "json", "har"])
def test_a_file_shows_the_same_as_the_journal(client: Client, journal: Journal, tmp_path: Path, form: str) -> None:
    client.add(journal, "POST", TaskState.PENDING, 202)
    client.add(journal, "GET", TaskState.FAILED)
    written = list(write_entries(journal, 0))
    file = tmp_path / f"journal.{form}"
    match form:
        case "ndjson":
            file.write_text("".join(write_lines(written)), "utf-8")
        case "json":
            file.write_text(json.dumps({**HEAD, "entries": written}), "utf-8")
        case _:
            file.write_text(json.dumps(write_har(written)), "utf-8")
    tally = read_tally(file)
    met, behaved = read(journal)
    assert tally == Tally(met, frozenset() if form == "har" else behaved, frozenset({"3.6"}))


def test_what_is_no_recording_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "journal.ndjson"
    file.write_text("{}", "utf-8")
    with pytest.raises(RecordingError):
        read_tally(file)
