from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest

from diarkit_contracts.api.profiles import DEFAULT
from diarkit_contracts.clauses.catalogue import judge_all
from diarkit_contracts.exchanges.exchange import Answer, Exchange, Made, Part, Relation, Request, Sound, describe_field
from diarkit_contracts.exchanges.history import read_history
from diarkit_fixtures.segments import Segment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diarkit_contracts.api.profiles import Profile
    from diarkit_fixtures.segments import Channels

URL = "http://127.0.0.1:8000/api/technology/speaker-diarization"
JSON = (("Content-Type", "application/json"),)
RATE = (
    ("retry-after", "2"),
    ("x-ratelimit-limit", "10"),
    ("x-ratelimit-remaining", "0"),
    ("x-ratelimit-reset", "1767225600"),
)
ERRORS = {
    400: "request.invalid",
    403: "request.forbidden",
    404: "resource.not-found",
    405: "method.invalid",
    413: "request.size-limit-exceeded",
    422: "request.validation-error",
    429: "request.rate-limit-exceeded",
    507: "storage.capacity-exceeded",
}

INVALID = b'{"type":"request.invalid","message":""}'
EMPTY = hashlib.sha256().hexdigest()
NEVER_GIVEN = "00000000-0000-4000-8000-000000000000"


class Script:
    """Writes exchanges of a correct server, one second each; every part of one can be said otherwise."""

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []

    def post(  # what a POST and its answer may differ in
        self,
        *,
        config: object = None,
        query: Mapping[str, object] | None = None,
        channels: int = 1,
        seconds: float = 10,
        loud: tuple[bool, ...] | None = None,
        truth: Channels | None = None,
        file: bool = True,
        sha256: str = "0" * 64,
        task_id: str | None = None,
        location: str | None = "",
        made: Made | None = None,
        **answer: Any,
    ) -> str:
        """Send a file; returns the id of its task."""
        task_id = task_id or f"0a1b2c3d-0000-4000-8000-{len(self.exchanges):012d}"
        sound = Sound(length=int(seconds * 100), loud=loud or (True,) * channels, truth=truth)
        parts = [Part(name="file", filename="a.wav", size=1, sha256=sha256, sound=sound, made=made)] if file else []
        if config is not None:
            parts.append(describe_field("config", config if isinstance(config, str) else json.dumps(config)))
        url = f"{URL}?{urlencode(query)}" if query else URL
        told = {"task": {"task_id": task_id, "state": "pending"}}
        extra = () if location is None else (("X-Location", location or f"{URL}/{task_id}"),)
        self.add("POST", url, told, **{"status": 202, "extra": extra, "parts": tuple(parts), **answer})
        return task_id

    def get(
        self,
        task_id: str,
        state: str = "done",
        *segments: tuple[int, float, float],
        channels: object = None,
        **answer: Any,
    ) -> None:
        """Ask for a task; a done one tells these segments in channel 0, or these channels."""
        result = {"channels": channels if channels is not None else [self.channel(0, *segments)]}
        kind = {"failed": "internal", "rejected": "task.validation-error"}.get(state)
        told = {
            "task": {"task_id": task_id, "state": state},
            "result": result if state == "done" else None,
            "error": {"type": kind, "message": "It did not work."} if kind else None,
        }
        self.add("GET", f"{URL}/{task_id}", told, **answer)

    def refuse(self, method: str, url: str, status: int, **answer: Any) -> None:
        """Ask for something that is refused with the envelope."""
        told = {"type": ERRORS.get(status, "internal"), "message": "No.", "detail": []}
        extra = {405: (("Allow", "OPTIONS"),), 429: RATE}.get(status, ())
        self.add(method, url, told, **{"status": status, "extra": extra, **answer})

    def add(
        self,
        method: str,
        url: str,
        told: object,
        *,
        status: int = 200,
        extra: tuple[tuple[str, str], ...] = (),
        headers: tuple[tuple[str, str], ...] = JSON,
        parts: tuple[Part, ...] | None = None,
        body: bytes | None = None,
        sent_at: float | None = None,
        sent: tuple[tuple[str, str], ...] = (),
    ) -> None:
        """Add any exchange."""
        at = float(len(self.exchanges)) if sent_at is None else sent_at
        request = Request(method=method, url=url, headers=sent, parts=parts, sent_at=at)
        data = json.dumps(told).encode() if body is None else body
        answer = Answer(status=status, headers=(*headers, *extra), body=data, received_at=at + 0.5)
        self.exchanges.append(Exchange(request, answer))

    def channel(self, number: int, *segments: tuple[int, float, float], speakers: int | None = None) -> dict[str, Any]:
        """A channel of a result."""
        return {
            "channel_number": number,
            "speakers_count": len({speaker for speaker, _, _ in segments}) if speakers is None else speakers,
            "segments": [{"speaker_id": who, "start_time": start, "end_time": end} for who, start, end in segments],
        }

    def findings(self, profile: Profile = DEFAULT) -> dict[str, str]:
        """What the oracle says: severity by id of each broken clause."""
        judgements = judge_all(read_history(self.exchanges, profile))
        return {each.clause.id: each.clause.severity.value for each in judgements if each.broken}

    def observed(self) -> set[str]:
        """The ids of the clauses that had something to judge."""
        return {each.clause.id for each in judge_all(read_history(self.exchanges)) if each.observations}


