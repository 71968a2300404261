from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarkit_mockserver.clock import SECOND, STANDSTILL_EPOCH, Clock
from diarkit_mockserver.scenario.course import BySeconds, StateSeconds
from diarkit_mockserver.scenario.limits import Exceeded, Limit, Limits, Rate, RateWindow
from diarkit_mockserver.scenario.model import Scenario
from diarkit_mockserver.world.platform import Platform
from diarkit_mockserver.world.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

    from diarkit_mockserver.serving.server import ServerThread

    Ask = Callable[..., Any]
    Start = Callable[..., ServerThread]

CONTENT = b"no audio, and 36 bytes in all of it."
LONG = BySeconds(seconds=StateSeconds(running=60))
FOUR = ("retry-after", "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Rate(requests=-1, seconds=1), "expected requests >= 0, got -1"),
        (lambda: Rate(requests=1, seconds=0), "expected seconds > 0, got 0"),
        (lambda: Rate(requests=1, seconds=math.inf), "expected seconds > 0, got inf"),
        (lambda: Rate(requests=1, seconds=math.nan), "expected seconds > 0, got nan"),
        (lambda: Limits(upload_bytes=-1), "expected upload_bytes >= 0, got -1"),
        (lambda: Limits(queue_length=-1), "expected queue_length >= 0, got -1"),
        (lambda: Limits(audio_seconds=math.nan), "expected audio_seconds >= 0, got nan"),
        (lambda: Limits(finished_tasks=0), "expected finished_tasks >= 1, got 0"),
    ],
)
def test_a_limit_that_makes_no_sense_is_refused_when_it_is_made(make: Callable[[], object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        make()


def test_the_defaults_are_those_of_the_limits_page() -> None:
    limits = Limits()
    assert (limits.upload_bytes, limits.upload_seconds) == (500_000_000, 120)
    assert (limits.storage_bytes, limits.audio_seconds) == (1 << 30, 7200)
    assert (limits.rate, limits.queue_length, limits.finished_seconds) == (None, None, None)


@given(
    requests=st.integers(0, 4),
    seconds=st.floats(0.000001, 100),
    moves=st.lists(st.floats(0, 30), min_size=1, max_size=40),
    epoch=st.integers(0, 4_000_000_000),
)
def test_waiting_what_retry_after_says_is_always_enough(
    requests: int, seconds: float, moves: list[float], epoch: int
) -> None:
    """Row 24 of the demands: announced and enforced wait are one, whatever happened before; and nobody waits a window too long."""
    clock = Clock(frozen=True, epoch=epoch)
    window, rate = RateWindow(), Rate(requests=requests, seconds=seconds)
    for move in moves:
        clock.advance(move)
        exceeded = window.take(rate, clock.now(), clock.epoch)
        if exceeded is None:
            continue
        assert exceeded.limit == requests
        assert 1 <= exceeded.retry_after <= math.ceil(seconds)
        # The second truth of the four headers: the date on which the window ends is not before the wait is over in whole seconds.
        assert exceeded.reset - (epoch + clock.now() / SECOND) <= exceeded.retry_after + 1
        assert exceeded.reset >= epoch + clock.now() / SECOND
        clock.advance(exceeded.retry_after)
        assert clock.now() / SECOND + epoch >= exceeded.reset - 1
        again = window.take(rate, clock.now(), clock.epoch)
        assert (again is None) is (requests > 0)


@given(requests=st.integers(1, 5), seconds=st.integers(1, 9), moves=st.lists(st.integers(0, 5), max_size=60))
def test_no_window_lets_more_through_than_it_may(requests: int, seconds: int, moves: list[int]) -> None:
    clock = Clock(frozen=True)
    window, rate = RateWindow(), Rate(requests=requests, seconds=seconds)
    passed: list[int] = []
    begins = -seconds * SECOND
    for move in moves:
        clock.advance(move)
        if clock.now() >= begins + seconds * SECOND:
            begins, passed = clock.now(), []
        if window.take(rate, clock.now(), clock.epoch) is None:
            passed.append(clock.now())
        else:
            assert len(passed) == requests
        assert len(passed) <= requests


def test_the_four_headers_are_those_of_the_reference() -> None:
    assert Exceeded(retry_after=3, limit=10, reset=99).headers == tuple(zip(FOUR, ["3", "10", "0", "99"], strict=True))


# What follows goes over a socket.


@dataclass
class Bench:
    world: World
    url: str
    thread: ServerThread
    submit: Ask
    ask: Ask

    def upload(self, content: bytes = CONTENT, **more: Any) -> Any:
        return self.submit(self.url, content, **more)

    def move(self, seconds: float) -> None:
        self.thread.call(self.world.clock.advance, seconds)

    @property
    def note(self) -> str:
        return list(self.world.journal)[-1].note


@pytest.fixture
def limit(start: Start, submit: Ask, ask: Ask) -> Callable[..., Bench]:
    """Start a server with some limits, whose tasks run for a minute of standing time."""

    def make(**limits: Any) -> Bench:
        world = World("", Scenario(course=LONG, limits=Limits(**limits)), Clock(frozen=True))
        thread = start(platform=Platform(world))
        return Bench(world, thread.url, thread, submit, ask)

    return make


REACHED: dict[Limit, tuple[dict[str, Any], int, str, int]] = {
    "licensed": ({"licensed": False}, 403, "limits.licensed: false", 0),
    "rate": ({"rate": Rate(requests=1, seconds=7.5)}, 429, "limits.rate: 1 requests in a window", 1),
    "queue_length": ({"queue_length": 1}, 429, "limits.queue_length: 1", 1),
    "upload_bytes": ({"upload_bytes": 35}, 413, "limits.upload_bytes", 0),
    "storage_bytes": ({"storage_bytes": 71}, 507, "limits.storage_bytes: 71", 1),
}
"""The limit, the status, what log and journal say, and how many uploads fit before."""


@pytest.mark.parametrize("name", REACHED)
@pytest.mark.parametrize("before", [False, True], ids=["after", "before"])
def test_each_limit_answers_before_the_body_or_after_it(
    limit: Callable[..., Bench], caplog: pytest.LogCaptureFixture, name: Limit, *, before: bool
) -> None:
    """Row 11 of the demands: every limit is visible, named in the answer's status, the log and the journal."""
    caplog.set_level("DEBUG", "diarkit")
    limits, status, said, fits = REACHED[name]
    # Before the body only its whole length is known, which is somewhat more than the file's.
    room = {key: value + 200 for key, value in limits.items() if key == "storage_bytes" and before}
    bench = limit(**{**limits, **room, "before_body": (name,) if before else ()})
    uploads = [bench.upload(headers={"X-Request-Id": str(number)}) for number in range(6)]
    statuses = [answer.status for answer in uploads]
    fits = statuses.index(status) if room else fits
    assert statuses == [202] * fits + [status] * (6 - fits)
    refused = uploads[-1]
    assert set(json.loads(refused.body)) == {"type", "message", "detail"}
    assert said.split(":")[0] in bench.note
    assert said.split(":")[0] in caplog.text
    read = [entry.received for entry in bench.world.journal][-1]
    assert (read == 0) is before
    assert [refused.header(header) is not None for header in FOUR] == [status == 429] * 4


def test_a_refusal_of_the_rate_tells_one_truth_in_four_headers(limit: Callable[..., Bench]) -> None:
    """Row 24 of the demands, on the wire."""
    bench = limit(rate=Rate(requests=1, seconds=7.5))
    assert bench.upload().status == 202
    bench.move(2)
    refused = bench.upload()
    assert [refused.header(name) for name in FOUR] == ["6", "1", "0", str(STANDSTILL_EPOCH + 8)]
    bench.move(5.499999)
    assert bench.upload().status == 429
    bench.move(0.000001)
    assert bench.upload().status == 202


def test_all_operations_count_against_the_rate(limit: Callable[..., Bench]) -> None:
    bench = limit(rate=Rate(requests=4, seconds=60))
    location = bench.upload().header("x-location")
    paths = ["/api/system/info", "/api/system/status", location[len(bench.url) :]]
    assert [bench.ask(bench.url, "GET", path).status for path in paths] == [200, 200, 200]
    assert [bench.ask(bench.url, "GET", path).status for path in paths] == [429, 429, 429]
    assert bench.upload().status == 429


def test_a_full_queue_takes_more_as_soon_as_a_task_has_ended(limit: Callable[..., Bench]) -> None:
    bench = limit(queue_length=2)
    assert [bench.upload().status for _ in range(3)] == [202, 202, 429]
    bench.move(59.999999)
    assert bench.upload().status == 429
    bench.move(0.000001)
    assert [bench.upload().status for _ in range(3)] == [202, 202, 429]


@pytest.mark.parametrize("waited", [0, 7.25, 59.5])
def test_waiting_what_a_full_queue_says_is_enough_too(limit: Callable[..., Bench], waited: float) -> None:
    """Row 24 of the demands: where the end of a task is known, so is the wait."""
    bench = limit(queue_length=1)
    assert bench.upload().status == 202
    bench.move(waited)
    refused = bench.upload()
    wait = math.ceil(60 - waited)
    assert [refused.header(name) for name in FOUR] == [str(wait), "1", "0", str(STANDSTILL_EPOCH + 60)]
    bench.move(wait)
    assert bench.upload().status == 202


def test_a_queue_whose_end_nobody_knows_says_one_second(limit: Callable[..., Bench]) -> None:
    bench = limit(queue_length=1)
    bench.world.replace_scenario(replace(bench.world.scenario, course="manual"))
    assert bench.upload().status == 202
    assert bench.upload().header("retry-after") == "1"


def test_storage_is_freed_as_tasks_end_whether_somebody_looks_or_not(limit: Callable[..., Bench]) -> None:
    bench = limit(storage_bytes=100)
    assert [bench.upload().status for _ in range(3)] == [202, 202, 507]
    assert bench.world.tasks.stored_bytes == 72
    assert bench.upload(b"just 28 bytes are left for it").status == 507
    assert bench.upload(b"just 28 bytes are left for i").status == 202
    bench.move(60)
    assert [bench.upload().status for _ in range(3)] == [202, 202, 507]


def test_a_file_of_just_the_size_allowed_is_accepted(limit: Callable[..., Bench]) -> None:
    bench = limit(upload_bytes=36)
    assert (bench.upload().status, bench.upload(CONTENT + b"!").status) == (202, 413)


def test_a_finished_task_expires_and_is_then_unknown(limit: Callable[..., Bench]) -> None:
    bench = limit(finished_seconds=30)
    path = bench.upload().header("x-location")[len(bench.url) :]

    def look() -> tuple[int, str]:
        answer = bench.ask(bench.url, "GET", path)
        return answer.status, json.loads(answer.body).get("task", {}).get("state", "")

    seen: list[tuple[int, str]] = []
    for seconds in (0, 59.999999, 0.000001, 29.999999, 0.000001, 1e6):
        bench.move(seconds)
        seen.append(look())
    running, ended = (200, "running"), (200, "rejected")
    assert seen == [running, running, ended, ended, (404, ""), (404, "")]


def test_expiry_counts_from_the_end_and_not_from_the_first_look(limit: Callable[..., Bench]) -> None:
    bench = limit(finished_seconds=30)
    path = bench.upload().header("x-location")[len(bench.url) :]
    bench.move(90)
    assert bench.ask(bench.url, "GET", path).status == 404


def test_audio_that_is_too_long_is_accepted_and_then_rejected(limit: Callable[..., Bench], make_wav: Ask) -> None:
    bench = limit(audio_seconds=1.5)
    ends: list[dict[str, Any]] = []
    for seconds in (1.5, 1.51):
        answer = bench.upload(make_wav(seconds))
        assert answer.status == 202
        bench.move(60)
        ends.append(json.loads(bench.ask(answer.header("x-location")).body))
    assert [end["task"]["state"] for end in ends] == ["done", "rejected"]
    assert "1.5 s" in ends[1]["error"]["message"]
