"""One connection: what clients of all kinds send, cut anywhere, gets one meaning and one answer.

Longer than other files, as the bytes that clients of many kinds send stand here.
"""

from __future__ import annotations

import itertools
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from diarkit_mockserver.intake.request import ENDPOINT
from diarkit_mockserver.scenario.answer import HttpAnswer
from diarkit_mockserver.scenario.faults import Drip, Fault, Latency
from diarkit_mockserver.scenario.limits import Limits
from diarkit_mockserver.scenario.model import Rule, Scenario, Then
from diarkit_mockserver.serving import connection as http1

if TYPE_CHECKING:
    from collections.abc import Callable

UNKNOWN = "00000000-0000-4000-8000-000000000000"
FORM = b'--b\r\nContent-Disposition: form-data; name="file"; filename="call.wav"\r\n\r\nno audio\r\n\r\n--\r\n--b--\r\n'
UPGRADE = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA\r\n"
"""As Java's HttpClient and curl --http2 send it."""

STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")


def write(
    method: str = "GET", target: str = f"{ENDPOINT}/{UNKNOWN}", *headers: str, host: str = "Host: x\r\n"
) -> bytes:
    return f"{method} {target} HTTP/1.1\r\n{host}{''.join(headers)}\r\n".encode()


def write_upload(*headers: str, body: bytes = FORM) -> bytes:
    kind = "Content-Type: multipart/form-data; boundary=b\r\n"
    return write("POST", ENDPOINT, kind, *headers, f"Content-Length: {len(body)}\r\n") + body


def write_chunks(*headers: str, size: int = 20, trailers: bytes = b"") -> bytes:
    kind = "Content-Type: multipart/form-data; boundary=b\r\n"
    pieces = [FORM[start : start + size] for start in range(0, len(FORM), size)]
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return (
        write("POST", ENDPOINT, kind, *headers, "Transfer-Encoding: chunked\r\n")
        + chunks
        + b"0\r\n"
        + trailers
        + b"\r\n"
    )


def statuses(answers: bytes) -> list[int]:
    return [int(status) for status in STATUS.findall(answers)]


MESSAGES = {
    "poll": write(),
    "poll with a body": write("GET", f"{ENDPOINT}/{UNKNOWN}", "Content-Length: 4\r\n") + b"\r\n\r\n",
    "HEAD": write("HEAD"),
    "h2c poll": write("GET", f"{ENDPOINT}/{UNKNOWN}", UPGRADE),
    "upload": write_upload(),
    "h2c upload": write_upload(UPGRADE),
    "chunks": write_chunks(),
    "small chunks": write_chunks(size=1),
    "h2c chunks": write_chunks(UPGRADE),
    "trailers": write_chunks(trailers=b"X-Checksum: 1\r\nX-Request-Id: no\r\n"),
    "h2c trailers": write_chunks(UPGRADE, trailers=b"X: y\r\n"),
    "expecting": write_upload("Expect: 100-continue\r\n"),
    "nowhere": write("PUT", "/nowhere", "Content-Length: 9\r\n") + b"\r\n\r\nGET /\r\n",
    "absolute": write("GET", "http://elsewhere/api/system/info"),
    "no host": write(host=""),
    "HTTP/2.0": b"GET / HTTP/2.0\r\nHost: x\r\n\r\n",
    "garbage": b"\x16\x03\x01\x02\r\n\r\n",
    "bad chunks": write_chunks().replace(b"\r\n14\r\n", b"\r\n1x\r\n"),
    "bad upgrade": write("POST", ENDPOINT, UPGRADE, "Transfer-Encoding: gzip\r\n") + b"\r\n",
    "CONNECT": b"CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n",
    "HTTP/1.0": write().replace(b"HTTP/1.1", b"HTTP/1.0"),
    "close": write("GET", "/api/system/status", "Connection: close\r\n"),
    "an empty line": b"\r\n",
}


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    names=st.lists(st.sampled_from(list(MESSAGES)), min_size=1, max_size=5),
    cuts=st.lists(st.integers(1, 1500), max_size=12),
    by=st.sampled_from(["cuts", "byte", "message"]),
)
def test_the_same_requests_cut_anywhere_get_the_same_answers(
    connect_line: Callable[..., Any], names: list[str], cuts: list[int], by: str
) -> None:
    data = b"".join(MESSAGES[name] for name in names)
    ends = itertools.accumulate(len(MESSAGES[name]) for name in names[:-1])
    places = {
        "cuts": sorted({cut for cut in cuts if cut < len(data)}),
        "byte": range(1, len(data)),
        "message": [*ends],
    }[by]
    packets = [data[start:end] for start, end in zip((0, *places), (*places, len(data)), strict=True)]
    whole, cut = connect_line(), connect_line()
    assert whole.send(data) == cut.send(*packets)
    assert (whole.wire.open, whole.wire.ended) == (cut.wire.open, cut.wire.ended)
    seen = [[(e.status, e.headers, e.body, e.note) for e in line.world.journal] for line in (whole, cut)]
    assert seen[0] == seen[1]
    assert len(statuses(whole.wire.written)) >= any(name != "an empty line" for name in names)


