"""schemathesis as a driver: our audio, our clauses as its checks, and a verdict of its exchanges. Requires the extra `verify`.

Runs in a separate process, since its hooks are global. The contract is ours, not the one served by the server.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from diarkit_contracts.api.evidence import Severity
from diarkit_contracts.api.generation_document import make_document
from diarkit_contracts.api.profiles import DEFAULT, Profile
from diarkit_contracts.exchanges.recording import read_recording
from diarkit_contracts.runs.follow import explain_stop
from diarkit_contracts.runs.verdict import RunVerdict, Why
from diarkit_contracts.runs.verify import verify_recording

TIER: Final = "schemathesis"
PHASES: Final = ("examples,coverage,fuzzing", "stateful")
"""Two runs: in a single run the stateful phase ends after a few scenarios, because of earlier phases."""

START: Final = "from schemathesis.cli import schemathesis; schemathesis()"
CHECKS: Final = "keeps_the_contract,negative_data_rejection,positive_data_acceptance"
"""Our check, and the two that depend on schemathesis's intention; the others are covered by clauses."""

LONGEST_LINE: Final = 200
"""Limit of characters in a line, which may contain the bytes of a recording."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FuzzRun:
    """The result of a run.

    Attributes:
        verdict: of our clauses over all exchanges.
        text: output of schemathesis, with its own failures.
        failed: whether schemathesis reported a failure, of a clause or its own two checks, or the exchanges together violate a clause of
            severity error. It judges one task at a time, and reports nothing if its time is up.
    """

    verdict: RunVerdict
    text: str
    failed: bool


def run_schemathesis(  # noqa: PLR0913 - its flags
    url: str,
    *,
    examples: int = 50,
    seconds: float = 300.0,
    number: int = 0,
    profile: Profile = DEFAULT,
    headers: Iterable[tuple[str, str]] = (),
    rate: str | None = None,
) -> FuzzRun:
    """Run schemathesis against a server.

    `examples` is per operation and phase, which makes about ten times as many calls. `seconds` limits each of its two runs, of
    which the exchanges so far are judged.
    """
    flags = ["--max-examples", str(examples), "--seed", str(number), "--checks", CHECKS, "--no-color"]
    flags += ["--rate-limit", rate] if rate else []
    texts: list[str] = []
    failed = False
    stopped: tuple[Why, ...] = ()
    with tempfile.TemporaryDirectory() as folder:
        recording = Path(folder, "exchanges.ndjson")
        document = Path(folder, "openapi.json")
        document.write_text(json.dumps(make_document(profile)), encoding="utf-8")
        Path(folder, "schemathesis.toml").write_text(_write_settings(headers), encoding="utf-8")
        environment = {
            **os.environ,
            "SCHEMATHESIS_HOOKS": "diarkit_contracts.runs.fuzz.hooks",
            "DIARKIT_FUZZ_RECORDING": str(recording),
            "DIARKIT_FUZZ_PROFILE": profile.name,
            "PYTHONIOENCODING": "utf-8",
        }
        for phases in PHASES:
            command = [sys.executable, "-c", START, "run", str(document), "--url", url, "--phases", phases, *flags]
            try:
                code, text = _run(command, folder, environment, seconds)
            except KeyboardInterrupt as error:  # the exchanges so far are still judged
                stopped = (explain_stop(error),)
                break
            failed = failed or code not in {0, None}
            texts.append(text)
        exchanges = read_recording(recording) if recording.exists() else ()
    verdict = verify_recording(url, exchanges, profile)
    failed = failed or any(finding.severity is Severity.ERROR for finding in verdict.findings)
    verdict = replace(verdict, tier=TIER, whys=(*stopped, *verdict.whys))
    return FuzzRun(verdict=verdict, text="\n".join(texts), failed=failed)


def _write_settings(headers: Iterable[tuple[str, str]]) -> str:
    """Write its settings to a file, as headers may be secret and flags are visible in the process list."""
    # JSON strings are valid TOML. `${` begins a variable there.
    lines = [f"{json.dumps(name)} = {json.dumps(value.replace('${', '$${'))}" for name, value in headers]
    return "\n".join(["[headers]", *lines, ""])


def _run(command: list[str], folder: str, environment: Mapping[str, str], seconds: float) -> tuple[int | None, str]:
    """Run a command in a separate folder, since it writes a cache; the exit code is None after a timeout."""
    try:
        ended = subprocess.run(  # noqa: S603 - our own command
            command, cwd=folder, env=environment, capture_output=True, encoding="utf-8", timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired:
        return None, f"ended after {seconds:g} s"
    text = "\n".join(line[:LONGEST_LINE] for line in (ended.stdout + ended.stderr).splitlines())
    return ended.returncode, text
