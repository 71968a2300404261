from __future__ import annotations

import http.client
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from diarkit_fixtures.wav.file import write_wav_head

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc"),
]

ENDPOINT = "/api/technology/speaker-diarization"
SIZE = 2 << 30
PIECE = bytes(1 << 20)
CHANNELS = 8
RATE_HZ = 48_000
ALLOWED_KB = 30_000
HEAD = b'--b\r\nContent-Disposition: form-data; name="file"; filename="long.wav"\r\n\r\n'
TAIL = b"\r\n--b--\r\n"


def read_memory(pid: int, name: str) -> int:
    """Read VmRSS or VmHWM of a process, in kB."""
    lines = Path(f"/proc/{pid}/status").read_text("utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


def write_body(head: bytes) -> Iterator[bytes]:
    yield HEAD
    yield head
    for _ in range(SIZE // len(PIECE)):
        yield PIECE
    yield TAIL


@pytest.mark.parametrize("kind", ["wav", "unknown"])
def test_two_gigabytes_leave_the_servers_memory_as_it_was(serve: Callable[..., Any], kind: str) -> None:
    served = serve("--upload-bytes", str(2 * SIZE), "--storage-bytes", str(2 * SIZE))
    address = urlsplit(served.url)
    frames = SIZE // (2 * CHANNELS)
    head = write_wav_head(frames, RATE_HZ, channels=CHANNELS, shape="RF64") if kind == "wav" else b"no audio"
    idle = read_memory(served.pid, "VmRSS")
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=60)
    length = len(HEAD) + len(head) + SIZE + len(TAIL)
    connection.request(
        "POST",
        ENDPOINT,
        write_body(head),
        {"Content-Type": "multipart/form-data; boundary=b", "Content-Length": str(length)},
    )
    response = connection.getresponse()
    task_id = json.loads(response.read())["task"]["task_id"]
    assert response.status == 202
    for _ in range(2):
        connection.request("GET", f"{ENDPOINT}/{task_id}")
        body = json.loads(connection.getresponse().read())
    connection.close()
    assert body["task"]["state"] == ("done" if kind == "wav" else "rejected")
    assert read_memory(served.pid, "VmHWM") - idle < ALLOWED_KB
