from __future__ import annotations

import http.client
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from diarkit_mockserver.control.problem import UnknownError
from diarkit_mockserver.harness.fake import Fake
from diarkit_mockserver.scenario.faults import Fault, Outage
from diarkit_mockserver.scenario.load import ScenarioError
from diarkit_mockserver.scenario.model import Rule, Scenario, Then

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from diarkit_mockserver.harness.server import DiarizationServer

    Ask = Callable[..., Any]


@pytest.fixture(scope="module", params=["in this process", "at a URL"])
def fake(request: pytest.FixtureRequest) -> Iterator[Fake]:
    """A server does not know which way its calls go."""
    own = Fake()
    fake = own if request.param == "in this process" else Fake(own.url, token=own.token)
    yield fake
    fake.stop()
    own.stop()


@pytest.fixture
def server(fake: Fake) -> Iterator[DiarizationServer]:
    server = fake.open_world("w", Scenario(course="manual", seed=4), frozen=True)
    yield server
    server.close()


def look(ask: Ask, location: str) -> str:
    return str(json.loads(ask(location).body)["task"]["state"])


def test_a_scenario_is_loaded_from_a_value_or_a_file_with_its_rttm(
    server: DiarizationServer, submit: Ask, ask: Ask, tmp_path: Path
) -> None:
    server.load(Scenario(rules=(Rule(then=Then(http=503)),)))
    assert submit(server.url, b"x").status == 503
    (tmp_path / "a.rttm").write_text("SPEAKER call 1 0.50 1.75 <NA> <NA> Ann <NA> <NA>\n", "utf-8")
    file = tmp_path / "scenario.yaml"
    file.write_text("course: immediate\nrules:\n- then: {rttm: a.rttm}\n", "utf-8")
    for path in (file, str(file)):
        server.load(path)
        told = json.loads(ask(submit(server.url, b"x").header("x-location")).body)
        assert told["result"]["channels"][0]["segments"] == [{"speaker_id": 0, "start_time": 0.5, "end_time": 2.25}]


def test_a_server_is_named_by_its_url(server: DiarizationServer) -> None:
    assert repr(server) == f"<DiarizationServer {server.url}>"


def test_answers_have_to_be_used_where_a_test_says_so(server: DiarizationServer, submit: Ask) -> None:
    server.assert_all_used()
    server.respond(failed="Oh.")
    server.respond(filename="b*", speakers=2)
    submit(server.url, b"x")
    with pytest.raises(AssertionError) as caught:
        server.assert_all_used()
    assert str(caught.value) == "prepared answers that were not used:\n  filename='b*' -> speakers=2"
    submit(server.url, b"x", filename="b.wav")
    server.assert_all_used()


def test_an_answer_that_could_never_be_used_is_refused_with_the_reason(server: DiarizationServer) -> None:
    with pytest.raises(ValueError, match=r"channels='0, 1' could never be used: channels are compared in the form 0,1"):
        server.respond(channels="0, 1", speakers=2)


def test_an_answer_takes_the_place_of_the_one_before_it_which_is_then_never_used(
    server: DiarizationServer, submit: Ask
) -> None:
    server.respond(filename="*.wav", speakers=1)
    server.respond(filename="call.wav", speakers=2)
    submit(server.url, b"x", filename="call.wav")
    with pytest.raises(AssertionError, match=r"were not used:\n  filename='\*.wav' -> speakers=1$"):
        server.assert_all_used()


def test_a_file_that_is_no_scenario_is_named_with_its_places_and_changes_nothing(
    server: DiarizationServer, submit: Ask, tmp_path: Path
) -> None:
    file = tmp_path / "scenario.yaml"
    file.write_text("rules: 1\n", "utf-8")
    with pytest.raises(ScenarioError, match=r"scenario\.yaml:1:8"):
        server.load(file)
    with pytest.raises(FileNotFoundError):
        server.load(tmp_path / "none.yaml")
    submit(server.url, b"x")
    assert [task.state for task in server.tasks] == ["pending"]


