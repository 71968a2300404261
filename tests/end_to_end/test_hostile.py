from __future__ import annotations

import contextlib
import re
import resource
import socket
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from diarkit_mockserver.clock import Clock
from diarkit_mockserver.intake.request import ENDPOINT
from diarkit_mockserver.scenario.limits import Limits
from diarkit_mockserver.scenario.model import Scenario
from diarkit_mockserver.serving import connection as http1
from diarkit_mockserver.serving.server import ServerThread, bind
from diarkit_mockserver.world.platform import Platform
from diarkit_mockserver.world.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PATIENCE_S = 60.0
MANY_CONNECTIONS = 2000
FILE = 'Content-Disposition: form-data; name="file"; filename="call.wav"\r\n\r\n'


@pytest.fixture
def world() -> World:
    return World("", Scenario(course="immediate", limits=Limits(upload_seconds=120)), Clock(frozen=True))


@pytest.fixture
def thread(world: World) -> Iterator[ServerThread]:
    """A server that has to be well at the end, whatever came before."""
    thread = ServerThread(Platform(world), bind("127.0.0.1", 0))
    yield thread
    try:
        assert_is_well(thread)
    finally:
        thread.stop()


def assert_is_well(thread: ServerThread) -> None:
    assert exchange(thread, write_upload(f"--b\r\n{FILE}sound\r\n--b--\r\n".encode()))[:12] == b"HTTP/1.1 202"
    assert exchange(thread, b"GET /api/system/status HTTP/1.1\r\nHost: x\r\n\r\n")[:12] == b"HTTP/1.1 200"
    while thread.list_connections():
        pass  # what is closed here is closed there a moment later; or the test's own time is up


def connect(thread: ServerThread) -> socket.socket:
    address = urlsplit(thread.url)
    return socket.create_connection((address.hostname, address.port), PATIENCE_S)


def read_some(connection: socket.socket) -> bytes:
    """Read an answer; less, or nothing, if the connection ended before."""
    received = b""
    with contextlib.suppress(ConnectionError):
        while not is_whole(received) and (piece := connection.recv(65536)):
            received += piece
    return received


def is_whole(answer: bytes) -> bool:
    head, end, body = answer.partition(b"\r\n\r\n")
    length = re.search(rb"\r\ncontent-length: (\d+)", head)
    return bool(end) and (length is None or len(body) >= int(length[1]))


def exchange(thread: ServerThread, request: bytes) -> bytes:
    with connect(thread) as connection:
        with contextlib.suppress(ConnectionError):
            connection.sendall(request)
        return read_some(connection)


def write_upload(body: bytes, boundary: str = "b", length: int | None = None) -> bytes:
    head = f"POST {ENDPOINT} HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary={boundary}\r\n"
    return f"{head}Content-Length: {len(body) if length is None else length}\r\n\r\n".encode() + body


