from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PROGRAM = "from diarkit_mockserver.commands.main import main; main()"
PATIENCE_S = 60.0


@dataclass(frozen=True)
class Served:
    url: str
    pid: int
    process: subprocess.Popen[str]

    def end(self) -> tuple[int, str]:
        """Let it end; return its exit code, and what it wrote."""
        self.process.terminate()
        written, _ = self.process.communicate(timeout=PATIENCE_S)
        return self.process.returncode, written


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients reach this machine itself, whatever the environment says."""
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Served]]:
    """Start `diarkit serve` on a free port, in a process of its own; it ends with the test."""
    with ExitStack() as stack:
        yield lambda *flags: stack.enter_context(_serving("serve", flags, tmp_path / "log.txt"))


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[Callable[..., Served]]:
    """Start `diarkit proxy` before a URL, likewise."""
    with ExitStack() as stack:
        yield lambda *flags: stack.enter_context(_serving("proxy", flags, tmp_path / "proxy.txt"))


@contextmanager
def _serving(command: str, flags: tuple[str, ...], log: Path) -> Iterator[Served]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DIARKIT_")}
    started = [sys.executable, "-c", PROGRAM, command, "--port", "0", *flags]
    with (
        log.open("wb") as err,
        subprocess.Popen(started, stdout=subprocess.PIPE, stderr=err, env=environment, text=True) as process,
    ):
        assert process.stdout is not None
        guard = threading.Timer(PATIENCE_S, process.kill)
        guard.start()
        try:
            line = process.stdout.readline()
            guard.cancel()
            assert line.startswith("listening on http://"), f"{line!r}\n{log.read_text('utf-8')}"
            yield Served(line.removeprefix("listening on ").strip(), process.pid, process)
        finally:
            guard.cancel()
            process.terminate()
            try:
                process.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
