from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

import pytest

from diarkit_mockserver.course import ByPolls, ByRealTime, BySeconds, PollCounts, StateSeconds
from diarkit_mockserver.scenario import HttpAnswer, Scenario
from diarkit_mockserver.testing import DiarizationServer, Fake, LiveServer, UnavailableError, read_course

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Ask = Callable[..., Any]

ENDPOINT = "/api/technology/speaker-diarization"
RESULT: dict[str, Any] = {
    "channels": [
        {
            "channel_number": 0,
            "speakers_count": 1,
            "segments": [{"speaker_id": 0, "start_time": 0.5, "end_time": 2.25}],
        }
    ]
}


@pytest.fixture(scope="module")
def fake() -> Iterator[Fake]:
    fake = Fake()
    yield fake
    fake.stop()


@pytest.fixture
def server(fake: Fake, request: pytest.FixtureRequest) -> Iterator[DiarizationServer]:
    world = fake.open_world(f"w{abs(hash(request.node.name))}")
    yield world
    world.close()


@pytest.fixture
def upload(server: DiarizationServer, submit: Ask) -> Callable[..., str]:
    """Upload and return the task's id."""

    def run(content: bytes = b"x", **how: Any) -> str:
        answer = submit(server.url, content, **how)
        assert answer.status == 202
        return str(json.loads(answer.body)["task"]["task_id"])

    return run


@pytest.fixture
def look(server: DiarizationServer, ask: Ask) -> Callable[[str], Any]:
    return lambda task_id: json.loads(ask(server.endpoint, "GET", f"/{task_id}").body)


def rows(body: dict[str, Any]) -> list[list[tuple[int, float, float]]]:
    return [
        [(each["speaker_id"], each["start_time"], each["end_time"]) for each in channel["segments"]]
        for channel in body["result"]["channels"]
    ]


def test_by_default_every_task_is_done_at_its_first_poll(
    upload: Callable[..., str], look: Callable[[str], Any], make_wav: Callable[..., bytes]
) -> None:
    body = look(upload(make_wav(20)))
    assert body["task"]["state"] == "done"
    assert body["result"]["channels"][0]["speakers_count"] >= 1


def test_a_result_is_given_as_it_stands(
    server: DiarizationServer, upload: Callable[..., str], look: Callable[[str], Any]
) -> None:
    server.respond(result=RESULT)
    assert look(upload())["result"] == RESULT


@pytest.mark.parametrize(
    "segments",
    [
        [[(0, 0.5, 2.25), (1, 3, 4)], [(0, 1, 2)]],
        (({"speaker_id": 0, "start_time": 0.5, "end_time": 2.25}, (1, 3, 4)), ((0, 1, 2),)),
    ],
)
def test_segments_are_told_for_each_channel(
    server: DiarizationServer, upload: Callable[..., str], look: Callable[[str], Any], segments: Any
) -> None:
    server.respond(segments=segments)
    assert rows(look(upload())) == [[(0, 0.5, 2.25), (1, 3, 4)], [(0, 1, 2)]]


def test_speakers_are_told(
    server: DiarizationServer, upload: Callable[..., str], look: Callable[[str], Any], make_wav: Callable[..., bytes]
) -> None:
    server.respond(speakers=3)
    assert [channel["speakers_count"] for channel in look(upload(make_wav(30)))["result"]["channels"]] == [3]


@pytest.mark.parametrize("as_text", [True, False])
def test_an_rttm_file_is_told(
    server: DiarizationServer, upload: Callable[..., str], look: Callable[[str], Any], tmp_path: Path, *, as_text: bool
) -> None:
    file = tmp_path / "truth.rttm"
    file.write_text(
        "SPEAKER call 1 0.50 1.75 <NA> <NA> Ann <NA> <NA>\nSPEAKER call 1 3.00 1.00 <NA> <NA> Bob <NA> <NA>\n", "utf-8"
    )
    server.respond(rttm=str(file) if as_text else file)
    assert rows(look(upload())) == [[(0, 0.5, 2.25), (1, 3, 4)]]


