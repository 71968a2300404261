"""Seven jobs of a test beside other tools: lines and milliseconds. Run by hand, where the other tools are installed.

    pip install --target /tmp/peers --no-deps respx responses pytest-httpserver werkzeug markupsafe
    PYTHONPATH=fixtures:contracts:mockserver:/tmp/peers python tests/peers/jobs.py > tests/peers/jobs.txt

Each job is written as short as its tool allows; the client is the same. Lines are those of the job's own body, milliseconds the median
of nine warm runs. What a tool can't do is said. WireMock runs in a process of its own, from the jar in `WIREMOCK_JAR` (`npm install wiremock` has it in
node_modules/wiremock/build). Longer than other files, as each tool does each job.
"""

from __future__ import annotations

import inspect
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest_httpserver
import requests
import responses
import respx
from werkzeug import Response

from diarkit_mockserver.testing import Fake

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

API = "/api/technology/speaker-diarization"
RUNS = 9
LOST = (requests.RequestException, httpx.HTTPError)


def send(url: str, name: str = "a.wav", http: Any = requests) -> Any:
    return http.post(url + API, files={"file": (name, b"audio")}, data={"config": '{"max_speakers": 2}'})


def follow(answer: Any, http: Any = requests) -> list[str]:
    """Poll to the end; returns the states."""
    states: list[str] = []
    while not states or states[-1] in {"pending", "running"}:
        states.append(http.get(answer.headers["X-Location"]).json()["task"]["state"])
    return states


# diarkit: what the jobs say, and no more.


def diarkit_course(server: Any) -> None:
    server.respond(filename="slow*", course={"polls": {"pending": 1, "running": 1}})
    assert (follow(send(server.url, "slow")), follow(send(server.url, "b"))) == (
        ["pending", "running", "done"],
        ["done"],
    )


def diarkit_third_fails(server: Any) -> None:
    server.respond(upload=3, failed="x")
    assert [follow(send(server.url, name))[-1] for name in "abc"] == ["done", "done", "failed"]


def diarkit_busy_twice(server: Any) -> None:
    server.respond(http=429, times=2)
    assert [send(server.url).status_code for _ in range(3)] == [429, 429, 202]


def diarkit_by_file(server: Any) -> None:
    server.respond(filename="ann", segments=[[(0, 0, 1)]])
    server.respond(filename="bob", segments=[[(0, 2, 3)]])
    bodies = [requests.get(send(server.url, name).headers["X-Location"]).json() for name in ("bob", "ann")]  # noqa: S113 - served in this process
    assert [body["result"]["channels"][0]["segments"][0]["start_time"] for body in bodies] == [2, 0]


def diarkit_sent(server: Any) -> None:
    send(server.url, "a.wav")
    server.assert_submitted(filename="a.wav", config={"max_speakers": 2}, times=1)


def diarkit_ten(server: Any) -> None:
    with ThreadPoolExecutor(10) as threads:
        assert list(threads.map(lambda n: follow(send(server.url, str(n))), range(10))) == [["done"]] * 10


def diarkit_reset(server: Any) -> None:
    server.set_faults({"on": "poll", "connection": "reset_after_headers", "times": 1})
    answer = send(server.url)
    try:
        follow(answer)
    except LOST:
        assert follow(answer) == ["done"]


# The others: a platform has to be written first, which each job sets up.


