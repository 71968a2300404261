"""Clients as people write them, against a server: each bad one is caught by its own rule alone, a good one by none.

Longer than other files, as ten bad clients stand here written out.
"""

from __future__ import annotations

import http.client
import json
import socket
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import pytest
import requests

from diarkit_mockserver.clock import Clock
from diarkit_mockserver.intake.request import ENDPOINT
from diarkit_mockserver.journal.conduct import RULES, ConductFinding, judge
from diarkit_mockserver.scenario.answer import HttpAnswer
from diarkit_mockserver.scenario.course import ByPolls, BySeconds, PollCounts, StateSeconds
from diarkit_mockserver.scenario.faults import Fault
from diarkit_mockserver.scenario.limits import Limits, Rate
from diarkit_mockserver.scenario.model import Rule, Scenario, Then
from diarkit_mockserver.serving.server import ServerThread, bind
from diarkit_mockserver.world.platform import WORLDS, Platform
from diarkit_mockserver.world.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PACE_S = 5.0
PATIENCE_S = 60.0
FINAL = ("done", "failed", "rejected")
CONTENT = b"bytes that are no audio"
FIVE_POLLS = Scenario(course=ByPolls(polls=PollCounts(pending=2, running=3)), rules=(Rule(then=Then(speakers=1)),))


@dataclass
class Bench:
    """A world with standing time, and what a client needs of it."""

    world: World
    thread: ServerThread
    left_open: ExitStack = field(default_factory=ExitStack)

    @property
    def endpoint(self) -> str:
        return f"{self.thread.url}{WORLDS}{self.world.name}{ENDPOINT}"

    def sleep(self, seconds: float) -> None:
        self.thread.call(self.world.clock.advance, seconds)

    def judge(self, **options: Any) -> tuple[ConductFinding, ...]:
        connections = self.thread.list_connections()
        entries = self.thread.call(lambda: tuple(self.world.journal))
        return judge(entries, now=self.world.clock.now(), open_connections=connections, **options)


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[Platform, ServerThread]]:
    platform = Platform(World())
    thread = ServerThread(platform, bind("127.0.0.1", 0))
    yield platform, thread
    thread.stop()


@pytest.fixture
def open_bench(server: tuple[Platform, ServerThread]) -> Iterator[Callable[[Scenario], Bench]]:
    """Put a world on the server."""
    platform, thread = server
    with ExitStack() as stack:

        def make(scenario: Scenario) -> Bench:
            world = World("bench", scenario, Clock(frozen=True))
            thread.call(platform.worlds.__setitem__, "bench", world)
            bench = Bench(world, thread)
            stack.enter_context(bench.left_open)
            return bench

        yield make
        thread.call(platform.worlds.clear)


def read_wait(headers: Any) -> float:
    return float(headers.get("Retry-After", PACE_S))


def send(session: Any, bench: Bench, name: str = "call.wav") -> Any:
    return session.post(bench.endpoint, files={"file": (name, CONTENT)}, timeout=PATIENCE_S)


def upload(session: requests.Session, bench: Bench) -> str:
    while (response := send(session, bench)).status_code == 429:
        bench.sleep(read_wait(response.headers))
    assert response.status_code == 202
    return str(response.headers["X-Location"])


def poll_to_end(session: requests.Session, bench: Bench, url: str) -> Any:
    while True:
        try:
            response = session.get(url, timeout=PATIENCE_S)
            if response.status_code == 404:
                return None
            if response.status_code == 200 and response.json()["task"]["state"] in FINAL:
                return response.json()
            bench.sleep(read_wait(response.headers))
        except requests.RequestException:
            bench.sleep(PACE_S)


def behave(bench: Bench) -> None:
    """Wait as told, poll to the end over one connection, and stop there."""
    with requests.Session() as session:
        poll_to_end(session, bench, upload(session, bench))


def poll_on(bench: Bench) -> None:
    with requests.Session() as session:
        url = upload(session, bench)
        for _ in range(9):
            session.get(url, timeout=PATIENCE_S)
            bench.sleep(PACE_S)


