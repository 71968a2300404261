"""Measures what the installed pytest plugin adds to collecting an empty project. Exits with 1 above the budget.

python tests/benchmarks/plugin_cost.py [--runs 10]

Runs with and without the plugin take turns, so that what else the machine does falls on both; the medians are compared.
Plugins of others are left out: where there are many, their start takes seconds, and the noise of it is above the budget.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

BUDGET_MS = 20.0
"""More would be felt in every run of every project that has the kit installed."""

NO_TESTS = 5
"""What pytest exits with where it found nothing to collect."""

WITH = ("-p", "diarkit_mockserver.harness.plugin")
WITHOUT: tuple[str, ...] = ()


def collect(folder: str, flags: tuple[str, ...]) -> float:
    """Collect an empty project once; milliseconds of the processor's time, which others on the machine don't lengthen."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *flags]
    environment = {name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"}
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # compiling is a cost of the first run only
    environment["PYTHONPYCACHEPREFIX"] = f"{folder}-compiled"
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    took = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    if ended.returncode != NO_TESTS:
        raise RuntimeError(f"expected an empty project, got:\n{ended.stdout.decode()}{ended.stderr.decode()}")
    return took * 1000


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=10, help="of each kind (default: 10)")
    runs: int = parser.parse_args().runs
    times: dict[tuple[str, ...], list[float]] = {WITH: [], WITHOUT: []}
    with tempfile.TemporaryDirectory() as parent:
        folder = f"{parent}/project"
        Path(folder).mkdir()
        for flags in times:
            collect(folder, flags)  # fills the caches
        for _ in range(runs):
            for flags, taken in times.items():
                taken.append(collect(folder, flags))
    with_it, without = (statistics.median(times[flags]) for flags in (WITH, WITHOUT))
    more = with_it - without
    sys.stdout.write(
        f"with the plugin {with_it:.1f} ms, without {without:.1f} ms (medians of {runs}): "
        f"{more:+.1f} ms, allowed are {BUDGET_MS:.0f} ms\n"
    )
    return int(more >= BUDGET_MS)


if __name__ == "__main__":
    sys.exit(main())
