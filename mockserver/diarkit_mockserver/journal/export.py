"""Exchanges of the journal as JSON for programs, and back. Tells no secrets unless it is told to."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING, Any, TypeAlias

from diarkit_contracts.api.states import TaskState
from diarkit_fixtures.segments import Segment
from diarkit_mockserver.intake.request import Request
from diarkit_mockserver.intake.submission import MediaFacts, Parameters, Submission
from diarkit_mockserver.journal.journal import Entry, tell_headers
from diarkit_mockserver.journal.redaction import hide_query, hide_values

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Json: TypeAlias = dict[str, Any]


def write_entry(entry: Entry, *, reveal: bool = False) -> Json:
    """Write one exchange as plain values.

    An upload is told as digest, size and first bytes of its file, as nothing else of it is kept; an answer as a whole.

    Args:
        entry: of a journal.
        reveal: tell the values of all headers and parameters.
    """
    request = entry.request
    return {
        "number": entry.number,
        "asked_at": entry.asked_at,
        "answered_at": entry.answered_at,
        "connection": entry.connection,
        "follows": entry.follows,
        "request": {
            "method": request.method,
            "path": request.path,
            "query_string": request.query_string if reveal else hide_query(request.query_string),
            "headers": tell_headers(request.headers.items(), reveal=reveal),
            "scheme": request.scheme,
            "server": request.server,
        },
        "submission": None if entry.submission is None else _write_submission(entry.submission, reveal=reveal),
        "received": entry.received,
        "status": entry.status,
        "headers": [list(pair) for pair in list_answer_headers(entry, reveal=reveal)],
        "body": _write_body(entry.body),
        "task_id": entry.task_id,
        "state": entry.state,
        "rule": entry.rule,
        "note": entry.note,
    }


def write_lines(entries: Iterable[Entry], *, reveal: bool = False) -> Iterator[str]:
    """Write exchanges as NDJSON, one in a line."""
    for entry in entries:
        yield json.dumps(write_entry(entry, reveal=reveal), separators=(",", ":")) + "\n"


def read_entry(data: Json) -> Entry:
    """Read an exchange from the plain values of `write_entry`.

    Raises:
        KeyError: for other values than those.
    """
    submission, state = data["submission"], data["state"]
    return Entry(
        number=data["number"],
        asked_at=data["asked_at"],
        answered_at=data["answered_at"],
        connection=data["connection"],
        follows=data["follows"],
        request=_read_request(data["request"]),
        submission=None if submission is None else _read_submission(submission),
        received=data["received"],
        status=data["status"],
        headers=tuple((name.encode("latin-1"), value.encode("latin-1")) for name, value in data["headers"]),
        body=_read_body(data["body"]),
        task_id=data["task_id"],
        state=None if state is None else TaskState(state),
        rule=data["rule"],
        note=data["note"],
    )


def list_answer_headers(entry: Entry, *, reveal: bool) -> list[tuple[str, str]]:
    """List the headers of an answer as texts; a name may come twice."""
    texts = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in entry.headers]
    return [pair for one in texts for pair in tell_headers([one], reveal=reveal).items()]


def read_text(body: bytes) -> str | None:
    """Read a body as a text; None for one that is damaged."""
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _read_request(data: Json) -> Request:
    return Request(
        data["method"],
        data["path"],
        data["query_string"].encode("latin-1"),
        tuple((name.encode("latin-1"), value.encode("latin-1")) for name, value in data["headers"].items()),
        scheme=data["scheme"],
        server=data["server"],
    )


def _write_body(body: bytes) -> Json:
    told: Json = {"sha256": hashlib.sha256(body).hexdigest(), "size": len(body)}
    text = read_text(body)
    return {**told, "base64": base64.b64encode(body).decode()} if text is None else {**told, "text": text}


def _read_body(data: Json) -> bytes:
    text: str | None = data.get("text")
    return base64.b64decode(data["base64"]) if text is None else text.encode()


def _write_submission(submission: Submission, *, reveal: bool) -> Json:
    media, parameters = submission.media, submission.parameters
    return {
        "filename": submission.filename,
        "sha256": submission.sha256,
        "size": submission.size,
        "first_bytes": submission.first_bytes.hex(),
        "occurrence": submission.occurrence,
        "config": submission.config if reveal else hide_values(submission.config),
        "query": dict(submission.query) if reveal else hide_values(dict(submission.query)),
        "headers": tell_headers(submission.headers.items(), reveal=reveal),
        "parameters": {
            "channel_mode": parameters.channel_mode,
            "channels": list(parameters.channels),
            "range_from": parameters.range_from,
            "range_to": parameters.range_to,
            "max_speakers": parameters.max_speakers,
            "total_speakers": parameters.total_speakers,
        },
        "media": {
            "kind": media.kind,
            "length": media.length,
            "loud": list(media.loud),
            "truth": None
            if media.truth is None
            else [[[one.speaker, one.start, one.end] for one in channel] for channel in media.truth],
            "fault": media.fault,
            "assumed": media.assumed,
        },
    }


def _read_submission(data: Json) -> Submission:
    truth = data["media"]["truth"]
    read = None if truth is None else tuple(tuple(Segment(*one) for one in channel) for channel in truth)
    media: Json = {**data["media"], "loud": tuple(data["media"]["loud"]), "truth": read}
    parameters: Json = {**data["parameters"], "channels": tuple(data["parameters"]["channels"])}
    submission: Json = {
        **data,
        "first_bytes": bytes.fromhex(data["first_bytes"]),
        "parameters": Parameters(**parameters),
        "media": MediaFacts(**media),
    }
    return Submission(**submission)
