"""One connection: a schedule of faults that meets nothing, and the bounds on heads, idleness and clients that do not read.

Longer than other files, as all of it is held by the same table of raw requests and the same connection.
"""

from __future__ import annotations

import contextlib
import re
import socket
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

import pytest

from diarkit_contracts.api.dialect import Dialect
from diarkit_mockserver.clock import Clock
from diarkit_mockserver.intake.request import ENDPOINT
from diarkit_mockserver.scenario.answer import HttpAnswer
from diarkit_mockserver.scenario.course import ByPolls, BySeconds, PollCounts, StateSeconds
from diarkit_mockserver.scenario.faults import Fault
from diarkit_mockserver.scenario.limits import Limits, Rate
from diarkit_mockserver.scenario.model import Rule, Scenario, Then
from diarkit_mockserver.scenario.when import When
from diarkit_mockserver.serving import connection as http1
from diarkit_mockserver.serving.connection import LARGEST_HEAD
from diarkit_mockserver.world.platform import Platform
from diarkit_mockserver.world.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

    from diarkit_mockserver.serving.server import ServerThread

    Start = Callable[..., ServerThread]

    class HeldServer(Protocol):
        thread: ServerThread

        def send(self, connection: socket.socket, data: bytes) -> None: ...

        def wait_for_connections(self, count: int) -> None: ...

        def move(self, seconds: float) -> int: ...


PATIENCE_S = 60.0
MOST_SENT = 20_000_000
"""Bytes: more than the system keeps for both ends of a connection."""

NEVER = (Fault(when=When(filename="a name that no file has"), http=500),)
"""A schedule that meets no request."""

UNKNOWN = "00000000-0000-4000-8000-000000000000"
FORM = b'--b\r\nContent-Disposition: form-data; name="file"; filename="call.wav"\r\n\r\nno audio\r\n--b--\r\n'
UPLOAD = (
    f"POST {ENDPOINT} HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n"
    f"Content-Length: {len(FORM)}\r\n\r\n"
).encode() + FORM
SPEAKERS = Then(speakers=2)
SCENARIOS = {
    "plain": Scenario(rules=(Rule(then=SPEAKERS),)),
    "by polls": Scenario(course=ByPolls(polls=PollCounts(pending=2, running=9)), rules=(Rule(then=SPEAKERS),)),
    "by seconds": Scenario(course=BySeconds(seconds=StateSeconds(running=9)), rules=(Rule(then=SPEAKERS),)),
    "failed": Scenario(course="immediate", rules=(Rule(then=Then(failed="Broken: é.")),)),
    "rejected": Scenario(course="immediate"),
    "absent": Scenario(dialect=Dialect(unpopulated="absent")),
    "refused polls": Scenario(rules=(Rule(then=Then(http=HttpAnswer(status=429, on="poll", times=3, retry_after=2))),)),
    "odd status": Scenario(rules=(Rule(then=Then(http=HttpAnswer(status=599, on="poll", message="é"))),)),
    "rate": Scenario(limits=Limits(rate=Rate(requests=4, seconds=9.5))),
    "expiry": Scenario(course="immediate", limits=Limits(finished_seconds=0)),
    "unlicensed": Scenario(limits=Limits(licensed=False, before_body=("licensed",))),
}


def poll(task: str = "{task}", *headers: str, method: str = "GET", version: str = "1.1", tail: str = "") -> str:
    return (
        f"{method} {ENDPOINT}/{task}{tail} HTTP/{version}\r\n"
        + "".join(f"{h}\r\n" for h in ("Host: x", *headers))
        + "\r\n"
    )


REQUESTS = {
    "first": poll(),
    "second": poll(),
    "with a query": poll(tail="?a=1&b"),
    "in capitals": poll("{TASK}"),
    "with ids": poll("{task}", "X-Request-Id: r 1", "X-Correlation-ID: c2"),
    "of an unknown task": poll(UNKNOWN),
    "of no task": poll("not-a-uuid"),
    "of nothing": poll(""),
    "deeper": poll("{task}/more"),
    "with a body": poll("{task}", "Content-Length: 3") + "abc",
    "with a body in chunks": poll("{task}", "Transfer-Encoding: chunked") + "3\r\nabc\r\n0\r\n\r\n",
    "with an upgrade": poll("{task}", "Connection: keep-alive", "Upgrade: none"),
    "with a header twice": poll("{task}", "X-Request-Id: one", "X-Request-Id: two"),
    "as HEAD": poll(method="HEAD"),
    "as DELETE": poll(method="DELETE"),
    "escaped": poll("%7Btask%7D"),
    "in HTTP/1.0": poll(version="1.0"),
    "into no world": f"GET /worlds/none{ENDPOINT}/{UNKNOWN} HTTP/1.1\r\nHost: x\r\n\r\n",
    "the last": poll("{task}", "Connection: close"),
}