class Hand:
    """The platform as one writes it by hand for tools that know HTTP alone: tasks, states, answers."""

    def __init__(self, url: str) -> None:
        self.url, self.sent, self.polls = url, [], {}
        self.number = count(1)
        self.course: Callable[[str, int], list[str]] = lambda _name, _number: ["done"]
        self.start: Callable[[str], float] = lambda _name: 0.0
        self.busy = 0

    def post(self, body: bytes) -> tuple[int, dict[str, str], str]:
        self.sent.append(body)
        if self.busy > 0:
            self.busy -= 1
            return 429, {"Retry-After": "1"}, "{}"
        number, name = next(self.number), body.partition(b'filename="')[2].partition(b'"')[0].decode()
        self.polls[str(number)] = (name, iter(self.course(name, number)))
        return (
            202,
            {"X-Location": f"{self.url}{API}/{number}"},
            json.dumps({"task": {"task_id": str(number), "state": "pending"}}),
        )

    def get(self, task: str) -> str:
        name, states = self.polls[task]
        segments = [{"speaker_id": 0, "start_time": self.start(name), "end_time": 9}]
        result = {"channels": [{"channel_number": 0, "speakers_count": 1, "segments": segments}]}
        return json.dumps({"task": {"task_id": task, "state": next(states)}, "result": result, "error": None})


def hand_course(hand: Hand, http: Any) -> None:
    hand.course = lambda name, _: ["pending", "running", "done"] if name == "slow" else ["done"]
    assert (follow(send(hand.url, "slow", http), http), follow(send(hand.url, "b", http), http)) == (
        ["pending", "running", "done"],
        ["done"],
    )


def hand_third_fails(hand: Hand, http: Any) -> None:
    hand.course = lambda _, number: ["failed" if number == 3 else "done"]
    assert [follow(send(hand.url, name, http), http)[-1] for name in "abc"] == ["done", "done", "failed"]


def hand_busy_twice(hand: Hand, http: Any) -> None:
    hand.busy = 2
    assert [send(hand.url, http=http).status_code for _ in range(3)] == [429, 429, 202]


def hand_by_file(hand: Hand, http: Any) -> None:
    hand.start = lambda name: {"ann": 0, "bob": 2}[name]
    bodies = [http.get(send(hand.url, name, http).headers["X-Location"]).json() for name in ("bob", "ann")]
    assert [body["result"]["channels"][0]["segments"][0]["start_time"] for body in bodies] == [2, 0]


def hand_sent(hand: Hand, http: Any) -> None:
    send(hand.url, "a.wav", http)
    assert b'filename="a.wav"' in hand.sent[0]
    assert b'{"max_speakers": 2}' in hand.sent[0]


def hand_ten(hand: Hand, http: Any) -> None:
    with ThreadPoolExecutor(10) as threads:
        assert list(threads.map(lambda n: follow(send(hand.url, str(n), http), http), range(10))) == [["done"]] * 10


JOBS = ("course", "third_fails", "busy_twice", "by_file", "sent", "ten", "reset")


def run_diarkit() -> Iterator[tuple[str, str]]:
    fake = Fake()
    for job in JOBS:
        function = globals()[f"diarkit_{job}"]

        def once(function: Any = function) -> None:
            with fake.world() as server:
                function(server)

        yield measure(once, function, 0)
    fake.stop()


def run_httpserver() -> Iterator[tuple[str, str]]:
    server = pytest_httpserver.HTTPServer(threaded=True)
    server.start()

    def serve(hand: Hand) -> None:  # in each test, with Hand
        server.clear()
        server.expect_request(API).respond_with_handler(lambda request: _respond(*hand.post(request.get_data())))
        get = server.expect_request(re.compile(API + "/.*"))
        get.respond_with_handler(lambda request: Response(hand.get(request.path.rpartition("/")[2])))

    yield from _run_hand(serve, f"http://{server.host}:{server.port}", requests)
    server.stop()


def _respond(status: int, headers: dict[str, str], body: str) -> Response:
    return Response(body, status, headers)