@pytest.mark.parametrize("state", ["failed", "rejected"])
def test_a_task_is_told_to_end_badly(
    server: DiarizationServer, upload: Callable[..., str], look: Callable[[str], Any], state: str
) -> None:
    server.respond(**{state: "Because."})  # type: ignore[arg-type]
    body = look(upload())
    assert (body["task"]["state"], body["result"], body["error"]["message"]) == (state, None, "Because.")


@pytest.mark.parametrize(
    ("http", "status", "retry_after"),
    [(429, 429, None), (503, 503, None), (HttpAnswer(status=507, retry_after=3), 507, "3")],
)
def test_a_submission_is_told_to_be_refused(
    server: DiarizationServer, submit: Ask, http: Any, status: int, retry_after: str | None
) -> None:
    server.respond(http=http)
    answer = submit(server.url, b"x")
    assert (answer.status, answer.header("retry-after")) == (status, retry_after)
    assert submit(server.url, b"x").status == 202


def test_polls_are_told_to_be_refused(
    server: DiarizationServer, upload: Callable[..., str], ask: Ask, look: Callable[[str], Any]
) -> None:
    server.respond(http=HttpAnswer(status=429, on="poll", times=2), failed="At last.")
    task_id = upload()
    assert [ask(server.endpoint, "GET", f"/{task_id}").status for _ in range(2)] == [429, 429]
    assert look(task_id)["task"]["state"] == "failed"


@pytest.mark.parametrize(
    ("course", "states"),
    [
        ("immediate", ["done"]),
        ("manual", ["pending", "pending"]),
        ({"polls": {"pending": 1, "running": 1}}, ["pending", "running", "done"]),
        ({"polls": {}}, ["done"]),
        (ByPolls(polls=PollCounts(running=2)), ["running", "running", "done"]),
        ({"seconds": {"running": 3600}}, ["running", "running"]),
        ({"realtime_factor": 0.001}, ["running"]),
    ],
)
def test_a_course_is_told(
    server: DiarizationServer, upload: Callable[..., str], look: Callable[[str], Any], course: Any, states: list[str]
) -> None:
    server.respond(course=course, speakers=1)
    task_id = upload()
    assert [look(task_id)["task"]["state"] for _ in states] == states


def test_what_is_told_without_a_filter_is_for_the_next_submission_only(
    server: DiarizationServer, upload: Callable[..., str], look: Callable[[str], Any]
) -> None:
    server.respond(failed="1")
    server.respond(failed="2", times=2)
    server.respond(rejected="3")
    bodies = [look(upload()) for _ in range(5)]
    assert [(body["error"] or {}).get("message", "")[:4] for body in bodies] == ["1", "2", "2", "3", "The "]


@pytest.mark.parametrize(
    ("how", "hit", "miss"),
    [
        ({"filename": "a*.wav"}, {"filename": "a1.wav"}, {"filename": "b.wav"}),
        ({"config": {"max_speakers": 2}}, {"config": '{"max_speakers": 2}'}, {"config": '{"max_speakers": 3}'}),
        ({"sha256": "2d711642"}, {"content": b"x"}, {"content": b"y"}),
    ],
)
def test_what_is_told_with_a_filter_is_for_every_submission_that_matches(
    server: DiarizationServer,
    upload: Callable[..., str],
    look: Callable[[str], Any],
    how: dict[str, Any],
    hit: dict[str, Any],
    miss: dict[str, Any],
) -> None:
    server.respond(**how, failed="Hit.")
    states = [look(upload(**each))["task"]["state"] for each in (miss, hit, hit, miss)]
    assert states == ["rejected", "failed", "failed", "rejected"]


def test_a_submission_is_told_apart_by_its_number(
    server: DiarizationServer, upload: Callable[..., str], look: Callable[[str], Any]
) -> None:
    server.respond(submission=2, failed="Again?")
    assert [look(upload())["task"]["state"] for _ in range(3)] == ["rejected", "failed", "rejected"]


