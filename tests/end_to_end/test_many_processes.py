"""Three replicas behind nginx with one Redis, while processes are killed: what was answered is never lost.

The whole of it, with 50,000 exchanges and twenty kills, takes minutes: DIARKIT_TEST_EXCHANGES=50000.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np
import pytest

from diarkit_fixtures.wav.file import write_wav
from diarkit_mockserver.intake.request import ENDPOINT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

EXCHANGES = int(os.environ.get("DIARKIT_TEST_EXCHANGES", "1500"))
KILLS = 20 if EXCHANGES >= 20_000 else 4
CLIENTS = 8
PATIENCE_S = 120.0
FINAL = {"done", "failed", "rejected"}
PROGRAM = "from diarkit_mockserver.commands.main import main; main()"
DOCUMENTED = {502, 503, 504}
"""nginx's own for a replica that is gone, and the envelope's for a store that is: what a client of a platform behind nginx has to expect."""

NGINX = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{}}
http {{
  access_log off; client_body_buffer_size 1m; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  upstream platform {{ {servers} }}
  server {{
    listen 127.0.0.1:{port};
    location / {{ proxy_pass http://platform; proxy_set_header Host $http_host; proxy_next_upstream off; proxy_request_buffering off; }}
  }}
}}
"""


def find_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number: int = free.getsockname()[1]
    return number


def wait_for(port: int) -> None:
    begun = time.monotonic()
    while time.monotonic() - begun < PATIENCE_S:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            continue
        return
    pytest.fail(f"nobody listens on {port}")


class Replicas:
    """Processes of `diarkit serve`, each on a port that it keeps."""

    def __init__(self, store: str, log: Path) -> None:
        self._store, self._log = store, log
        self.ports = [find_port() for _ in range(3)]
        self._processes = [self._start(port) for port in self.ports]
        for port in self.ports:
            wait_for(port)

    def _start(self, port: int) -> subprocess.Popen[bytes]:
        flags = ("--port", str(port), "--store", self._store, "--log-level", "warning", "--queue-length", "1000000")
        with self._log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-c", PROGRAM, "serve", *flags], stdout=subprocess.DEVNULL, stderr=log
            )

    def kill(self, place: int) -> None:
        """Kill one in the middle of whatever it does, and start it again."""
        self._processes[place].send_signal(signal.SIGKILL)
        self._processes[place].wait()
        self._processes[place] = self._start(self.ports[place])
        wait_for(self.ports[place])

    def close(self) -> None:
        for process in self._processes:
            process.terminate()
            process.wait(PATIENCE_S)