def connect(thread: ServerThread, *, room: int | None = None) -> socket.socket:
    """Connect; with so much room, in bytes, for what is sent and for what is not yet read."""
    address = urlsplit(thread.url)
    connection = socket.socket()
    if room is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, room)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
    connection.settimeout(PATIENCE_S)
    connection.connect((address.hostname, address.port))
    return connection


def read_all(connection: socket.socket) -> bytes:
    received = b""
    with contextlib.suppress(ConnectionResetError):
        while piece := connection.recv(65536):
            received += piece
    return received


def talk(thread: ServerThread, *requests: bytes) -> bytes:
    """Send requests over one connection, without waiting for answers; return them all."""
    with connect(thread) as connection:
        connection.sendall(b"".join(requests))
        return b"".join(read_answer(connection, request) for request in requests)


def read_answer(connection: socket.socket, request: bytes) -> bytes:
    """Read one answer, or what comes until the end."""
    received = b""
    while b"\r\n\r\n" not in received:
        if not (piece := connection.recv(1)):
            return received
        received += piece
    length = next(int(line[15:]) for line in received.split(b"\r\n") if line.startswith(b"content-length:"))
    return received if request.startswith(b"HEAD") else received + connection.recv(length, socket.MSG_WAITALL)


def start_twice(start: Start, scenario: Scenario) -> tuple[tuple[ServerThread, World], tuple[ServerThread, World]]:
    """Start a server without faults, and its twin with some that meet nothing."""
    worlds = [
        World("", Scenario(**{**_fields(scenario), "faults": faults}), Clock(frozen=True)) for faults in ((), NEVER)
    ]
    threads = [start(platform=Platform(world)) for world in worlds]
    return (threads[0], worlds[0]), (threads[1], worlds[1])


def _fields(scenario: Scenario) -> dict[str, object]:
    return {name: getattr(scenario, name) for name in ("course", "rules", "limits", "dialect")}


def fill_in(request: str, world: World) -> bytes:
    task = next(iter(world.tasks)).task_id if len(world.tasks) else UNKNOWN
    return request.replace("{task}", task).replace("{TASK}", task.upper()).encode()


@pytest.mark.parametrize("name", SCENARIOS)
def test_faults_that_meet_nothing_change_no_byte(start: Start, name: str) -> None:
    """Row 25 of the demands: a schedule that meets nothing leaves no trace."""
    answers: list[list[bytes]] = []
    journals: list[list[object]] = []
    for thread, world in start_twice(start, SCENARIOS[name]):
        answers.append([talk(thread, UPLOAD)])
        for request in REQUESTS.values():
            answers[-1].append(talk(thread, fill_in(request, world)))
            thread.call(world.clock.advance, 1.5)
        journals.append(
            [
                (e.number, e.asked_at, e.answered_at, e.status, e.headers, e.body, e.task_id, e.state, e.note)
                for e in world.journal
            ]
        )
    for request, short, long in zip(("upload", *REQUESTS), *answers, strict=True):
        assert short == long, request
        assert short.startswith(b"HTTP/1.1 "), request
    assert journals[0] == journals[1]
    assert len(journals[0]) > len(REQUESTS) // 2


@pytest.mark.parametrize("name", ["plain", "by polls", "refused polls", "rate"])
def test_many_requests_in_one_packet_get_the_same_bytes_with_and_without_faults(start: Start, name: str) -> None:
    together: list[bytes] = []
    for thread, world in start_twice(start, SCENARIOS[name]):
        talk(thread, UPLOAD)
        requests = [fill_in(REQUESTS[one], world) for one in REQUESTS if one not in ("in HTTP/1.0", "with an upgrade")]
        together.append(talk(thread, *requests))
    assert together[0] == together[1]
    assert together[0].count(b"HTTP/1.1 ") == len(REQUESTS) - 2


def test_polls_behind_an_upload_in_the_same_packet_are_answered_in_their_order(start: Start) -> None:
    (thread, world), _ = start_twice(start, SCENARIOS["plain"])
    ids = [poll(UNKNOWN, f"X-Request-Id: {number}").encode() for number in range(3)]
    answers = talk(thread, ids[0], UPLOAD, ids[1], UPLOAD, ids[2])
    assert re.findall(rb"HTTP/1\.1 (\d+) ", answers) == [b"404", b"202", b"404", b"202", b"404"]
    assert [e.request.headers.get("x-request-id") for e in world.journal] == ["0", None, "1", None, "2"]


