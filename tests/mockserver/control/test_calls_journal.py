from __future__ import annotations

import http.client
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from diarkit_contracts.exchanges.recording import HEAD
from diarkit_mockserver.control import calls
from diarkit_mockserver.control.orders import Expectations
from diarkit_mockserver.journal.verification import Expected
from diarkit_mockserver.scenario.when import When

if TYPE_CHECKING:
    from collections.abc import Callable

    from diarkit_mockserver.control.client import Sender

    Ask = Callable[..., Any]

SECRET = "hidden-from-people"  # noqa: S105 - of a test


@pytest.fixture
def control(sender: Sender, submit: Ask) -> Sender:
    """Three uploads, each with a secret in each place that may have one."""
    for number in (1, 2, 3):
        submit(
            sender.url,
            b"RIFF",
            filename=f"{number}.wav",
            config=json.dumps({"max_speakers": number, "api_key": SECRET, "deep": [{"password": SECRET}]}),
            query=f"access_token={SECRET}&channels=0",
            headers={"Authorization": f"Bearer {SECRET}", "Cookie": SECRET, "X-Whatever": SECRET},
        )
    return sender


def test_exchanges_are_paged_by_their_numbers(control: Sender) -> None:
    page = control.send(calls.read_journal(since=1, limit=1))
    assert (page.total, [entry["entry"]["number"] for entry in page.entries]) == (3, [2])
    assert control.send(calls.read_journal(since=3)).entries == ()
    assert control.send(calls.read_journal(limit=0)).entries == ()


def test_exchanges_are_chosen_by_task(control: Sender) -> None:
    wanted = control.send(calls.read_journal()).entries[1]["entry"]["task_id"]
    assert [entry["entry"]["number"] for entry in control.send(calls.read_journal(task=wanted)).entries] == [2]


@pytest.mark.parametrize("form", ["json", "ndjson", "har"])
def test_no_secret_is_told_unless_it_is_asked_for(control: Sender, ask: Ask, form: str) -> None:
    told = ask(control.url, "GET", f"/__diarkit/v1/journal?format={form}").body.decode()
    assert SECRET not in told
    assert "x-whatever" in told
    assert "api_key" in told
    path = f"/__diarkit/v1/journal?format={form}&reveal=true"
    assert ask(control.url, "GET", path).status == 401
    revealed = ask(control.url, "GET", path, None, {"Authorization": "Bearer a-token"}).body.decode()
    # In three headers, in the query and twice in the config; for each upload.
    assert revealed.count(SECRET) >= 3 * 6


def test_ndjson_has_an_exchange_in_each_line(control: Sender, ask: Ask) -> None:
    head, *lines = ask(control.url, "GET", "/__diarkit/v1/journal?format=ndjson").body.splitlines()
    assert json.loads(head) == HEAD
    assert tuple(map(json.loads, lines)) == control.send(calls.read_journal()).entries


def test_a_page_begins_as_a_recording(control: Sender, ask: Ask) -> None:
    answer = ask(control.url, "GET", "/__diarkit/v1/journal?limit=0").body
    told = ["total", "now", "epoch", "connections", "entries"]
    assert list(json.loads(answer).items())[: len(HEAD)] == list(HEAD.items())
    assert list(json.loads(answer)) == [*HEAD, *told]
    page = control.send(calls.read_journal())
    assert {"format": page.format, "version": page.version} == HEAD


def test_har_is_told_as_an_archive(control: Sender, ask: Ask) -> None:
    archive = json.loads(ask(control.url, "GET", "/__diarkit/v1/journal?format=har&since=2").body)
    assert [entry["request"]["method"] for entry in archive["log"]["entries"]] == ["POST"]


def test_entries_belong_to_who_asked_for_them(control: Sender) -> None:
    for _ in range(2):
        (entry,) = control.send(calls.read_journal(limit=1, reveal=True)).entries
        assert SECRET in str(entry["request"]["headers"])
        assert entry["entry"]["submission"]["parameters"]["max_speakers"] == 1
        entry["request"]["headers"].clear()
        entry["entry"]["submission"]["parameters"].clear()


def test_clearing_forgets_exchanges_and_nothing_else(control: Sender, submit: Ask) -> None:
    control.send(calls.clear_journal())
    assert control.send(calls.read_journal()).entries == ()
    assert len(control.send(calls.list_tasks())) == 3
    submit(control.url, b"x")
    assert [entry["entry"]["number"] for entry in control.send(calls.read_journal()).entries] == [4]


def test_expectations_are_verified_together(control: Sender) -> None:
    verdict = control.send(
        calls.verify_journal(
            Expectations(
                expected=(
                    Expected(when=When(filename="1.wav"), times=1),
                    Expected(when=When(filename="4.wav")),
                    Expected(times=3),
                    Expected(when=When(filename="?.wav"), times=2),
                )
            )
        )
    )
    assert [(check.holds, check.found) for check in verdict.checks] == [(True, 1), (False, 0), (True, 3), (False, 3)]
    assert not verdict.holds
    assert [(miss.number, miss.reasons) for miss in verdict.checks[1].nearest] == [
        (number, (f"filename: expected '4.wav', got '{number}.wav'",)) for number in (3, 2, 1)
    ]


def test_an_expectation_that_makes_no_sense_is_refused(ask: Ask, control: Sender) -> None:
    answer = ask(control.url, "POST", "/__diarkit/v1/journal/verify", b'{"expected": [{"times": -1}]}')
    assert (answer.status, "expected times >= 0" in json.loads(answer.body)["detail"]) == (422, True)
    with pytest.raises(ValueError, match="times >= 0"):
        Expected(times=-1)
    told = ask(control.url, "POST", "/__diarkit/v1/journal/verify", b'{"expected": [{"when": {"filname": "a"}}]}')
    assert "unknown key 'filname'" in json.loads(told.body)["detail"]
    assert "did you mean filename" in json.loads(told.body)["detail"]


def test_the_open_connections_of_clients_are_told(control: Sender) -> None:
    address = urlsplit(control.url)
    client = http.client.HTTPConnection(address.hostname or "", address.port)
    client.request("GET", "/api/system/info")
    client.getresponse().read()
    page = control.send(calls.read_journal())
    assert page.connections == (page.entries[-1]["entry"]["connection"],)
    client.close()
    assert control.send(calls.read_journal()).connections == ()
