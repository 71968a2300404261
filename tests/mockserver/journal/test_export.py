from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from diarkit_contracts.api.states import TaskState
from diarkit_contracts.exchanges.exchange import Loss, Part, Sound, describe_field
from diarkit_contracts.exchanges.recording import HEAD, read_recording, write_lines
from diarkit_contracts.exchanges.redaction import STRUCK, Redaction
from diarkit_fixtures.segments import Segment
from diarkit_mockserver.intake.request import Request
from diarkit_mockserver.intake.submission import Given, MediaFacts, Parameters, Submission
from diarkit_mockserver.journal.export import make_exchange, read_entry, write_entries, write_har
from diarkit_mockserver.journal.journal import Entry
from diarkit_mockserver.world.platform import Platform
from diarkit_mockserver.world.world import World

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HEADERS = [(b"host", b"h:1"), (b"authorization", b"Bearer s\xff"), (b"content-length", b"999")]
SUBMISSION = Submission(
    filename="Ž\ud800.wav",
    sha256="ab" * 32,
    size=9,
    media=MediaFacts(kind="wav", length=200, loud=(True, False), truth=((Segment(0, 1, 50),), ())),
    parameters=Parameters(channel_mode="mix", channels=(1, 0), range_to=1.5, max_speakers=2),
    config={"max_speakers": 2, "secret": "s"},
    asked=Given(
        {"channels": "1,0", "key": "s"}, {"host": "h:1", "authorization": "Bearer s\xff", "content-length": "999"}
    ),
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
        "request": Request(
            "POST", "/worlds/ä/api/system/x", "channels=1,0&key=s", HEADERS, scheme="http", server="h:1"
        ),
        "submission": SUBMISSION,
        "received": 999,
        "status": 202,
        "headers": ((b"content-type", b"application/json"), (b"x-other", b"s")),
        "body": b'{"task":{}}',
        "task_id": "t",
        "state": TaskState.PENDING,
        "rule": "any submission",
        "note": "a note",
        "faults": ("latency",),
        "limit": "rate",
        "ignored_keys": ("secret",),
        "ignored_parts": ("other",),
    }
    fields |= changed
    fields.setdefault("parts", None if fields["submission"] is None else list_parts(fields["submission"]))
    return Entry(**fields)


def list_parts(submission: Submission) -> tuple[Part, ...]:
    """What the reader of uploads says of the form."""
    config = () if submission.config is None else (describe_field("config", json.dumps(submission.config)),)
    file = Part(
        name="file",
        filename=submission.filename,
        size=submission.size,
        sha256=submission.sha256,
        sound=submission.media.sound,
    )
    return (file, *config, Part(name="other"))


ENTRIES = {
    "upload": make_entry(),
    "poll": make_entry(submission=None, received=0, state=None, task_id=None),
    "no answer": make_entry(status=0, body=b"", headers=(), lost=Loss.BEFORE_HEAD),
    "garbled": make_entry(body=b"\xff\x00{"),
    "no audio": make_entry(
        submission=Submission(
            filename="",
            sha256="",
            size=0,
            media=MediaFacts(kind="unknown"),
            asked=SUBMISSION.asked,
        )
    ),
}


def write(entry: Entry, *, reveal: bool = False) -> Any:
    (written,) = write_entries([entry], 7, reveal=reveal)
    return json.loads(json.dumps(written))


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES)
def test_what_is_revealed_can_be_read_back_whole(entry: Entry) -> None:
    read = read_entry(write(entry, reveal=True))
    assert replace(read, request=entry.request) == entry
    for name in ("method", "path", "query_string", "headers", "query", "base_url"):
        assert getattr(read.request, name) == getattr(entry.request, name)


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES)
def test_what_is_struck_out_can_be_read_back_too(entry: Entry) -> None:
    read = read_entry(write(entry))
    assert (read.number, read.status, read.body, read.faults) == (7, entry.status, entry.body, ("latency",))


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES)
def test_each_form_is_a_recording_of_the_same_exchanges(entry: Entry, tmp_path: Path) -> None:
    wanted = (Redaction(["Bearer s\xff"]).strike(make_exchange(entry, 7)),)
    texts = [
        "".join(write_lines(write_entries([entry], 7))),
        json.dumps({**HEAD, "total": 1, "entries": list(write_entries([entry], 7))}),
        json.dumps(write_har(list(write_entries([entry], 7)))),
    ]
    wanted_har = () if "/api/system/" not in entry.request.path else wanted
    for text, expected in zip(texts, (wanted, wanted, wanted_har), strict=True):
        path = tmp_path / "journal"
        path.write_text(text, encoding="utf-8")
        assert read_recording(path) == expected


