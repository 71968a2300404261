"""Processes of their own, as a fork of the test's would take all of it along."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAM = """
import os, signal, sys
from diarkit_mockserver.serving.workers import run_workers
def work(place):
    os.write(1, b'%d %d\\n' % (place, os.getpid()))
    if sys.argv[1] == "fail" and place == 0:
        raise ValueError("a bug")
    signal.pause()
run_workers(2, work)
"""

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


def run(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.fixture
def parent() -> Iterator[subprocess.Popen[str]]:
    with run("wait") as process:
        yield process
        process.terminate()


def read_workers(process: subprocess.Popen[str], number: int) -> dict[int, int]:
    """Read the indices and ids of the next workers that begin."""
    assert process.stdout is not None
    return {int(place): int(worker) for place, worker in (process.stdout.readline().split() for _ in range(number))}


def test_a_worker_that_dies_is_replaced_by_one_with_an_index_of_its_own(parent: subprocess.Popen[str]) -> None:
    workers = read_workers(parent, 2)
    assert sorted(workers) == [0, 1]
    os.kill(workers[1], signal.SIGKILL)
    (fresh,) = read_workers(parent, 1).items()
    assert fresh[0] == 2
    assert fresh[1] != workers[1]


@pytest.mark.parametrize("name", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_all_of_them(parent: subprocess.Popen[str], name: signal.Signals) -> None:
    workers = read_workers(parent, 2)
    parent.send_signal(name)
    out, _ = parent.communicate(timeout=60)
    assert out == ""
    assert parent.returncode == 0
    for worker in workers.values():
        with pytest.raises(ProcessLookupError):
            os.kill(worker, 0)


def test_the_death_of_the_parent_ends_all_of_them(parent: subprocess.Popen[str]) -> None:
    read_workers(parent, 2)
    parent.kill()
    assert parent.stdout is not None
    assert parent.stdout.read() == ""  # which ends when the last worker has closed it


def test_a_bug_in_a_worker_is_shown_and_ends_all_of_them() -> None:
    with run("fail") as process:
        out, err = process.communicate(timeout=60)
    assert "ValueError: a bug" in err
    assert process.returncode == 1
    for line in out.splitlines():
        with pytest.raises(ProcessLookupError):
            os.kill(int(line.split()[1]), 0)
