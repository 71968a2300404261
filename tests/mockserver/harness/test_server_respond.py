"""What a test tells the fake to answer, in one call, and what the client then gets.

Longer than other files, as `respond` has sixteen arguments, and each is shown with what the client gets.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from diarkit_mockserver.harness.fake import STRICT
from diarkit_mockserver.scenario.answer import HttpAnswer
from diarkit_mockserver.scenario.course import ByPolls, PollCounts
from diarkit_mockserver.scenario.load import load_scenario
from diarkit_mockserver.testing import DiarizationServer, Fake

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Ask = Callable[..., Any]

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
def server(fake: Fake) -> Iterator[DiarizationServer]:
    world = fake.open_world("told", STRICT)
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
    [(429, 429, "1"), (503, 503, None), (HttpAnswer(status=507, retry_after=3), 507, "3")],
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
    server.respond(occurrence=2, failed="Again?")
    assert [look(upload())["task"]["state"] for _ in range(3)] == ["rejected", "failed", "rejected"]


@pytest.mark.parametrize(
    "told",
    [{"failed": "x", "rejected": "y"}, {"sha256": "xyz", "failed": "x"}, {"config": {"max_speaker": 2}, "failed": "x"}],
)
def test_what_makes_no_sense_is_refused_where_it_is_told(
    server: DiarizationServer, upload: Callable[..., str], look: Callable[[str], Any], told: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match="expected"):
        server.respond(**told)
    assert look(upload())["task"]["state"] == "rejected"


def test_a_result_may_break_the_contract_if_so_told(
    server: DiarizationServer, upload: Callable[..., str], look: Callable[[str], Any]
) -> None:
    server.respond(result={"channels": "none"}, breaks_contract=True)
    assert look(upload())["result"] == {"channels": "none"}


@pytest.mark.parametrize(
    ("http", "status", "header"),
    [
        (429, 429, ("retry-after", "1")),
        ({"status": 503, "retry_after": 5}, 503, ("retry-after", "5")),
        ({"status": 307, "headers": {"Location": "http://other/"}}, 307, ("location", "http://other/")),
        ({"status": 204}, 204, ("content-type", "text/plain; charset=utf-8")),
        ({"status": 200, "body": "{}", "content_type": "application/json"}, 200, ("content-type", "application/json")),
    ],
)
def test_any_status_and_header_can_be_answered_by_a_rule_and_by_a_fault(
    server: DiarizationServer, submit: Ask, http: Any, status: int, header: tuple[str, str]
) -> None:
    server.respond(http=http)
    by_rule = submit(server.url, b"x")
    server.set_faults({"on": "submit", "http": http})
    by_fault = submit(server.url, b"x")
    for answer in (by_rule, by_fault):
        assert (answer.status, answer.header(header[0])) == (status, header[1])


def test_what_stands_in_a_scenario_file_may_be_given_as_a_dict(
    server: DiarizationServer, submit: Ask, ask: Ask
) -> None:
    server.load({"course": "immediate", "rules": [{"when": {"filename": "*"}, "then": {"failed": "Broken."}}]})
    assert json.loads(ask(submit(server.url, b"x").header("x-location")).body)["error"]["message"] == "Broken."
    with pytest.raises(ValueError, match=r"unknown key .corse.: expected .*; did you mean course\?"):
        server.load({"corse": "immediate"})
    with pytest.raises(ValueError, match="expected one of http, latency"):
        server.set_faults({"on": "poll"})


def test_what_is_no_audio_is_done_unless_the_server_is_strict(fake: Fake, submit: Ask, ask: Ask) -> None:
    with fake.world() as lenient, fake.world(STRICT) as strict:
        answers = [
            json.loads(ask(submit(one.url, b"fake audio").header("x-location")).body) for one in (lenient, strict)
        ]
    assert [answer["task"]["state"] for answer in answers] == ["done", "rejected"]
    assert answers[0]["result"]["channels"][0]["segments"][-1]["end_time"] <= 60


@pytest.mark.parametrize("is_strict", [False, True])
@pytest.mark.parametrize(("named", "state"), [(None, None), ("assume", "done"), ("reject", "rejected")])
@pytest.mark.parametrize("form", ["dict", "file", "value"])
def test_a_scenario_that_leaves_it_open_is_as_lenient_as_its_test(
    fake: Fake, submit: Ask, ask: Ask, tmp_path: Path, is_strict: bool, named: str | None, state: str | None, form: str
) -> None:
    plain = {"course": "immediate"} | ({} if named is None else {"media": {"undecodable": named}})
    (file := tmp_path / "scenario.yaml").write_text(json.dumps(plain), "utf-8")
    told: Any = {"dict": plain, "file": file, "value": load_scenario(file)}[form]
    fake.is_strict = is_strict
    try:
        with fake.world() as loaded, fake.world(told) as opened:
            loaded.load(told)
            answers = [json.loads(ask(submit(one.url, b"fake").header("x-location")).body) for one in (loaded, opened)]
    finally:
        fake.is_strict = False
    assert [answer["task"]["state"] for answer in answers] == [state or ("rejected" if is_strict else "done")] * 2


def test_what_is_given_is_what_the_client_gets(
    server: DiarizationServer, upload: Callable[..., str], look: Callable[[str], Any]
) -> None:
    segments = [(4, 7, 8.125), (1, 0.5, 2), (0, 1.5, 1.55), (1, 2, 2.01)]
    server.respond(filename="*", segments=[segments])
    assert rows(look(upload())) == [segments]
    assert rows(look(upload(config='{"total_speakers": 3}', query="channel_mode=mix"))) == [segments]


def test_a_request_for_less_than_was_given_gets_less(
    server: DiarizationServer, upload: Callable[..., str], look: Callable[[str], Any], make_wav: Callable[..., bytes]
) -> None:
    server.respond(filename="*", segments=[[(0, 1, 2), (1, 3, 4)]])
    assert rows(look(upload(make_wav(20), config='{"max_speakers": 1}')))[0][-1][0] == 0
    assert rows(look(upload(make_wav(20), query="range_to=2.5"))) == [[(0, 1.0, 2.0)]]


def test_segments_after_the_end_of_the_audio_are_warned_of(
    server: DiarizationServer,
    upload: Callable[..., str],
    make_wav: Callable[..., bytes],
    caplog: pytest.LogCaptureFixture,
) -> None:
    server.respond(segments=[[(0, 1, 99)]])
    upload(make_wav(20))
    said = "the segments of the rule end at 99 s, after the audio's end at 20 s"
    assert said in server.journal[0].note
    assert said in caplog.text


def test_the_third_upload_is_the_third_that_comes(
    server: DiarizationServer, submit: Ask, ask: Ask, make_wav: Callable[..., bytes]
) -> None:
    server.respond(upload=3, failed="Third.")
    wav = make_wav(20)
    polls = [json.loads(ask(submit(server.url, wav, filename=name).header("x-location")).body) for name in "abca"]
    assert [poll["task"]["state"] for poll in polls] == ["done", "done", "failed", "done"]
    server.assert_submitted(filename="c", upload=3)
    with pytest.raises(TypeError, match="unexpected keyword argument 'submission': use upload"):
        server.respond(submission=3, failed="x")  # type: ignore[call-arg]


def test_a_gateway_wants_credentials(server: DiarizationServer, submit: Ask) -> None:
    server.respond(headers={"Authorization": None}, http=401)
    assert submit(server.url, b"x").status == 401
    assert submit(server.url, b"x", headers={"authorization": "Bearer x"}).status == 202
    server.assert_submitted(headers={"AUTHORIZATION": "Bearer *"}, times=1)
    assert server.submissions[1].headers["Authorization"] == "Bearer x"


def test_a_poll_that_is_reset_is_no_step_of_the_course(server: DiarizationServer, submit: Ask, ask: Ask) -> None:
    server.respond(segments=[[(0, 0, 1)]], course={"polls": {"pending": 1, "running": 1}})
    server.set_faults({"on": "poll", "connection": "reset_before_headers", "ordinal": 1})
    location = submit(server.url, b"x").header("x-location")
    with pytest.raises(OSError):  # noqa: PT011 - a reset, whatever the client makes of it
        ask(location)
    assert [json.loads(ask(location).body)["task"]["state"] for _ in range(3)] == ["pending", "running", "done"]


def test_an_upload_that_no_rule_matched_says_why(
    server: DiarizationServer, upload: Callable[..., str], caplog: pytest.LogCaptureFixture
) -> None:
    server.respond(failed="once")
    server.respond(filename="x.wav", failed="other")
    upload()
    upload()
    said = "no rule matched: 1 used up, 1 missed on filename"
    assert said in server.journal[1].note
    assert [record.levelname for record in caplog.records if said in record.message] == ["WARNING"]
