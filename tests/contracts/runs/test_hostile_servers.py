"""Who is hostile holds no run and fills no memory: the command line as people call it, in a process of its own, measured.

It takes real time, which is what it measures, so it is among the slow tests.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from contract_servers.hostile import HOSTILE, ODD

from diarkit_contracts.runs.verdict import Exit

if TYPE_CHECKING:
    from collections.abc import Callable

VERIFY: Final = (sys.executable, "-c", "from diarkit_mockserver.commands.main import main; main()", "verify")

TABLE: Final = "DIARKIT_HOSTILE_TABLE"
"""Names a file in the environment to which a line of Markdown is written for each server."""

MOST_S: Final = 15.0
"""Starting included, as is promised; what the run waits for a processor that others have does not count."""

MOST_KB: Final = 512 << 10
ENDS: Final = {Exit.FINDINGS, Exit.VACUOUS, Exit.UNREACHABLE}


def wait_for_processor(pid: int) -> float:
    """Wait until a process ends; return how long it stood ready and others had the processor, in seconds."""
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    _, waited, _ = Path(f"/proc/{pid}/schedstat").read_text("ascii").split()
    return int(waited) / 1e9


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE)
def test_a_run_ends_in_time_and_within_memory(
    name: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    out = tmp_path / "out.txt"
    command = [*VERIFY, "--max-seconds", "5", "--report", f"html={tmp_path / 'a.html'}"]
    with HOSTILE[name]() as url, out.open("wb") as file:
        start = time.monotonic()
        run = subprocess.Popen([*command, url], stdout=file, stderr=subprocess.STDOUT)
        waited = wait_for_processor(run.pid)
        seconds = time.monotonic() - start - waited
        _, status, used = os.wait4(run.pid, 0)
        run.returncode = os.waitstatus_to_exitcode(status)
    said = out.read_text(encoding="utf-8", errors="replace")
    headline = said.rstrip().rpartition("\n")[2]
    for key, value in (
        ("seconds", seconds),
        ("mb", used.ru_maxrss >> 10),
        ("exit", run.returncode),
        ("said", headline),
    ):
        record_property(key, value)
    if TABLE in os.environ:
        with Path(os.environ[TABLE]).open("a", encoding="utf-8") as table:
            table.write(
                f"| {name} | {run.returncode} | {seconds:.1f} s | {used.ru_utime + used.ru_stime:.1f} s | {used.ru_maxrss >> 10} MB | {headline[:90]} |\n"
            )
    assert run.returncode in (ENDS | {Exit.FINE} if name in ODD else ENDS), said
    assert "Traceback" not in said
    assert seconds < MOST_S
    assert used.ru_maxrss < MOST_KB
