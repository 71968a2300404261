from __future__ import annotations

import os
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Protocol

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SERVE = "from diarkit_mockserver.cli import main; main()"
STOP_TIMEOUT_S = 10.0


class Serve(Protocol):
    def __call__(self, scenario: str) -> str: ...


@pytest.fixture(scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """Start `diarkit serve` with a scenario (YAML) and return its URL; it ends with the module."""
    with ExitStack() as running:

        def start(scenario: str) -> str:
            return running.enter_context(_serving(scenario, tmp_path_factory.mktemp("serve")))

        yield start


@contextmanager
def _serving(scenario: str, folder: Path) -> Iterator[str]:
    file = folder / "scenario.yaml"
    file.write_text(scenario, encoding="utf-8")
    command = [sys.executable, "-c", SERVE, "serve", "--port", "0", "--scenario", str(file)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DIARKIT_")}
    log = folder / "log.txt"
    with (
        log.open("wb") as err,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=err, env=environment, text=True) as server,
    ):
        assert server.stdout is not None
        try:
            line = server.stdout.readline()
            assert line.startswith("listening on "), f"{line!r}\n{log.read_text(encoding='utf-8')}"
            yield line.removeprefix("listening on ").strip()
        finally:
            server.terminate()
            try:
                server.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                server.kill()
                raise
