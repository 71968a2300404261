"""Measures what a world keeps for a task that nobody has looked at. Exits with 1 above the budget.

python tests/benchmarks/memory.py [--uploads 100000]

All uploads differ: in bytes, length, name, parameters and headers. They take the whole way through `Platform` in this process; the
journal, a ring with a bound of its own, is held at one entry and so left out. What counts is what Python allocated (tracemalloc)
between the first and the last of them.
"""

from __future__ import annotations

import argparse
import gc
import struct
import sys
import tracemalloc
from typing import Final

from diarkit_mockserver.intake.request import ENDPOINT, Request
from diarkit_mockserver.journal.journal import Journal
from diarkit_mockserver.scenario.course import BySeconds, StateSeconds
from diarkit_mockserver.scenario.model import Scenario
from diarkit_mockserver.world.platform import Platform
from diarkit_mockserver.world.world import World

BUDGET_BYTES = 800
WARM_UP = 1_000
"""Uploads before the measurement, for what is allocated once: caches, imports, the parser's tables."""

RATE: Final = 100
"""Samples a second, so that the lengths of small files differ in all their centiseconds."""

SCENARIOS: Final = {
    "the guide's course": Scenario(),
    "by seconds": Scenario(course=BySeconds(seconds=StateSeconds(pending=1, running=1e6))),
}
CONFIGS: Final = (None, None, '{"max_speakers": 2}', '{"total_speakers": 4}', '{"max_speakers": 8}')
QUERIES: Final = ("", "", "channel_mode=mix", "channels=0", "range_from=0.5&range_to={number}.25")


def write_upload(number: int) -> tuple[Request, bytes]:
    """Write an upload that differs from all others, as the client of the guide sends it."""
    boundary = f"{number:032x}"
    samples = number.to_bytes(4, "little") + b"\xff" * (number * 7919 % 4_001)
    head = struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF",
        36 + len(samples),
        b"WAVE",
        b"fmt ",
        16,
        1,
        1,
        RATE,
        RATE,
        1,
        8,
        b"data",
        len(samples),
    )
    parts = [(f'name="file"; filename="call-{number:06}.wav"', head + samples)]
    if (config := CONFIGS[number % len(CONFIGS)]) is not None:
        parts.append(('name="config"', config.encode()))
    body = b"".join(
        b"--%s\r\nContent-Disposition: form-data; %s\r\n\r\n%s\r\n" % (boundary.encode(), name.encode(), part)
        for name, part in parts
    )
    body += b"--%s--\r\n" % boundary.encode()
    headers = {
        "host": "127.0.0.1:8000",
        "user-agent": "python-requests/2.32.3",
        "accept-encoding": "gzip, deflate",
        "accept": "*/*",
        "connection": "keep-alive",
        "content-length": str(len(body)),
        "content-type": f"multipart/form-data; boundary={boundary}",
    }
    query = QUERIES[number % 7 % len(QUERIES)].format(number=number)
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    return Request("POST", ENDPOINT, query, raw, scheme="http", server="127.0.0.1:8000"), body


def upload(platform: Platform, number: int) -> None:
    """Send one upload through the platform."""
    request, body = write_upload(number)
    place = platform.find_place(request.path)
    visit = platform.begin(request, place)
    reader = platform.read_upload(visit, place)
    reader.feed(body)
    response = platform.answer(visit, place, reader)
    if response.status != 202:
        raise RuntimeError(f"upload {number} was answered {response.status}: {response.body.decode()}")


def measure(scenario: Scenario, uploads: int) -> float:
    """Accept so many uploads into a fresh world; bytes a task."""
    world = World(scenario=scenario)
    world.journal = Journal(most_entries=1)
    platform = Platform(world)
    for number in range(WARM_UP):
        upload(platform, number)
    gc.collect()
    tracemalloc.start()
    for number in range(WARM_UP, WARM_UP + uploads):
        upload(platform, number)
    gc.collect()
    traced, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    if len(world.tasks) != WARM_UP + uploads:
        raise RuntimeError(f"expected {WARM_UP + uploads} tasks, got {len(world.tasks)}")
    return traced / uploads


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--uploads", type=int, default=100_000, help="into each world (default: 100000)")
    uploads: int = parser.parse_args().uploads
    worst = 0.0
    for name, scenario in SCENARIOS.items():
        each = measure(scenario, uploads)
        worst = max(worst, each)
        sys.stdout.write(f"{name}: {each:.0f} bytes a task, {uploads} uploads\n")
    sys.stdout.write(f"allowed are {BUDGET_BYTES} bytes a task\n")
    return int(worst >= BUDGET_BYTES)


if __name__ == "__main__":
    sys.exit(main())
