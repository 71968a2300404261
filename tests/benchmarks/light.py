"""Measures what a test costs that asks a fake of its own for one upload and three polls: the first one, and those after it.

python tests/benchmarks/light.py [--tests 200] [--runs 3]

Each client has a run of pytest to itself. The clocks are read around a whole test: its setup, its call and its teardown. The processor's
time is of all threads, the fake's among them, and is what other work on the machine changes least; the best of the runs counts.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

CONFTEST = """
import statistics, time, pytest

taken = []

@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    before, began = time.process_time(), time.perf_counter()
    answer = yield
    taken.append(((time.process_time() - before) * 1000, (time.perf_counter() - began) * 1000))
    return answer

def pytest_terminal_summary(terminalreporter):
    warm = map(statistics.median, zip(*taken[1:]))
    terminalreporter.line(" ".join(map(str, ("MEASURED", *taken[0], *warm))))
"""

TEST = """
import httpx, pytest, requests

kept = requests.Session(), httpx.Client()

@pytest.mark.parametrize("number", range({tests}))
def test_upload_and_three_polls(diarization_server, number):
    http = {client}
    location = http.post(diarization_server.endpoint, files={{"file": ("a.wav", b"audio")}}).headers["X-Location"]
    for _ in range(3):
        assert http.get(location).json()["task"]["state"] == "done"
"""

CLIENTS = ("kept[0]", "kept[1]", "requests")
"""A session of requests, a client of httpx, and requests without a session, which connects anew for each request."""

BUDGET_MS = {"cold": 500.0, "warm": 4.0}


def measure(folder: Path, tests: int, client: str) -> list[float]:
    """Run the test so many times; milliseconds of the first (processor, wall), and the median of the others likewise."""
    (folder / "test_light.py").write_text(TEST.format(tests=tests, client=client), "utf-8")
    environment = {name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"}
    environment |= {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPYCACHEPREFIX": f"{folder}-compiled"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # compiling is a cost of the first run only
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "diarkit_mockserver.harness.plugin",
    ]
    ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    found = [line.split()[1:] for line in ended.stdout.splitlines() if line.startswith("MEASURED")]
    if ended.returncode:
        raise RuntimeError(ended.stdout + ended.stderr)
    return list(map(float, found[0]))


def main() -> int:
    """Measure and print; the budgets are named, and are those of a machine that does nothing else."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tests", type=int, default=200, help="in a run (default: 200)")
    parser.add_argument("--runs", type=int, default=3, help="of each client (default: 3)")
    asked = parser.parse_args()
    sys.stdout.write(
        f"milliseconds: processor (wall); the budgets are {BUDGET_MS['cold']:.0f} and {BUDGET_MS['warm']:.0f}\n"
    )
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent, "project")
        folder.mkdir()
        (folder / "conftest.py").write_text(CONFTEST, "utf-8")
        measure(folder, 1, CLIENTS[0])  # fills the caches
        for client in CLIENTS:
            runs = [measure(folder, asked.tests, client) for _ in range(asked.runs)]
            cold, cold_wall, warm, warm_wall = map(min, zip(*runs, strict=True))
            sys.stdout.write(f"{client:10} cold {cold:.0f} ({cold_wall:.0f}), warm {warm:.1f} ({warm_wall:.1f})\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