class WireMock:
    """Stubs of WireMock, as its JSON has them: a stub for each upload and for each state of each task."""

    def __init__(self, url: str) -> None:
        self.url, self.admin, self.http = url, url + "/__admin", requests.Session()

    def stub(
        self, ask: tuple[str, str], answer: dict[str, Any], holds: str = "", then: tuple[str, str, str] | None = None
    ) -> None:
        request: dict[str, Any] = {"method": ask[0], "urlPath": API + ask[1]}
        if holds:
            request["bodyPatterns"] = [{"contains": holds}]
        turn = (
            {}
            if then is None
            else dict(zip(("scenarioName", "requiredScenarioState", "newScenarioState"), then, strict=True))
        )
        self.http.post(
            f"{self.admin}/mappings", json={"request": request, "response": answer, **turn}
        ).raise_for_status()

    def accept(self, task: str, holds: str = "", then: tuple[str, str, str] | None = None) -> None:
        self.stub(("POST", ""), {"status": 202, "headers": {"X-Location": f"{self.url}{API}/{task}"}}, holds, then)

    def show(self, task: str, state: str, then: tuple[str, str, str] | None = None, start: float = 0) -> None:
        segments = [{"speaker_id": 0, "start_time": start, "end_time": 9}]
        result = {"channels": [{"channel_number": 0, "speakers_count": 1, "segments": segments}]}
        self.stub(
            ("GET", f"/{task}"), {"jsonBody": {"task": {"task_id": task, "state": state}, "result": result}}, then=then
        )


def wiremock_course(server: WireMock) -> None:
    server.accept("1", 'filename="slow"')
    server.accept("2", 'filename="b"')
    server.show("1", "pending", ("slow", "Started", "b"))
    server.show("1", "running", ("slow", "b", "c"))
    server.show("1", "done", ("slow", "c", "c"))
    server.show("2", "done")
    assert (follow(send(server.url, "slow")), follow(send(server.url, "b"))) == (
        ["pending", "running", "done"],
        ["done"],
    )


def wiremock_third_fails(server: WireMock) -> None:
    for task, now, later in (("1", "Started", "2"), ("2", "2", "3"), ("3", "3", "4")):
        server.accept(task, then=("upload", now, later))
        server.show(task, "failed" if task == "3" else "done")
    assert [follow(send(server.url, name))[-1] for name in "abc"] == ["done", "done", "failed"]


def wiremock_busy_twice(server: WireMock) -> None:
    for now, later in (("Started", "2"), ("2", "3")):
        server.stub(("POST", ""), {"status": 429, "headers": {"Retry-After": "1"}}, then=("busy", now, later))
    server.accept("1", then=("busy", "3", "3"))
    assert [send(server.url).status_code for _ in range(3)] == [429, 429, 202]


def wiremock_by_file(server: WireMock) -> None:
    for name, start in (("ann", 0), ("bob", 2)):
        server.accept(name, f'filename="{name}"')
        server.show(name, "done", start=start)
    bodies = [requests.get(send(server.url, name).headers["X-Location"]).json() for name in ("bob", "ann")]  # noqa: S113 - on this machine
    assert [body["result"]["channels"][0]["segments"][0]["start_time"] for body in bodies] == [2, 0]


def wiremock_sent(server: WireMock) -> None:
    server.accept("1")
    send(server.url, "a.wav")
    holds = [{"contains": 'filename="a.wav"'}, {"contains": '{"max_speakers": 2}'}]
    asked = {"method": "POST", "urlPath": API, "bodyPatterns": holds}
    assert server.http.post(f"{server.admin}/requests/count", json=asked).json()["count"] == 1


def wiremock_ten(server: WireMock) -> None:
    server.accept("1")
    server.show("1", "done")
    with ThreadPoolExecutor(10) as threads:
        assert list(threads.map(lambda n: follow(send(server.url, str(n))), range(10))) == [["done"]] * 10


def wiremock_reset(server: WireMock) -> None:
    server.accept("1")
    server.stub(("GET", "/1"), {"fault": "CONNECTION_RESET_BY_PEER"}, then=("reset", "Started", "2"))
    server.show("1", "done", ("reset", "2", "2"))
    answer = send(server.url)
    try:
        follow(answer)
    except LOST:
        assert follow(answer) == ["done"]


