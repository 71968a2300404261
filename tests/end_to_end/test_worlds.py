from __future__ import annotations

import gc
import http.client
import json
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from diarkit_mockserver.clock import SECOND, Clock
from diarkit_mockserver.intake.request import ENDPOINT
from diarkit_mockserver.scenario.course import BySeconds, StateSeconds
from diarkit_mockserver.scenario.model import Rule, Scenario, Then
from diarkit_mockserver.serving.server import ServerThread, bind
from diarkit_mockserver.world.platform import WORLDS, Platform
from diarkit_mockserver.world.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE_S = 60.0
WORLD_COUNT = 64
FILE_COUNT = 5
MAKING = 2000


@pytest.fixture
def platform() -> Platform:
    return Platform(World())


@pytest.fixture
def thread(platform: Platform) -> Iterator[ServerThread]:
    thread = ServerThread(platform, bind("127.0.0.1", 0))
    yield thread
    thread.stop()


def write_form(content: str) -> bytes:
    return f'--b\r\nContent-Disposition: form-data; name="file"; filename="call.wav"\r\n\r\n{content}\r\n--b--\r\n'.encode()


def live_in(thread: ServerThread, world: World, number: int) -> list[Any]:
    """Upload, wait and poll in one world, with a time of its own; the same files as in all others."""
    address = urlsplit(thread.url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=PATIENCE_S)
    base = f"{WORLDS}{world.name}{ENDPOINT}"
    seen: list[Any] = []
    try:
        for content in range(FILE_COUNT):
            connection.request(
                "POST", base, write_form(str(content)), {"Content-Type": "multipart/form-data; boundary=b"}
            )
            response = connection.getresponse()
            task_id = json.loads(response.read())["task"]["task_id"]
            location = response.headers["X-Location"]
            assert location == f"{thread.url}{base}/{task_id}"
            for expected in ("running", "done"):
                connection.request("GET", urlsplit(location).path)
                answer = json.loads(connection.getresponse().read())
                assert answer["task"] == {"task_id": task_id, "state": expected}
                thread.call(world.clock.advance, number + 1)
            seen.append((task_id, answer["result"]))
    finally:
        connection.close()
    return seen


def test_64_worlds_in_parallel_never_see_each_other(platform: Platform, thread: ServerThread) -> None:
    """Rows 1, 9 and 20 of the demands: state is in the task, worlds are side by side, requests are concurrent."""
    worlds: list[World] = []
    for number in range(WORLD_COUNT):
        course = BySeconds(seconds=StateSeconds(running=number + 1))
        scenario = Scenario(course=course, rules=(Rule(then=Then(speakers=number % 5)),))
        world = World(f"w{number}", scenario, Clock(frozen=True))
        thread.call(platform.worlds.__setitem__, world.name, world)
        worlds.append(world)
    with ThreadPoolExecutor(WORLD_COUNT) as pool:
        lives = list(pool.map(lambda number: live_in(thread, worlds[number], number), range(WORLD_COUNT)))

    ids = {task_id for life in lives for task_id, _ in life}
    assert len(ids) == WORLD_COUNT * FILE_COUNT
    for number, (world, life) in enumerate(zip(worlds, lives, strict=True)):
        assert [channel["speakers_count"] for _, result in life for channel in result["channels"]] == [
            number % 5
        ] * FILE_COUNT
        assert len(world.journal) == FILE_COUNT * 3
        assert {e.request.path.split("/")[2] for e in world.journal} == {world.name}
        assert {task.task_id for task in world.tasks} == {task_id for task_id, _ in life}
        assert world.clock.now() == FILE_COUNT * 2 * (number + 1) * SECOND
        other = worlds[(number + 1) % WORLD_COUNT]
        assert other.tasks.find(life[0][0], other.clock.now()) is None
    assert len(platform.world.journal) == 0
    # A world of the same name and seed tells the same story again, alone.
    alone = World("w3", worlds[3].scenario, Clock(frozen=True))
    thread.call(platform.worlds.__setitem__, "w3", alone)
    assert live_in(thread, alone, 3) == lives[3]


def test_worlds_come_and_go_by_the_thousand(platform: Platform) -> None:
    """Row 7 of the demands: a fresh state takes no thread, no file and no loop, and nothing of it stays."""
    threads, files = set(threading.enumerate()), list_files()
    kept: list[weakref.ref[World]] = []
    for number in range(MAKING):
        platform.worlds[str(number)] = world = World(str(number), Scenario())
        kept.append(weakref.ref(world))
    assert set(threading.enumerate()) <= threads
    assert list_files() <= files
    del world
    platform.worlds.clear()
    gc.collect()
    assert [one for one in kept if one() is not None] == []


def list_files() -> set[str]:
    """The numbers of the files that this process has open; none where nothing tells."""
    folder = Path("/proc/self/fd")
    return {file.name for file in folder.iterdir()} if folder.is_dir() else set()