def test_secrets_are_struck_out_by_default() -> None:
    told = write(make_entry())
    assert '"s"' not in json.dumps(told)
    assert "Bearer" not in json.dumps(told)
    assert told["request"]["headers"] == [["host", "h:1"], ["authorization", STRUCK], ["content-length", "999"]]
    assert told["request"]["url"] == "http://h:1/worlds/%C3%A4/api/system/x?channels=1,0&key=***"
    assert told["request"]["parts"][1]["text"] == '{"max_speakers": 2, "secret": "***"}'
    assert told["answer"]["headers"] == [["content-type", "application/json"], ["x-other", STRUCK]]


def test_what_the_world_knows_stands_in_fields_beside_the_exchange() -> None:
    own = write(make_entry())["entry"]
    assert (own["number"], own["follows"], own["connection"], own["task_id"]) == (7, 6, 4, "t")
    assert (own["faults"], own["limit"]) == (["latency"], "rate")
    assert (own["ignored_keys"], own["ignored_parts"], own["note"]) == (["secret"], ["other"], "a note")


def test_of_an_upload_all_is_told_that_is_known() -> None:
    parts = make_exchange(make_entry(), 7).request.parts
    assert parts is not None
    file, config, other = parts
    assert (file.filename, file.size, file.sha256) == ("Ž\ud800.wav", 9, "ab" * 32)
    assert file.sound == Sound(length=200, loud=(True, False), truth=((Segment(0, 1, 50),), ()))
    assert config == describe_field("config", '{"max_speakers": 2, "secret": "s"}')
    assert other == Part(name="other")


@pytest.mark.parametrize(
    "media",
    [
        MediaFacts(kind="wav", length=200, loud=(True,), assumed=True),
        MediaFacts(kind="flac", length=200, loud=(True,)),
        MediaFacts(kind="wav", fault="no audio"),
    ],
)
def test_nothing_is_made_up_of_a_sound_that_was_not_measured(media: MediaFacts) -> None:
    assert media.sound is None


@pytest.mark.parametrize(
    ("header", "known"),
    [
        (b"content-length: 0", True),
        (b"x: 1", True),
        (b"content-length: 9", False),
        (b"transfer-encoding: chunked", False),
    ],
)
def test_a_body_that_was_not_recorded_is_unknown(header: bytes, *, known: bool) -> None:
    name, _, value = header.partition(b": ")
    request = Request("POST", "/api/system/x", "", [(name, value)], scheme="http", server="h:1")
    sent = make_exchange(make_entry(request=request, submission=None), 0).request
    assert (sent.parts, sent.is_body_known) == (None, known)


def test_a_host_that_is_none_is_not_part_of_the_url() -> None:
    request = Request("GET", "/api/system/x", "", [(b"host", b"h/api/y?")], scheme="http", server="h:1")
    assert make_exchange(make_entry(request=request), 0).request.url == "http://h:1/api/system/x"
    nobody = Request("GET", "/api/system/x", "", [], scheme="http", server="")
    assert make_exchange(make_entry(request=nobody), 0).request.url == "http://localhost/api/system/x"


def test_a_header_that_comes_twice_is_told_twice() -> None:
    entry = make_entry(headers=((b"allow", b"GET"), (b"allow", b"POST")))
    assert make_exchange(entry, 0).answer.headers == (("allow", "GET"), ("allow", "POST"))


def test_what_a_client_sent_comes_out_as_it_was(
    start: Callable[..., Any], submit: Callable[..., Any], make_wav: Callable[..., bytes]
) -> None:
    world = World()
    wav = make_wav(2, loud=(True, False))
    submit(start(platform=Platform(world)).url, wav, filename="a.wav", config='{"max_speakers": 1}')
    (entry,) = world.journal
    read = read_entry(write(entry, reveal=True))
    assert read.submission is not None
    assert entry.submission is not None
    assert read.submission == entry.submission
    assert read.submission.query == entry.submission.query
    assert read.submission.headers == entry.submission.headers
    assert read.submission.first_bytes == wav[:64]


def test_a_har_has_what_the_world_knows_for_tools_and_for_people() -> None:
    written = list(write_entries([make_entry(), make_entry(number=8, rule="", note="")], 946_684_800))
    first, second = write_har(written)["log"]["entries"]
    assert (first["connection"], first["comment"]) == ("4", "rule any submission; a note")
    assert (second["_entry"]["number"], "comment" in second) == (8, False)
    assert (first["startedDateTime"], first["time"]) == ("2000-01-01T00:00:01.500000+00:00", 500.0)
