"""The oracle on real exchanges with the fake, and on the same with one answer spoiled."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np
import pytest

from diarkit_contracts.clauses.catalogue import judge_all
from diarkit_contracts.exchanges.exchange import Answer, Exchange, Request, describe_content, describe_field
from diarkit_contracts.exchanges.history import read_history
from diarkit_fixtures.conversation.drawn import draw_conversation
from diarkit_fixtures.wav.file import write_wav

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.diarization_strict

NEVER_GIVEN = "00000000-0000-4000-8000-000000000000"
MOST_POLLS = 10


class Recorder:
    """Asks a server and keeps what was said."""

    def __init__(self, endpoint: str, client: httpx.Client) -> None:
        self.endpoint = endpoint
        self.exchanges: list[Exchange] = []
        self._client = client

    def upload(self, data: bytes | None, config: object = None, **query: object) -> None:
        """Start a task and, if it is accepted, poll it to its end and once more."""
        self.follow(self.start(data, config, **query))

    def start(self, data: bytes | None, config: object = None, **query: object) -> str | None:
        """Start a task; returns where it leads if it is accepted."""
        files: list[tuple[str, Any]] = [] if data is None else [("file", ("a.wav", data))]
        parts = [] if data is None else [describe_content("file", data, "a.wav")]
        if config is not None:
            text = config if isinstance(config, str) else json.dumps(config)
            files.append(("config", (None, text)))
            parts.append(describe_field("config", text))
        if not files:
            files.append(("other", (None, "part")))
            parts.append(describe_field("other", "part"))
        answer = self.ask("POST", self.endpoint, parts=tuple(parts), params=query, files=files)
        return answer.header("X-Location") if answer.status == 202 else None

    def follow(self, location: str | None) -> None:
        """Poll a task to its end and once more."""
        if location is not None:
            ended = 0
            for _ in range(MOST_POLLS):
                body = json.loads(self.ask("GET", location).body)
                ended += body["task"]["state"] in {"done", "failed", "rejected"}
                if ended == 2:
                    return
            pytest.fail("the task did not end")

    def ask(self, method: str, url: str, parts: Any = None, **request: Any) -> Answer:
        """Send any request."""
        sent_at = time.monotonic()
        came = self._client.request(method, url, **request)
        headers = tuple(came.headers.multi_items())
        answer = Answer(status=came.status_code, headers=headers, body=came.content, received_at=time.monotonic())
        kind = (("content-type", came.request.headers.get("content-type", "")),)
        sent = Request(method=method, url=str(came.request.url), headers=kind, parts=parts, sent_at=sent_at)
        self.exchanges.append(Exchange(sent, answer))
        return answer

    def broken(self) -> set[str]:
        """The ids of the clauses that were broken."""
        return {each.clause.id for each in judge_all(read_history(self.exchanges)) if each.broken}


@pytest.fixture
def recorder(diarization_server: Any) -> Iterator[Recorder]:
    diarization_server.respond(times=1000, course={"polls": {"pending": 1, "running": 1}})
    with httpx.Client() as client:
        yield Recorder(diarization_server.endpoint, client)


def make_recording(length: int, channels: int, *, amplitude: int = 9000) -> bytes:
    sound = np.where(np.arange(length * 80) // 20 % 2, amplitude, -amplitude).astype(np.int16)
    truth = tuple(draw_conversation("oracle", channel, length=length) for channel in range(channels))
    return write_wav(np.stack([sound] * channels, axis=1), 8000, truth=truth if amplitude else None)


def send_everything(recorder: Recorder) -> None:
    mono, stereo = make_recording(2000, 1), make_recording(1500, 2)
    recorder.upload(mono)
    recorder.upload(stereo)
    recorder.upload(stereo, {"total_speakers": 3, "unknown": 1}, channels="1,0", range_from=2, range_to=14)
    recorder.upload(stereo, {"max_speakers": 1}, channel_mode="mix")
    recorder.upload(stereo, channel_mode="mix")
    recorder.upload(mono, {"total_speakers": 2})
    recorder.upload(stereo, {"max_speakers": 99})
    recorder.upload(mono, {}, range_from=5)
    recorder.upload(make_recording(50, 1))
    recorder.upload(make_recording(300, 1, amplitude=0))
    recorder.upload(b"not audio")
    recorder.upload(mono, channels="7")
    recorder.upload(mono, range_from=3, range_to=2)
    for location in [recorder.start(mono), recorder.start(stereo)]:
        recorder.follow(location)
    recorder.upload(b"")
    recorder.ask("POST", recorder.endpoint, content=b"{}", headers={"content-type": "application/json"})
    recorder.upload(None)
    for config in ("{", [], {"max_speakers": 0}, {"max_speakers": 1, "total_speakers": 1}):
        recorder.upload(mono, config)
    for query in ({"channels": "a"}, {"channel_mode": "keep"}, {"range_from": -1}):
        recorder.upload(mono, **query)
    recorder.ask("GET", f"{recorder.endpoint}/{NEVER_GIVEN}")
    recorder.ask("GET", f"{recorder.endpoint}/17")
    recorder.ask("DELETE", recorder.endpoint)
    recorder.ask("GET", recorder.endpoint.replace("technology/speaker-diarization", "system/info"))
    recorder.ask("GET", recorder.endpoint.replace("technology/speaker-diarization", "system/status"))


def test_the_fake_breaks_no_clause_and_every_clause_but_those_of_the_rate_met_a_case(recorder: Recorder) -> None:
    send_everything(recorder)
    judgements = judge_all(read_history(recorder.exchanges, given_up=frozenset()))
    assert [(each.clause.id, each.broken) for each in judgements if each.broken] == []
    assert {each.clause.id for each in judgements if not each.observations} == {
        "shape.rate-headers",
        "refusal.retry-after",
    }


@pytest.mark.parametrize(
    ("what", "instead", "clause"),
    [
        (b'"state":"running"', b'"state":"pending"', None),
        (b'"state":"done"', b'"state":"finished"', "shape.schema"),
        (b'"speakers_count":2', b'"speakers_count":3', "result.count-is-ids"),
        (b'"channel_number":0', b'"channel_number":4', "parameters.channels"),
        (b'"error":null', b'"error":{"type":"internal","message":""}', "shape.schema task.nothing-before-end"),
        (b'"start_time":', b'"start_time":-', "shape.schema"),
    ],
)
def test_a_spoiled_answer_is_caught(recorder: Recorder, what: bytes, instead: bytes, clause: str | None) -> None:
    recorder.upload(make_recording(2000, 1), {"total_speakers": 2})
    assert recorder.broken() == set()
    spoiled = [
        replace(each, answer=replace(each.answer, body=each.answer.body.replace(what, instead)))
        for each in recorder.exchanges
    ]
    assert spoiled != recorder.exchanges
    recorder.exchanges = spoiled
    assert recorder.broken() == set((clause or "").split())
