"""`diarkit proxy` between clients of others and a live platform, in whose place a fake stands: three processes."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
import requests
import yaml

from diarkit_fixtures.samples.write import write_samples

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

EXAMPLES = Path(__file__).parents[2] / "examples"
ENDPOINT = "/api/technology/speaker-diarization"
NAMES = ("Kathryn_Paula.wav", "Laura_Harry_Veronika.wav", "Veronika_Harry.wav")

LIVE = """
version: 1
course: {seconds: {pending: 0.05, running: 0.1}}
rules:
  - when: {filename: "Kathryn*"}
    then: {failed: "Processing failed."}
"""

HEAD = b'--b\r\nContent-Disposition: form-data; name="file"; filename="long.wav"\r\n\r\n'
TAIL = b"\r\n--b--\r\n"
FORM = {"Content-Type": "multipart/form-data; boundary=b"}
PIECE = bytes(1 << 20)
MEBIBYTES = 200
ALLOWED_KB = 30_000


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recordings")
    write_samples(folder, list(NAMES))
    return folder


@pytest.fixture
def live(serve: Callable[..., Any], tmp_path: Path) -> Any:
    """A fake in the place of a live platform."""
    (tmp_path / "live.yaml").write_text(LIVE, "utf-8")
    return serve("--scenario", str(tmp_path / "live.yaml"), "--upload-seconds", "1000")


def run_client(script: str, url: str, folder: Path) -> tuple[int, str]:
    """Run a client of the examples, and return its exit code and all that it says."""
    environment = {**os.environ, "SPEECH_PLATFORM_SERVER": url, "POLL_SECONDS": "0"}
    ended = subprocess.run(
        [sys.executable, str(EXAMPLES / script), *NAMES],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    return ended.returncode, ended.stdout + ended.stderr


@pytest.mark.parametrize("script", ["client.py", "vendor_style_client.py"])
def test_a_client_sees_no_proxy_and_later_no_platform(
    serve: Callable[..., Any], proxy: Callable[..., Any], live: Any, recordings: Path, tmp_path: Path, script: str
) -> None:
    """Direct, through the proxy, and by what that recorded when the platform is gone: the same answers."""
    saved = tmp_path / "saved.yaml"
    direct = run_client(script, live.url, recordings)
    assert '"segments"' in direct[1]
    standing = proxy(live.url, "--save", str(saved))
    assert run_client(script, standing.url, recordings) == direct
    code, written = standing.end()
    assert (code, "no findings" in written) == (0, True), written
    live.end()
    assert len(yaml.safe_load(saved.read_text("utf-8"))["rules"]) == len(NAMES)
    assert run_client(script, serve("--scenario", str(saved), "--seed", "99").url, recordings) == direct


def write_body(mebibytes: int) -> Iterator[bytes]:
    yield HEAD
    for _ in range(mebibytes):
        yield PIECE
    yield TAIL


def test_a_platform_that_dies_is_told_and_leaves_what_was_recorded(
    proxy: Callable[..., Any], live: Any, tmp_path: Path
) -> None:
    saved = tmp_path / "saved.yaml"
    standing = proxy(live.url, "--save", str(saved))
    with requests.Session() as session:
        ended = session.post(standing.url + ENDPOINT, files={"file": ("Kathryn.wav", b"x")}, timeout=60)
        while session.get(ended.headers["x-location"], timeout=60).json()["task"]["state"] in {"pending", "running"}:
            pass
        begun = session.post(standing.url + ENDPOINT, files={"file": ("a.wav", b"x")}, timeout=60)
    before = saved.read_bytes()
    address, size = urlsplit(standing.url), 64
    length = len(HEAD) + size * len(PIECE) + len(TAIL)
    head = f"POST {ENDPOINT} HTTP/1.1\r\nHost: h\r\nContent-Type: {FORM['Content-Type']}\r\nContent-Length: {length}\r\n\r\n"
    with socket.create_connection((address.hostname, address.port), 60) as client:
        client.sendall(head.encode() + HEAD)
        for _ in range(size // 2):  # more than fits into all that is between: the platform has some of it
            client.sendall(PIECE)
        os.kill(live.pid, signal.SIGKILL)
        answer = http.client.HTTPResponse(client)
        answer.begin()
        problem = json.loads(answer.read())
    poll = requests.get(begun.headers["x-location"], timeout=60)
    for status, kind, told in (
        (answer.status, answer.getheader("content-type"), problem),
        (poll.status_code, poll.headers["content-type"], poll.json()),
    ):
        assert (status, kind) == (502, "application/problem+json")
        assert told["detail"].startswith(f"diarkit proxy: {live.url} does not answer: ")
    code, written = standing.end()
    assert code == 0, written  # what the platform answered was right; that it is gone is no finding
    assert saved.read_bytes() == before


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")
def test_a_large_upload_passes_in_constant_memory(proxy: Callable[..., Any], live: Any) -> None:
    def read_memory(name: str) -> int:
        lines = Path(f"/proc/{standing.pid}/status").read_text("utf-8").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))

    standing = proxy(live.url)
    idle = read_memory("VmRSS")
    address = urlsplit(standing.url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=300)
    length = len(HEAD) + MEBIBYTES * len(PIECE) + len(TAIL)
    connection.request("POST", ENDPOINT, write_body(MEBIBYTES), {**FORM, "Content-Length": str(length)})
    assert connection.getresponse().status == 202
    connection.close()
    assert read_memory("VmHWM") - idle < ALLOWED_KB