class Story:
    """What some clients did, and what they were answered."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._lock = threading.Lock()
        self.answers = 0
        self.errors: dict[str, int] = {}
        self.wrong: list[str] = []
        self.accepted: list[str] = []
        self.finished: dict[str, str] = {}
        self.ends = threading.Event()

    def run(self, number: int) -> None:
        """Upload a file, poll its task to the end, and begin again; what is an error is tried again."""
        turn = 0
        with httpx.Client(base_url=self._url, trust_env=False, timeout=PATIENCE_S) as client:
            while not self.ends.is_set():
                turn += 1
                files = {"file": (f"{number}-{turn}.wav", b"no audio")}
                accepted = self._try(lambda files=files: client.post(ENDPOINT, files=files), {202})
                if accepted is None:
                    continue
                task_id = accepted.json()["task"]["task_id"]
                with self._lock:
                    self.accepted.append(task_id)
                for _ in range(5):
                    polled = self._try(lambda task_id=task_id: client.get(f"{ENDPOINT}/{task_id}"), {200})
                    if polled is not None and polled.json()["task"]["state"] in FINAL:
                        with self._lock:
                            known = self.finished.setdefault(task_id, polled.text)
                        if known != polled.text:
                            self.wrong.append(f"{task_id}: {known} and then {polled.text}")

    def _try(self, ask: Callable[[], httpx.Response], good: set[int]) -> httpx.Response | None:
        try:
            answer = ask()
        except httpx.TransportError as error:
            self._note(type(error).__name__)
            return None
        if answer.status_code in good:
            self._note("")
            return answer
        if answer.status_code not in DOCUMENTED:
            self.wrong.append(
                f"{answer.request.method} {answer.request.url.path}: {answer.status_code} {answer.text:.200}"
            )
        self._note(str(answer.status_code))
        return None

    def _note(self, error: str) -> None:
        with self._lock:
            if error:
                self.errors[error] = self.errors.get(error, 0) + 1
                return
            self.answers += 1
            if self.answers >= EXCHANGES:
                self.ends.set()


@pytest.fixture
def behind_nginx(redis: Any, tmp_path: Path) -> Iterator[tuple[Replicas, str]]:
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if program is None:
        pytest.skip("needs nginx")
    with ExitStack() as stack:
        replicas = Replicas(redis.url, tmp_path / "log.txt")
        stack.callback(replicas.close)
        port, folder = find_port(), tmp_path / "nginx"
        folder.mkdir()
        servers = " ".join(f"server 127.0.0.1:{each} max_fails=0;" for each in replicas.ports)
        (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port, servers=servers), "utf-8")
        process = subprocess.Popen([program, "-p", str(folder), "-c", str(folder / "nginx.conf")])
        stack.callback(process.wait)
        stack.callback(process.terminate)
        wait_for(port)
        yield replicas, f"http://127.0.0.1:{port}"


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_nothing_answered_is_lost_while_processes_are_killed(
    behind_nginx: tuple[Replicas, str],
    redis: Any,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    replicas, url = behind_nginx
    story = Story(url)
    threads = [threading.Thread(target=story.run, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    try:
        for number in range(KILLS):
            while story.answers < EXCHANGES * (number + 1) // (KILLS + 2) and not story.ends.is_set():
                time.sleep(0.01)
            replicas.kill(number % 3)
            if number == KILLS // 2:
                redis.kill()
                redis.start()
    finally:
        for thread in threads:
            thread.join(PATIENCE_S * 10)
    assert story.ends.is_set()
    assert story.wrong == []
    with httpx.Client(base_url=url, trust_env=False, timeout=PATIENCE_S) as client:
        for task_id in story.accepted:
            answer = client.get(f"{ENDPOINT}/{task_id}")
            assert answer.status_code == 200, (task_id, answer.text)
            assert answer.text == story.finished.get(task_id, answer.text)
    # The guide's client, as it stands, over what has been through all that.
    recording = tmp_path / "call.wav"
    recording.write_bytes(write_wav(np.full((24_000, 1), 999, np.int16), 8000))
    client_file = os.path.join(os.path.dirname(__file__), "..", "..", "examples", "client.py")  # noqa: PTH118, PTH120
    environment = {**os.environ, "SPEECH_PLATFORM_SERVER": url, "POLL_SECONDS": "0", "no_proxy": "*"}
    ran = subprocess.run([sys.executable, client_file, recording], env=environment, capture_output=True, text=True, timeout=PATIENCE_S, check=False)  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert re.search("speaker", ran.stdout, re.IGNORECASE), ran.stdout
    with capsys.disabled():
        print(f"\n{story.answers} answers, {KILLS} kills, errors that clients saw: {story.errors}")  # noqa: T201


def test_workers_need_a_store(serve: Any, tmp_path: Path) -> None:
    ran = subprocess.run([sys.executable, "-c", PROGRAM, "serve", "--workers", "2"], capture_output=True, text=True, timeout=PATIENCE_S, check=False)  # fmt: skip
    assert ran.returncode == 2
    assert "--workers requires a shared store: --store redis://" in ran.stderr


def test_workers_on_one_port_are_one_platform(serve: Any, redis: Any) -> None:
    url = serve("--store", redis.url, "--workers", "2").url
    states: list[int] = []
    for number in range(8):
        with httpx.Client(base_url=url, trust_env=False, timeout=PATIENCE_S) as client:
            answer = client.post(ENDPOINT, files={"file": (f"{number}.wav", b"x")})
            states.append(answer.status_code)
    assert states == [202] * 8
    with httpx.Client(base_url=url, trust_env=False, timeout=PATIENCE_S) as client:
        assert client.get("/__diarkit/v1/journal").json()["total"] == 8
