from __future__ import annotations

import contextlib
import ctypes
import signal
import socket
import sys
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from diarkit_mockserver.serving.server import ServerThread, bind, reach, retain_memory, write_url
from diarkit_mockserver.world.platform import Platform
from diarkit_mockserver.world.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Ask = Callable[..., Any]

ENDPOINT = "/api/technology/speaker-diarization"


@contextlib.contextmanager
def loose_ends(url: str) -> Iterator[list[socket.socket]]:
    """A connection that is only open, one that is kept open after an answer, and two in the middle of an upload."""
    address = urlsplit(url)
    with contextlib.ExitStack() as stack:
        clients = [
            stack.enter_context(socket.create_connection((address.hostname, address.port), 10)) for _ in range(4)
        ]
        clients[1].sendall(b"GET /api/system/info HTTP/1.1\r\nHost: x\r\n\r\n")
        assert clients[1].recv(1000).startswith(b"HTTP/1.1 200")
        head = f"POST {ENDPOINT} HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\nContent-Type: multipart/form-data; boundary=b\r\n"
        clients[2].sendall(head.encode())
        clients[3].sendall(f"{head}Expect: 100-continue\r\n\r\n".encode())
        assert clients[3].recv(1000).startswith(b"HTTP/1.1 100")
        clients[3].sendall(b"--b\r\nContent-Disposition: form-data; name=file; filename=a\r\n\r\nRIFF")
        yield clients


def test_a_port_is_known_before_the_server_starts() -> None:
    with bind("127.0.0.1", 0) as bound:
        assert write_url(bound) == f"http://127.0.0.1:{bound.getsockname()[1]}"
        with bind("127.0.0.1", 0) as other:
            assert other.getsockname()[1] != bound.getsockname()[1]


def test_a_port_in_use_is_an_error() -> None:
    with bind("127.0.0.1", 0) as bound, pytest.raises(OSError, match="in use"):
        bind("127.0.0.1", bound.getsockname()[1])


@pytest.mark.parametrize(("host", "port"), [("no-such-host.invalid", 0), ("203.0.113.1", 0)])
def test_an_address_that_is_not_ours_is_an_error(host: str, port: int) -> None:
    with pytest.raises(OSError):  # noqa: PT011 - what it says is the system's affair
        bind(host, port)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("0.0.0.0", "http://127.0.0.1:8000"),  # noqa: S104 - never bound
        ("::", "http://[::1]:8000"),
        ("::1", "http://[::1]:8000"),
        ("localhost", "http://localhost:8000"),
    ],
)
def test_a_server_is_reached_on_its_own_machine(host: str, expected: str) -> None:
    assert reach(host, 8000) == expected


def test_a_thread_answers_as_soon_as_it_is_made(ask: Ask) -> None:
    server = ServerThread(Platform(World()), bind("127.0.0.1", 0))
    try:
        assert ask(server.url, "GET", "/api/system/info").status == 200
    finally:
        server.stop()


def test_a_thread_stops_at_once_with_loose_ends_and_frees_its_port(caplog: pytest.LogCaptureFixture) -> None:
    before = set(threading.enumerate())
    server = ServerThread(Platform(World()), bind("127.0.0.1", 0))
    with loose_ends(server.url) as clients:
        server.stop()
        assert set(threading.enumerate()) <= before  # what was left by others may end meanwhile
        for client in clients:
            with contextlib.suppress(ConnectionError):
                assert client.recv(1000) == b""
        bind("127.0.0.1", urlsplit(server.url).port or 0).close()
    assert [record.getMessage() for record in caplog.records if record.levelname in {"ERROR", "CRITICAL"}] == []


def test_stopping_twice_does_no_harm() -> None:
    server = ServerThread(Platform(World()), bind("127.0.0.1", 0))
    server.stop()
    server.stop()


def test_many_threads_may_serve_at_once(ask: Ask) -> None:
    servers = [ServerThread(Platform(World()), bind("127.0.0.1", 0)) for _ in range(5)]
    try:
        assert len({server.url for server in servers}) == 5
        assert {ask(server.url, "GET", "/api/system/info").status for server in servers} == {200}
    finally:
        for server in servers:
            server.stop()


def test_a_function_is_called_in_the_servers_thread(start: Callable[..., ServerThread]) -> None:
    server = start()
    name = server.call(lambda: threading.current_thread().name)
    assert name == f"diarkit {server.url}"
    assert server.call(max, 1, 2) == 2


def test_what_a_called_function_raises_is_raised_here(start: Callable[..., ServerThread]) -> None:
    server = start()
    with pytest.raises(ZeroDivisionError):
        server.call(lambda: 1 // 0)
    assert server.call(lambda: "well") == "well"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_process_whatever_is_open(serve: Callable[..., Any], number: int) -> None:
    running = serve("--port", "0")
    with loose_ends(running.url):
        assert running.end(number) == 0
    log = running.log.read_text("utf-8")
    assert "Traceback" not in log
    assert "ERROR" not in log


def test_two_signals_end_the_process_as_one_does(serve: Callable[..., Any]) -> None:
    running = serve("--port", "0")
    running.process.send_signal(signal.SIGINT)
    assert running.end(signal.SIGINT) in {0, -signal.SIGINT}
    assert "Traceback" not in running.log.read_text("utf-8")


def test_the_date_and_the_servers_name_are_in_no_answer(start: Callable[..., ServerThread], ask: Ask) -> None:
    answer = ask(start().url, "GET", "/api/system/info")
    assert {name.lower() for name, _ in answer.headers} == {
        "content-type",
        "content-length",
        "x-request-id",
        "x-correlation-id",
    }


@pytest.mark.skipif(sys.platform != "linux", reason="the option is glibc's")
@pytest.mark.parametrize("is_there", [True, False])
def test_memory_of_received_pieces_is_retained_where_the_c_library_can(
    monkeypatch: pytest.MonkeyPatch, *, is_there: bool
) -> None:
    options: dict[int, int] = {}

    class Library:
        def __getattr__(self, name: str) -> Any:
            if name != "mallopt" or not is_there:
                raise AttributeError(name)
            return options.__setitem__

    monkeypatch.setattr(ctypes, "CDLL", lambda _: Library())
    retain_memory()
    assert options == ({-1: 8 << 20, -3: 8 << 20} if is_there else {})
