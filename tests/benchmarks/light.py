"""Measures what a test costs that asks a fake of its own for one upload and three polls: the first one, and those after it.

python tests/benchmarks/light.py [--tests 200] [--runs 3]

Each client and server has a run of pytest to itself, and the kinds take turns. The clocks are read around a whole test: its setup, its call
and its teardown. The processor's time is of all threads, the fake's among them, and is what other work on the machine changes least; the
best of the runs counts. Answers that a process beside it has ready cost what pytest and the client cost by themselves: what the fake adds
to that is its own share. pytest-httpserver is measured too where it is installed.
"""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
import tempfile
import threading
from importlib.util import find_spec
from pathlib import Path

CONFTEST = """
import http.client, json, os, statistics, time, httpx, pytest, requests

TASK = '{{"task": {{"task_id": "3fa85f64-5717-4562-b3fc-2c963f66afa6", "state": "{0}"}}, "result": null, "error": null}}'.format
API = "/api/technology/speaker-diarization"

class Plain:
    '''What the standard library has: one connection, kept.'''

    def __init__(self):
        self.connection = None

    def send(self, method, url, body=None, **headers):
        host, _, path = url[7:].partition("/")
        if self.connection is None:
            self.connection = http.client.HTTPConnection(host)
        self.connection.request(method, "/" + path, body, headers)
        answer = self.connection.getresponse()
        return answer.headers, answer.read()

    def post(self, url):
        body = b'--x\\r\\nContent-Disposition: form-data; name="file"; filename="a.wav"\\r\\n\\r\\naudio\\r\\n--x--\\r\\n'
        return self.send("POST", url, body, **{"Content-Type": "multipart/form-data; boundary=x"})[0]["X-Location"]

    def get(self, url):
        return json.loads(self.send("GET", url)[1])

class Library:
    def __init__(self, http):
        self.http = http

    def post(self, url):
        return self.http.post(url, files={"file": ("a.wav", b"audio")}).headers["X-Location"]

    def get(self, url):
        return self.http.get(url).json()

CLIENTS = {
    "http.client": Plain,
    "requests.Session": lambda: Library(requests.Session()),
    "httpx.Client": lambda: Library(httpx.Client()),
    "requests": lambda: Library(requests),
}

@pytest.fixture(scope="session")
def client():
    return CLIENTS[os.environ["LIGHT_CLIENT"]]()

@pytest.fixture
def ready():
    return os.environ["LIGHT_READY"] + API

@pytest.fixture
def diarkit(diarization_server):
    return diarization_server.endpoint

@pytest.fixture
def httpserver(httpserver):
    url = httpserver.url_for(API)
    httpserver.expect_request(API, method="POST").respond_with_data(TASK("pending"), 202, {"X-Location": url + "/1"})
    httpserver.expect_request(API + "/1").respond_with_data(TASK("done"), content_type="application/json")
    return url

taken = []

@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    before, began = time.process_time(), time.perf_counter()
    answer = yield
    taken.append(((time.process_time() - before) * 1000, (time.perf_counter() - began) * 1000))
    return answer

def pytest_terminal_summary(terminalreporter):
    warm = map(statistics.median, zip(*taken[1:]))
    terminalreporter.line(" ".join(map(str, ("MEASURED", *taken[0], *warm))))
"""

TEST = """
import pytest

@pytest.mark.parametrize("number", range({tests}))
def test_upload_and_three_polls({server}, client, number):
    location = client.post({server})
    for _ in range(3):
        assert client.get(location)["task"]["state"] == "done"
"""

CLIENTS = ("http.client", "requests.Session", "httpx.Client", "requests")
"""The last without a session: it connects anew for each request."""

PLUGINS = {
    "ready": (),
    "diarkit": ("diarkit_mockserver.harness.plugin",),
    "httpserver": ("pytest_httpserver.pytest_plugin",),
}
"""The servers, and what pytest loads for each."""

BUDGET_MS = {"cold": 500.0, "warm": 4.0}


def answer_ready() -> str:
    """Answer each upload and each poll with what is ready, until this process ends; returns the URL."""
    listening = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    task = (
        b'{"task": {"task_id": "3fa85f64-5717-4562-b3fc-2c963f66afa6", "state": "done"}, "result": null, "error": null}'
    )
    head = b"HTTP/1.1 %s\r\nX-Location: %s/1\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    answers = [head % (status, url.encode(), len(task)) + task for status in (b"202 Accepted", b"200 OK")]

    def serve(connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as stream:
            while line := stream.readline():
                size = 0
                while header := stream.readline().strip().lower():
                    if header.startswith(b"content-length:"):
                        size = int(header[15:])
                stream.read(size)
                connection.sendall(answers[line.startswith(b"GET")])

    def accept() -> None:
        while True:
            threading.Thread(target=serve, args=listening.accept()[:1], daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return url


def measure(folder: Path, tests: int, client: str, server: str, url: str) -> list[float]:
    """Run the test so many times; milliseconds of the first (processor, wall), and the median of the others likewise."""
    (folder / "test_light.py").write_text(TEST.format(tests=tests, server=server), "utf-8")
    environment = {name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"}
    environment |= {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPYCACHEPREFIX": f"{folder}-compiled"}
    environment |= {"LIGHT_CLIENT": client, "LIGHT_READY": url}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # compiling is a cost of the first run only
    plugins = [word for plugin in PLUGINS[server] for word in ("-p", plugin)]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *plugins]
    ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    found = [line.split()[1:] for line in ended.stdout.splitlines() if line.startswith("MEASURED")]
    if ended.returncode:
        raise RuntimeError(ended.stdout + ended.stderr)
    return list(map(float, found[0]))


def main() -> int:
    """Measure and print; the budgets are named, and are those of a machine that does nothing else."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tests", type=int, default=200, help="in a run (default: 200)")
    parser.add_argument("--runs", type=int, default=3, help="of each kind (default: 3)")
    asked = parser.parse_args()
    sys.stdout.write(
        f"milliseconds: processor (wall); the budgets are {BUDGET_MS['cold']:.0f} and {BUDGET_MS['warm']:.0f}\n"
    )
    servers = [server for server in PLUGINS if server != "httpserver" or find_spec("pytest_httpserver")]
    url = answer_ready()
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent, "project")
        folder.mkdir()
        (folder / "conftest.py").write_text(CONFTEST, "utf-8")
        for server in servers:
            measure(folder, 1, CLIENTS[0], server, url)  # fills the caches
        for client in CLIENTS:
            runs = [
                [measure(folder, asked.tests, client, server, url) for server in servers] for _ in range(asked.runs)
            ]
            best = [list(map(min, zip(*of_server, strict=True))) for of_server in zip(*runs, strict=True)]
            for server, (cold, cold_wall, warm, warm_wall) in zip(servers, best, strict=True):
                own = "" if server == "ready" else f", own share {warm - best[0][2]:.1f}"
                sys.stdout.write(
                    f"{client:17} {server:18} cold {cold:.0f} ({cold_wall:.0f}), warm {warm:.1f} ({warm_wall:.1f}){own}\n"
                )
    return 0


if __name__ == "__main__":
    sys.exit(main())
