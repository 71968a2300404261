"""Starts a server as a process, waits for its first answer, reads its memory and processor time, ends it. Linux: reads /proc."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from speed_requests import POLL, ask

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 10.0
LOOK_S = 0.004
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Running:
    """A server that answers."""

    port: int
    start_s: float
    """From the start of the process to the first answer of any status."""

    session: int

    def memory_mb(self) -> float:
        """Sum what all its processes hold, memory that they share counted once (PSS)."""
        return sum(read_memory_kb(pid) for pid in list_processes(self.session)) / 1000

    def cpu_s(self) -> float:
        """Sum the processor time of the threads of its processes."""
        ns = 0
        for pid in list_processes(self.session):
            for thread in Path(f"/proc/{pid}/task").glob("*/schedstat"):
                with contextlib.suppress(OSError):
                    ns += int(thread.read_text().split()[0])
        return ns / 1e9


def read_stat(pid: int) -> list[str]:
    """Read the fields of /proc/PID/stat that come after the name, which may have spaces in it."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def read_memory_kb(pid: int) -> int:
    """Read the proportional set size; 0 for a process that has just ended."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0


def list_processes(session: int) -> list[int]:
    """List the processes of a session: the server and what it has started."""
    found: list[int] = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                if int(read_stat(int(folder.name))[3]) == session:
                    found.append(int(folder.name))
    return found


def read_busy_s() -> float:
    """Read how long all cores together have worked since the machine started."""
    user, nice, system = (int(ticks) for ticks in Path("/proc/stat").read_text().split()[1:4])
    return (user + nice + system) / TICKS_PER_S


def find_free_ports() -> tuple[int, int]:
    """Let the system pick two ports; not all servers can pick one and say which."""
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        return one.getsockname()[1], other.getsockname()[1]


def wait_for_answer(process: subprocess.Popen[bytes], port: int, errors: Path) -> None:
    """Ask until somebody answers.

    Raises:
        RuntimeError: The process has ended, or nobody answers in time.
    """
    gives_up_at = time.monotonic() + START_TIMEOUT_S
    while process.poll() is None and time.monotonic() < gives_up_at:
        try:
            ask(port, POLL)
        except (OSError, http.client.HTTPException):
            time.sleep(LOOK_S)
        else:
            return
    raise RuntimeError(f"expected an answer on port {port}, got: {errors.read_text(errors='replace')[-2000:]}")


@contextlib.contextmanager
def run(command: tuple[str, ...], files: Mapping[str, str]) -> Iterator[Running]:
    """Run a server in a fresh folder with its files; `@PORT@` and `@OTHER@` stand for free ports in both."""
    port, other = find_free_ports()

    def fill(text: str) -> str:
        return text.replace("@PORT@", str(port)).replace("@OTHER@", str(other))

    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            path = Path(folder, name)
            path.parent.mkdir(exist_ok=True)
            path.write_text(fill(text))
        errors = Path(folder, "errors.log")
        with errors.open("wb") as log:
            began = time.monotonic()
            process = subprocess.Popen(
                [fill(word) for word in command],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                env={name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
                start_new_session=True,
            )
        try:
            wait_for_answer(process, port, errors)
            yield Running(port, time.monotonic() - began, process.pid)
        finally:
            end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """End a server with all that it has started, its session: by force where asking does not help."""
    for signal_number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal_number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP_TIMEOUT_S)
