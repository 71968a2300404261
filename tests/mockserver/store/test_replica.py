"""One platform in several servers of this process, over a real store; and the same requests to one that is alone."""

from __future__ import annotations

import hashlib
import itertools
import os
import random
import re
import socket
import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from diarkit_mockserver.intake.request import ENDPOINT
from diarkit_mockserver.scenario.load import parse_scenario
from diarkit_mockserver.serving.server import ServerThread, bind
from diarkit_mockserver.store.replica import Replica
from diarkit_mockserver.store.shelf import Shelf
from diarkit_mockserver.world.platform import Platform
from diarkit_mockserver.world.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CONTROL = "/__diarkit/v1"
REQUESTS = int(os.environ.get("DIARKIT_TEST_SHARED", "120"))
"""In the comparison with memory."""


@pytest.fixture
def start(request: pytest.FixtureRequest) -> Iterator[Callable[..., list[httpx.Client]]]:
    """Start servers, and return a client of each: replicas of one platform, or one that is alone."""
    with ExitStack() as stack:

        def run(store: str | None, number: int = 2, scenario: str = "version: 1") -> list[httpx.Client]:
            clients: list[httpx.Client] = []
            for _ in range(number):
                platform = Platform(World(scenario=parse_scenario(scenario, source="test", directory=None)))
                if store is not None:
                    Replica(platform, Shelf(platform, store, "test"))
                thread = ServerThread(platform, bind("127.0.0.1", 0))
                stack.callback(thread.stop)
                clients.append(stack.enter_context(httpx.Client(base_url=thread.url, trust_env=False, timeout=60)))
            return clients

        yield run


@pytest.fixture(params=["memory", "store"])
def one_platform(
    request: pytest.FixtureRequest, start: Callable[..., list[httpx.Client]]
) -> Callable[..., Iterator[httpx.Client]]:
    """Start a platform, alone or of three replicas; each request goes to another one."""
    store = request.getfixturevalue("redis").url if request.param == "store" else None

    def run(scenario: str = "version: 1") -> Iterator[httpx.Client]:
        return itertools.cycle(start(store, 3 if store else 1, scenario))

    return run


def submit(client: httpx.Client, name: str = "a.wav", content: bytes = b"x", world: str = "") -> httpx.Response:
    return client.post(world + ENDPOINT, files={"file": (name, content)})


def submit_task(client: httpx.Client, name: str = "a.wav", content: bytes = b"x", world: str = "") -> str:
    answer = submit(client, name, content, world)
    assert answer.status_code == 202, answer.text
    task_id: str = answer.json()["task"]["task_id"]
    return task_id


def look(client: httpx.Client, task_id: str, world: str = "") -> str:
    answer = client.get(f"{world}{ENDPOINT}/{task_id}")
    return str(answer.json()["task"]["state"] if answer.status_code == 200 else answer.status_code)


def control(client: httpx.Client, method: str, path: str, **sent: Any) -> Any:
    answer = client.request(method, CONTROL + path, **sent)
    assert answer.is_success, answer.text
    return answer.json() if answer.content else None


def test_a_task_is_polled_wherever_it_was_submitted(one_platform: Callable[..., Iterator[httpx.Client]]) -> None:
    clients = one_platform("{version: 1, media: {undecodable: assume}, course: {polls: {pending: 1, running: 2}}}")
    task_id = submit_task(next(clients))
    assert [look(next(clients), task_id) for _ in range(4)] == ["pending", "running", "running", "done"]


def test_a_rule_is_used_up_once_for_all(one_platform: Callable[..., Iterator[httpx.Client]]) -> None:
    clients = one_platform("{version: 1, rules: [{times: 2, then: {http: 503}}]}")
    assert [submit(next(clients)).status_code for _ in range(4)] == [503, 503, 202, 202]


def test_the_same_submission_is_another_task_each_time(one_platform: Callable[..., Iterator[httpx.Client]]) -> None:
    clients = one_platform()
    ids = [submit_task(next(clients)) for _ in range(3)]
    assert len(set(ids)) == 3


