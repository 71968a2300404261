"""Measures `diarkit serve` under load: what it keeps, how long others wait, what an upload costs beside its digest. 1 if a bound is broken.

    python tests/benchmarks/under_load.py [--share 0.1] [NAME ...]

Each row is a figure and its bound. Processor time is the server's own; a poll under load is compared with one of the same server
when it is idle, 99th percentile with 99th percentile. All of it takes two minutes on a quiet machine. Linux: reads /proc.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import socket
import statistics
import sys
import tempfile
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from speed_load import GENERATORS
from speed_measure import await_task
from speed_process import run
from speed_requests import ENDPOINT, Request, ask, write_noise, write_upload

from diarkit_fixtures.wav.file import write_wav_head

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from speed_process import Running

SERVE: Final = (
    *(sys.executable, "-c", "from diarkit_mockserver.commands.main import main; main()", "serve", "--port", "@PORT@"),
    *("--log-level", "error", "--storage-bytes", str(10**15), "--upload-bytes", str(10**12)),
)
LONG: Final = {
    "course": "immediate",
    "rules": [
        {"then": {"segments": [[{"speaker_id": 0, "start_time": n, "end_time": n + 0.5} for n in range(20_000)]]}}
    ],
}
"""Its answer has more than a megabyte."""

BLOCK: Final = b"\xe8\x03" * (1 << 19)
BOUNDARY: Final = hashlib.sha256(b"as long as those of real clients").hexdigest()[:32]
PATIENCE_S: Final = 120.0
LOOKS: Final = 2_000
PAUSE_S: Final = 0.001


@dataclass(frozen=True, slots=True)
class Row:
    """One figure, and how large it may be or has to be."""

    what: str
    figure: float
    bound: float
    unit: str
    is_least: bool = False

    @property
    def holds(self) -> bool:
        """Whether it is within its bound."""
        return self.figure >= self.bound if self.is_least else self.figure < self.bound

    def __str__(self) -> str:
        sign = ">=" if self.is_least else "<"
        verdict = "holds" if self.holds else "BROKEN"
        return f"{self.what:62} {self.figure:>9.2f} {self.unit:2} {sign:>2} {self.bound:<6g} {verdict}"


def write_get(path: str, *headers: str) -> bytes:
    """Write a poll."""
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: x", *headers, "", ""]).encode()


def connect(port: int) -> socket.socket:
    """Open a connection that does not wait to fill a packet."""
    opened = socket.create_connection(("127.0.0.1", port), PATIENCE_S)
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return opened


def look(opened: socket.socket, poll: bytes, size: int) -> float:
    """Poll once; seconds until the whole answer, of so many bytes, is there."""
    began = time.perf_counter()
    opened.sendall(poll)
    while size > 0:
        size -= len(opened.recv(1 << 16))
    return time.perf_counter() - began


@contextmanager
def serve(**files: str) -> Iterator[tuple[Running, bytes, int]]:
    """Run the server with a task that is done: the server, the poll of the task, bytes of the answer."""
    flags = ("--scenario", "scenario.json") if files else ()
    with run((*SERVE, *flags), {f"{name}.json": text for name, text in files.items()}) as running:
        poll = write_get(await_task(running.port, write_upload(write_noise(10_000)))[0].path)
        with closing(connect(running.port)) as opened:
            opened.sendall(poll)
            opened.settimeout(1)
            size = 0
            try:
                while piece := opened.recv(1 << 20):
                    size += len(piece)
            except TimeoutError:
                pass
        yield running, poll, size


def measure_unread(share: float) -> Iterator[Row]:
    """Poll for a megabyte, 2,000 times, and read nothing; somebody else asks meanwhile."""
    with serve(scenario=json.dumps(LONG)) as (running, poll, size), closing(connect(running.port)) as greedy:
        assert size > 1_000_000
        before = running.memory_mb()
        greedy.sendall(poll * round(2_000 * share))
        waits: list[float] = []
        most = before
        for _ in range(50):
            began = time.perf_counter()
            ask(running.port, Request("GET", "/api/system/info"))
            waits.append(time.perf_counter() - began)
            most = max(most, running.memory_mb())
        yield Row("unread polls of 1.1 MB: memory", most - before, 64, "MB")
        yield Row("unread polls of 1.1 MB: the longest wait of another client", max(waits), 0.25, "s")


def measure_heads(share: float) -> Iterator[Row]:
    """Poll 200,000 times with 8 KB of headers, in batches of 20."""
    with serve() as (running, poll, size), closing(connect(running.port)) as opened:
        heavy = poll[:-2] + b"X: " + b"y" * 8_000 + b"\r\n\r\n"
        count = round(200_000 * share) // 20
        for batch in range(count):
            if batch == count // 5:
                warm = running.memory_mb()
            look(opened, heavy * 20, 20 * size)
        yield Row(f"{20 * count:,} polls with heads of 8 KB: memory after a fifth", running.memory_mb() - warm, 4, "MB")


def measure_upload(share: float) -> Iterator[Row]:
    """Upload a gigabyte, and hash as much in this process."""
    blocks = round(1_024 * share)
    digest, wall_s, cpu_s = hashlib.sha256(), time.perf_counter(), time.process_time()
    for _ in range(blocks):
        digest.update(BLOCK)
    wall_s, cpu_s = time.perf_counter() - wall_s, time.process_time() - cpu_s
    with serve() as (running, _, _):
        server_s, took_s = running.cpu_s(), time.perf_counter()
        stream(running.port, blocks)
        server_s, took_s = running.cpu_s() - server_s, time.perf_counter() - took_s
    yield Row(
        f"upload of {blocks} MB: sha256 alone / server, processor time", cpu_s / server_s, 0.6, "x", is_least=True
    )
    yield Row(f"upload of {blocks} MB: sha256 alone / all of it, wall time", wall_s / took_s, 0.9, "x", is_least=True)


def stream(port: int, blocks: int) -> None:
    """Upload so many megabytes."""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="long.wav"\r\n\r\n'.encode()
    head += write_wav_head(blocks * len(BLOCK) // 2, 8_000, channels=1)
    tail = f"\r\n--{BOUNDARY}--\r\n".encode()
    length = len(head) + blocks * len(BLOCK) + len(tail)
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    first = f"POST {ENDPOINT} HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n".encode()
    with closing(connect(port)) as opened:
        opened.sendall(first + head)
        for _ in range(blocks):
            opened.sendall(BLOCK)
        opened.sendall(tail)
        assert opened.recv(100).startswith(b"HTTP/1.1 202")


def keep_pace(port: int, poll: bytes, rate: float) -> None:
    """Poll at a rate, whether answers come or not, until this process is ended."""
    with closing(connect(port)) as opened:
        opened.setblocking(False)
        began, sent = time.perf_counter(), 0
        while True:
            while sent < rate * (time.perf_counter() - began):
                opened.send(poll)
                sent += 1
            try:
                opened.recv(1 << 20)
            except BlockingIOError:
                time.sleep(0)


def measure_latency(share: float) -> Iterator[Row]:
    """Poll every other millisecond: an idle server, one at half of what it can do, one that takes an upload of 500 MB."""
    with (
        serve() as (running, poll, size),
        closing(connect(running.port)) as opened,
        tempfile.TemporaryDirectory() as folder,
    ):

        def find_p99(goes_on: Callable[[int], bool]) -> float:
            taken: list[float] = []
            while goes_on(len(taken)):
                taken.append(look(opened, poll, size))
                time.sleep(PAUSE_S)
            return statistics.quantiles(taken, n=100)[-1]

        def some(looks: int) -> bool:
            return looks < LOOKS * share

        path = poll.split()[1].decode()
        generator = GENERATORS["asyncio"]
        pressed = generator(running.port, Request("GET", path), 64, Path(folder))
        rate = pressed.answers / pressed.seconds / 2
        idle = find_p99(some)
        pace = multiprocessing.Process(target=keep_pace, args=(running.port, poll, rate), daemon=True)
        pace.start()
        busy = find_p99(some)
        pace.terminate()
        upload = multiprocessing.Process(target=stream, args=(running.port, round(500 * share)))
        upload.start()
        streaming = find_p99(lambda looks: upload.is_alive() or looks < 2)
    yield Row(f"p99 of a poll at {rate:,.0f} others a second, to an idle one's", busy / idle, 4, "x")
    yield Row(f"p99 of a poll while {500 * share:.0f} MB stream, to an idle one's", streaming / idle, 4, "x")


ROWS: Final[dict[str, Callable[[float], Iterator[Row]]]] = {
    "unread": measure_unread,
    "heads": measure_heads,
    "upload": measure_upload,
    "latency": measure_latency,
}


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--share", type=float, default=1.0, help="of all sizes and numbers, for a short look (default: 1)"
    )
    parser.add_argument(
        "names", nargs="*", choices=[*ROWS, []], metavar="NAME", help=f"{', '.join(ROWS)} (default: all)"
    )
    asked = parser.parse_args()
    broken = 0
    for name in asked.names or ROWS:
        for row in ROWS[name](asked.share):
            broken += not row.holds
            sys.stdout.write(f"{row}\n")
            sys.stdout.flush()
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
