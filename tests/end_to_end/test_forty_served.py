"""The forty small tests against `diarkit serve`: what is skipped there, and why.

diarkit serve --port 8000
pytest tests/end_to_end/test_forty.py -rs --diarization-url http://127.0.0.1:8000
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

FORTY = Path(__file__).with_name("test_forty.py")

AT_ROOT = "only a fake in this process can be at the root; the server under test is URL"

SKIPPED = {
    "test_34": AT_ROOT,
    "test_35": AT_ROOT,
    "test_36": "a server that is not for tests alone has a world at its root",
}
"""Tests that can't be run there, and the reason that is reported."""


@pytest.mark.slow
def test_all_but_these_mean_the_same_on_a_served_fake(serve: Callable[..., Any]) -> None:
    command = [sys.executable, "-m", "pytest", str(FORTY), "-q", "-rs", "-p", "no:cacheprovider"]
    url = serve().url
    run = subprocess.run([*command, "--diarization-url", url], capture_output=True, text=True, timeout=240, check=False)
    skipped = dict(re.findall(r"^SKIPPED \[1\] .*:(\d+): (.*)$", run.stdout, re.MULTILINE))
    assert run.returncode == 0, run.stdout
    lines = FORTY.read_text("utf-8").splitlines()
    assert {_find_test(lines, int(number)): reason.replace(url, "URL") for number, reason in skipped.items()} == SKIPPED


def _find_test(lines: list[str], number: int) -> str:
    """Find the test that a line is in: its first one, or that of a `pytest.skip`."""
    return [found[1] for line in lines[:number] if (found := re.search(r"def (test_\d+)", line))][-1]
