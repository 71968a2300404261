"""Serialise the platform's answers: bodies, envelopes and headers."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from diarkit_contracts.api.states import TaskState
from diarkit_mockserver.world.ids import name_poll

if TYPE_CHECKING:
    from diarkit_contracts.api.profiles import Profile
    from diarkit_mockserver.clock import Clock
    from diarkit_mockserver.intake.refusals import Detail, Refusal
    from diarkit_mockserver.intake.request import Headers
    from diarkit_mockserver.scenario.faults import Connection, Drip, Outage
    from diarkit_mockserver.world.diarize import Answer

JSON = (b"content-type", b"application/json")
CLOSE: Final = (b"connection", b"close")

FRAMING: Final = frozenset({b"content-length"})
LAST_FRAMING: Final = FRAMING | {b"connection"}
"""Headers written by the server, and those of the last answer of a connection."""

PHRASES = {status.value: status.phrase for status in HTTPStatus}
STATUS_LINES: Final = {code: f"HTTP/1.1 {code} {PHRASES.get(code, '')}\r\n".encode() for code in range(200, 600)}

WITHOUT_LENGTH: Final = frozenset({204, 304})
"""Answers without a body and Content-Length (RFC 9110, section 8.6)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disturbance:
    """The disturbance of one answer.

    Attributes:
        clock: for delays.
        pause: ticks before the answer.
        connection: fault of the connection.
        drip: pieces of the body.
        outage: how long the port is closed afterwards.
    """

    clock: Clock
    pause: int = 0
    connection: Connection | None = None
    drip: Drip | None = None
    outage: Outage | None = None


@dataclass(slots=True)  # not frozen, which would triple the cost of creating one per poll
class Response:
    """One HTTP answer.

    Attributes:
        status: HTTP status.
        body: complete.
        headers: without the length, which the server adds.
        ids: request id and correlation id, for a client that did not send them; None to generate them.
        disturbance: applied when it is sent.
    """

    status: int
    body: bytes
    headers: Headers = ()
    ids: tuple[str, str] | None = None
    disturbance: Disturbance | None = None


def write_head(response: Response, length: int, *, keeps_alive: bool = True) -> bytes:
    """Serialise status line and headers of an answer.

    Args:
        response: without a length header, or with the right one.
        length: of the body, as stated to the client.
        keeps_alive: whether the connection stays open.
    """
    lines = [STATUS_LINES[response.status]]
    own = FRAMING if keeps_alive else LAST_FRAMING
    lines += [b"%b: %b\r\n" % header for header in response.headers if header[0] not in own]
    if response.status not in WITHOUT_LENGTH:
        lines.append(b"content-length: %d\r\n" % length)
    lines.append(b"\r\n" if keeps_alive else b"connection: close\r\n\r\n")
    return b"".join(lines)


def dump(value: object) -> str:
    """Serialise compact JSON, like the platform's framework (INF)."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


class Acceptance:
    """The answer 202 of a generation: what is the same for all tasks.

    Args:
        profile: the generation.

    Attributes:
        location: which address of the task it has: absolute, relative or absent.
    """

    __slots__ = ("_body", "_headers", "location")

    def __init__(self, profile: Profile) -> None:
        self.location = profile["x_location"]
        # INF: the reference's example is pending, and nothing is processed immediately.
        nulls = profile["accepted_unpopulated"] == "null"
        task = write_task("{task}", TaskState(str(profile["first_state"])), result=None, error=None, nulls=nulls)
        self._body = task.split(b"{task}")
        self._headers = [(name.lower().encode(), text.encode()) for name, text in profile.headers.items()]

    def write(self, task_id: str, url: bytes) -> Response:
        """Write the answer for a task with this address."""
        headers: Headers = (JSON,) if self.location == "absent" else (JSON, (b"x-location", url))
        if self._headers:
            headers += tuple((name, text.replace(b"{task}", url)) for name, text in self._headers)
        return Response(202, task_id.encode().join(self._body), headers, name_poll(task_id, 0))


def write_task(task_id: str, state: TaskState, *, result: str | None, error: str | None, nulls: bool) -> bytes:
    """Write the body of a poll.

    Args:
        task_id: as in the 202.
        state: as the poll sees it.
        result: JSON; None without one.
        error: JSON; None without one.
        nulls: whether missing values are written as null instead of omitted.
    """
    parts = [f'{{"task":{{"task_id":"{task_id}","state":"{state}"}}']
    for key, value in (("result", result), ("error", error)):
        if value is not None or nulls:
            parts.append(f'"{key}":{value or "null"}')
    return (",".join(parts) + "}").encode()


def write_result(answer: Answer) -> str:
    """Write the `result` of a finished task, in seconds with up to two decimals."""
    channels: list[str] = []
    for number, segments in answer:
        spoken = ",".join(
            f'{{"speaker_id":{s.speaker},"start_time":{s.start / 100},"end_time":{s.end / 100}}}' for s in segments
        )
        count = len({segment.speaker for segment in segments})
        channels.append(f'{{"channel_number":{number},"speakers_count":{count},"segments":[{spoken}]}}')
    return f'{{"channels":[{",".join(channels)}]}}'


def write_error(kind: str, message: str, detail: Iterable[Detail] = ()) -> str:
    """Write the error of a task, or the envelope of an HTTP error; both have the same three keys."""
    return dump(
        {
            "type": kind,
            "message": message,
            "detail": [{"location": d.location, "message": d.message, "type": d.type} for d in detail],
        }
    )


def write_refusal(refusal: Refusal) -> Response:
    """Write an HTTP error with the documented envelope, or with a custom body."""
    headers: Headers = tuple((name.encode(), value.encode("latin-1", "replace")) for name, value in refusal.headers)
    if refusal.foreign is not None:
        body, kind = refusal.foreign
        return Response(refusal.status, body, ((b"content-type", kind.encode("latin-1", "replace")), *headers))
    body = write_error(refusal.type, refusal.message, refusal.detail).encode()
    return Response(refusal.status, body, (JSON, *headers))
