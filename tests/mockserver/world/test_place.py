"""The same requests and calls to a platform in memory and to three processes that share one: each answer is the same.

They come one after another and time stands still, so that order and moment are the same; which process is asked is drawn.
"""

from __future__ import annotations

import json
import os
import random
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from diarkit_mockserver.clock import Clock
from diarkit_mockserver.intake.request import ENDPOINT
from diarkit_mockserver.serving.server import ServerThread, bind
from diarkit_mockserver.world.platform import Platform
from diarkit_mockserver.world.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator

CONTROL = "/__diarkit/v1"
STEPS = int(os.environ.get("DIARKIT_TEST_STEPS", "150"))

SEEDED = "11111111-2222-4333-8444-555555555555"
SCENARIOS: tuple[dict[str, Any], ...] = (
    {"version": 1},
    {"version": 1, "seed": 7, "course": "manual", "limits": {"queue_length": 2}},
    {"version": 1, "course": "immediate", "limits": {"storage_bytes": 4000, "finished_tasks": 2}},
    {"version": 1, "course": {"seconds": {"pending": 2, "running": 3}}, "limits": {"finished_seconds": 4, "queue_length": 3}},
    {"version": 1, "course": {"realtime_factor": 1, "workers": 1}, "limits": {"storage_bytes": 3000, "abandoned_seconds": 5}},
    {"version": 1, "rules": [{"times": 2, "then": {"failed": "no"}}, {"when": {"occurrence": 2}, "then": {"speakers": 3}}]},
    {"version": 1, "rules": [{"when": {"upload": 3}, "then": {"http": {"status": 429, "on": "poll", "times": 2}}}]},
    {"version": 1, "limits": {"rate": {"requests": 4, "seconds": 6}, "before_body": ["rate", "storage_bytes"]}},
    {"version": 1, "limits": {"licensed": False}},
    {"version": 1, "profile": "5.0", "course": {"polls": {"running": 1, "cancelled": 1}}},
    {"version": 1, "tasks": [{"id": SEEDED, "state": "running"}], "faults": [{"on": "any", "ordinal": [2, 5], "http": 502}]},
    {"version": 1, "faults": [{"on": "poll", "share": 0.3, "body": "garbled"}, {"on": "submit", "ordinal": 2, "task": "lost"}]},
    {"version": 1, "faults": [{"on": "submit", "task": "stuck", "times": 1}, {"on": "system", "ordinal": 1, "http": 503}]},
)  # fmt: skip


class Pair:
    """One platform twice: in memory, and in three processes' worth of servers."""

    def __init__(self, stack: ExitStack, store: str) -> None:
        from diarkit_mockserver.store.replica import Replica  # noqa: PLC0415 - where there is a store only
        from diarkit_mockserver.store.shelf import Shelf  # noqa: PLC0415

        def start(*, shared: bool) -> httpx.Client:
            platform = Platform(World(clock=Clock(frozen=True)), external_url="http://platform")
            if shared:
                Replica(platform, Shelf(platform, store, "same"))
            thread = ServerThread(platform, bind("127.0.0.1", 0))
            stack.callback(thread.stop)
            return stack.enter_context(httpx.Client(base_url=thread.url, trust_env=False, timeout=60))

        self.alone = start(shared=False)
        self.shared = [start(shared=True) for _ in range(3)]


@pytest.fixture
def pair(redis: Any) -> Iterator[Pair]:
    with ExitStack() as stack:
        yield Pair(stack, redis.url)


