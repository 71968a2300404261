"""Who is hostile breaks no run and fills no memory: the command line as people call it, in a process of its own.

How long each run takes is written into the table, and not asserted: other work on the machine lengthens it. 15 s are promised.
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

MOST_KB: Final = 512 << 10
ENDS: Final = {Exit.FINDINGS, Exit.VACUOUS, Exit.UNREACHABLE}


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE)
def test_a_run_ends_within_memory(name: str, tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    out = tmp_path / "out.txt"
    command = [*VERIFY, "--max-seconds", "5", "--report", f"html={tmp_path / 'a.html'}"]
    with HOSTILE[name]() as url, out.open("wb") as file:
        start = time.monotonic()
        run = subprocess.Popen([*command, url], stdout=file, stderr=subprocess.STDOUT)
        _, status, used = os.wait4(run.pid, 0)
        run.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.monotonic() - start
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
    assert used.ru_maxrss < MOST_KB
