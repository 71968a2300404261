from __future__ import annotations

import contextlib
import http.client
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarkit_contracts.exchanges.exchange import Loss
from diarkit_fixtures.draws import Draws
from diarkit_mockserver.clock import SECOND, Clock
from diarkit_mockserver.intake.request import ENDPOINT
from diarkit_mockserver.scenario.faults import Drip, Fault, Latency, LogNormal, Outage
from diarkit_mockserver.scenario.model import Rule, Scenario, Then
from diarkit_mockserver.world.disturb import damage, draw_pause
from diarkit_mockserver.world.platform import Platform
from diarkit_mockserver.world.wire import Response
from diarkit_mockserver.world.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

    from diarkit_mockserver.journal.journal import Entry
    from diarkit_mockserver.serving.server import ServerThread

    Start = Callable[..., ServerThread]

PATIENCE_S = 60.0
FORM = b'--b\r\nContent-Disposition: form-data; name="file"; filename="call.wav"\r\n\r\nno audio\r\n--b--\r\n'
FORM_TYPE = {"Content-Type": "multipart/form-data; boundary=b"}
SPOKEN = (Rule(then=Then(speakers=2)),)
CUT_SHORT = (http.client.HTTPException, OSError, ValueError)
"""What a client raises when an answer breaks off; none of them is a hang."""


class Bench:
    """A server with a frozen default world and one task in it, that is done."""

    def __init__(self, start: Start, *faults: Fault, seed: int = 0) -> None:
        self.world = World("", Scenario(course="immediate", rules=SPOKEN, faults=faults, seed=seed), Clock(frozen=True))
        self.thread = start(platform=Platform(self.world))

    def open(self) -> http.client.HTTPConnection:
        address = urlsplit(self.thread.url)
        return http.client.HTTPConnection(address.hostname or "", address.port, timeout=PATIENCE_S)

    def ask(self, method: str, path: str = "", body: bytes | None = None) -> tuple[int, dict[str, str], bytes]:
        with contextlib.closing(self.open()) as connection:
            connection.request(method, ENDPOINT + path, body, FORM_TYPE if body else {})
            response = connection.getresponse()
            return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()

    def upload(self) -> tuple[int, dict[str, str], bytes]:
        return self.ask("POST", "", FORM)

    def poll(self) -> tuple[int, dict[str, str], bytes]:
        (task,) = self.world.tasks
        return self.ask("GET", f"/{task.task_id}")

    def wait_for(self, count: int) -> None:
        """Wait until so many requests wait for a moment of the world's clock."""
        while self.thread.call(lambda: len(self.world.clock._changed)) < count:  # noqa: SLF001 - nothing else tells
            pass

    @property
    def last(self) -> Entry:
        return list(self.world.journal)[-1]


def plain_answer(start: Start) -> tuple[int, dict[str, str], bytes]:
    bench = Bench(start)
    bench.upload()
    return bench.poll()


LOSSES = {
    "reset_before_headers": Loss.BEFORE_HEAD,
    "reset_after_headers": Loss.AFTER_HEAD,
    "close_in_body": Loss.CUT,
    "length_too_long": Loss.CUT,
}


@pytest.mark.parametrize("kind", ["reset_before_headers", "reset_after_headers", "close_in_body", "length_too_long"])
@pytest.mark.parametrize("on", ["submit", "poll"])
def test_a_connection_that_breaks_is_an_error_to_the_client_and_never_a_hang(start: Start, on: Any, kind: Any) -> None:
    bench = Bench(start, Fault(on=on, connection=kind))
    with pytest.raises(CUT_SHORT):
        _ = bench.upload(), bench.poll()
    assert (bench.last.note, bench.last.faults) == (f"fault connection:{kind}", (f"connection:{kind}",))
    assert bench.last.lost == LOSSES[kind]
    assert bench.last.status == (0 if kind == "reset_before_headers" else 202 if on == "submit" else 200)
    # The server is well, and what was accepted stays accepted.
    assert [task.filename for task in bench.world.tasks] == ["call.wav"]
    bench.world.replace_faults(())
    assert bench.poll()[0] == 200


