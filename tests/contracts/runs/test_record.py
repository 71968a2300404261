from __future__ import annotations

import hashlib
import json
from itertools import pairwise
from typing import Any

import pytest

from diarkit_contracts.exchanges.exchange import Answer
from diarkit_contracts.rows.inputs import make_input
from diarkit_contracts.runs.record import RecordError, record_file
from diarkit_contracts.target.client import Caps, UnreachableError

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
    return lambda caps=None, **sent: record_file(
        make_target(transport=platform, caps=caps or Caps()), "a.wav", WAV, **sent
    )


def test_the_file_and_each_look_at_its_task_come_back(record: Any) -> None:
    start, *looks = record()
    (part,) = start.request.parts
    assert (part.sha256, part.filename) == (hashlib.sha256(WAV).hexdigest(), "a.wav")
    assert [json.loads(look.answer.body)["task"]["state"] for look in looks[:1] + looks[-1:]] == ["pending", "done"]


def test_looks_come_within_a_twentieth_of_the_age_of_a_task(record: Any, platform: Platform) -> None:
    platform.ends_at = 100.0
    start, *looks = record()
    asked = [start.answer.received_at, *(look.request.sent_at for look in looks)]
    assert all(later - one <= max(0.05, 0.05 * (later - asked[0])) + 1e-9 for one, later in pairwise(asked))


def test_a_refusal_comes_back_alone(record: Any, platform: Platform) -> None:
    platform.start = Answer(status=413, body=b'{"type": "FileTooLargeError", "message": "Too large."}')
    assert [(one.answer.status, one.answer.body) for one in record()] == [(413, platform.start.body)]


def test_a_long_task_costs_few_polls(record: Any, platform: Platform) -> None:
    platform.ends_at = 100.0
    record()
    assert platform.polls < 180


@pytest.mark.parametrize(
    ("start", "said"),
    [
        (Answer(status=202, body=b"{}"), "a.wav: expected a task id with 202"),
        (Answer(status=429), "a.wav: expected 202 or a refusal, got 429"),
        (Answer(status=302), "a.wav: expected 202 or a refusal, got 302"),
        *(
            (
                Answer(status=404, body=body),
                "a.wav: not the Speaker Diarization API: expected 202, or an error with type and message, got 404",
            )
            for body in (b"<h1>nginx</h1>", b"[]", b'{"message": "no"}', b'{"type": "no"}')
        ),
    ],
)
def test_what_can_not_be_repeated_is_told(record: Any, platform: Platform, start: Answer, said: str) -> None:
    platform.start = start
    with pytest.raises(RecordError) as caught:
        record()
    assert str(caught.value).startswith(said)


def test_a_task_that_does_not_end_is_given_up(record: Any, platform: Platform) -> None:
    platform.ends_at = 1e9
    with pytest.raises(RecordError, match=r"the task is still running after 2\d s"):
        record(caps=Caps(task_seconds=20))


def test_a_lost_connection_is_told(make_target: Any) -> None:
    class Gone:
        def send(self, request: Any, _: bytes, within_s: float) -> Answer:  # noqa: ARG002 - an answer takes no time
            raise UnreachableError(request.url, "gone")

    with pytest.raises(RecordError, match=r"a\.wav: http://stub:8000 does not answer: gone"):
        record_file(make_target(transport=Gone()), "a.wav", WAV)


def test_parameters_go_with_the_file(record: Any, platform: Platform) -> None:
    record(config='{"max_speakers": 2}', query=(("channels", "0"),))
    assert b'name="config"\r\n\r\n{"max_speakers": 2}' in platform.content
