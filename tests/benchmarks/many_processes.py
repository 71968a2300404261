"""Benchmark of the store and of workers: polls and uploads per second, their p99 as a multiple of an idle poll, round trips per request.

    python tests/benchmarks/many_processes.py [--seconds 3]

Requires redis-server or valkey-server, and several cores: with only two, the load generator, the store and the workers compete for
them, so compare the ratios rather than the rates.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click
import httpx

ENDPOINT = "/api/technology/speaker-diarization"
PROGRAM = "from diarkit_mockserver.commands.main import main; main()"
SETUPS = (("memory", 0), ("store, 1 worker", 1), ("store, 2 workers", 2), ("store, 4 workers", 4))
CLIENTS = 16


def start_redis(folder: str) -> tuple[subprocess.Popen[bytes], int]:
    """Start a store without persistence, as its disk is not measured; return it with its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    program = shutil.which("valkey-server") or shutil.which("redis-server")
    assert program is not None, "requires redis-server or valkey-server"
    process = subprocess.Popen([program, "--port", str(port), "--save", "", "--dir", folder], stdout=subprocess.DEVNULL)
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            continue
        return process, port


def count_scripts(port: int) -> int:
    """Return the number of script runs in the store, one per round trip."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"INFO commandstats\r\nQUIT\r\n")
        text = b"".join(iter(lambda: connection.recv(65536), b"")).decode()
    return sum(int(line.split("calls=")[1].split(",")[0]) for line in text.splitlines() if "cmdstat_evalsha:" in line)


async def press(url: str, paths: list[str], seconds: float, body: bytes | None) -> tuple[float, float]:
    """Request each path repeatedly on a connection of its own; return responses per second, and their p99 in seconds."""
    host, port = url.removeprefix("http://").split(":")
    more = f"content-type: multipart/form-data; boundary=b\r\ncontent-length: {len(body)}\r\n" if body else ""
    taken: list[float] = []
    ends = time.perf_counter() + seconds

    async def ask(path: str) -> None:
        asked = f"{'POST' if body else 'GET'} {path} HTTP/1.1\r\nhost: a\r\n{more}\r\n".encode() + (body or b"")
        reader, writer = await asyncio.open_connection(host, int(port))
        while (begun := time.perf_counter()) < ends:
            writer.write(asked)
            answer = await reader.readuntil(b"\r\n\r\n")
            assert answer[9:12] in (b"200", b"202"), answer
            await reader.readexactly(int(answer.lower().split(b"content-length: ")[1].split(b"\r\n")[0]))
            taken.append(time.perf_counter() - begun)
        writer.close()

    await asyncio.gather(*map(ask, paths))
    return len(taken) / seconds, statistics.quantiles(taken, n=100)[98]


def measure_idle(url: str) -> tuple[list[str], float]:
    """Return the path of a task for each client, and the median time in seconds of a poll without other load."""
    with httpx.Client(base_url=url, trust_env=False) as client:
        answers = [client.post(ENDPOINT, files={"file": ("a.wav", b"x")}) for _ in range(CLIENTS)]
        paths = [answer.headers["x-location"].removeprefix(url) for answer in answers]
        taken = []
        for _ in range(200):
            begun = time.perf_counter()
            client.get(paths[0])
            taken.append(time.perf_counter() - begun)
    return paths, statistics.median(taken)


def main() -> None:
    """Measure all setups and print a row for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0)
    seconds: float = parser.parse_args().seconds
    content = os.urandom(100_000)
    part = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
    form = part + content + b"\r\n--b--\r\n"
    click.echo(f"{'':18} {'polls/s':>8} {'p99/idle':>8} {'trips':>6} {'uploads/s':>9} {'p99/idle':>8} {'trips':>6}")
    for name, workers in SETUPS:
        with tempfile.TemporaryDirectory() as folder:
            redis, port = start_redis(folder)
            flags = ["--store", f"redis://127.0.0.1:{port}/0", "--workers", str(workers)] if workers else []
            command = [sys.executable, "-c", PROGRAM, "serve", "--port", "0", "--quiet", *flags]
            with Path(folder, "err").open("wb") as err:
                server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=err, text=True)
            assert server.stdout is not None
            url = server.stdout.readline().removeprefix("listening on ").strip()
            try:
                paths, idle = measure_idle(url)
                cells = []
                for body in (None, form):
                    before = count_scripts(port)
                    rate, p99 = asyncio.run(press(url, [ENDPOINT] * CLIENTS if body else paths, seconds, body))
                    trips = (count_scripts(port) - before) / (rate * seconds)
                    cells.append(f"{rate:>8.0f} {p99 / idle:>8.1f} {trips:>6.2f}")
                click.echo(f"{name:18} {'  '.join(cells)}")
            finally:
                for process in (server, redis):
                    process.send_signal(signal.SIGTERM)
                    process.wait()


if __name__ == "__main__":
    main()
