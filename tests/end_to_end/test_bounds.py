"""What a client can make the server keep, in bytes of its own memory: unread answers, large heads, large configs."""

from __future__ import annotations

import contextlib
import http.client
import json
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
PATIENCE_S = 60.0
SEGMENTS = 20_000
"""Of the result: more than a megabyte of JSON."""

POLLS = 2_000
FORM = (
    '--b\r\nContent-Disposition: form-data; name="config"\r\n\r\n{}\r\n'
    '--b\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\nx\r\n--b--\r\n'
)


def read_memory(pid: int, name: str = "VmRSS") -> int:
    """Read resident or peak memory of a process, in kB."""
    lines = Path(f"/proc/{pid}/status").read_text("utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


@contextlib.contextmanager
def connect(url: str) -> Iterator[http.client.HTTPConnection]:
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=PATIENCE_S)
    with contextlib.closing(connection):
        yield connection


def upload(connection: http.client.HTTPConnection, config: str = "{}", **headers: str) -> str:
    kind = {"Content-Type": "multipart/form-data; boundary=b"}
    connection.request("POST", ENDPOINT, FORM.format(config), {**kind, **headers})
    response = connection.getresponse()
    body = response.read()
    assert response.status == 202, body
    return str(json.loads(body)["task"]["task_id"])


def test_answers_that_nobody_fetches_take_no_memory(serve: Callable[..., Any], tmp_path: Path) -> None:
    """Row 10 of the demands: 2,000 polls of more than a megabyte, none of them read."""
    scenario = tmp_path / "long.json"
    said = [{"speaker_id": 0, "start_time": number, "end_time": number + 0.5} for number in range(SEGMENTS)]
    scenario.write_text(json.dumps({"course": "immediate", "rules": [{"then": {"segments": [said]}}]}))
    served = serve("--scenario", str(scenario))
    address = urlsplit(served.url)
    with connect(served.url) as other:
        path = f"{ENDPOINT}/{upload(other)}"
        other.request("GET", path)
        assert len(other.getresponse().read()) > 1_000_000
        before = read_memory(served.pid)
        with socket.create_connection((address.hostname, address.port), PATIENCE_S) as greedy:
            greedy.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode() * POLLS)
            for _ in range(20):
                other.request("GET", "/api/system/info")
                assert other.getresponse().read()
            assert read_memory(served.pid, "VmHWM") - before < 64_000
            answers = 0
            while answers < 50:
                answers += greedy.recv(1 << 20).count(b"HTTP/1.1 200 OK")


@pytest.mark.parametrize(
    ("headers", "config", "count"),
    [
        ({"X": "y" * 60_000}, "{}", 2000),
        ({f"X-{number}": "y" for number in range(90)}, "{}", 2000),
        ({}, '{"a": [' + '{"":0},' * 140_000 + "0]}", 30),
    ],
    ids=["60 KB of headers", "many headers", "configs of 1 MB"],
)
def test_the_journal_is_bounded_in_bytes(
    serve: Callable[..., Any], headers: dict[str, str], config: str, count: int
) -> None:
    served = serve("--log-level", "error")
    with connect(served.url) as connection:
        upload(connection)
        before = read_memory(served.pid)
        for _ in range(count):
            upload(connection, config, **headers)
    # The ring's 64 MiB, and one request that is being read.
    assert read_memory(served.pid, "VmHWM") - before < 160_000