BROKEN: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "b"),
    "no boundary at all": (b"just text", "b"),
    "another boundary": (f"--c\r\n{FILE}x\r\n--c--\r\n".encode(), "b"),
    "no end": (f"--b\r\n{FILE}x".encode(), "b"),
    "no end of the head": (b"--b\r\n" + b"X: y\r\n" * 10, "b"),
    "a head without a colon": (b"--b\r\nno colon\r\n\r\nx\r\n--b--\r\n", "b"),
    "a part without a name": (b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n", "b"),
    "an endless head of a part": (b"--b\r\nX: " + b"a" * (1 << 20), "b"),
    "a million heads of a part": (b"--b\r\n" + b"X: y\r\n" * 200_000, "b"),
    "an empty boundary": (f"--\r\n{FILE}x\r\n----\r\n".encode(), '""'),
    "a boundary that is too long": (f"--{'b' * 5000}\r\n{FILE}x\r\n".encode(), "b" * 5000),
    "only dashes": (b"-" * 1_000_000, "b"),
    "only line breaks": (b"\r\n" * 500_000, "b"),
    "zeros": (bytes(1_000_000), "b"),
    "ten thousand parts": (
        b'--b\r\nContent-Disposition: form-data; name="n"\r\n\r\nx\r\n' * 10_000 + b"--b--\r\n",
        "b",
    ),
    "ten thousand files": (f"--b\r\n{FILE}x\r\n".encode() * 10_000 + b"--b--\r\n", "b"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_form_is_refused(thread: ServerThread, world: World, name: str) -> None:
    """Row 11 of the demands: answered, and never a hang or a crash."""
    body, boundary = BROKEN[name]
    answer = exchange(thread, write_upload(body, boundary))
    assert answer[:12] in (b"HTTP/1.1 400", b"HTTP/1.1 422"), answer[:200]
    assert b'"type":"request.' in answer
    assert len(world.tasks) == 0
    assert [entry.status for entry in world.journal] in ([400], [422])


@pytest.mark.parametrize("boundary", ["b", "-", "'", "0"])
@pytest.mark.parametrize("content", [b"sound", b"-" * 100_000, b"b" * 100_000, b"\r\n--" * 50_000, b"\r\n-b" * 50_000])
def test_a_boundary_of_one_byte_is_one(thread: ServerThread, world: World, boundary: str, content: bytes) -> None:
    """Taken if the content does not hold it; refused, and not hung over, if it does."""
    body = f"--{boundary}\r\n{FILE}".encode() + content + f"\r\n--{boundary}--\r\n".encode()
    answer = exchange(thread, write_upload(body, boundary))
    if f"\r\n--{boundary}".encode() in content:
        assert answer[:12] in (b"HTTP/1.1 400", b"HTTP/1.1 202")
    else:
        assert answer[:12] == b"HTTP/1.1 202"
        assert [task.size for task in world.tasks] == [len(content)]


@pytest.mark.parametrize(
    "head",
    [
        "X: " + "a" * (1 << 20),
        "X: y\r\n" * (1 << 18) + "X: y",
        "a" * (1 << 20) + ": x",
        "Content-Length: " + "9" * 10_000,
        "Content-Type: multipart/form-data; boundary=" + "b" * (1 << 20),
    ],
    ids=["a long value", "many", "a long name", "a huge length", "a long boundary"],
)
@pytest.mark.parametrize(
    "line", [f"POST {ENDPOINT}", f"GET {ENDPOINT}/00000000-0000-4000-8000-000000000000", "GET /docs"]
)
def test_a_megabyte_of_headers_is_refused_or_cut_off(thread: ServerThread, line: str, head: str) -> None:
    answer = exchange(thread, f"{line} HTTP/1.1\r\nHost: x\r\n{head}\r\n\r\n".encode())
    assert answer == b"" or answer.startswith(b"HTTP/1.1 400 ")


def test_slow_uploads_are_refused_when_their_time_is_over(thread: ServerThread, world: World) -> None:
    """On the world's clock: the limits page's two minutes pass without a real second."""
    with ExitStack() as stack:
        slow = [stack.enter_context(connect(thread)) for _ in range(20)]
        for one in slow:
            one.sendall(write_upload(b"--b\r\n", length=100_000))
        while thread.call(lambda: len(world.clock._changed)) < len(slow):  # noqa: SLF001 - nothing else tells
            pass
        for one in slow[:10]:
            one.sendall(b"C")
        thread.call(world.clock.advance, 120)
        answers = [read_some(one) for one in slow]
    assert all(answer.startswith(b"HTTP/1.1 400 ") for answer in answers)
    assert [entry.note for entry in world.journal] == ["limits.upload_seconds: the body did not arrive in time"] * 20


@pytest.mark.parametrize("beginning", [b"", b"G", b"POST /api HTTP/1.1\r\nHost: x\r\nX: "])
def test_slow_heads_are_cut_off(hold: Callable[[Platform], Any], world: World, beginning: bytes) -> None:
    held = hold(Platform(world))
    with ExitStack() as stack:
        slow = [stack.enter_context(connect(held.thread)) for _ in range(50)]
        held.wait_for_connections(50)
        for one in slow:
            held.send(one, beginning)
        assert held.move(http1.HEAD_SECONDS - 1) == 50
        assert held.move(2) == 0
        assert [read_some(one) for one in slow] == [b""] * 50
    assert_is_well(held.thread)


@pytest.fixture
def many_files() -> Iterator[None]:
    """Allow as many connections as the test needs, both ends being here."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = 2 * MANY_CONNECTIONS + 200
    if hard != resource.RLIM_INFINITY and hard < needed:
        pytest.skip(f"{needed} open files are needed, {hard} are allowed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, needed), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("beginning", [b"", b"GET /api/sys"], ids=["silent", "half a head"])
def test_two_thousand_idle_connections_keep_nobody_from_being_served(
    many_files: None, thread: ServerThread, beginning: bytes
) -> None:
    with ExitStack() as stack:
        idle = [stack.enter_context(connect(thread)) for _ in range(MANY_CONNECTIONS)]
        for one in idle:
            one.sendall(beginning)
        status = exchange(thread, b"GET /api/system/status HTTP/1.1\r\nHost: x\r\n\r\n")
        assert status.startswith(b"HTTP/1.1 200 ")
        assert len(thread.list_connections()) >= MANY_CONNECTIONS


def test_connections_that_are_thrown_away_at_every_point_leave_nothing_behind(
    thread: ServerThread, world: World
) -> None:
    request = write_upload(f"--b\r\n{FILE}sound\r\n--b--\r\n".encode())
    for cut in range(0, len(request), 7):
        with connect(thread) as connection:
            connection.sendall(request[:cut])
            if cut % 2:
                linger: Any = (1).to_bytes(4, "little") + (0).to_bytes(4, "little")
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    assert len(world.tasks) == 0
