from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from importlib.resources import as_file
from typing import TYPE_CHECKING

import pytest

from diarkit_contracts.api.document import DOCUMENT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

SCHEMATHESIS = "from schemathesis.cli import schemathesis; schemathesis()"
# In one run the stateful phase ends after a few scenarios, for what the phases before it have left; alone it goes its whole way.
PHASES = ("examples,coverage,fuzzing", "stateful")
EXAMPLES = "150"
WIDTH = 200

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Run:
    """One run of schemathesis: how it ended, what it printed, and (method, status, body) of each exchange."""

    code: int
    text: str = field(repr=False)
    exchanges: tuple[tuple[str, int, object], ...] = field(repr=False)


@pytest.fixture(scope="module")
def runs(serve: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Run]:
    """The runs of all phases against the fake, in a fixed order of cases."""
    url = serve("version: 1\ncourse: immediate\n")
    return {phases: run_schemathesis(url, phases, tmp_path_factory.mktemp("schemathesis")) for phases in PHASES}


def run_schemathesis(url: str, phases: str, folder: Path) -> Run:
    report = folder / "exchanges.har"
    with as_file(DOCUMENT) as document:
        ended = subprocess.run(
            [
                *(sys.executable, "-c", SCHEMATHESIS, "run", str(document), "--url", url),
                *("--phases", phases, "--max-examples", EXAMPLES, "--generation-deterministic"),
                *("--report-har-path", str(report)),
            ],
            cwd=folder,
            env={
                **os.environ,
                "SCHEMATHESIS_HOOKS": "diarkit_contracts.runs.fuzz.media_hooks",
                "PYTHONIOENCODING": "utf-8",
            },
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
    entries = json.loads(report.read_bytes())["log"]["entries"]
    # A line with the bytes of a recording is thousands of characters long.
    text = "\n".join(line[:WIDTH] for line in (ended.stdout + ended.stderr).splitlines())
    return Run(ended.returncode, text, tuple(read_entry(entry) for entry in entries))


def read_entry(entry: Mapping[str, Mapping[str, object]]) -> tuple[str, int, object]:
    content = entry["response"]["content"]
    assert isinstance(content, dict)
    text = content.get("text")
    is_json = content.get("mimeType") == "application/json"
    return str(entry["request"]["method"]), int(str(entry["response"]["status"])), json.loads(text) if is_json else None


def list_tasks(run: Run) -> set[tuple[str, str]]:
    """The (id, state) pairs that GET told."""
    bodies = [body for method, status, body in run.exchanges if (method, status) == ("GET", 200)]
    return {
        (body["task"]["task_id"], body["task"]["state"]) for body in bodies if isinstance(body, dict) and "task" in body
    }


@pytest.mark.parametrize("phases", PHASES)
def test_no_phase_finds_a_failure(runs: Mapping[str, Run], phases: str) -> None:
    assert runs[phases].code == 0, runs[phases].text
    for phase in phases.split(","):
        assert f"✅ {phase.capitalize()}" in runs[phases].text


def test_at_least_fifty_tasks_were_seen_done(runs: Mapping[str, Run]) -> None:
    tasks = {task for run in runs.values() for task in list_tasks(run)}
    assert Counter(state for _, state in tasks)["done"] >= 50


def test_refusals_and_rejections_were_seen_too(runs: Mapping[str, Run]) -> None:
    seen = {(method, status) for run in runs.values() for method, status, _ in run.exchanges}
    assert seen >= {("POST", 202), ("POST", 422), ("GET", 200), ("GET", 404), ("GET", 422)}
    assert {"done", "rejected"} <= {state for run in runs.values() for _, state in list_tasks(run)}