def test_three_verbs_are_never_mixed(server: DiarizationServer, submit: Ask) -> None:
    """Row 28 of the demands."""

    def look() -> tuple[int, int, float, int]:
        return len(server.tasks), len(server.journal), server.clock.seconds, submit(server.url, b"y").status

    submit(server.url, b"x")
    server.advance(5)
    server.set_faults(Fault(http=503, on="submit"))
    assert look() == (1, 1, 5, 503)
    server.clear_journal()
    assert look() == (1, 0, 5, 503)
    server.clear_faults()
    assert look() == (1, 1, 5, 202)
    server.set_faults(Fault(http=503))
    server.reset()
    assert look() == (0, 0, 0, 202)


def test_an_outage_is_refused(server: DiarizationServer) -> None:
    with pytest.raises(ValueError, match="outage"):
        server.set_faults(Fault(outage=Outage(seconds=1)))
    with pytest.raises(ValueError, match="outage"):
        server.load(Scenario(faults=(Fault(outage=Outage(seconds=1)),)))


def test_a_task_is_moved_to_a_state_by_hand(server: DiarizationServer, submit: Ask) -> None:
    task_id = json.loads(submit(server.url, b"x").body)["task"]["task_id"]
    server.move(task_id, "running")
    server.move(task_id, "failed", "Out of memory.")
    assert [task.state for task in server.tasks] == ["failed"]
    with pytest.raises(ValueError, match="after that comes nothing"):
        server.move(task_id, "done")
    with pytest.raises(KeyError):
        server.move("none", "done")


def test_time_is_moved_and_stopped_by_hand(server: DiarizationServer, submit: Ask, ask: Ask) -> None:
    server.respond(course={"seconds": {"pending": 10, "running": 10}}, failed="At last.")
    location = submit(server.url, b"x").header("x-location")
    states = []
    for seconds in (0, 9.999999, 0.000001, 9.999999, 0.000001, 1e6):
        server.advance(seconds)
        states.append(look(ask, location))
    assert states == ["pending", "pending", "running", "running", "failed", "failed"]
    server.resume()
    server.advance(0)
    assert not server.clock.frozen
    server.freeze()
    assert server.clock.frozen
    with pytest.raises(ValueError, match="forward only"):
        server.advance(-1)


def test_a_manual_task_is_moved_step_by_step(server: DiarizationServer, submit: Ask, ask: Ask) -> None:
    server.respond(course="manual", segments=[[(0, 1, 2)]])
    location = submit(server.url, b"x").header("x-location")
    states = [look(ask, location)]
    for _ in range(3):
        server.step(location.rpartition("/")[2])
        states.append(look(ask, location))
    assert states == ["pending", "running", "done", "done"]
    with pytest.raises(KeyError):
        server.step("unknown")


def test_what_the_client_sent_is_remembered(server: DiarizationServer, submit: Ask) -> None:
    submit(server.url, b"RIFF", filename="a.wav")
    asked = {"config": '{"max_speakers": 2, "y": null}', "query": "channels=0&z=1", "headers": {"X-Mine": "1"}}
    submit(server.url, b"x", filename="Ž.wav", **asked)
    server.respond(http=503)
    submit(server.url, b"refused", filename="refused.wav")
    first, second, third = server.submissions
    assert (first.filename, first.size, first.config, first.query) == ("a.wav", 4, None, {})
    assert (second.filename, second.config) == ("Ž.wav", {"max_speakers": 2, "y": None})
    assert second.query == {"channels": "0", "z": "1"}
    assert second.headers["x-mine"] == "1"
    assert second.sha256 == "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
    assert third.filename == "refused.wav"