def loop_on_404(bench: Bench) -> None:
    with httpx.Client() as session:
        url = send(session, bench).headers["X-Location"]
        for _ in range(4):
            if session.get(url).status_code == 200:
                return
            bench.sleep(PACE_S)


def poll_fast(bench: Bench) -> None:
    with httpx.Client() as session:
        url = send(session, bench).headers["X-Location"]
        while session.get(url).json()["task"]["state"] not in FINAL:
            bench.sleep(1)


def upload_again_at_once(bench: Bench) -> None:
    with httpx.Client() as session:
        assert send(session, bench, "first.wav").status_code == 202
        for seconds in (1, 60):
            assert send(session, bench).status_code == 429
            bench.sleep(seconds)
        for task in list(bench.world.tasks):
            session.get(f"{bench.endpoint}/{task.task_id}")


def poll_again_at_once(bench: Bench) -> None:
    with requests.Session() as session:
        url = upload(session, bench)
        while session.get(url, timeout=PATIENCE_S).status_code == 429:
            pass
        bench.sleep(PACE_S)
        poll_to_end(session, bench, url)


def upload_when_impatient(bench: Bench) -> None:
    with requests.Session() as session:
        for _ in range(3):
            url = upload(session, bench)
            session.get(url, timeout=PATIENCE_S)
            bench.sleep(PACE_S)
        poll_to_end(session, bench, url)


def stop_after_three_polls(bench: Bench) -> None:
    with httpx.Client() as session:
        url = send(session, bench).headers["X-Location"]
        for _ in range(3):
            session.get(url)
            bench.sleep(PACE_S)


def upload_and_forget(bench: Bench) -> None:
    """Over a bare socket: write, read the first line, go."""
    address = urlsplit(bench.endpoint)
    form = (
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="call.wav"\r\n\r\n' + CONTENT + b"\r\n--b--\r\n"
    )
    head = f"POST {address.path} HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n"
    with socket.create_connection((address.hostname, address.port), PATIENCE_S) as bare:
        bare.sendall(f"{head}Content-Length: {len(form)}\r\n\r\n".encode() + form)
        assert bare.recv(65536).startswith(b"HTTP/1.1 202 ")


def leave_connections_open(bench: Bench) -> None:
    with requests.Session() as session:
        path = urlsplit(upload(session, bench)).path
    address = urlsplit(bench.endpoint)
    state = ""
    while state not in FINAL:
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=PATIENCE_S)
        bench.left_open.callback(connection.close)
        connection.request("GET", path)
        state = json.loads(connection.getresponse().read())["task"]["state"]
        bench.sleep(PACE_S)


def connect_for_each(bench: Bench) -> None:
    """As the guide's own example does, but without its sleep of 5 s, in which the server may close the connection anyway."""
    response = requests.post(bench.endpoint, files={"file": ("call.wav", CONTENT)}, timeout=PATIENCE_S)
    while requests.get(response.headers["X-Location"], timeout=PATIENCE_S).json()["task"]["state"] not in FINAL:
        bench.sleep(PACE_S - 0.001)


LOST = Scenario(faults=(Fault(on="submit", task="lost"),))
ONE_A_MINUTE = Scenario(course="immediate", limits=Limits(rate=Rate(requests=1, seconds=30)))
POLL_REFUSED = Scenario(
    rules=(Rule(then=Then(speakers=1, http=HttpAnswer(status=429, on="poll", times=2, retry_after=7))),)
)
BAD_CLIENTS: dict[str, tuple[Callable[[Bench], None], Scenario, str]] = {
    "polls on": (poll_on, FIVE_POLLS, "conduct.polls-after-end"),
    "polls on what is not there": (loop_on_404, LOST, "conduct.polls-after-end"),
    "polls fast": (poll_fast, FIVE_POLLS, "conduct.polls-too-fast"),
    "uploads again at once": (upload_again_at_once, ONE_A_MINUTE, "conduct.ignores-retry-after"),
    "polls again at once": (poll_again_at_once, POLL_REFUSED, "conduct.ignores-retry-after"),
    "uploads when impatient": (upload_when_impatient, FIVE_POLLS, "conduct.resubmits"),
    "stops after three polls": (stop_after_three_polls, FIVE_POLLS, "conduct.gives-up"),
    "uploads and forgets": (upload_and_forget, FIVE_POLLS, "conduct.never-reads-result"),
    "leaves connections open": (leave_connections_open, FIVE_POLLS, "conduct.holds-connection"),
    "connects for each request": (connect_for_each, FIVE_POLLS, "conduct.reconnects"),
}


