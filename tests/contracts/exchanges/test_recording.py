from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarkit_contracts.exchanges.exchange import Answer, Exchange, Loss, Lost, Part, Request, Sound
from diarkit_contracts.exchanges.plain import RecordingError
from diarkit_contracts.exchanges.recording import HEAD, read_recording, write_recording
from diarkit_contracts.rows.plan import make_plan
from diarkit_contracts.rows.tier import Tier
from diarkit_contracts.runs.verify import verify_target
from diarkit_fixtures.segments import Segment

if TYPE_CHECKING:
    from pathlib import Path

EXCHANGE = Exchange(Request(method="GET", url="http://stub/api/x"), Answer(status=200, body=b"{}"))
TEXTS = st.text(max_size=20)
HEADERS = st.lists(st.tuples(TEXTS, TEXTS), max_size=3).map(tuple)
TIMES = st.floats(0, 1e9)


def test_a_run_is_read_again_as_it_was_written(make_target: Any, tmp_path: Path) -> None:
    exchanges = verify_target(make_plan(Tier.LITE), make_target()).exchanges
    path = tmp_path / "run.ndjson"
    path.write_text("".join(write_recording(exchanges)), encoding="utf-8")
    assert read_recording(path) == exchanges


CAME: dict[str, Any] = {"headers": HEADERS, "body": st.binary(max_size=50), "received_at": TIMES}
DIGESTS = st.none() | TEXTS
SOUNDS = st.builds(
    Sound,
    length=st.integers(0, 10**6),
    loud=st.lists(st.booleans(), max_size=3).map(tuple),
    truth=st.sampled_from([None, ((),), ((Segment(0, 1, 5), Segment(1, 4, 9)), ())]),
    truncated=st.booleans(),
)
PARTS = st.builds(
    Part,
    name=TEXTS,
    filename=DIGESTS,
    size=st.none() | st.integers(0, 9),
    sha256=DIGESTS,
    text=DIGESTS,
    sound=st.none() | SOUNDS,
)


@given(
    request_=st.builds(
        Request,
        method=TEXTS,
        url=TEXTS,
        headers=HEADERS,
        parts=st.none() | st.lists(PARTS, max_size=3).map(tuple),
        is_body_known=st.booleans(),
        sent_at=TIMES,
    ),
    answer=st.builds(Answer, status=st.integers(100, 599), **CAME)
    | st.builds(Lost, kind=st.sampled_from(Loss), status=st.integers(0, 599), **CAME),
)
def test_any_exchange_is_read_again(
    tmp_path_factory: pytest.TempPathFactory, request_: Request, answer: Answer | Lost
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.ndjson"
    path.write_bytes("".join(write_recording([Exchange(request_, answer)])).encode())
    assert read_recording(path) == (Exchange(request_, answer),)


def write_lines(path: Path, *lines: object) -> Path:
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines), encoding="utf-8")
    return path


def exchange(**changes: Any) -> dict[str, Any]:
    whole = json.loads(list(write_recording([EXCHANGE]))[1])
    for path, value in changes.items():
        *folders, name = path.split("__")
        inside = whole
        for folder in folders:
            inside = inside[folder]
        inside[name] = value
    return whole


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "expected JSON"),
        ("[" * 100_000, "expected JSON"),
        ([], "expected an object for an exchange"),
        ({}, "expected an object for request"),
        (exchange(request__method=1), "expected a text for method"),
        (exchange(request__sent_at=True), "expected a number for sent_at"),
        (exchange(request__is_body_known=1), "expected true or false for is_body_known"),
        (exchange(request__parts={}), "expected a list for parts"),
        (exchange(request__parts=[{"size": 1}]), "expected a text for name"),
        (exchange(request__parts=[{"name": "file", "sha256": 1}]), "expected a text for sha256"),
        (exchange(request__parts=[{"name": "file", "sound": {"length": 1.5}}]), "expected a whole number for length"),
        (exchange(request__parts=[{"name": "file", "sound": {"length": 1}}]), "expected a list for loud"),
        (exchange(request__headers=[["a"]]), "expected a list of 2 for headers"),
        (exchange(answer__status="200"), "expected a whole number for status"),
        (exchange(answer__kind="eaten"), "expected one of refused, .* for kind, got 'eaten'"),
        (exchange(answer__kind=["cut"]), "expected one of refused, "),
        (exchange(answer__body={"base64": "?"}), "expected base64 for body"),
        (exchange(answer__body={}), "expected a text for body"),
        (exchange(answer__body="x"), "expected an object for body"),
    ],
)  # fmt: skip
def test_a_broken_line_is_named(tmp_path: Path, line: object, reason: str) -> None:
    path = write_lines(tmp_path / "bad.ndjson", HEAD, exchange(), line)
    with pytest.raises(RecordingError, match=rf"bad\.ndjson:3: {reason}"):
        read_recording(path)


def test_a_format_of_the_future_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"x\.ndjson:1: expected version 2, got 3"):
        read_recording(write_lines(tmp_path / "x.ndjson", {**HEAD, "version": 3}))


@pytest.mark.parametrize("indent", [None, 2])
def test_one_json_object_with_the_exchanges_as_entries_is_a_recording(tmp_path: Path, indent: int | None) -> None:
    path = tmp_path / "x.json"
    path.write_text(json.dumps({**HEAD, "total": 9, "entries": [exchange(), exchange()]}, indent=indent), "utf-8")
    assert read_recording(path) == (EXCHANGE, EXCHANGE)
    path.write_text(json.dumps({**HEAD, "entries": [exchange(request__method=1)]}), "utf-8")
    with pytest.raises(RecordingError, match=r"x\.json: expected a text for method"):
        read_recording(path)


def test_a_head_alone_is_a_recording_of_nothing(tmp_path: Path) -> None:
    assert read_recording(write_lines(tmp_path / "x.ndjson", HEAD)) == ()


def test_empty_lines_and_new_keys_are_passed_over(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "x.ndjson", HEAD, "", exchange(request__colour="blue"), "")
    assert read_recording(path) == (EXCHANGE,)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.har"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(RecordingError, match=r"x\.har: expected UTF-8"):
        read_recording(path)


def test_a_har_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "x.har"
    path.write_text('{"log": {"entries": []}}', encoding="utf-8")
    assert read_recording(path) == ()