def test_a_rate_and_a_queue_and_a_storage_hold_for_all(one_platform: Callable[..., Iterator[httpx.Client]]) -> None:
    clients = one_platform("{version: 1, course: manual, limits: {rate: {requests: 3, seconds: 100000}}}")
    assert [submit(next(clients)).status_code for _ in range(4)] == [202, 202, 202, 429]
    control(next(clients), "PUT", "/scenario", json={"version": 1, "limits": {"storage_bytes": 4}})
    control(next(clients), "POST", "/reset")
    control(next(clients), "PUT", "/scenario", json={"version": 1, "course": "manual", "limits": {"queue_length": 2}})
    assert [submit(next(clients)).status_code for _ in range(3)] == [202, 202, 429]
    held = {"version": 1, "course": "manual", "limits": {"storage_bytes": 7}}
    control(next(clients), "POST", "/reset")
    control(next(clients), "PUT", "/scenario", json=held)
    assert [submit(next(clients), content=b"123").status_code for _ in range(3)] == [202, 202, 507]


def test_an_ordinal_of_a_fault_counts_all_requests(one_platform: Callable[..., Iterator[httpx.Client]]) -> None:
    clients = one_platform("{version: 1, faults: [{on: submit, ordinal: 3, http: 502}]}")
    assert [submit(next(clients)).status_code for _ in range(4)] == [202, 202, 502, 202]


def test_a_limit_asked_before_the_body_counts_once(one_platform: Callable[..., Iterator[httpx.Client]]) -> None:
    clients = one_platform("{version: 1, limits: {rate: {requests: 2, seconds: 100000}, before_body: [rate]}}")
    assert [submit(next(clients)).status_code for _ in range(3)] == [202, 202, 429]


def test_a_world_opened_at_one_is_there_at_all(one_platform: Callable[..., Iterator[httpx.Client]]) -> None:
    clients = one_platform()
    control(next(clients), "POST", "/worlds", json={"name": "w", "frozen": True})
    task_id = submit_task(next(clients), world="/worlds/w")
    assert [one["name"] for one in control(next(clients), "GET", "/worlds")] == ["", "w"]
    assert look(next(clients), task_id, "/worlds/w") != "404"
    control(next(clients), "DELETE", "/worlds/w")
    assert look(next(clients), task_id, "/worlds/w") == "404"


def test_the_journal_has_the_exchanges_of_all_in_one_order(one_platform: Callable[..., Iterator[httpx.Client]]) -> None:
    clients = one_platform()
    task_id = submit_task(next(clients), "one.wav")
    look(next(clients), task_id)
    page = control(next(clients), "GET", "/journal")
    assert page["total"] == len(page["entries"]) == 2
    expected = {"expected": [{"when": {"filename": "one.wav"}, "times": 1}]}
    assert control(next(clients), "POST", "/journal/verify", json=expected)["holds"]
    look(next(clients), task_id)
    look(next(clients), task_id)
    assert control(next(clients), "GET", "/conduct")[0]["rule"] == "conduct.polls-after-end"


def test_a_refused_call_is_refused_as_by_one(one_platform: Callable[..., Iterator[httpx.Client]]) -> None:
    clients = one_platform()
    answer = next(clients).post(CONTROL + "/clock/advance", json={"seconds": -1})
    assert (answer.status_code, answer.json()["title"]) == (422, "Body invalid")
    assert next(clients).delete(CONTROL + "/worlds/none").status_code == 404


def test_a_clock_moved_at_one_wakes_who_waits_at_another(redis: Any, start: Callable[..., list[httpx.Client]]) -> None:
    first, second = start(redis.url, 2, "{version: 1, faults: [{on: submit, latency: {fixed: 100000}}]}")
    control(first, "POST", "/clock/freeze")
    answers: list[int] = []
    waiting = threading.Thread(target=lambda: answers.append(submit(first).status_code))
    waiting.start()
    while control(second, "GET", "/journal")["total"] == 0:
        pass
    assert answers == []
    assert control(second, "POST", "/clock/advance", json={"seconds": 100000})["frozen"]
    waiting.join(60)
    assert answers == [202]


def test_who_joins_later_has_all_that_was(redis: Any, start: Callable[..., list[httpx.Client]]) -> None:
    (first,) = start(redis.url, 1, "{version: 1, seed: 5}")
    task_id = submit_task(first)
    (second,) = start(redis.url, 1, "{version: 1, seed: 6}")
    assert look(second, task_id) != "404"
    assert control(second, "GET", "/scenario")["seed"] == 5
    look(first, task_id)
    numbers = [one["entry"]["connection"] for one in control(second, "GET", "/journal")["entries"]]
    assert [number == numbers[0] for number in numbers] == [True, False, True]  # no two replicas have one of a number