def draw_step(draws: random.Random, tasks: list[str], files: list[bytes]) -> tuple[str, str, dict[str, Any]]:
    """Draw what is asked next: method, path, and the rest."""
    world = draws.choice(("", "", "", "/worlds/w"))
    query = {"world": "w"} if world else {}
    task = (
        draws.choice((*tasks[-6:], SEEDED)) if draws.random() < 0.95 else draws.choice(("no-uuid", SEEDED[:-1] + "6"))
    )

    def call(method: str, path: str, **sent: Any) -> tuple[str, str, dict[str, Any]]:
        return method, CONTROL + path, {"params": query, **sent}

    def upload() -> tuple[str, str, dict[str, Any]]:
        form = draws.choice(({}, {}, {}, {"config": '{"max_speakers": 2}'}, {"config": "{"}, {"other": "x"}))
        name = draws.choice(("a.wav", "b.wav"))
        return "POST", world + ENDPOINT, {"files": {"file": (name, draws.choice(files))}, "data": form}

    def poll() -> tuple[str, str, dict[str, Any]]:
        return "GET", f"{world}{ENDPOINT}/{task}", {}

    common = [upload] * 12 + [poll] * 24
    rare = [
        lambda: ("GET", f"{world}/api/system/{draws.choice(('info', 'status'))}", {}),
        lambda: ("DELETE", f"{world}{ENDPOINT}", {}),
        lambda: call("POST", "/clock/advance", json={"seconds": draws.choice((0.5, 1, 3, 700))}),
        lambda: call("POST", "/clock/advance", json={"seconds": draws.choice((1, 2))}),
        lambda: call("PUT", "/scenario", json=draws.choice(SCENARIOS)),
        lambda: call("PUT", "/scenario", json=draws.choice(SCENARIOS)),
        lambda: call("GET", "/scenario"),
        lambda: call("POST", "/respond", json={"rules": [{"times": 1, "then": {"rejected": "never"}}]}),
        lambda: call("GET", "/respond"),
        lambda: call("PUT", "/faults", json={"faults": [{"on": "poll", "times": 1, "http": 504}]}),
        lambda: call("DELETE", "/faults"),
        lambda: call("GET", "/tasks"),
        lambda: call("GET", "/tasks", params={**query, "latest": 2}),
        lambda: call("GET", f"/tasks/{task}/picture"),
        lambda: call("POST", f"/tasks/{task}/step"),
        lambda: call("PUT", f"/tasks/{task}/state", json={"state": draws.choice(("running", "failed", "done"))}),
        lambda: call("GET", "/journal", params={**query, "since": 3, "limit": 20}),
        lambda: call("DELETE", "/journal"),
        lambda: call("GET", "/conduct"),
        lambda: call("GET", "/coverage"),
        lambda: call("POST", "/journal/verify", json={"expected": [{"when": {"filename": "a.wav"}, "times": 1}]}),
        lambda: ("POST", f"{CONTROL}/worlds", {"json": {"name": "w", "frozen": True, "counted": draws.random() < 0.5}}),
        lambda: ("POST", f"{CONTROL}/worlds", {"json": {"name": "w", "frozen": True}}),
        lambda: ("GET", f"{CONTROL}/worlds", {}),
        lambda: ("GET", f"{world}/openapi.json", {}),
        lambda: call("POST", "/reset") if draws.random() < 0.3 else call("GET", "/clock"),
        lambda: ("DELETE", f"{CONTROL}/worlds/w", {}) if draws.random() < 0.3 else ("GET", f"{CONTROL}/clock", {}),
    ]
    return draws.choice(common + rare)()


def tell(answer: httpx.Response) -> tuple[Any, ...]:
    """Tell what an answer is, without what differs from one connection to another."""
    named = {name: answer.headers.get(name) for name in ("content-type", "x-request-id", "x-location", "retry-after")}
    if answer.request.url.path.startswith(CONTROL):
        return answer.status_code, strip(answer.json()) if answer.content else None
    return answer.status_code, answer.content, named


def strip(value: Any) -> Any:
    """Take connections and addresses out of what the control API returns."""
    if isinstance(value, dict):
        apart = {"connection", "connections", "url", "headers", "base_url", "server", "host"}
        return {name: strip(one) for name, one in value.items() if name not in apart}
    return [strip(one) for one in value] if isinstance(value, list) else value


def find_differences(came: Any, expected: Any, place: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Find where two values differ."""
    if isinstance(came, dict) and isinstance(expected, dict) and came.keys() == expected.keys():
        for name in came:
            yield from find_differences(came[name], expected[name], f"{place}.{name}")
    elif isinstance(came, list | tuple) and isinstance(expected, list | tuple) and len(came) == len(expected):
        for number, pair in enumerate(zip(came, expected, strict=True)):
            yield from find_differences(*pair, f"{place}.{number}")
    elif came != expected:
        yield place, came, expected


@pytest.mark.parametrize("seed", range(int(os.environ.get("DIARKIT_TEST_SEEDS", "3"))))
def test_whatever_is_asked_each_answer_is_the_same(pair: Pair, make_wav: Any, seed: int) -> None:
    draws = random.Random(seed)  # noqa: S311 - a sequence, no secret
    files = [make_wav(0.1, level=900), make_wav(0.2, level=900), b"no audio"]
    tasks: list[str] = [SEEDED]
    boundary = {"content-type": "multipart/form-data; boundary=b0undary"}
    for number in range(STEPS):
        method, path, sent = draw_step(draws, tasks, files)
        if "files" in sent:
            sent["headers"] = boundary
        expected = pair.alone.request(method, path, **sent)
        came = draws.choice(pair.shared).request(method, path, **sent)
        shown = json.dumps({name: one for name, one in sent.items() if name != "files"})
        print(f"{number}. {method} {path} {shown} -> {expected.status_code}")  # noqa: T201 - shown where the test fails
        assert list(find_differences(tell(came), tell(expected))) == [], f"step {number}: {method} {path} {shown}"
        if expected.status_code == 202 and expected.request.method == "POST":
            tasks.append(expected.json()["task"]["task_id"])
