"""Measures the fake beside the mock servers that one would take otherwise, in turns, and prints figures and ratios.

Each peer gets an environment of its own in one folder outside the project; those that are missing are left out with a line:

    mkdir PEERS; cd PEERS
    python -m venv fastapi && fastapi/bin/pip install fastapi 'uvicorn[standard]' python-multipart
    python -m venv pytest-httpserver && pytest-httpserver/bin/pip install pytest-httpserver
    python -m venv moto && moto/bin/pip install 'moto[server]'
    npm install --prefix prism @stoplight/prism-cli
    npm install --prefix mockoon @mockoon/cli
    npm install --prefix json-server json-server@latest
    npm install --prefix mountebank mountebank@latest
    npm install --prefix wiremock wiremock@latest; apt-get install default-jre-headless
    apt-get install wrk nginx-light

    python tests/benchmarks/speed.py --peers PEERS --output tests/benchmarks/speed.txt --picture tests/benchmarks/speed.svg

Linux. All on 127.0.0.1; nothing is pinned to a core. A press takes a second; ten servers in three rounds take five minutes.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

from speed_load import GENERATORS
from speed_measure import Round, capture_exchanges, measure
from speed_process import read_busy_s
from speed_report import Setting, draw_picture, write_report
from speed_requests import write_noise, write_upload
from speed_servers import PEERS, describe_fake

SMALL_BYTES = 10_000
LARGE_BYTES = 1_000_000


def read_flags() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", type=Path, help="folder that the peers are installed in")
    parser.add_argument("--only", nargs="*", choices=list(PEERS), help="these peers (default: all that are installed)")
    parser.add_argument("--rounds", type=int, default=3, help="medians are taken of (default: 3)")
    parser.add_argument("--minutes", type=float, default=6.0, help="no round begins that would end later (default: 6)")
    fastest = "wrk" if shutil.which("wrk") else "asyncio"
    parser.add_argument(
        "--generator", choices=list(GENERATORS), default=fastest, help="of the load (default: %(default)s)"
    )
    parser.add_argument("--output", type=Path, help="file to write, too")
    parser.add_argument("--picture", type=Path, help="file for the same as a picture, in SVG")
    return parser.parse_args()


def find_peers(parent: Path | None, wanted: list[str]) -> dict[str, Path]:
    """Find which peers are installed, and where."""
    folders = {name: (parent or Path()).resolve() / name for name in wanted}
    return {
        name: folder
        for name, folder in folders.items()
        if (shutil.which(name) if name == "nginx" else parent is not None and folder.is_dir())
    }


def main() -> None:
    """Measure in turns, print, and write."""
    asked = read_flags()
    small, large = (write_upload(write_noise(size)) for size in (SMALL_BYTES, LARGE_BYTES))
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        fake = describe_fake(small, large, scratch / "compiled")
        exchanges = capture_exchanges(fake)
        wanted = list(PEERS) if asked.only is None else asked.only
        found = find_peers(asked.peers, wanted)
        servers = [fake, *(PEERS[name](installed, exchanges) for name, installed in found.items())]
        rounds: list[dict[str, Round]] = []
        began, ours_before, busy_before = time.monotonic(), sum(os.times()[:4]), read_busy_s()
        while len(rounds) < asked.rounds:
            rounds.append({each.name: measure(each, GENERATORS[asked.generator], scratch) for each in servers})
            took = time.monotonic() - began
            sys.stderr.write(f"round {len(rounds)}: {took:.0f} s\n")
            if took * (1 + 1 / len(rounds)) > asked.minutes * 60:
                break
    took = time.monotonic() - began
    others_s = read_busy_s() - busy_before - (sum(os.times()[:4]) - ours_before)
    setting = Setting(asked.generator, took, max(0.0, others_s / took), len(exchanges.done))
    text = write_report(servers, [name for name in wanted if name not in found], rounds, setting)
    sys.stdout.write(text)
    if asked.output:
        asked.output.write_text(text)
    if asked.picture:
        asked.picture.write_text(draw_picture(servers, rounds))


if __name__ == "__main__":
    main()