def test_polls_are_remembered_for_each_task(server: DiarizationServer, submit: Ask, ask: Ask) -> None:
    server.respond(course={"polls": {"running": 1}}, speakers=1)
    one, other = (submit(server.url, b"x").header("x-location") for _ in range(2))
    for location in (one, other, one, one):
        look(ask, location)
    assert [(poll.status, poll.state) for poll in server.polls(one.rpartition("/")[2])] == [
        (200, "running"),
        (200, "done"),
        (200, "done"),
    ]
    assert len(server.polls(other.rpartition("/")[2])) == 1
    assert server.polls("unknown") == ()


def test_the_journal_tells_the_clients_own_secrets_to_its_own_test(server: DiarizationServer, ask: Ask) -> None:
    ask(server.url, "GET", "/api/system/info?token=t", None, {"Authorization": "Bearer s"})
    (entry,) = server.journal
    assert (entry.request.headers["authorization"], entry.request.query) == ("Bearer s", {"token": "t"})
    assert (entry.status, entry.body, entry.asked_at) == (200, b'{"version":"3.6.0"}', 0)


def test_a_journal_longer_than_a_page_is_read_to_its_end(server: DiarizationServer) -> None:
    address = urlsplit(server.url)
    client = http.client.HTTPConnection(address.hostname or "", address.port)
    for _ in range(1001):
        client.request("GET", f"{address.path}/api/system/status")
        client.getresponse().read()
    client.close()
    assert [entry.number for entry in server.journal] == list(range(1, 1002))


def test_a_submission_is_asserted(server: DiarizationServer, submit: Ask) -> None:
    submit(server.url, b"x", filename="a.wav", config='{"max_speakers": 2}', query="channels=0&range_to=1.5")
    submit(server.url, b"x", filename="b.wav", query="channel_mode=mix&range_from=0.5")
    server.assert_submitted()
    server.assert_submitted(filename="a.wav", config={"max_speakers": 2}, channels="0", range_to=1.5, times=1)
    server.assert_submitted(filename="b.wav", channel_mode="mix", range_from=0.5, occurrence=1)
    server.assert_submitted(sha256="2d711642", times=2)
    server.assert_submitted(filename="c.wav", times=0)


def test_a_failed_assertion_says_what_came_nearest(server: DiarizationServer, submit: Ask) -> None:
    submit(server.url, b"x", filename="a.wav", config='{"max_speakers": 2}')
    server.advance(2)
    with pytest.raises(AssertionError) as raised:
        server.assert_submitted(filename="a.wav", config={"max_speakers": 3})
    text = str(raised.value)
    assert "exchange 1, 'a.wav', misses:\n    config.max_speakers: expected 3, got 2" in text
    assert "1. 0.000 s POST /worlds/w/api/technology/speaker-diarization ('a.wav', 1 bytes) -> 202 pending" in text
    assert text.endswith("seed 4, clock 2.000000 s, frozen")


@pytest.mark.parametrize("wrong", [{"config": {"speakers": 1}}, {"times": -1}, {"sha256": "x"}, {"occurrence": 0}])
def test_an_assertion_that_makes_no_sense_is_refused(server: DiarizationServer, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"expected|counted"):
        server.assert_submitted(**wrong)


def test_the_client_is_judged_by_its_journal_and_connections(server: DiarizationServer, submit: Ask, ask: Ask) -> None:
    server.load(Scenario(course="immediate"))
    location = submit(server.url, b"x").header("x-location")
    ask(location)
    assert server.conduct() == ()
    ask(location)
    late, reconnects = server.conduct()
    assert (late.rule.id, late.entries) == ("conduct.polls-after-end", (3,))
    assert (reconnects.rule.id, reconnects.entries) == ("conduct.reconnects", (1, 2, 3))
    assert server.conduct(ignore=[late.rule.id, reconnects.rule.id]) == ()


def test_a_closed_world_answers_nothing_any_more(fake: Fake) -> None:
    server = fake.open_world("closed")
    server.close()
    with pytest.raises(UnknownError):
        _ = server.clock