def send_poll(bench: Bench) -> tuple[bytes, bool]:
    """Poll over a bare socket: the bytes that come, and whether a reset ended them."""
    bench.upload()
    (task,) = bench.world.tasks
    address = urlsplit(bench.thread.url)
    received = b""
    with socket.create_connection((address.hostname, address.port), PATIENCE_S) as bare:
        bare.sendall(f"GET {ENDPOINT}/{task.task_id} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        try:
            while piece := bare.recv(65536):
                received += piece
        except ConnectionResetError:
            return received, True
    return received, False


@pytest.mark.parametrize(
    ("kind", "reset", "told", "came"),
    [
        ("reset_before_headers", True, None, 0),
        ("reset_after_headers", True, 0, 0),
        ("close_in_body", False, 0, 0.5),
        ("length_too_long", False, 10, 1),
        ("length_too_short", False, -10, 1),
    ],
)
def test_a_connection_breaks_where_its_name_says(
    start: Start, kind: Any, *, reset: bool, told: int | None, came: float
) -> None:
    """Args: told is what Content-Length says beyond the truth; came the part of the body that arrives."""
    length = len(plain_answer(start)[2])
    received, was_reset = send_poll(Bench(start, Fault(on="poll", connection=kind)))
    assert was_reset is reset
    head, mark, body = received.partition(b"\r\n\r\n")
    if told is None:
        assert received == b""
    else:
        assert mark
        assert f"content-length: {length + told}\r\n".encode() in head + b"\r\n"
        assert len(body) == int(length * came)


def test_a_length_that_is_too_short_hides_the_end_from_the_client(start: Start) -> None:
    bench = Bench(start, Fault(on="poll", connection="length_too_short"))
    bench.upload()
    body = bench.poll()[2]
    assert body == plain_answer(start)[2][:-10]


@given(body=st.binary(max_size=300), seed=st.integers(0, 99))
def test_damage_is_damage_to_every_body_and_the_same_each_time(body: bytes, seed: int) -> None:
    response = Response(200, body)
    for kind in ("truncated", "garbled", "empty", "html"):
        first, second = (damage(response, kind, Draws(seed)) for _ in range(2))
        assert first == second
        assert first.body != body or not body


@pytest.mark.parametrize(
    ("latency", "low", "high"),
    [
        (Latency(fixed=1.5), 1.5, 1.5),
        (Latency(uniform=(2.0, 3.0)), 2.0, 3.0),
        (Latency(log_normal=LogNormal(median=2.0, sigma=0.1)), 1.0, 4.0),
        (Latency(log_normal=LogNormal(median=2.0, sigma=0.0)), 2.0, 2.0),
        (Latency(fixed=0), 0, 0),
    ],
)
def test_a_pause_is_as_long_as_its_distribution_says(latency: Latency, low: float, high: float) -> None:
    pauses = [draw_pause(latency, Draws(number)) / SECOND for number in range(500)]
    assert low <= min(pauses) <= max(pauses) <= high
    if low < high:
        assert len(set(pauses)) > 400
        assert sorted(pauses)[250] == pytest.approx((low + high) / 2 if latency.uniform else 2.0, rel=0.05)


def test_latency_is_taken_on_the_worlds_clock_and_lasts_until_it_is_moved(start: Start) -> None:
    """Rows 3 and 4 of the demands: no real time passes; what waits is moved with everything else."""
    bench = Bench(start, Fault(on="poll", latency=Latency(fixed=3600)))
    bench.upload()
    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(bench.poll)
        bench.wait_for(1)
        bench.thread.call(bench.world.clock.advance, 3599.999999)
        bench.wait_for(1)
        assert not late.done()
        bench.thread.call(bench.world.clock.advance, 0.000001)
        assert late.result(PATIENCE_S)[0] == 200
    assert (bench.last.asked_at, bench.last.answered_at) == (0, 3600 * SECOND)
    assert bench.last.note == "fault latency"


def test_a_pause_begun_in_running_time_stands_still_with_it_and_runs_on_with_it(start: Start) -> None:
    ticks = [0]
    world = World("", Scenario(course="immediate", faults=(Fault(latency=Latency(fixed=50)),)), Clock(lambda: ticks[0]))
    bench = Bench.__new__(Bench)
    bench.world, bench.thread = world, start(platform=Platform(world))
    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(bench.upload)
        bench.wait_for(1)
        bench.thread.call(world.clock.freeze)
        ticks[0] += 1000 * SECOND
        bench.wait_for(1)
        assert not late.done()
        bench.thread.call(world.clock.advance, 49)
        bench.wait_for(1)
        assert not late.done()
        ticks[0] += 5 * SECOND
        bench.thread.call(world.clock.resume)
        bench.wait_for(1)
        assert not late.done()
        ticks[0] += SECOND
        bench.thread.call(world.clock.resume)
        assert late.result(PATIENCE_S)[0] == 202


def test_pauses_add_up_and_come_before_what_else_happens(start: Start) -> None:
    bench = Bench(start, Fault(latency=Latency(fixed=1)), Fault(latency=Latency(fixed=2)), Fault(body="html"))
    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(bench.upload)
        bench.wait_for(1)
        bench.thread.call(bench.world.clock.advance, 2.9)
        bench.wait_for(1)
        assert not late.done()
        bench.thread.call(bench.world.clock.advance, 0.1)
        assert late.result(PATIENCE_S)[0] == 502
    assert bench.last.note == "fault latency; fault latency; fault body:html"


def test_a_body_drips_in_pieces_as_the_clock_moves(start: Start) -> None:
    sound = plain_answer(start)[2]
    bench = Bench(start, Fault(on="poll", drip=Drip(bytes=100, every=60)))
    bench.upload()
    (task,) = bench.world.tasks
    with contextlib.closing(bench.open()) as connection:
        connection.request("GET", f"{ENDPOINT}/{task.task_id}")
        response = connection.getresponse()
        assert int(response.headers["content-length"]) == len(sound)
        received = b""
        while len(received) < len(sound):
            bench.wait_for(1)
            bench.thread.call(bench.world.clock.advance, 60)
            received += response.read(min(100, len(sound) - len(received)))
        assert received == sound
    pieces = -(-len(sound) // 100)
    assert bench.world.clock.now() == pieces * 60 * SECOND


def test_a_client_that_goes_while_its_answer_waits_leaves_nothing_behind(start: Start) -> None:
    bench = Bench(start, Fault(latency=Latency(fixed=1e6)))
    address = urlsplit(bench.thread.url)
    with socket.create_connection((address.hostname, address.port), PATIENCE_S) as bare:
        head = (
            f"POST {ENDPOINT} HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: "
        )
        bare.sendall(f"{head}{len(FORM)}\r\n\r\n".encode() + FORM)
        bench.wait_for(1)
    bench.thread.call(bench.world.clock.advance, 1e6)
    while bench.thread.list_connections():
        pass  # what is closed here is closed there a moment later; or the test's own time is up
    bench.world.replace_faults(())
    assert bench.poll()[0] == 200


def test_after_an_outage_connections_are_refused_until_the_clock_says_so(start: Start) -> None:
    bench = Bench(start, Fault(on="submit", outage=Outage(seconds=30)))
    assert bench.upload()[0] == 202
    assert bench.last.note == "fault outage"
    bench.wait_for(1)
    with pytest.raises(ConnectionRefusedError):
        bench.poll()
    bench.thread.call(bench.world.clock.advance, 29)
    bench.wait_for(1)
    with pytest.raises(ConnectionRefusedError):
        bench.poll()
    bench.thread.call(bench.world.clock.advance, 1)
    answered = threading.Event()
    for _ in range(1000):
        with contextlib.suppress(ConnectionRefusedError):
            assert bench.poll()[0] == 200
            answered.set()
            break
    assert answered.is_set()