@pytest.mark.parametrize("scenario", ["plain", "by polls"])
def test_a_poll_that_comes_byte_by_byte_is_a_poll(start: Start, scenario: str) -> None:
    (short, world), (long, twin) = start_twice(start, SCENARIOS[scenario])
    answers: list[bytes] = []
    for thread, of in ((short, world), (long, twin)):
        talk(thread, UPLOAD)
        with connect(thread) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for byte in fill_in(REQUESTS["the last"], of):
                connection.sendall(bytes([byte]))
            answers.append(read_all(connection))
    assert answers[0] == answers[1]
    assert answers[0].startswith(b"HTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET\r\n\r\n",
        b"NONE /api HTTP/1.1\r\n\r\n",
        b"GET /api HTTP/9.9\r\n\r\n",
        b"GET /api HTTP/1.1\r\nno colon\r\n\r\n",
        b"POST /api HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        b"POST /api HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"POST /api HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        b"GET /api HTTP/1.1\r\nX: a\0b\r\n\r\n",
        b"\0" * 100,
    ],
    ids=repr,
)
def test_what_is_not_http_is_refused_in_the_envelope_or_cut_off(start: Start, garbage: bytes) -> None:
    thread = start()
    answer = talk(thread, garbage)
    assert answer == b"" or answer.startswith((b"HTTP/1.1 400 Bad Request\r\n", b"HTTP/1.1 404 "))
    assert talk(thread, REQUESTS["into no world"].encode()).startswith(b"HTTP/1.1 404 ")


@pytest.mark.parametrize(
    "head",
    [
        f"GET {ENDPOINT}/{UNKNOWN} HTTP/1.1\r\nX: {'a' * LARGEST_HEAD}\r\n\r\n",
        f"GET {ENDPOINT}/{'a' * LARGEST_HEAD} HTTP/1.1\r\n\r\n",
        f"GET {ENDPOINT}/{UNKNOWN} HTTP/1.1\r\n" + "X: a\r\n" * LARGEST_HEAD + "\r\n",
        f"POST {ENDPOINT} HTTP/1.1\r\nX: {'a' * (1 << 20)}\r\n\r\n",
    ],
    ids=["value", "path", "count", "upload"],
)
def test_a_head_that_is_too_large_is_refused(start: Start, head: str) -> None:
    """Of 64 KiB; below that bound it is taken."""
    thread = start()
    with connect(thread) as connection:
        with contextlib.suppress(ConnectionError):
            connection.sendall(head.encode())
        answer = read_all(connection)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 400 ")
    below = f"GET {ENDPOINT}/{UNKNOWN} HTTP/1.1\r\nHost: x\r\nX: {'a' * (LARGEST_HEAD - 200)}\r\n\r\n"
    assert talk(thread, below.encode()).startswith(b"HTTP/1.1 404 ")


def test_a_head_without_an_end_is_cut_off(start: Start) -> None:
    thread = start()
    sent = 0
    with connect(thread) as connection, contextlib.suppress(ConnectionError):
        connection.sendall(b"GET / HTTP/1.1\r\nX: ")
        while sent < 1024 * LARGEST_HEAD:  # more than a system buffers
            sent += connection.send(b"a" * 65_536)
    assert LARGEST_HEAD <= sent < 1024 * LARGEST_HEAD


@pytest.fixture
def held(hold: Callable[..., HeldServer], monkeypatch: pytest.MonkeyPatch) -> HeldServer:
    """A server whose time the test moves, and that gives a head two seconds: less than it keeps idle connections."""
    monkeypatch.setattr(http1, "HEAD_SECONDS", 2.0)
    return hold(Platform(World("", Scenario(limits=Limits(upload_seconds=1e9)), Clock(frozen=True))))


@pytest.mark.parametrize(
    "beginning", [b"", b"GET /api HTTP/1.1\r\nHost", UPLOAD + b"GET"], ids=["nothing", "half", "next"]
)
def test_a_client_that_never_finishes_its_head_is_cut_off(held: HeldServer, beginning: bytes) -> None:
    with connect(held.thread) as connection:
        held.wait_for_connections(1)
        held.send(connection, beginning)
        answers = [read_answer(connection, UPLOAD) for _ in range(beginning.count(UPLOAD))]
        assert held.move(1.9) == 1
        assert held.move(0.2) == 0
        assert read_all(connection) == b""
    assert [answer[:12] for answer in answers] == [b"HTTP/1.1 202"] * len(answers)