@pytest.mark.parametrize(
    ("told", "text"),
    [
        ({"failed": "x", "rejected": "y"}, "one outcome, got failed and rejected"),
        ({"result": RESULT, "speakers": 2}, "one outcome, got result and speakers"),
        ({"speakers": -1}, "speakers >= 0"),
        ({"times": 0, "failed": "x"}, "times >= 1"),
        ({"submission": 0, "failed": "x"}, "counted from 1"),
        ({"sha256": "xyz", "failed": "x"}, "hexadecimal"),
        ({"http": 200}, "from 400 to 599"),
        ({"http": 429, "failed": "x"}, "has no outcome"),
        ({"course": "slow"}, "expected a course"),
        ({"course": {"polls": {}, "seconds": {}}}, "expected a course"),
        ({"course": {"polls": 3}}, "expected a course"),
        ({"course": {"polls": {"pending": -1}}}, ">= 0"),
        ({"course": {"realtime_factor": 0}}, "> 0"),
        ({"course": {"realtime_factor": 1, "workers": 0}}, "workers >= 1"),
        ({"result": {"channels": {}}}, r"breaks the contract .*breaks_contract=True"),
        ({"result": {}}, r"result: expected the key channels"),
        ({"result": {"channels": [{"channel_number": 0, "speakers_count": 2, "segments": []}]}}, "speakers_count"),
    ],
    ids=repr,
)
def test_what_makes_no_sense_is_refused_where_it_is_told(
    server: DiarizationServer, told: dict[str, Any], text: str
) -> None:
    with pytest.raises(ValueError, match=f"(?s){text}"):
        server.respond(**told)


@pytest.mark.parametrize(
    "told", [{"config": {"max_speaker": 2}, "failed": "x"}, {"course": {"polls": {"waiting": 1}}}, {"segment": []}]
)
def test_an_unknown_name_is_refused(server: DiarizationServer, told: dict[str, Any]) -> None:
    with pytest.raises((TypeError, ValueError)):
        server.respond(**told)


def test_a_refused_rttm_is_named(server: DiarizationServer, tmp_path: Path) -> None:
    file = tmp_path / "broken.rttm"
    file.write_text("SPEAKER call 1 x y\n", "utf-8")
    with pytest.raises(ValueError, match=r"broken\.rttm"):
        server.respond(rttm=file)
    with pytest.raises(FileNotFoundError):
        server.respond(rttm=tmp_path / "missing.rttm")
    file.write_text("SPEAKER call 1 0 1 <NA> <NA> a <NA> <NA>\n", "utf-8")
    with pytest.raises(ValueError, match="segments and rttm"):
        server.respond(rttm=file, segments=[[(0, 0, 1)]])


def test_a_result_may_break_the_contract_if_so_told(
    server: DiarizationServer, upload: Callable[..., str], look: Callable[[str], Any]
) -> None:
    server.respond(result={"channels": "none"}, breaks_contract=True)
    assert look(upload())["result"] == {"channels": "none"}


def test_time_is_moved_and_stopped_by_hand(
    server: DiarizationServer, upload: Callable[..., str], look: Callable[[str], Any]
) -> None:
    server.freeze()
    server.respond(course={"seconds": {"pending": 10, "running": 10}}, times=9)
    task_id = upload()
    states = [look(task_id)["task"]["state"]]
    for seconds in (9.999999, 0.000001, 9.999999, 0.000001, 1e6):
        server.advance(seconds)
        states.append(look(task_id)["task"]["state"])
    assert states == ["pending", "pending", "running", "running", "rejected", "rejected"]
    server.resume()
    server.advance(0)
    with pytest.raises(ValueError, match="forward only"):
        server.advance(-1)


def test_a_manual_task_is_moved_by_hand(
    server: DiarizationServer, upload: Callable[..., str], look: Callable[[str], Any]
) -> None:
    server.respond(course="manual", segments=[[(0, 1, 2)]])
    task_id = upload()
    states = [look(task_id)["task"]["state"]]
    for _ in range(3):
        server.step(task_id)
        states.append(look(task_id)["task"]["state"])
    assert states == ["pending", "running", "done", "done"]
    with pytest.raises(KeyError):
        server.step("unknown")


