"""Our own columns: `diarkit verify` in its tiers, and a recording of one of them judged afterwards. Knows no mutant."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from seeded.broken import AFTER_THREE_LOOKS
from seeded.cells import Column, Place, Said

if TYPE_CHECKING:
    from pathlib import Path

COMMAND = "from diarkit_mockserver.commands.main import main; main()"
SEED = 1
FUZZ_CALLS = 1_500
PATIENCE_S = 600


def verify(place: Place, *flags: str) -> Said:
    """Run `diarkit verify` and read its JSON report."""
    report = place.folder / "report.json"
    command = [sys.executable, "-c", COMMAND, "verify", *flags, "--report", f"json={report}"]
    ended = subprocess.run(command, cwd=place.folder, capture_output=True, timeout=PATIENCE_S, check=False)
    if not report.exists():
        raise RuntimeError(ended.stdout.decode()[-2000:] + ended.stderr.decode()[-2000:])
    told: dict[str, Any] = json.loads(report.read_bytes())
    return Said(
        errors=list_clauses(told, "error"),
        warnings=list_clauses(told, "warning"),
        told=tuple(each["what"] for each in told["undocumented"]),
        unseen="; ".join(told["vacuous"]),
    )


def list_clauses(told: dict[str, Any], severity: str) -> tuple[str, ...]:
    """List the clauses of a severity, each once, those first that were broken most often."""
    times: dict[str, int] = {}
    for finding in told["findings"]:
        if finding["severity"] == severity:
            times[finding["clause"]] = times.get(finding["clause"], 0) + finding["times"]
    return tuple(sorted(times, key=lambda clause: -times[clause]))


def run_tier(place: Place, *, tier: str) -> Said:
    """Let a tier loose on a server, and keep the recording."""
    recording = find_recording(place, tier)
    recording.parent.mkdir(parents=True, exist_ok=True)
    return verify(place, place.url, "--tier", tier, "--record", str(recording))


def run_fuzz(place: Place) -> Said:
    """Let the state machine loose on a server until it finds an error."""
    bounds = ("--max-calls", str(FUZZ_CALLS), "--max-seconds", str(PATIENCE_S // 2), "--seed", str(SEED))
    return verify(place, place.url, "--tier", "fuzz", *bounds)


def judge_recording(place: Place) -> Said:
    """Judge what the tier lite has recorded; nothing is sent."""
    return verify(place, "--recording", str(find_recording(place, "lite")))


def find_recording(place: Place, tier: str) -> Path:
    """Find where the recording of a tier is kept."""
    return place.kept / "recordings" / f"{tier}-{place.number:02d}.ndjson"


COLUMNS = (
    Column(
        key="VL",
        about="diarkit verify, tier lite",
        course=AFTER_THREE_LOOKS,
        run=partial(run_tier, tier="lite"),
    ),
    Column(
        key="VF",
        about="diarkit verify, tier full",
        course=AFTER_THREE_LOOKS,
        run=partial(run_tier, tier="full"),
    ),
    Column(
        key="VM",
        about=f"diarkit verify, tier fuzz with the state machine, at most {FUZZ_CALLS} calls",
        course=AFTER_THREE_LOOKS,
        run=run_fuzz,
    ),
    Column(
        key="VR",
        about="the recording of VL, judged afterwards",
        course=AFTER_THREE_LOOKS,
        run=judge_recording,
    ),
)
