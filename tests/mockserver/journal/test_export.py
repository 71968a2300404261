from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest

from diarkit_contracts.api.states import TaskState
from diarkit_fixtures.segments import Segment
from diarkit_mockserver.intake.request import Request
from diarkit_mockserver.intake.submission import MediaFacts, Parameters, Submission
from diarkit_mockserver.journal.export import list_answer_headers, read_entry, write_entry, write_lines
from diarkit_mockserver.journal.journal import REDACTED, Entry
from diarkit_mockserver.world.platform import Platform
from diarkit_mockserver.world.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

HEADERS = [(b"host", b"h:1"), (b"authorization", b"Bearer s\xff")]
SUBMISSION = Submission(
    filename="Ž\ud800.wav",
    sha256="ab" * 32,
    size=9,
    media=MediaFacts(kind="wav", length=200, loud=(True, False), truth=((Segment(0, 1, 50),), ())),
    parameters=Parameters(channel_mode="mix", channels=(1, 0), range_to=1.5, max_speakers=2),
    config={"max_speakers": 2, "secret": "s"},
    query={"channels": "1,0", "key": "s"},
    headers={"host": "h:1", "authorization": "Bearer s"},
    first_bytes=b"RIFF\x00\xff",
    occurrence=3,
)


def make_entry(**changed: Any) -> Entry:
    fields: dict[str, Any] = {
        "number": 7,
        "asked_at": 1_500_000,
        "answered_at": 2_000_000,
        "connection": 4,
        "follows": 6,
        "request": Request("POST", "/worlds/ä/x", b"channels=1,0&key=s", HEADERS, scheme="http", server="h:1"),
        "submission": SUBMISSION,
        "received": 999,
        "status": 202,
        "headers": ((b"content-type", b"application/json"), (b"x-other", b"s")),
        "body": b'{"task":{}}',
        "task_id": "t",
        "state": TaskState.PENDING,
        "rule": "any submission",
        "note": "a note",
    }
    return Entry(**{**fields, **changed})


ENTRIES = {
    "upload": make_entry(),
    "poll": make_entry(submission=None, received=0, state=None, task_id=None),
    "no answer": make_entry(status=0, body=b"", headers=()),
    "garbled": make_entry(body=b"\xff\x00{"),
    "no audio": make_entry(submission=Submission(filename="", sha256="", size=0, media=MediaFacts(kind="unknown"))),
}


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES)
def test_what_is_revealed_can_be_read_back_whole(entry: Entry) -> None:
    sent = json.loads(json.dumps(write_entry(entry, reveal=True)))
    read = read_entry(sent)
    assert write_entry(read, reveal=True) == write_entry(entry, reveal=True)
    assert (read.submission, read.body, read.headers, read.state) == (
        entry.submission,
        entry.body,
        entry.headers,
        entry.state,
    )
    assert (read.request.headers, read.request.query) == (entry.request.headers, entry.request.query)


def test_secrets_are_not_told_by_default() -> None:
    told = write_entry(make_entry())
    assert '"s"' not in json.dumps(told)
    assert "Bearer" not in json.dumps(told)
    assert told["request"]["headers"] == {"host": "h:1", "authorization": REDACTED}
    assert told["request"]["query_string"] == "channels=1,0&key=%5Bredacted%5D"
    assert told["submission"]["config"] == {"max_speakers": 2, "secret": REDACTED}
    assert told["headers"] == [["content-type", "application/json"], ["x-other", REDACTED]]


def test_an_upload_is_told_by_digest_size_and_first_bytes() -> None:
    told = write_entry(make_entry())["submission"]
    assert (told["sha256"], told["size"], told["first_bytes"]) == ("ab" * 32, 9, "5249464600ff")


def test_an_answer_is_told_as_text_or_else_in_base64() -> None:
    digest = hashlib.sha256(b'{"task":{}}').hexdigest()
    assert write_entry(make_entry())["body"] == {"sha256": digest, "size": 11, "text": '{"task":{}}'}
    assert write_entry(make_entry(body=b"\xff"))["body"]["base64"] == "/w=="


def test_lines_are_one_exchange_each() -> None:
    lines = list(write_lines(ENTRIES.values()))
    assert all(line.endswith("\n") and "\n" not in line[:-1] and line.isascii() for line in lines)
    assert [json.loads(line) for line in lines] == [
        json.loads(json.dumps(write_entry(entry))) for entry in ENTRIES.values()
    ]


def test_a_header_that_comes_twice_is_told_twice() -> None:
    entry = make_entry(headers=((b"allow", b"GET"), (b"allow", b"POST")))
    assert list_answer_headers(entry, reveal=False) == [("allow", "GET"), ("allow", "POST")]


def test_what_a_client_sent_comes_out_as_it_was(
    start: Callable[..., Any], submit: Callable[..., Any], make_wav: Callable[..., bytes]
) -> None:
    world = World()
    wav = make_wav(2, loud=(True, False))
    submit(start(platform=Platform(world)).url, wav, filename="a.wav", config='{"max_speakers": 1}')
    (entry,) = world.journal
    read = read_entry(json.loads(json.dumps(write_entry(entry, reveal=True))))
    assert read.submission == entry.submission
    assert read.submission is not None
    assert read.submission.first_bytes == wav[:64]
