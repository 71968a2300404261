"""redocly respect with workflows written by hand: plain ones, and ones that say each value that is expected. Knows no mutant."""

from __future__ import annotations

import json
import shutil
import subprocess
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diarkit_contracts.rows.inputs import make_input
from seeded.broken import AFTER_THREE_LOOKS
from seeded.cells import Column, Place, Said
from seeded.documents import Form, write_document

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
FILES = {"mono.wav": "wav:1ch:6.0s", "stereo.wav": "wav:2ch:4.0s", "junk.wav": "file:junk"}
PATIENCE_S = 600


def run_respect(place: Place, *, redocly: Path, workflows: str) -> Said:
    """Run workflows of one file."""
    folder = place.folder
    write_document(Form.CLOSED, folder)
    shutil.copy(HERE / workflows, folder)
    for name, recipe in FILES.items():
        (folder / name).write_bytes(make_input(recipe))
    report = folder / "report.json"
    command = [str(redocly), "respect", workflows, "--server", f"api={place.url}", "--json-output", str(report)]
    ended = subprocess.run(command, cwd=folder, capture_output=True, timeout=PATIENCE_S, check=False)
    if not report.exists():
        raise RuntimeError(ended.stdout.decode()[-2000:] + ended.stderr.decode()[-2000:])
    failures = tuple(dict.fromkeys(list_failures(json.loads(report.read_bytes()))))
    assert bool(failures) == bool(ended.returncode), (failures, ended.stdout[-2000:])
    return Said(errors=failures)


def list_failures(told: dict[str, Any]) -> Iterator[str]:
    """List the steps that failed; of a step that was tried again the last try."""
    for file in told["files"].values():
        for workflow in file["executedWorkflows"]:
            last = {step["stepId"]: step for step in workflow["executedSteps"]}
            for step in last.values():
                failed = [check["name"] for check in step.get("checks", ()) if check["status"] != "success"]
                own = [name for name in failed if name != "success criteria check"]
                if step["status"] != "success":
                    yield f"{workflow['workflowId']}/{step['stepId']}: {own[0] if own else 'an expected value'}"


def make_columns(redocly: Path) -> tuple[Column, ...]:
    """Make the columns.

    Args:
        redocly: the command.
    """
    return (
        Column(
            key="RS",
            about="redocly respect, 4 workflows: uploads followed to their end, a file that is no audio, refusals",
            course=AFTER_THREE_LOOKS,
            run=partial(run_respect, redocly=redocly, workflows="respect_plain.arazzo.yaml"),
        ),
        Column(
            key="RH",
            about="redocly respect, 6 workflows that hold each expected value of their recordings, written by hand",
            course=AFTER_THREE_LOOKS,
            run=partial(run_respect, redocly=redocly, workflows="respect_by_hand.arazzo.yaml"),
        ),
    )