@pytest.mark.parametrize("name", BAD_CLIENTS)
def test_each_bad_client_is_caught_by_its_own_rule_alone(open_bench: Callable[[Scenario], Bench], name: str) -> None:
    client, scenario, expected = BAD_CLIENTS[name]
    bench = open_bench(scenario)
    client(bench)
    pace_s = PACE_S - 0.001
    findings = bench.judge(pace_s=pace_s)
    assert {finding.rule.id for finding in findings} == {expected}, "\n".join(map(str, findings))
    numbers = {entry.number for entry in bench.world.journal}
    assert all(finding.entries and set(finding.entries) <= numbers for finding in findings)
    assert bench.judge(pace_s=pace_s, ignore=[expected]) == ()


def test_every_rule_catches_somebody() -> None:
    assert {rule for _, _, rule in BAD_CLIENTS.values()} == {rule.id for rule in RULES}


@pytest.mark.parametrize(
    "scenario",
    [
        FIVE_POLLS,
        LOST,
        POLL_REFUSED,
        Scenario(course=BySeconds(seconds=StateSeconds(pending=600, running=60)), rules=FIVE_POLLS.rules),
        Scenario(limits=Limits(rate=Rate(requests=1, seconds=2.5))),
        Scenario(rules=(Rule(then=Then(http=HttpAnswer(status=429, retry_after=90)), times=3),)),
        Scenario(rules=(Rule(then=Then(failed="Broken.")),)),
        Scenario(rules=(Rule(then=Then(rejected="No audio.")),)),
        Scenario(faults=(Fault(on="poll", http=HttpAnswer(status=503, retry_after=12), times=4),)),
        Scenario(faults=(Fault(on="poll", connection="reset_before_headers", ordinal=(1, 3)),)),
        Scenario(faults=(Fault(on="poll", connection="close_in_body", times=3),)),
        Scenario(faults=(Fault(on="poll", body="empty", times=3),)),
    ],
    ids=lambda scenario: str(scenario).removeprefix("Scenario(version=1, seed=0, ")[:90],
)
def test_a_good_client_is_caught_by_no_rule(open_bench: Callable[[Scenario], Bench], scenario: Scenario) -> None:
    bench = open_bench(scenario)
    behave(bench)
    assert len(bench.world.journal) > 1
    assert bench.judge(pace_s=PACE_S if scenario.limits.rate is None else 0) == ()


@pytest.mark.parametrize(("waits", "caught"), [(29.999999, True), (30.0, False), (3600.0, False)])
def test_retry_after_is_held_against_the_worlds_clock(
    open_bench: Callable[[Scenario], Bench], waits: float, *, caught: bool
) -> None:
    bench = open_bench(ONE_A_MINUTE)
    with requests.Session() as session:
        assert send(session, bench, "first.wav").status_code == 202
        refused = send(session, bench)
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "30")
        bench.sleep(waits)
        assert send(session, bench).status_code == (429 if caught else 202)
    findings = bench.judge(ignore=["conduct.never-reads-result"])
    assert [finding.rule.id for finding in findings] == ["conduct.ignores-retry-after"] * caught


def test_a_client_that_still_waits_as_told_has_not_given_up(open_bench: Callable[[Scenario], Bench]) -> None:
    bench = open_bench(POLL_REFUSED)
    with requests.Session() as session:
        session.get(upload(session, bench), timeout=PATIENCE_S)
    bench.sleep(6.9)
    assert bench.judge() == ()
    bench.sleep(0.1)
    (finding,) = bench.judge()
    task = next(iter(bench.world.tasks))
    assert str(finding) == (
        f"conduct.gives-up (exchange 2): stopped polling task {task.task_id} when it was refused with 429"
    )


