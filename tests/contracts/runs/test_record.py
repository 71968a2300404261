from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
import yaml

from diarkit_contracts.exchanges.exchange import Answer
from diarkit_contracts.rows.inputs import make_input
from diarkit_contracts.runs.record import Asked, Recorded, RecordError, record_file, write_scenario
from diarkit_contracts.target.client import UnreachableError

PLAIN = Asked()
WAV = make_input("wav:1ch:2.0s")
ID = "11111111-1111-4111-8111-111111111111"
RESULT = {"channels": [{"channel_number": 0, "speakers_count": 0, "segments": []}]}


class Platform:
    """A server in memory whose task is pending, then running, then ended, at given seconds."""

    def __init__(self, clock: Any) -> None:
        self.clock = clock
        self.runs_at, self.ends_at = 3.0, 10.0
        self.state = "done"
        self.result: Any = RESULT
        self.start = Answer(status=202, body=json.dumps({"task": {"task_id": ID, "state": "pending"}}).encode())
        self.accepted_at = 0.0
        self.polls = 0

    def send(self, request: Any, content: bytes, within_s: float) -> Answer:  # noqa: ARG002 - an answer takes no time
        if request.method == "POST":
            self.accepted_at = self.clock.now()
            self.content = content
            return self.start
        self.polls += 1
        age = self.clock.now() - self.accepted_at
        state = "pending" if age < self.runs_at else "running" if age < self.ends_at else self.state
        error = {"type": "internal", "message": "Oh."} if state in {"failed", "rejected"} else None
        told = {
            "task": {"task_id": ID, "state": state},
            "result": self.result if state == "done" else None,
            "error": error,
        }
        return Answer(status=200, body=json.dumps(told).encode())


@pytest.fixture
def platform(clock: Any) -> Platform:
    return Platform(clock)


@pytest.fixture
def record(platform: Platform, make_target: Any) -> Any:
    return lambda asked=PLAIN, **fields: record_file(make_target(transport=platform, **fields), "a.wav", WAV, asked)


def test_a_result_is_kept_with_the_digest_of_its_file(record: Any) -> None:
    recorded = record()
    assert recorded.sha256 == hashlib.sha256(WAV).hexdigest()
    assert recorded.then == {"result": RESULT}


@pytest.mark.parametrize(
    ("runs_at", "ends_at"), [(0.0, 0.0), (0.0, 2.0), (1.0, 1.0), (3.0, 10.0), (0.2, 100.0), (40.0, 60.0)]
)
def test_times_are_measured_within_a_twentieth(record: Any, platform: Platform, runs_at: float, ends_at: float) -> None:
    platform.runs_at, platform.ends_at = runs_at, ends_at
    seconds = record().seconds
    assert seconds["pending"] == pytest.approx(runs_at, rel=0.05, abs=0.05)
    assert seconds["pending"] + seconds["running"] == pytest.approx(ends_at, rel=0.05, abs=0.05)


def test_a_long_task_costs_few_polls(record: Any, platform: Platform) -> None:
    platform.ends_at = 100.0
    record()
    assert platform.polls < 180


@pytest.mark.parametrize("state", ["failed", "rejected"])
def test_a_task_without_a_result_keeps_its_message(record: Any, platform: Platform, state: str) -> None:
    platform.state = state
    assert record().then == {state: "Oh."}


def test_a_refusal_keeps_its_status_and_message(record: Any, platform: Platform) -> None:
    platform.start = Answer(status=413, body=b'{"type":"x","message":"Too large."}')
    recorded = record()
    assert (recorded.then, recorded.seconds) == ({"http": {"status": 413, "message": "Too large."}}, {})


def test_a_result_that_breaks_the_contract_is_kept_as_one(record: Any, platform: Platform) -> None:
    platform.result = {"channels": [{"channel_number": 0, "speakers_count": 7, "segments": []}]}
    assert record().then == {"result": platform.result, "breaks_contract": True}


@pytest.mark.parametrize(
    ("start", "said"),
    [
        (Answer(status=202, body=b"{}"), "a.wav: expected a task id with 202"),
        (Answer(status=200), "a.wav: expected 202 or a refusal, got 200"),
        (Answer(status=429), "a.wav: expected 202 or a refusal, got 429"),
    ],
)
def test_what_can_not_be_repeated_is_told(record: Any, platform: Platform, start: Answer, said: str) -> None:
    platform.start = start
    with pytest.raises(RecordError) as caught:
        record()
    assert str(caught.value).startswith(said)


def test_a_task_that_does_not_end_is_given_up(record: Any, platform: Platform) -> None:
    from diarkit_contracts.target.client import Caps  # noqa: PLC0415

    platform.ends_at = 1e9
    with pytest.raises(RecordError, match=r"the task is still running after 2\d s"):
        record(caps=Caps(task_seconds=20))


def test_a_lost_connection_is_told(make_target: Any) -> None:
    class Gone:
        def send(self, request: Any, _: bytes, within_s: float) -> Answer:  # noqa: ARG002 - an answer takes no time
            raise UnreachableError(request.url, "gone")

    with pytest.raises(RecordError, match=r"a\.wav: http://stub:8000 does not answer: gone"):
        record_file(make_target(transport=Gone()), "a.wav", WAV, Asked())


def test_parameters_go_with_the_file(record: Any, platform: Platform) -> None:
    record(Asked(config='{"max_speakers": 2}', query=(("channels", "0"),)))
    assert b'name="config"\r\n\r\n{"max_speakers": 2}' in platform.content


TIMED = Recorded(name="a'b\n.wav", sha256="a" * 64, then={"result": RESULT}, seconds={"pending": 1.0, "running": 5.0})


@pytest.mark.parametrize(
    ("course", "written"),
    [
        (1.0, {"seconds": {"pending": 1.0, "running": 5.0}}),
        (10.0, {"seconds": {"pending": 0.1, "running": 0.5}}),
        (0.5, {"seconds": {"pending": 2.0, "running": 10.0}}),
        ("immediate", "immediate"),
    ],
)
def test_the_fake_is_as_fast_as_wanted(course: Any, written: Any) -> None:
    text = write_scenario([TIMED], Asked(), source="http://h", course=course)
    assert yaml.safe_load(text) == {
        "version": 1,
        "rules": [{"when": {"sha256": "a" * 64}, "then": {"result": RESULT, "course": written}}],
    }


def test_a_rule_is_for_the_parameters_that_were_sent() -> None:
    asked = Asked(config='{"total_speakers": 2, "other": 1}', query=(("channel_mode", "mix"), ("range_to", "2.5")))
    (rule,) = yaml.safe_load(write_scenario([TIMED], asked, source="u"))["rules"]
    assert rule["when"] == {
        "sha256": "a" * 64, "config": {"total_speakers": 2}, "channel_mode": "mix", "range_to": 2.5,
    }  # fmt: skip


def test_a_refusal_has_no_course() -> None:
    refused = Recorded(name="a", sha256="b" * 64, then={"http": {"status": 413}}, seconds={})
    (rule,) = yaml.safe_load(write_scenario([refused], Asked(), source="u"))["rules"]
    assert rule["then"] == {"http": {"status": 413}}


def test_names_of_files_stay_comments() -> None:
    text = write_scenario([TIMED], Asked(), source="http://h\nx: y")
    assert [line for line in text.splitlines() if line.startswith("#")] == [
        "# What 'http://h\\nx: y' answered, recorded by `diarkit record`.",
        '#   aaaaaaaaaaaa  "a\'b\\n.wav"',
    ]