def test_a_request_that_is_sent_again_is_read_once(connect_line: Callable[..., Any]) -> None:
    line = connect_line()
    poll, body = MESSAGES["poll"], write("POST", "/nowhere", f"Content-Length: {len(MESSAGES['poll'])}\r\n")
    assert statuses(line.send(poll, poll, body, poll, MESSAGES["HEAD"], poll)) == [404, 404, 404, 405, 404]
    first, second, nowhere, head, last = [entry.request for entry in line.world.journal]
    assert first is second
    assert [nowhere.method, head.method, last.method] == ["POST", "HEAD", "GET"]


def test_the_end_of_a_head_that_looks_like_one_sent_before_is_its_end(connect_line: Callable[..., Any]) -> None:
    line = connect_line()
    poll = MESSAGES["poll"]
    line.send(poll, poll, b"PUT /nowhere HTTP/1.1\r\nX: ", poll)
    line.send(b"PUT /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n")
    line.send(b"abc" + poll)
    assert [entry.request.method for entry in line.world.journal] == ["GET", "GET", "PUT", "PUT", "GET"]


@pytest.mark.parametrize(("plain", "h2c"), [("poll", "h2c poll"), ("upload", "h2c upload"), ("chunks", "h2c chunks")])
def test_an_upgrade_that_is_not_served_is_ignored(
    connect_line: Callable[..., Any], caplog: pytest.LogCaptureFixture, plain: str, h2c: str
) -> None:
    """Row 30 of the demands. The journal has the headers as they were sent."""
    line, twin = connect_line(), connect_line()
    expected = twin.send(MESSAGES[plain], MESSAGES["upload"])
    assert line.send(MESSAGES[h2c], MESSAGES["upload"]) == expected
    (first, second) = line.world.journal
    assert (first.request.headers["upgrade"], second.status) == ("h2c", 202)
    assert [record for record in caplog.records if record.levelname != "INFO"] == []


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        ("/api/system/info", "/api/system/info", ""),
        ("/api/system/info?a=/b?c#d", "/api/system/info", "a=/b?c"),
        ("/api/system/info#x?y", "/api/system/info", ""),
        ("http://h:1/api/system/info?a", "/api/system/info", "a"),
        ("HTTPS://h/%61pi/system/info", "/api/system/info", ""),
        ("http://h", "/", ""),
        ("http://h?a=b", "/", "a=b"),
        ("//h/api", "//h/api", ""),
        ("*", "*", ""),
        ("/docsx?/docs", "/docsx", "/docs"),
        ("/%E9%FF", "/\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}", ""),
    ],
)
def test_a_target_has_one_reader(connect_line: Callable[..., Any], target: str, path: str, query: str) -> None:
    line = connect_line()
    assert statuses(line.send(write("OPTIONS" if target == "*" else "GET", target))) != []
    (entry,) = line.world.journal
    assert (entry.request.path, entry.request.query_string) == (path, query)


