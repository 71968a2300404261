from __future__ import annotations

import hashlib
import http.client
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from diarkit_mockserver.clock import SECOND, Clock
from diarkit_mockserver.intake.request import ENDPOINT
from diarkit_mockserver.intake.submission import Media
from diarkit_mockserver.scenario.course import ByRealTime
from diarkit_mockserver.scenario.limits import Limits, Rate
from diarkit_mockserver.scenario.model import Scenario
from diarkit_mockserver.serving.server import ServerThread, bind
from diarkit_mockserver.world.platform import Platform
from diarkit_mockserver.world.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE_S = 60.0
DAY_S = 86_400
HOUR_S = 3600
CALLS = 24
SCENARIO = Scenario(
    course=ByRealTime(realtime_factor=0.02, workers=2),
    limits=Limits(rate=Rate(requests=10, seconds=600), finished_seconds=6 * HOUR_S),
    media=Media(duration=90),
)
"""Two workers take 75 minutes for each call; every hour brings a call, ten requests fit into ten minutes."""


class Day:
    """A client and its world from midnight to midnight; only the hands of the clock move."""

    def __init__(self) -> None:
        self.world = World("", SCENARIO, Clock(frozen=True))
        self.thread = ServerThread(Platform(self.world), bind("127.0.0.1", 0))
        address = urlsplit(self.thread.url)
        self.connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=PATIENCE_S)
        self.states: dict[str, list[str]] = {}
        self.refusals = 0
        self.expired_at: dict[str, int] = {}

    def ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, dict[str, Any]]:
        headers = {"Host": "platform.test", **({"Content-Type": "multipart/form-data; boundary=b"} if body else {})}
        while True:
            self.connection.request(method, path, body, headers)
            response = self.connection.getresponse()
            answer: dict[str, Any] = json.loads(response.read())
            if response.status != 429:
                return response.status, answer
            self.refusals += 1
            self.move(int(response.headers["Retry-After"]))

    def move(self, seconds: float) -> None:
        self.thread.call(self.world.clock.advance, seconds)

    def live(self) -> None:
        for hour in range(CALLS):
            self.move(max(0.0, hour * HOUR_S - self.world.clock.now() / SECOND))
            form = f'--b\r\nContent-Disposition: form-data; name="file"; filename="{hour:02}.amr"\r\n\r\n#!AMR\n{hour}\r\n--b--\r\n'
            status, answer = self.ask("POST", ENDPOINT, form.encode())
            assert status == 202
            self.states[answer["task"]["task_id"]] = ["pending"]
            self.look_at_all()
        self.move(DAY_S - self.world.clock.now() / SECOND)
        self.look_at_all()

    def look_at_all(self) -> None:
        for task_id, seen in self.states.items():
            status, answer = self.ask("GET", f"{ENDPOINT}/{task_id}")
            state = "expired" if status == 404 else answer["task"]["state"]
            if seen[-1] != state:
                seen.append(state)
                self.expired_at[task_id] = self.world.clock.now()

    def stop(self) -> None:
        self.connection.close()
        self.thread.stop()


def tell_journal(world: World) -> Iterator[str]:
    for e in world.journal:
        head = f"{e.number} {e.asked_at} {e.answered_at} {e.request.method} {e.request.path} {e.status} {e.task_id} {e.state}"
        yield f"{head} {e.rule} {e.note} {e.headers!r} {hashlib.sha256(e.body).hexdigest()}"


def live_a_day() -> tuple[Day, bytes]:
    day = Day()
    try:
        day.live()
        return day, "\n".join(tell_journal(day.world)).encode()
    finally:
        day.stop()


def test_a_day_is_over_at_once_and_is_the_same_day_the_next_time() -> None:
    """Rows 3, 4 and 24 of the demands: nothing really waits; one clock moves queue, windows, expiry and journal alike."""
    day, journal = live_a_day()
    again, same = live_a_day()
    assert same == journal
    assert again.states == day.states

    # The queue: 24 calls of 75 minutes on two workers begin on the hour they came.
    assert len(day.states) == CALLS
    first = next(iter(day.states.values()))
    assert first == ["pending", "running", "done", "expired"]
    # Expiry: six hours after the end, and so for all but the calls of the last hours.
    assert sum(seen[-1] == "expired" for seen in day.states.values()) >= CALLS - 9
    assert list(day.states.values())[-1][-1] in ("running", "done")
    # The windows: looking at all tasks takes more than one of them; each wait was enough.
    assert day.refusals > 0
    refused = [e for e in day.world.journal if e.status == 429]
    assert len(refused) == day.refusals
    entries = list(day.world.journal)
    assert all(entries[e.number].status != 429 for e in refused)
    assert entries[-1].asked_at >= DAY_S * SECOND


def test_a_queue_with_one_worker_takes_its_calls_in_order() -> None:
    scenario = Scenario(course=ByRealTime(realtime_factor=1, workers=1), media=Media(duration=100))
    day = Day()
    day.world.replace_scenario(scenario)
    try:
        tasks = [
            day.ask(
                "POST",
                ENDPOINT,
                f'--b\r\nContent-Disposition: form-data; name="file"; filename="{n}"\r\n\r\n#!AMR\n\r\n--b--\r\n'.encode(),
            )
            for n in range(3)
        ]
        seen: list[str] = []
        for _ in range(7):
            states = [
                day.ask("GET", f"{ENDPOINT}/{answer['task']['task_id']}")[1]["task"]["state"][0] for _, answer in tasks
            ]
            seen.append("".join(states))
            day.move(50)
        assert seen == ["rpp", "rpp", "drp", "drp", "ddr", "ddr", "ddd"]
    finally:
        day.stop()
