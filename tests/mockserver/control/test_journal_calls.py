from __future__ import annotations

import http.client
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from diarkit_contracts.exchanges.recording import HEAD
from diarkit_mockserver.control import calls
from diarkit_mockserver.control.client import Control, RefusedError
from diarkit_mockserver.journal.verification import Expected
from diarkit_mockserver.scenario.when import When

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Ask = Callable[..., Any]

SECRET = "hidden-from-people"  # noqa: S105 - of a test


@pytest.fixture
def control(start: Callable[..., Any], submit: Ask) -> Iterator[Control]:
    """Three uploads, each with a secret in each place that may have one."""
    with Control(start().url) as control:
        for number in (1, 2, 3):
            submit(
                control.url,
                b"RIFF",
                filename=f"{number}.wav",
                config=json.dumps({"max_speakers": number, "api_key": SECRET, "deep": [{"password": SECRET}]}),
                query=f"access_token={SECRET}&channels=0",
                headers={"Authorization": f"Bearer {SECRET}", "Cookie": SECRET, "X-Whatever": SECRET},
            )
        yield control


def test_exchanges_are_paged_by_their_numbers(control: Control) -> None:
    page = control.send(calls.read_journal(since=1, limit=1))
    assert (page.total, [entry.number for entry in page.entries]) == (3, [2])
    assert control.send(calls.read_journal(since=3)).entries == ()
    assert control.send(calls.read_journal(limit=0)).entries == ()


def test_exchanges_are_chosen_by_task(control: Control) -> None:
    wanted = control.send(calls.read_journal()).entries[1].task_id
    assert [entry.number for entry in control.send(calls.read_journal(task=wanted)).entries] == [2]


@pytest.mark.parametrize("form", ["json", "ndjson", "har"])
def test_no_secret_is_told_unless_it_is_asked_for(control: Control, ask: Ask, form: str) -> None:
    told = ask(control.url, "GET", f"/__diarkit/v1/journal?format={form}").body.decode()
    assert SECRET not in told
    assert "x-whatever" in told
    assert "api_key" in told
    revealed = ask(control.url, "GET", f"/__diarkit/v1/journal?format={form}&reveal=true").body.decode()
    # In three headers, in the query and twice in the config; for each upload.
    assert revealed.count(SECRET) >= 3 * 6


def test_ndjson_has_an_exchange_in_each_line(control: Control) -> None:
    head, *lines = control.send(calls.export_journal("ndjson")).splitlines()
    assert json.loads(head) == HEAD
    assert [json.loads(line)["entry"]["number"] for line in lines] == [1, 2, 3]


def test_har_is_told_as_an_archive(control: Control) -> None:
    archive = control.send(calls.export_journal("har", since=2))
    assert [entry["request"]["method"] for entry in archive["log"]["entries"]] == ["POST"]


def test_clearing_forgets_exchanges_and_nothing_else(control: Control, submit: Ask) -> None:
    control.send(calls.clear_journal())
    assert control.send(calls.read_journal()).entries == ()
    assert len(control.send(calls.list_tasks())) == 3
    submit(control.url, b"x")
    assert [entry.number for entry in control.send(calls.read_journal()).entries] == [4]


def test_expectations_are_verified_together(control: Control) -> None:
    verdict = control.send(
        calls.verify_journal(
            [
                Expected(when=When(filename="1.wav"), times=1),
                Expected(when=When(filename="4.wav")),
                Expected(times=3),
                Expected(when=When(filename="?.wav"), times=2),
            ]
        )
    )
    assert [(check.holds, check.found) for check in verdict.checks] == [(True, 1), (False, 0), (True, 3), (False, 3)]
    assert not verdict.holds
    assert [(miss.number, miss.reasons) for miss in verdict.checks[1].nearest] == [
        (number, (f"filename: expected '4.wav', got '{number}.wav'",)) for number in (3, 2, 1)
    ]


def test_an_expectation_that_makes_no_sense_is_refused(ask: Ask, control: Control) -> None:
    answer = ask(control.url, "POST", "/__diarkit/v1/journal/verify", b'{"expected": [{"times": -1}]}')
    assert (answer.status, "expected times >= 0" in json.loads(answer.body)["detail"]) == (422, True)
    with pytest.raises(ValueError, match="times >= 0"):
        Expected(times=-1)
    with pytest.raises(RefusedError, match=r"unknown key 'filname'.*did you mean filename"):
        control.send(
            calls.Call("POST", "/journal/verify", lambda data: data, {"expected": [{"when": {"filname": "a"}}]})
        )


def test_the_open_connections_of_clients_are_told(control: Control) -> None:
    address = urlsplit(control.url)
    client = http.client.HTTPConnection(address.hostname or "", address.port)
    client.request("GET", "/api/system/info")
    client.getresponse().read()
    page = control.send(calls.read_journal())
    assert page.connections == {page.entries[-1].connection}
    client.close()
    assert control.send(calls.read_journal()).connections == frozenset()