def test_the_time_for_a_head_does_not_begin_anew_with_each_piece_of_it(held: HeldServer) -> None:
    with connect(held.thread) as connection:
        held.wait_for_connections(1)
        for byte in b"GET":
            held.send(connection, bytes([byte]))
            assert held.move(0.6) == 1
        held.send(connection, b" ")
        assert held.move(0.3) == 0


def test_a_client_that_begins_another_head_and_never_finishes_it_is_cut_off(held: HeldServer) -> None:
    with connect(held.thread) as connection:
        held.send(connection, UPLOAD)
        assert read_answer(connection, UPLOAD).startswith(b"HTTP/1.1 202 ")
        assert held.move(1.5) == 1
        held.send(connection, b"GET /api")
        assert held.move(1.5) == 1
        assert held.move(0.6) == 0
        assert read_all(connection) == b""


@pytest.mark.parametrize(
    "cuts",
    [(len(UPLOAD) - len(FORM),), (len(UPLOAD) - 20,), (5, 50, len(UPLOAD) - 20)],
    ids=["after the head", "in the body", "in the head and in the body"],
)
def test_a_client_that_is_slow_with_its_body_is_not_taken_for_one_without_a_head(
    held: HeldServer, cuts: tuple[int, ...]
) -> None:
    with connect(held.thread) as connection:
        for start, end in pairwise((0, *cuts)):
            held.send(connection, UPLOAD[start:end])
        assert held.move(1000) == 1
        held.send(connection, UPLOAD[cuts[-1] : -10])
        assert held.move(1000) == 1
        held.send(connection, UPLOAD[-10:])
        assert read_answer(connection, UPLOAD).startswith(b"HTTP/1.1 202 ")


def test_a_client_that_does_not_read_is_not_read_from(hold: Callable[..., HeldServer]) -> None:
    """Row 10 of the demands: answers that nobody fetches do not pile up, the client can't send any more either."""
    world = World("", Scenario(), Clock(frozen=True))
    # Time is held: with both ends full, the system takes seconds to pass anything on, and the connection seems to be idle.
    thread = hold(Platform(world)).thread
    requests = memoryview(poll(UNKNOWN).encode() * 500)
    sent, answered = 0, -1
    with connect(thread, room=1 << 16) as connection:
        connection.settimeout(0.1)
        # As long as the server still takes something, though it may be slow.
        while answered < thread.call(lambda: world.journal.total):
            answered = world.journal.total
            with contextlib.suppress(TimeoutError):
                while sent < MOST_SENT:
                    sent += connection.send(requests[sent % len(requests) :])
            thread.list_connections()  # which gives it turns in which to read
        assert sent < MOST_SENT
        whole = sent // len(poll(UNKNOWN))
        connection.settimeout(PATIENCE_S)
        answers, rest = 0, b""
        while answers < whole and (piece := connection.recv(1 << 20)):
            rest += piece
            answers += rest.count(b"HTTP/1.1 404 ")
            rest = rest[-12:]
    assert answers == whole


@pytest.fixture
def late(connect_line: Callable[..., Any]) -> Any:
    """A connection whose client has asked for a task, and fetches nothing."""
    line = connect_line()
    line.connection.data_received(poll(UNKNOWN).encode())
    line.connection.pause_writing()
    return line


@pytest.mark.parametrize("rest", [b"", b"GET /api"], ids=["nothing", "half a head"])
def test_a_client_that_reads_late_is_not_taken_for_one_that_is_idle_or_slow(
    connect_line: Callable[..., Any], rest: bytes
) -> None:
    """What it has asked for waits, and so does what it would ask for: it is not read from."""
    late = connect_line()
    late.connection.data_received(poll(UNKNOWN).encode() + rest)
    late.connection.pause_writing()
    assert not late.wire.reads
    assert late.move(http1.FETCH_SECONDS - 3)
    assert late.move(2)
    late.connection.resume_writing()
    assert late.wire.reads
    bound = http1.HEAD_SECONDS if rest else http1.IDLE_SECONDS
    assert late.move(bound - 1)
    late.connection.pause_writing()
    assert late.move(2)
    late.connection.resume_writing()
    assert late.move(bound - 1)
    assert not late.move(2)
    late.connection.connection_lost(None)


def test_a_client_that_never_reads_is_cut_off(late: Any) -> None:
    assert late.move(http1.FETCH_SECONDS - 1)
    assert not late.move(2)
    late.connection.connection_lost(None)


def test_a_client_that_reads_now_and_then_is_not_cut_off(late: Any) -> None:
    for _ in range(5):
        assert late.move(http1.FETCH_SECONDS - 1)
        late.connection.resume_writing()
        late.connection.pause_writing()
    late.connection.connection_lost(None)
