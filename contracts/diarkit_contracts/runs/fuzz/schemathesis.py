"""schemathesis as a driver: our audio, our clauses as its checks, and a verdict of what it asked. Of the extra `verify`.

Runs it as a command of its own, since its hooks are global. The contract is ours, not the one that the server serves.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from diarkit_contracts.api.evidence import Severity
from diarkit_contracts.api.generation_document import make_document
from diarkit_contracts.api.profiles import DEFAULT
from diarkit_contracts.exchanges.recording import read_recording
from diarkit_contracts.runs.follow import explain_stop
from diarkit_contracts.runs.verify import verify_recording

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from diarkit_contracts.api.profiles import Profile
    from diarkit_contracts.runs.verdict import RunVerdict, Why

TIER: Final = "schemathesis"
PHASES: Final = ("examples,coverage,fuzzing", "stateful")
"""Two runs: in one run the stateful phase ends after a few scenarios, for what the phases before it have left."""

START: Final = "from schemathesis.cli import schemathesis; schemathesis()"
CHECKS: Final = "keeps_the_contract,negative_data_rejection,positive_data_acceptance"
"""Ours, and the two that know what schemathesis meant to send; what its others look at, a clause does."""

LONGEST_LINE: Final = 200
"""A line with the bytes of a recording is thousands of characters long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FuzzRun:
    """What came of it.

    Attributes:
        verdict: of our clauses over all exchanges.
        text: what schemathesis printed; its own failures are there.
        failed: schemathesis saw a failure, of a clause or of one of its own two checks; or its exchanges, judged together, break a
            clause of severity error. It sees one task at a time, and a run whose time is up tells nothing of what it saw.
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
    """Let schemathesis ask a server.

    Args:
        url: of the server.
        examples: of each operation and phase; the calls are about ten times as many.
        seconds: after which each of the two runs is ended; what was asked by then is judged.
        number: the seed.
        profile: the generation to hold the server against.
        headers: to send with each request.
        rate: such as `5/s`.
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
        for phases in PHASES:
            command = [sys.executable, "-c", START, "run", str(document), "--url", url, "--phases", phases, *flags]
            try:
                code, text = _run(command, folder, _name_environment(recording, profile), seconds)
            except KeyboardInterrupt as error:  # what was asked until then is worth a verdict
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
    """Write its settings: headers may be secret, and flags stand in the list of processes."""
    # A text of JSON is one of TOML, too. ${ begins a variable there.
    lines = [f"{json.dumps(name)} = {json.dumps(value.replace('${', '$${'))}" for name, value in headers]
    return "\n".join(["[headers]", *lines, ""])


def _name_environment(recording: Path, profile: Profile) -> Mapping[str, str]:
    return {
        **os.environ,
        "SCHEMATHESIS_HOOKS": "diarkit_contracts.runs.fuzz.hooks",
        "DIARKIT_FUZZ_RECORDING": str(recording),
        "DIARKIT_FUZZ_PROFILE": profile.name,
        "PYTHONIOENCODING": "utf-8",
    }


def _run(command: list[str], folder: str, environment: Mapping[str, str], seconds: float) -> tuple[int | None, str]:
    """Run a command in a folder of its own, since it leaves a cache; the exit code is None if its time was up."""
    try:
        ended = subprocess.run(  # noqa: S603 - our own command
            command, cwd=folder, env=environment, capture_output=True, encoding="utf-8", timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired:
        return None, f"ended after {seconds:g} s"
    text = "\n".join(line[:LONGEST_LINE] for line in (ended.stdout + ended.stderr).splitlines())
    return ended.returncode, text