def run_wiremock() -> Iterator[tuple[str, str]]:
    jar = str(Path(os.environ.get("WIREMOCK_JAR", "")).resolve())
    if "WIREMOCK_JAR" not in os.environ:
        yield from (("-", "WIREMOCK_JAR is not set") for _ in JOBS)
        return
    command = ["java", "-jar", jar, "--port", "0", "--bind-address", "127.0.0.1", "--disable-banner"]
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as process,
    ):
        try:
            assert process.stdout is not None
            port = next(found[1] for line in process.stdout if (found := re.search(r"^port:\s+(\d+)", line)))
            server = WireMock(f"http://127.0.0.1:{port}")
            for job in JOBS:
                function = globals()[f"wiremock_{job}"]

                def once(function: Any = function) -> None:
                    server.http.post(f"{server.admin}/reset").raise_for_status()
                    function(server)

                yield measure(once, function, count_lines(WireMock))
        finally:
            process.terminate()


def run_respx() -> Iterator[tuple[str, str]]:
    def serve(hand: Hand) -> None:
        router.clear()
        router.post(hand.url + API).mock(side_effect=lambda request: _make(*hand.post(request.read())))
        router.get(url__startswith=hand.url + API).mock(
            side_effect=lambda request: httpx.Response(200, text=hand.get(request.url.path.rpartition("/")[2]))
        )

    with respx.mock(assert_all_called=False) as router:
        yield from _run_hand(serve, "http://platform", httpx)


def _make(status: int, headers: dict[str, str], body: str) -> httpx.Response:
    return httpx.Response(status, headers=headers, text=body)


def run_responses() -> Iterator[tuple[str, str]]:
    def serve(hand: Hand) -> None:
        responses.reset()
        responses.add_callback("POST", hand.url + API, lambda request: hand.post(request.body))
        pattern = re.compile(hand.url + API + "/.*")
        responses.add_callback("GET", pattern, lambda request: (200, {}, hand.get(request.url.rpartition("/")[2])))

    with responses.mock:
        yield from _run_hand(serve, "http://platform", requests)


def _run_hand(serve: Any, url: str, http: Any) -> Iterator[tuple[str, str]]:
    for job in JOBS:
        function = globals().get(f"hand_{job}")
        if function is None:
            yield "-", "not on the wire"
            continue

        def once(function: Any = function) -> None:
            hand = Hand(url)
            serve(hand)
            function(hand, http)

        yield measure(once, function, count_lines(serve) + count_lines(Hand))


def measure(once: Callable[[], None], function: Any, more: int) -> tuple[str, str]:
    """Measure a job: its lines, with those that it needs beside it, and milliseconds."""
    once()
    took: list[float] = []
    for _ in range(RUNS):
        begin = time.perf_counter()
        once()
        took.append(time.perf_counter() - begin)
    lines = count_lines(function)
    return f"{lines}+{more}" if more else str(lines), f"{1000 * statistics.median(took):.1f} ms"


def count_lines(written: Any) -> int:
    """Count the lines of a body."""
    return sum(1 for line in inspect.getsource(written).splitlines()[1:] if line.strip() and '"""' not in line)


def main() -> None:
    """Print the table."""
    tools = {
        "diarkit": run_diarkit,
        "pytest-httpserver": run_httpserver,
        "respx": run_respx,
        "responses": run_responses,
        "WireMock": run_wiremock,
    }
    sys.stdout.write(f"{'':18}" + "".join(f"{job:>20}" for job in JOBS) + "\n")
    for name, run in tools.items():
        cells = "".join(f"{lines + ', ' + took:>20}" for lines, took in run())
        sys.stdout.write(f"{name:18}{cells}\n")
    sys.stdout.write(
        "lines of the job + lines of the platform written by hand; respx with a client for each call, as httpx.post makes one; WireMock with stubs instead of a platform\n"
    )


if __name__ == "__main__":
    main()
