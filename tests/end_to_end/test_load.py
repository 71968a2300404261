from __future__ import annotations

import http.client
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc"),
]

ENDPOINT = "/api/technology/speaker-diarization"
FULL = 200_000
WARM = 20_000
EXCHANGES = FULL if os.environ.get("DIARKIT_TEST_LOAD") == "full" else 30_000
"""All of it takes a minute; what shows a leak at all shows it in a part of that."""

BATCH = 20
POLLS_PER_TASK = 39
ALLOWED_KB = 4096
"""Room for an allocator's habits. One forgotten exchange of 200 bytes each would take nearly as much in the shorter run, and ten times in the longer one."""

SCENARIO = """\
course: {polls: {running: 30}}
limits: {finished_tasks: 200}
rules: [{then: {speakers: 2}}]
"""


def read_memory(pid: int) -> int:
    """Resident memory of a process, in kB."""
    lines = Path(f"/proc/{pid}/status").read_text("utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))


class Client:
    """Uploads and polls over one connection that is kept; polls go out in batches, as from many clients at once."""

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        self.connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=60)
        self.connection.connect()
        self.exchanges = 0

    def upload(self) -> str:
        form = (
            f'--b\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n{self.exchanges}\r\n--b--\r\n'
        )
        self.connection.request("POST", ENDPOINT, form, {"Content-Type": "multipart/form-data; boundary=b"})
        response = self.connection.getresponse()
        assert response.status == 202
        response.read()
        self.exchanges += 1
        return str(response.headers["X-Location"])

    def poll(self, location: str, count: int) -> None:
        bare: Any = self.connection.sock
        assert isinstance(bare, socket.socket)
        bare.sendall(f"GET {urlsplit(location).path} HTTP/1.1\r\nHost: x\r\n\r\n".encode() * count)
        answers, rest = 0, b""
        while answers < count or not rest.endswith(b"}"):
            piece = bare.recv(1 << 16)
            assert piece, "the server closed the connection"
            joined = rest + piece
            answers += joined.count(b"HTTP/1.1 200 OK\r\n")
            rest = joined[-16:]
        assert answers == count
        self.exchanges += count


def live(client: Client) -> Iterator[None]:
    while True:
        location = client.upload()
        for start in range(0, POLLS_PER_TASK, BATCH):
            client.poll(location, min(BATCH, POLLS_PER_TASK - start))
        yield


def test_memory_stays_flat_after_the_first_20_000_exchanges(serve: Callable[..., Any], tmp_path: Path) -> None:
    """Row 10 of the demands: the journal's ring, the store of finished tasks and all that a request leaves are bounded."""
    file = tmp_path / "load.yaml"
    file.write_text(SCENARIO, "utf-8")
    served = serve("--scenario", str(file), "--log-level", "error")
    client = Client(served.url)
    life = live(client)
    while client.exchanges < WARM:
        next(life)
    warm = read_memory(served.pid)
    while client.exchanges < EXCHANGES:
        next(life)
    grown = read_memory(served.pid) - warm
    client.connection.close()
    assert grown < ALLOWED_KB, f"{grown} kB more after {client.exchanges} exchanges than after {WARM}"