def test_a_page_is_a_page_whatever_its_query_says(connect_line: Callable[..., Any]) -> None:
    line = connect_line()
    line.send(write("GET", f"/openapi.yaml?{ENDPOINT}/{UNKNOWN}") + write())
    while len(statuses(line.wire.written)) < 2:
        line.turn()  # pages are read in a thread
    assert statuses(line.wire.written) == [200, 404]
    assert line.wire.written.count(b"content-type: application/yaml") == 1
    assert len(line.world.journal) == 1


def test_the_host_of_an_absolute_target_counts_and_not_the_header(connect_line: Callable[..., Any]) -> None:
    request = write_upload().replace(b" /api", b" http://told:7/api", 1)
    assert f"x-location: http://told:7{ENDPOINT}/".encode() in connect_line().send(request)


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (write(host=""), 400),
        (write(host="Host: x\r\nHost: x\r\n"), 400),
        (write(host="Host:\r\n"), 404),
        (write(host="Host: [::1]:80\r\n"), 404),
        (write(host="Host: a_b.c:\r\n"), 404),
        (write(host="Host: a/b\r\n"), 400),
        (write(host="Host: a b\r\n"), 400),
        (write(host="Host: x:http\r\n"), 400),
        (write(host="Host: u@x\r\n"), 400),
        (write(host="Host: \xff\r\n"), 400),
        (write(host="Host: %zz\r\n"), 400),
        (write(host="Host: %41 \t\r\n"), 404),
        (write("GET", "http://u:p@x/api/system/nothing"), 400),
        (write_chunks().replace(b"coding: chunked", b"coding: , chunked "), 202),
        (write_chunks().replace(b"HTTP/1.1", b"HTTP/1.0"), 400),
        (write("POST", ENDPOINT, "Transfer-Encoding: gzip, chunked\r\n") + b"0\r\n\r\n", 501),
        (write("POST", ENDPOINT, "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n") + b"0\r\n\r\n", 501),
        (b"GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505),
        (b"GET / HTTP/0.9\r\n\r\n", 505),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
        (b"GET /\r\n\r\n", 505),
        (write().replace(b"HTTP/1.1", b"HTTP/1.0"), 404),
    ],
)
def test_what_http_does_not_allow_is_refused_in_the_envelope(
    connect_line: Callable[..., Any], request_: bytes, status: int
) -> None:
    answer = connect_line().send(request_)
    assert statuses(answer) == [status]
    keys = {"task"} if status == 202 else {"type", "message", "detail"}
    assert set(json.loads(answer.partition(b"\r\n\r\n")[2])) == keys


def test_white_space_behind_a_value_is_not_part_of_it(connect_line: Callable[..., Any]) -> None:
    """RFC 9110, section 5.5."""
    line = connect_line()
    answer = line.send(write_upload("Expect: 100-continue \r\n", "X-Request-ID: a b \t\r\n")[: -len(FORM)], FORM)
    assert statuses(answer) == [100, 202]
    assert b"x-request-id: a b\r\n" in answer


def test_garbage_behind_an_upload_takes_nothing_from_it(connect_line: Callable[..., Any]) -> None:
    assert statuses(connect_line().send(write_upload() + b"\0\1\2 garbage\r\n\r\n")) == [202, 400]


def test_garbage_in_the_middle_of_an_upload_is_the_answer_to_it(connect_line: Callable[..., Any]) -> None:
    line = connect_line()
    assert statuses(line.send(MESSAGES["bad chunks"], b"more")) == [400]
    assert [(entry.status, bool(entry.note)) for entry in line.world.journal] == [(400, True)]


@pytest.mark.parametrize("extra", [b";x=" + b"y" * 100_000, b"\r\nX: " + b"y" * 100_000], ids=["extension", "trailer"])
def test_what_says_nothing_of_a_body_has_a_bound(connect_line: Callable[..., Any], extra: bytes) -> None:
    request = write_chunks().replace(b"\r\n0\r\n", b"\r\n0" + extra + b"\r\n")
    assert statuses(connect_line().send(request)) == [400]


