"""Measures how the cost of a request grows with what is there: rules, worlds, connections, segments, tasks, full storage.

    python tests/benchmarks/growth.py [NAME ...] [--full]

Processor time of one request inside the process, without sockets but for connections; each row is one more of ten. What grows by
less than ten from row to row is better than linear.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import logging
import resource
import socket
import sys
import time
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from diarkit_mockserver.clock import Clock
from diarkit_mockserver.intake.request import ENDPOINT, Request
from diarkit_mockserver.scenario.limits import Limits
from diarkit_mockserver.scenario.model import Rule, Scenario, SpokenSegment, Then
from diarkit_mockserver.scenario.when import When
from diarkit_mockserver.serving.server import ServerThread, bind
from diarkit_mockserver.world.platform import Platform
from diarkit_mockserver.world.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REPEATS: Final = 300
FORM: Final = b'--b\r\nContent-Disposition: form-data; name="file"; filename="NAME"\r\n\r\nno audio\r\n--b--\r\n'
HEADERS: Final = [(b"host", b"h"), (b"content-type", b"multipart/form-data; boundary=b")]


def upload(platform: Platform, name: str, base: str = "") -> tuple[int, str]:
    """Upload one file; the status, and the task's id."""
    request = Request("POST", base + ENDPOINT, "", HEADERS, scheme="http", server="h:1")
    place = platform.find_place(request.path)
    visit = platform.begin(request, place)
    reader = platform.read_upload(visit, place)
    reader.feed(FORM.replace(b"NAME", name.encode()))
    answer = platform.answer(visit, place, reader)
    return answer.status, json.loads(answer.body)["task"]["task_id"] if answer.status == 202 else ""


def poll(platform: Platform, task_id: str, base: str = "") -> int:
    """Poll a task; the length of the answer."""
    request = Request("GET", f"{base}{ENDPOINT}/{task_id}", "", HEADERS[:1], scheme="http", server="h:1")
    place = platform.find_place(request.path)
    return len(platform.answer(platform.begin(request, place), place).body)


def time_it(action: Callable[[int], object], repeats: int = REPEATS) -> float:
    """Take the best of three rounds, in microseconds of processor time."""
    best = float("inf")
    for turn in range(3):
        began = time.process_time()
        for number in range(repeats):
            action(turn * repeats + number)
        best = min(best, (time.process_time() - began) / repeats)
    return best * 1e6


def make_platform(**scenario: object) -> Platform:
    """Make a platform whose time stands still."""
    return Platform(World("", Scenario(**scenario), Clock(frozen=True)))  # type: ignore[arg-type]


def measure_rules(count: int) -> float:
    """Measure uploads that the last of so many rules answers."""
    rules = tuple(Rule(when=When(filename=f"{number}.wav"), then=Then(speakers=2)) for number in range(count))
    platform = make_platform(rules=rules)
    return time_it(lambda _: upload(platform, f"{count - 1}.wav"))


def measure_worlds(count: int) -> float:
    """Measure polls in the last of so many worlds."""
    platform = make_platform()
    for number in range(count):
        platform.open_world(str(number))
    base = f"/worlds/{count - 1}"
    _, task_id = upload(platform, "a", base)
    return time_it(lambda _: poll(platform, task_id, base))


def measure_named(count: int, kind: str) -> float:
    """Measure uploads that the last of so many rules answers, by digest or by how often the same request came."""
    digest = hashlib.sha256(b"no audio").hexdigest()
    whens = [
        When(sha256=f"{number:064x}") if kind == "sha256" else When(occurrence=number + 10**6)
        for number in range(count - 1)
    ]
    whens.append(When(sha256=digest))
    platform = make_platform(rules=tuple(Rule(when=when, then=Then(speakers=2)) for when in whens))
    return time_it(lambda _: upload(platform, "a"))


def measure_connections(count: int) -> float:
    """Measure polls over one of so many connections, the other ones idle; the client's time is in the figure."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    server = ServerThread(make_platform(), bind("127.0.0.1", 0))
    with contextlib.ExitStack() as stack:
        stack.callback(server.stop)
        address = urlsplit(server.url)
        opened = [stack.enter_context(socket.create_connection((address.hostname, address.port))) for _ in range(count)]

        def ask(_: int) -> None:
            opened[0].sendall(b"GET /api/system/info HTTP/1.1\r\nHost: h\r\n\r\n")
            opened[0].recv(1_000)

        return time_it(ask)


def measure_segments(count: int) -> float:
    """Measure the first look at a result of so many segments, which writes it."""
    said = tuple(SpokenSegment(speaker_id=0, start_time=n, end_time=n + 0.5) for n in range(count))
    platform = make_platform(course="immediate", rules=(Rule(then=Then(segments=(said,))),))
    tasks = [upload(platform, str(number))[1] for number in range(9)]
    return time_it(lambda number: poll(platform, tasks[number]), 3)


def measure_tasks(count: int) -> float:
    """Measure polls among so many unfinished tasks."""
    platform = make_platform(course="manual")
    for number in range(count):
        _, task_id = upload(platform, str(number))
    return time_it(lambda _: poll(platform, task_id))


def measure_storage(count: int) -> float:
    """Measure uploads that so many unfinished tasks leave no room for."""
    platform = make_platform(course="manual", limits=Limits(storage_bytes=8 * count))
    for number in range(count):
        assert upload(platform, str(number))[0] == 202
    assert upload(platform, "more")[0] == 507
    return time_it(lambda number: upload(platform, f"more {number}"))


GROWTHS: Final[dict[str, tuple[Callable[[int], float], tuple[int, ...]]]] = {
    "rules": (measure_rules, (1, 10, 100, 1_000)),
    "sha256": (lambda count: measure_named(count, "sha256"), (1, 10, 100, 1_000)),
    "occurrence": (lambda count: measure_named(count, "occurrence"), (1, 10, 100, 1_000)),
    "connections": (measure_connections, (1, 20, 200, 2_000)),
    "worlds": (measure_worlds, (1, 10, 100, 1_000, 10_000)),
    "segments": (measure_segments, (10, 100, 1_000, 10_000)),
    "tasks": (measure_tasks, (1, 10, 100, 1_000, 10_000, 100_000, 1_000_000)),
    "storage": (measure_storage, (1, 10, 100, 1_000, 10_000, 100_000)),
}
LONG: Final = 10_000
"""More than that takes minutes, and is left to `--full`."""


def list_rows(names: list[str], *, full: bool) -> Iterator[str]:
    """Measure what is asked for, row by row."""
    for name in names:
        measure, counts = GROWTHS[name]
        before = 0.0
        for count in counts:
            if count <= LONG or full:
                took = measure(count)
                growth = f"x {took / before:.1f}" if before else ""
                yield f"{name:10} {count:>10,} {took:>12.1f} us  {growth}"
                before = took


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", choices=[*GROWTHS, []], help="which (default: all)")
    parser.add_argument("--full", action="store_true", help="up to a million tasks: minutes")
    asked = parser.parse_args()
    logging.disable()
    for row in list_rows(asked.names or list(GROWTHS), full=asked.full):
        sys.stdout.write(row + "\n")


if __name__ == "__main__":
    main()