@pytest.mark.parametrize("sessions", [1, 4])
def test_a_pool_of_connections_is_no_offence(open_bench: Callable[[Scenario], Bench], sessions: int) -> None:
    bench = open_bench(FIVE_POLLS)
    pool = [bench.left_open.enter_context(requests.Session()) for _ in range(sessions)]
    urls = [
        str(
            session.post(bench.endpoint, files={"file": (f"{n}.wav", CONTENT)}, timeout=PATIENCE_S).headers[
                "X-Location"
            ]
        )
        for n, session in enumerate(pool)
    ]
    for _ in range(6):
        for session, url in zip(pool, urls, strict=True):
            session.get(url, timeout=PATIENCE_S)
    assert bench.judge() == ()


MARKS = (
    "fault task:stuck", "fault task:lost", "fault connection:close_in_body", "fault body:html", "task:stuck", "task:lost", "body:html",
    "limits.rate: 1", "latency; fault task:stuck", "cut",
)  # fmt: skip
"""Words that shape a judgement where a fault puts them."""


def leave_two_open(bench: Bench, mark: str) -> None:
    """Send a file twice, look once, and leave; a text stands wherever a client may put one."""
    hidden = {"X-Request-ID": mark, "X-Correlation-ID": mark, "X-Note": mark, "Fault": mark}
    asked = {mark: mark, "retry-after": "0"}
    for _ in range(2):
        config = json.dumps({mark: mark, "faults": [mark], "note": mark})
        files = {"file": (f"{mark}.wav", CONTENT), "config": (None, config), mark: (mark, mark.encode())}
        accepted = requests.post(bench.endpoint, params=asked, headers=hidden, files=files, timeout=PATIENCE_S)
        assert accepted.status_code == 202
    task_id = accepted.headers["X-Location"].rpartition("/")[2].upper()
    answer = requests.get(f"{bench.endpoint}/{task_id}", params=asked, headers=hidden, timeout=PATIENCE_S)
    assert answer.json()["task"]["state"] == "pending"
    requests.get(f"{bench.endpoint}/{mark}", params=asked, headers=hidden, timeout=PATIENCE_S)


def test_no_text_of_a_client_changes_how_it_is_judged(open_bench: Callable[[Scenario], Bench]) -> None:
    for mark in ("harmless", *MARKS):
        bench = open_bench(FIVE_POLLS)
        leave_two_open(bench, mark)
        found = [(finding.rule.id, finding.entries) for finding in bench.judge()]
        assert found == [("conduct.resubmits", (1, 2)), ("conduct.gives-up", (3,))], mark


def poll_as_the_vendor(bench: Bench) -> None:
    """Ask each second, for ever, by the id of the body; end at what is neither pending nor running, and at any error."""
    with httpx.Client() as session:
        data: Any = send(session, bench).json()
        while data["task"]["state"] in {"pending", "running"}:
            bench.sleep(1)
            response = session.get(f"{bench.endpoint}/{data['task']['task_id']}")
            if response.is_error:
                return
            data = response.json()


CANCELS = Scenario(profile="5.0", course=ByPolls(polls=PollCounts(running=2, cancelled=2)), rules=FIVE_POLLS.rules)


@pytest.mark.parametrize(
    ("scenario", "pace_s", "caught"),
    [
        (FIVE_POLLS, 0.0, set[str]()),
        (FIVE_POLLS, PACE_S, {"conduct.polls-too-fast"}),
        (POLL_REFUSED, 0.0, {"conduct.gives-up"}),
        (LOST, 0.0, set[str]()),
        (CANCELS, 0.0, set[str]()),
    ],
    ids=["to the end", "five seconds apart", "a 429 ends it", "a 404 ends it", "cancelled ends it"],
)
def test_the_vendors_own_style_is_judged_by_what_the_server_answers(
    open_bench: Callable[[Scenario], Bench], scenario: Scenario, pace_s: float, caught: set[str]
) -> None:
    bench = open_bench(scenario)
    poll_as_the_vendor(bench)
    bench.sleep(60)  # longer than any wait that it was asked for
    assert {finding.rule.id for finding in bench.judge(pace_s=pace_s)} == caught