@pytest.mark.parametrize(
    "more",
    [
        "boundary*" + "1" * 5000 + "=x",
        "boundary*0*=" + "1" * 3000,
        ";" * 65_000,
        'a="' + "\\" * 4000,
        "boundary=" + '"' * 4000,
    ],
    ids=["digits", "parts", "semicolons", "backslashes", "quotes"],
)
def test_a_content_type_without_end_is_refused(connect_line: Callable[..., Any], more: str) -> None:
    request = write_upload().replace(b"boundary=b", more.encode()[: http1.LARGEST_HEAD - 300])
    assert statuses(connect_line().send(request)) == [400]


def test_the_timer_of_a_poll_does_not_cut_the_upload_behind_it(connect_line: Callable[..., Any]) -> None:
    """Row 31 of the demands."""
    line = connect_line(Scenario(limits=Limits(upload_seconds=1e9)))
    upload = write_upload()
    assert statuses(line.send(write() + upload[:-30])) == [404]
    assert line.move(http1.IDLE_SECONDS + http1.HEAD_SECONDS)
    assert line.send(upload[-30:-10]) == b""
    assert line.move(1000)
    assert statuses(line.send(upload[-10:])) == [202]
    assert not line.move(http1.IDLE_SECONDS + 1)


@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_the_time_of_a_body_that_nobody_wants_is_bounded_too(connect_line: Callable[..., Any], method: str) -> None:
    line = connect_line()
    answer = line.send(write(method, "/nowhere", "Content-Length: 1000\r\n"))
    line.send(b"x")
    line.world.clock.advance(119)
    assert (statuses(answer), line.send(b"x"), line.wire.open) == ([404], b"", True)
    line.world.clock.advance(1)
    line.turn(3)
    assert not line.wire.open


@pytest.mark.parametrize("coding", ["Content-Length: 1000\r\n", "Transfer-Encoding: chunked\r\n"])
@pytest.mark.parametrize(("target", "answered"), [(ENDPOINT, []), ("/nowhere", [404])])
def test_the_time_of_a_body_that_never_begins_is_bounded(
    connect_line: Callable[..., Any], coding: str, target: str, answered: list[int]
) -> None:
    line = connect_line()
    kind = "Content-Type: multipart/form-data; boundary=b\r\n"
    assert statuses(line.send(write("POST", target, kind, "Expect: 100-continue\r\n", coding))) == [
        *[100][: not answered],
        *answered,
    ]
    line.world.clock.advance(119)
    line.turn(3)
    assert (line.wire.open, line.wire.ended) == (True, False)
    line.world.clock.advance(1)
    line.turn(3)
    assert statuses(line.wire.written)[-1] == (answered or [400])[0]
    assert line.wire.ended or not line.wire.open


def test_the_time_of_an_upload_begins_with_its_head(connect_line: Callable[..., Any]) -> None:
    line = connect_line()
    upload = write_upload()
    line.send(upload[:-50])
    for byte in upload[-50:-40]:
        line.world.clock.advance(11)
        line.send(bytes([byte]))
    assert line.wire.written == b""
    line.world.clock.advance(10)
    line.turn(3)
    assert statuses(line.wire.written) == [400]
    assert [entry.note for entry in line.world.journal] == ["limits.upload_seconds: the body did not arrive in time"]


def test_the_body_of_a_control_call_has_its_time_as_well(connect_line: Callable[..., Any]) -> None:
    line = connect_line()
    line.send(write("POST", "/__diarkit/v1/worlds", "Content-Length: 1000\r\n"))
    assert line.move(http1.HEAD_SECONDS - 1)
    line.send(b"{")
    assert not line.move(2)


def test_the_last_answer_comes_though_the_client_is_still_sending(connect_line: Callable[..., Any]) -> None:
    line = connect_line()
    assert statuses(line.send(b"garbage\r\n\r\n")) == [400]
    assert (line.wire.open, line.wire.ended, line.wire.reads) == (True, True, True)
    assert line.send(b"x" * http1.LINGER_BYTES) == b""
    assert line.wire.open
    line.send(b"x")
    assert not line.wire.open
    other = connect_line()
    other.send(b"garbage\r\n\r\n")
    assert not other.move(http1.LINGER_SECONDS + 0.1)