def test_without_its_store_it_says_so_and_goes_on_when_it_is_back(
    redis: Any, start: Callable[..., list[httpx.Client]]
) -> None:
    clients = start(redis.url)
    task_id = submit_task(clients[0], "kept.wav")
    redis.kill()
    for client in clients:
        refused = submit(client)
        assert (refused.status_code, sorted(refused.json())) == (503, ["detail", "message", "type"])
        assert client.get(f"{ENDPOINT}/{task_id}").status_code == 503
        assert client.get(CONTROL + "/ready").status_code == 503
        assert client.get(CONTROL + "/health").status_code == 200
        assert client.post(CONTROL + "/reset").status_code == 503
    redis.start()
    for client in clients:
        assert client.get(CONTROL + "/ready").status_code == 200
        assert look(client, task_id) in {"pending", "running", "done", "rejected"}


def test_a_poll_is_two_round_trips_and_an_upload_three(redis: Any, start: Callable[..., list[httpx.Client]]) -> None:
    (client,) = start(redis.url, 1)

    def count() -> int:
        with socket.create_connection(("127.0.0.1", redis.port)) as store:
            store.sendall(b"INFO commandstats\r\nQUIT\r\n")
            text = b"".join(iter(lambda: store.recv(65536), b"")).decode()
        return sum(int(calls) for calls in re.findall(r"cmdstat_eval(?:sha)?:calls=(\d+)", text))

    task_id = submit_task(client)
    control(client, "GET", "/ready")
    counts = [count()]
    submit(client, "b.wav")
    counts.append(count())
    look(client, task_id)
    counts.append(count())
    assert [after - before for before, after in itertools.pairwise(counts)] == [3, 2]


def test_a_store_that_has_lost_everything_leaves_a_platform_without_tasks(
    redis: Any, start: Callable[..., list[httpx.Client]]
) -> None:
    clients = start(redis.url)
    task_id = submit_task(clients[0])
    redis.kill(forget=True)
    redis.start()
    for client in clients:
        control(client, "GET", "/ready")
    assert [look(client, task_id) for client in clients] == ["404", "404"]
    again = submit_task(clients[1])
    assert again == task_id  # the first of its kind, of a world that begins again
    assert look(clients[0], again) != "404"


def test_an_upload_that_its_client_gives_up_is_noted(redis: Any, start: Callable[..., list[httpx.Client]]) -> None:
    first, second = start(redis.url)

    def begin() -> Iterator[bytes]:
        yield b"--b\r\n"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        first.post(ENDPOINT, content=begin(), headers={"content-type": "multipart/form-data; boundary=b"})
    while control(second, "GET", "/journal")["total"] == 0:
        pass
    assert "in the middle of its upload" in control(second, "GET", "/journal")["entries"][0]["entry"]["note"]


def test_any_order_over_any_replica_has_the_answers_of_memory(
    redis: Any, start: Callable[..., list[httpx.Client]], make_wav: Callable[..., bytes]
) -> None:
    """The promise: which answers there are does not depend on order, replica or store."""
    files = [make_wav(1 + 0.1 * number, level=500 + number) for number in range(10)]
    names = [f"{number}.wav" for number in range(REQUESTS // 2)]

    def digest(clients: list[httpx.Client], seed: int) -> str:
        order = random.Random(seed).sample(names, len(names))  # noqa: S311 - an order, no secret
        turn = itertools.cycle(clients)
        seen: list[tuple[str, str]] = []
        for name in order:
            task_id = submit_task(next(turn), name, files[int(name[:-4]) % len(files)])
            seen.append((name, next(turn).get(f"{ENDPOINT}/{task_id}").text))
        return hashlib.sha256(repr(sorted(seen)).encode()).hexdigest()

    alone = digest(start(None, 1), 0)
    replicas = start(redis.url, 3)
    for seed in (1, 2, 3):
        assert digest(replicas, seed) == alone
        control(replicas[seed % 3], "POST", "/reset")
