"""schemathesis in the set-ups of the table: alone, with recordings, at its best, and with our clauses. Knows no mutant."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diarkit_contracts.api.evidence import Severity
from diarkit_contracts.exchanges.recording import read_recording
from diarkit_contracts.runs.fuzz.schemathesis import CHECKS, PHASES, START, run_schemathesis
from diarkit_contracts.runs.verify import verify_recording
from seeded.broken import AFTER_THREE_LOOKS, AT_ONCE
from seeded.cells import Column, Place, Said
from seeded.documents import Form, write_document

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diarkit_contracts.runs.verdict import RunVerdict
    from seeded.cells import Run

SEED = 1
DEFAULT = 100
"""schemathesis's own number of examples."""

FEW = 30
"""For all set-ups but the plain one, which is to be what a plain run is."""

SHAPES = "examples,coverage,fuzzing"
PATIENCE_S = 1_200
PEERS = Path(__file__).resolve().parents[1]
RECORDING = "DIARKIT_FUZZ_RECORDING"
OWN_CHECKS = "a check of its own"


def run_alone(place: Place, *, form: Form, hooks: str, phases: tuple[str, ...], examples: int) -> Said:
    """Run schemathesis with its own checks, once for each list of phases."""
    document = write_document(form, place.folder)
    variables = {"SCHEMATHESIS_HOOKS": hooks} if hooks else {}
    failures: list[str] = []
    for each in phases:
        failures += start(place, document, variables, ("--phases", each, "--max-examples", str(examples)))
        if failures and place.number:
            break
    return Said(errors=tuple(dict.fromkeys(failures)))


def start(place: Place, document: Path, variables: Mapping[str, str], flags: tuple[str, ...]) -> list[str]:
    """Start schemathesis and list its kinds of failure; a run against a broken server ends with the first one."""
    report = place.folder / "report.json"
    command = [sys.executable, "-c", START, "run", str(document), "--url", place.url, *flags]
    command += ["--seed", str(SEED), "--generation-database", "none", "--no-color"]
    command += ["--report-json-path", str(report)]
    command += ["--max-failures", "1", "--no-shrink"] if place.number else []
    report.unlink(missing_ok=True)
    path = os.pathsep.join(filter(None, (str(PEERS), os.environ.get("PYTHONPATH"))))  # for hooks of this folder
    ended = subprocess.run(
        command,
        cwd=place.folder,
        env={**os.environ, **variables, "PYTHONPATH": path, "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        timeout=PATIENCE_S,
        check=False,
    )
    if not report.exists():
        raise RuntimeError(ended.stdout.decode()[-2000:] + ended.stderr.decode()[-2000:])
    told: dict[str, Any] = json.loads(report.read_bytes())
    phase = next((name for name, said in told["phases"].items() if said["status"] in {"failure", "error"}), "")
    kinds = [f"{each['title']} ({phase})" for each in told["failures"]]
    return kinds + [f"error: {each.get('title', each)!s:.80} ({phase})" for each in told["errors"]]


def run_with_clauses(place: Place) -> Said:
    """Run schemathesis as our driver does: the correct server with the driver itself, a broken one until the first find."""
    if not place.number:
        run = run_schemathesis(place.url, examples=FEW, seconds=PATIENCE_S, number=SEED)
        return read_verdict(run.verdict, OWN_CHECKS if run.failed else "")
    recording = place.folder / "exchanges.ndjson"
    said = Said()
    for phases in PHASES:
        flags = ("--phases", phases, "--max-examples", str(FEW), "--checks", CHECKS)
        variables = {RECORDING: str(recording), "SCHEMATHESIS_HOOKS": "diarkit_contracts.runs.fuzz.hooks"}
        failures = start(place, write_document(Form.PUBLISHED, place.folder), variables, flags)
        said = read_verdict(verify_recording("", read_recording(recording)), "".join(failures[:1]))
        if said.errors:
            break
    return said


def read_verdict(verdict: RunVerdict, failed: str) -> Said:
    """Read what our clauses say; what only schemathesis says counts as well."""
    errors, warnings = (
        tuple(sorted({finding.clause.id for finding in verdict.list_findings(severity)}))
        for severity in (Severity.ERROR, Severity.WARNING)
    )
    told = tuple(sorted({each.what for each in verdict.undocumented}))
    return Said(errors=errors or ((failed,) if failed else ()), warnings=warnings, told=told)


def _make(form: Form, hooks: str, *phases: str, examples: int = DEFAULT) -> Run:
    return partial(run_alone, form=form, hooks=hooks, phases=phases, examples=examples)


ALONE = (
    Column(
        key="S0",
        about="schemathesis as it starts: all phases and checks, the contract as published, no hook; results at the first look",
        course=AT_ONCE,
        run=_make(Form.PUBLISHED, "", f"{SHAPES},stateful"),
    ),
    Column(
        key="S2",
        about="schemathesis with recordings for `binary`, one closed schema for all states; results at the first look",
        course=AT_ONCE,
        run=_make(Form.CLOSED, "seeded.recordings_hook", f"{SHAPES},stateful", examples=FEW),
    ),
    Column(
        key="S4",
        about="schemathesis at its best: our media_hooks, closed schemas, the stateful phase in a run of its own; results at the first look",
        course=AT_ONCE,
        run=_make(Form.CLOSED, "diarkit_contracts.runs.fuzz.media_hooks", SHAPES, "stateful", examples=FEW),
    ),
)

WITH_CLAUSES = (
    Column(
        key="S5",
        about="schemathesis as the driver of our clauses, as `--tier fuzz --driver schemathesis` has it; results at the first look",
        course=AT_ONCE,
        run=run_with_clauses,
    ),
    Column(
        key="S6",
        about="the same, results at the fourth look",
        course=AFTER_THREE_LOOKS,
        run=run_with_clauses,
    ),
)