@pytest.mark.parametrize("pause", [0, 1])
def test_half_a_close_still_gets_its_answers(connect_line: Callable[..., Any], pause: int) -> None:
    faults = (Fault(on="submit", latency=Latency(fixed=pause)),) if pause else ()
    line = connect_line(Scenario(faults=faults))
    line.send(write() + write_upload() + write())
    if line.connection.eof_received():
        line.turn(3)
        line.world.clock.advance(1)
        line.turn(9)
        assert not line.wire.open
    assert statuses(line.wire.written) == [404, 202, 404]


def test_answers_wait_for_the_one_before_them(connect_line: Callable[..., Any]) -> None:
    line = connect_line(Scenario(faults=(Fault(on="submit", latency=Latency(fixed=1)),)))
    assert statuses(line.send(write() + write_upload() + write())) == [404]
    assert not line.wire.reads
    line.connection.data_received(write())  # that was on its way
    line.world.clock.advance(1)
    line.turn(9)
    assert statuses(line.wire.written) == [404, 202, 404, 404]
    assert line.wire.reads


def test_answers_that_nobody_fetches_are_no_more_than_one(connect_line: Callable[..., Any]) -> None:
    """Row 10 of the demands: what one packet can ask for is bounded by what its client fetches."""
    line = connect_line(Scenario(course="immediate", rules=(Rule(then=Then(speakers=2)),)))
    line.send(write_upload())
    (task,) = line.world.tasks
    before = line.wire.written
    write_all = line.wire.write

    def write_and_pause(data: bytes) -> None:
        write_all(data)
        line.connection.pause_writing()

    line.wire.write = write_and_pause
    line.connection.data_received(write("GET", f"{ENDPOINT}/{task.task_id}") * 100)
    assert statuses(line.wire.written[len(before) :]) == [200]
    for count in range(2, 101):
        line.connection.resume_writing()
        assert statuses(line.wire.written[len(before) :]) == [200] * count
    line.connection.resume_writing()
    assert line.wire.reads


def test_other_connections_have_their_turn(connect_line: Callable[..., Any]) -> None:
    line = connect_line()
    line.connection.data_received(write() * 1000)
    assert len(statuses(line.wire.written)) == http1.PIECES_PER_TURN
    assert not line.wire.reads
    line.turn(50)
    assert len(statuses(line.wire.written)) == 1000
    assert line.wire.reads


def test_another_option_of_connection_is_written_and_closes_nothing(connect_line: Callable[..., Any]) -> None:
    """RFC 9110, section 7.8: the sender of Upgrade names it in Connection."""
    http = HttpAnswer(status=426, headers={"Connection": "upgrade", "Upgrade": "h2c"})
    line = connect_line(Scenario(faults=(Fault(on="submit", http=http),)))
    answer = line.send(MESSAGES["upload"] + MESSAGES["poll"])
    assert (statuses(answer), answer.count(b"connection: upgrade\r\n")) == ([426, 404], 1)


@pytest.mark.parametrize(("on", "message"), [("submit", "upload"), ("submit", "chunks"), ("system", "absolute")])
@pytest.mark.parametrize("more", [{}, {"drip": Drip(bytes=9, every=0)}])
def test_an_answer_with_connection_close_is_the_last_one(
    connect_line: Callable[..., Any], on: Any, message: str, more: dict[str, Any]
) -> None:
    slow = [Fault(on=on, **more)] if more else []
    line = connect_line(
        Scenario(faults=(*slow, Fault(on=on, http=HttpAnswer(status=503, headers={"Connection": "Close"}))))
    )
    answer = line.send(MESSAGES[message] + MESSAGES["poll"])
    assert (statuses(answer), answer.lower().count(b"connection: close")) == ([503], 1)
    assert not line.wire.open
