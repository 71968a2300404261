from __future__ import annotations

import logging
import os
import signal
import socket
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from diarkit_mockserver.intake.request import ENDPOINT
from diarkit_mockserver.scenario.faults import Drip, Fault
from diarkit_mockserver.scenario.model import Scenario
from diarkit_mockserver.scenario.when import When
from diarkit_mockserver.serving.server import ServerThread, bind
from diarkit_mockserver.world.platform import Platform
from diarkit_mockserver.world.world import World

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

PATIENCE_S = 60.0
UPLOAD_HEAD = (
    f"POST {ENDPOINT} HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: "
)
DRIPPING = Scenario(
    course="immediate", faults=(Fault(on="submit", when=When(filename="slow"), drip=Drip(bytes=1, every=1000)),)
)


def write_upload(filename: str) -> bytes:
    form = f'--b\r\nContent-Disposition: form-data; name="file"; filename="{filename}"\r\n\r\nno audio\r\n--b--\r\n'
    return f"{UPLOAD_HEAD}{len(form)}\r\n\r\n{form}".encode()


class Crowd:
    """200 clients that keep their connection, ten that are in the middle of an upload, ten that wait for a dripping answer."""

    def __init__(self, stack: ExitStack, url: str) -> None:
        address = urlsplit(url)

        def connect() -> socket.socket:
            return stack.enter_context(socket.create_connection((address.hostname, address.port), PATIENCE_S))

        self.idle = [connect() for _ in range(200)]
        for one in self.idle:
            one.sendall(b"GET /api/system/info HTTP/1.1\r\nHost: x\r\n\r\n")
            assert one.recv(65536).startswith(b"HTTP/1.1 200 ")
        self.uploading = [connect() for _ in range(10)]
        for one in self.uploading:
            one.sendall(f"{UPLOAD_HEAD}1000000\r\n\r\n--b\r\n".encode())
        self.dripping = [connect() for _ in range(10)]
        for one in self.dripping:
            one.sendall(write_upload("slow"))
            assert one.recv(65536).startswith(b"HTTP/1.1 202 ")
        self.all = self.idle + self.uploading + self.dripping

    def hear_the_end(self) -> int:
        """How many connections end instead of hanging."""
        ended = 0
        for one in self.all:
            try:
                while one.recv(65536):
                    pass
            except ConnectionResetError:
                pass
            ended += 1
        return ended


def is_refused(url: str) -> bool:
    address = urlsplit(url)
    with socket.socket() as late:
        return late.connect_ex((address.hostname, address.port)) != 0


def test_a_stop_ends_whatever_is_open(caplog: pytest.LogCaptureFixture) -> None:
    """Row 8 of the demands."""
    thread = ServerThread(Platform(World("", DRIPPING)), bind("127.0.0.1", 0))
    with ExitStack() as stack:
        crowd = Crowd(stack, thread.url)
        thread.stop()
        assert crowd.hear_the_end() == 220
        assert is_refused(thread.url)
        thread.stop()
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


def test_a_process_ends_as_well(serve: Callable[..., Any], tmp_path: Path) -> None:
    """Row 8 of the demands, by SIGTERM to `diarkit serve`; the fixture itself waits for the end."""
    file = tmp_path / "dripping.yaml"
    file.write_text(
        "course: immediate\nfaults: [{on: submit, when: {filename: slow}, drip: {bytes: 1, every: 1000}}]\n"
    )
    served = serve("--scenario", str(file))
    with ExitStack() as stack:
        crowd = Crowd(stack, served.url)
        os.kill(served.pid, signal.SIGTERM)
        assert crowd.hear_the_end() == 220
        while not is_refused(served.url):
            pass  # until the test's own time is up
