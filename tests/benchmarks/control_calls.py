"""How long a control call keeps the server's loop from its other clients, in processor time. Exits with 1 above the budget.

python tests/benchmarks/control_calls.py [--rounds 3]

The worst body of each kind that the control API takes; the best of some rounds counts, as others use the machine too.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import sys
import urllib.error
import urllib.request
from itertools import pairwise
from time import process_time
from typing import Final

from diarkit_mockserver.control.app import MOST_VALUES
from diarkit_mockserver.serving.server import ServerThread, bind
from diarkit_mockserver.world.platform import Platform
from diarkit_mockserver.world.world import World

BUDGET_MS: Final = 50.0
V1: Final = "/__diarkit/v1"
CALLS: Final[dict[str, tuple[str, str, bytes | None]]] = {
    "first call": ("GET", "/health", None),
    "scenario of many rules": (
        "PUT",
        "/scenario",
        b'{"version":1,"rules":[' + b'{"then":{}},' * 20_000 + b'{"then":{}}]}',
    ),
    "list of ones": ("PUT", "/scenario", b"[" + b"1," * MOST_VALUES + b"1]"),
    "unknown keys": ("PUT", "/scenario", b"{" + b",".join(b'"%d":1' % key for key in range(MOST_VALUES // 4)) + b"}"),
    "answers": ("POST", "/respond", b'{"rules":[' + b'{"then":{}},' * 20_000 + b'{"then":{}}]}'),
    "expectations": ("POST", "/journal/verify", b'{"expected":[' + b"{}," * 45_000 + b"{}]}"),
    "text": ("POST", "/worlds", b'{"name":"' + b"x" * 1_000_000 + b'"}'),
    "escapes": ("POST", "/worlds", b'{"name":"' + b"\\ud83d\\ude00" * 80_000 + b'"}'),
    "tab in YAML": ("PUT", "/scenario", b"\n" * 49_000 + b"\t- 1"),
}


def measure(name: str) -> float:
    """Send a call to a new server; the longest turn of its loop, in milliseconds."""
    thread = ServerThread(Platform(World()), bind("127.0.0.1", 0))
    method, path, body = CALLS[name]
    if name != "first call":
        send(f"{thread.url}{V1}/health", "GET", None)
    turns: list[float] = []
    gc.freeze()  # as `serve` does

    async def turn() -> None:
        while True:
            turns.append(process_time())
            await asyncio.sleep(0)

    turning = thread.call(lambda: asyncio.get_running_loop().create_task(turn()))
    send(f"{thread.url}{V1}{path}", method, body)
    thread.call(turning.cancel)
    gc.unfreeze()
    thread.stop()
    return max(later - earlier for earlier, later in pairwise(turns)) * 1000


def send(url: str, method: str, body: bytes | None) -> None:
    """Send a request that is answered or refused."""
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"}, method=method)  # noqa: S310 - ours
    try:
        urllib.request.urlopen(request, timeout=60).close()  # noqa: S310
    except urllib.error.HTTPError as refused:
        refused.close()


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    rounds: int = parser.parse_args().rounds
    worst = 0.0
    for name in CALLS:
        best = min(measure(name) for _ in range(rounds))
        worst = max(worst, best)
        sys.stdout.write(f"{name:24} {best:6.1f} ms\n")
    sys.stdout.write(f"allowed are {BUDGET_MS:.0f} ms\n")
    return int(worst >= BUDGET_MS)


if __name__ == "__main__":
    sys.exit(main())