@pytest.fixture
def script() -> Script:
    """An empty script of exchanges with a server."""
    return Script()


@pytest.fixture
def afternoon(script: Any) -> Any:
    """A correct server, asked for everything that a clause is about."""
    asked: list[dict[str, Any]] = [
        {"config": {"total_speakers": 2}, "query": {"range_from": 0.5, "range_to": 9}},
        {"config": {"max_speakers": 2}, "query": {"channels": "0"}},
        {
            "query": {"channel_mode": "mix"},
            "channels": 2,
            "truth": ((Segment(0, 100, 200),), (Segment(0, 200, 350),)),
        },
    ]
    for sent in asked:
        task = script.post(**sent)
        for state in ("pending", "running", "done", "done"):
            script.get(task, state, (0, 1.0, 2.0), (1, 2.0, 3.5))
    script.get(script.post(channels=2), channels=[script.channel(0, (0, 1.0, 2.0)), script.channel(1)])
    script.post(query={"colour": "blue"})
    script.get(script.post(seconds=0), "rejected")
    script.get(script.post(seconds=0.5), "done")
    script.get(script.post(loud=(False,)), "done")
    script.get(script.post(truth=((Segment(0, 100, 200),),)), "done", (0, 1.0, 2.0))
    script.get(script.post(truth=((Segment(0, 100, 200),),), query={"range_to": 1.5}), "done", (0, 1.0, 1.5))
    for number, relation in enumerate(sorted(set(Relation) - {Relation.GIVEN, Relation.RANGE})):
        first = Relation.RANGE if relation is Relation.CUT else Relation.GIVEN
        for each in (first, relation):
            made, query = Made(of=str(number), relation=each), {"range_to": 5} if each is Relation.RANGE else None
            channels = 1 + (each is Relation.DOUBLED)
            task = script.post(made=made, query=query, channels=channels, sha256=f"{number}{each}")
            script.get(task, channels=[script.channel(number) for number in range(channels)])
    refused = b'{"type":"request.validation-error","message":""}'
    mistakes: list[dict[str, Any]] = [
        {"config": {"max_speakers": 2, "total_speakers": 2}},
        {"config": {"max_speakers": 0}},
        {"query": {"channels": "a"}},
        {"file": False},
    ]
    for mistake in mistakes:
        script.post(**mistake, status=422, body=refused, location=None)
    script.post(sha256=EMPTY, seconds=0, status=422, body=refused, location=None)
    script.add("POST", URL, None, sent=(("content-type", "text/plain"),), status=400, body=INVALID)
    one, two = script.post(sha256="1"), script.post(sha256="2")
    script.get(one, "done", (0, 1.0, 2.0))
    script.get(two, "done", (0, 1.5, 2.5))
    script.refuse("GET", f"{URL}/{NEVER_GIVEN}", 404, extra=(("x-request-id", "17"),))
    script.refuse("GET", f"{URL}/17", 422)
    script.refuse("DELETE", URL, 405)
    script.refuse("POST", URL, 429, sent_at=100.0)
    script.refuse("POST", URL, 413, sent_at=103.0)
    return script