def test_what_the_client_sent_is_remembered(server: DiarizationServer, upload: Callable[..., str], submit: Ask) -> None:
    upload(b"RIFF", filename="a.wav")
    upload(
        b"x", filename="Ž.wav", config='{"max_speakers": 2, "y": null}', query="channels=0&z=1", headers={"X-Mine": "1"}
    )
    server.respond(http=503)
    submit(server.url, b"refused", filename="refused.wav")
    first, second, third = server.submissions
    assert (first.filename, first.size, first.config, first.query) == ("a.wav", 4, None, {})
    assert (second.filename, second.config) == ("Ž.wav", {"max_speakers": 2, "y": None})
    assert second.query == {"channels": "0", "z": "1"}
    assert second.headers["x-mine"] == "1"
    assert second.sha256 == "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
    assert third.filename == "refused.wav"


def test_polls_are_remembered_for_each_task(
    server: DiarizationServer, upload: Callable[..., str], look: Callable[[str], Any]
) -> None:
    server.respond(course={"polls": {"running": 1}}, speakers=1)
    one, other = upload(), upload()
    for task_id in (one, other, one, one):
        look(task_id)
    assert [(poll.status, poll.state) for poll in server.polls(one)] == [
        (200, "running"),
        (200, "done"),
        (200, "done"),
    ]
    assert len(server.polls(other)) == 1
    assert server.polls("unknown") == ()


def test_a_closed_world_is_not_found(fake: Fake, submit: Ask) -> None:
    world = fake.open_world("closed")
    world.close()
    world.close()
    assert submit(world.url, b"x").status == 404


def test_a_world_may_be_opened_again_and_begins_anew(fake: Fake, submit: Ask) -> None:
    answers = []
    for _ in range(2):
        world = fake.open_world("again", Scenario(course="immediate"))
        answers.append(submit(world.url, b"x").body)
        assert len(world.submissions) == 1
        world.close()
    assert answers[0] == answers[1]


def test_a_fake_leaves_no_thread_behind() -> None:
    before = set(threading.enumerate())
    Fake().stop()
    assert set(threading.enumerate()) == before


@pytest.mark.parametrize(
    ("ask_it", "text"),
    [
        (lambda live: live.respond(failed="x"), "only the fake can be told what to answer"),
        (lambda live: live.advance(1), "have its time moved"),
        (lambda live: live.freeze(), "have its time stopped"),
        (lambda live: live.resume(), "have its time"),
        (lambda live: live.step("x"), "have its tasks moved by hand"),
        (lambda live: live.submissions, "tell what it was sent"),
        (lambda live: live.polls("x"), "tell how it was polled"),
    ],
)
def test_another_server_says_what_only_the_fake_can(ask_it: Callable[[LiveServer], Any], text: str) -> None:
    with pytest.raises(UnavailableError, match=f"{text}.*http://live:8000"):
        ask_it(LiveServer("http://live:8000"))


def test_another_server_has_the_names_of_the_fake() -> None:
    names = {name for name in vars(DiarizationServer) if not name.startswith("_")} - {"close"}
    assert names <= set(dir(LiveServer("http://live:8000")))
    assert LiveServer("http://live:8000").endpoint == f"http://live:8000{ENDPOINT}"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("immediate", "immediate"),
        ("manual", "manual"),
        ({"polls": {"pending": 2}}, ByPolls(polls=PollCounts(pending=2))),
        ({"seconds": {"pending": 0.5, "running": 4}}, BySeconds(seconds=StateSeconds(pending=0.5, running=4))),
        ({"realtime_factor": 60, "workers": 2}, ByRealTime(realtime_factor=60, workers=2)),
        (ByPolls(polls=PollCounts()), ByPolls(polls=PollCounts())),
    ],
)
def test_a_course_is_read_as_a_scenario_file_writes_it(written: Any, expected: Any) -> None:
    assert read_course(written) == expected
