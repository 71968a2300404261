"""Fuzz in numbers: the fake of each generation without a finding, and finds in broken servers sent again from their rows, ten times each.

python tests/peers/finds.py [SECONDS] > tests/peers/finds.txt      # of each generation, 20 by default
"""

from __future__ import annotations

import importlib.util
import json
import logging
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

SERVERS: Final = Path(__file__).resolve().parents[1] / "contracts" / "servers"
SPEC: Final = importlib.util.spec_from_file_location(
    "contract_servers", SERVERS / "__init__.py", submodule_search_locations=[str(SERVERS)]
)
assert SPEC is not None
sys.modules["contract_servers"] = importlib.util.module_from_spec(SPEC)

from contract_servers.broken import BROKEN  # noqa: E402 - a folder of tests made a package first
from contract_servers.fake import URL, Fake, SharedClock, Transport  # noqa: E402

from diarkit_contracts.api.evidence import Severity  # noqa: E402
from diarkit_contracts.api.profiles import PROFILES, Profile  # noqa: E402
from diarkit_contracts.rows.file import read_rows  # noqa: E402
from diarkit_contracts.rows.plan import Plan  # noqa: E402
from diarkit_contracts.runs.fuzz.machine import run_machine  # noqa: E402
from diarkit_contracts.runs.verify import verify_target  # noqa: E402
from diarkit_contracts.target.client import Caps, Target  # noqa: E402
from diarkit_contracts.target.pace import SystemClock  # noqa: E402
from diarkit_mockserver.scenario.model import Scenario  # noqa: E402

CAPS: Final = Caps(tasks=1 << 40, calls=1 << 40, bytes_up=1 << 40, received=1 << 50, seconds=1e9, in_flight=4)
NAMES: Final = (
    "an id for two tasks",
    "running again after done",
    "a task that is lost while it runs",
    "the config of the task ahead",
    "range ignored",
    "results cached by file name",
    "results cached by size of the file",
    "the latest task known alone",
    "the answer of the task ahead at each second look",
    "the mode of the task ahead",
)
REPEATS: Final = 10
HEAD: Final = """\
The state machine against the fake of each generation, and against broken servers, whose finds are sent again from their rows; in process.
Requests are counted where they arrive, looks at tasks aside. Ten minutes each over sockets: fuzz.txt.

"""
LOOK: Final = re.compile(r"/(?!0{8})[0-9a-f]{8}-[0-9a-f-]{27}$")
COLOUR: Final = re.compile(r"[?&]colour=[^&]*")
NAME: Final = re.compile(rb'filename="[^"]*"')


def main() -> None:
    logging.disable(logging.CRITICAL)
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 20.0
    sys.stdout.write(HEAD)
    for name in ("3.6", "3.7", "5.0"):
        sys.stdout.write(measure_fake(PROFILES[name], seconds) + "\n")
    sys.stdout.write("\n")
    for number, name in enumerate(NAMES):
        sys.stdout.write(repeat_find(name, number) + "\n")


def measure_fake(profile: Profile, seconds: float) -> str:
    """Fuzz the fake of a generation; a line with what came of it."""
    fake = Fake(Scenario(profile=profile.name))  # type: ignore[arg-type] # a name of the table
    # Real time: the fake's own stands still but for waits.
    clock = SharedClock(fake.clock)
    began = SystemClock().now()
    ending = _Ending(fake, began + seconds)
    target = Target(url=URL, transport=ending, caps=CAPS, clock=clock)
    run = run_machine(target, 1e9, profile=profile, fail_on=Severity.WARNING)
    found = "nothing" if run.find is None else run.find.findings[0].clause.id
    tally = run.tally
    return (
        f"{profile.name}: {seconds:g} s, {tally.histories} examples, {tally.drawn} requests, {tally.distinct / tally.drawn:.1%} distinct,"
        f" {len(ending.meant) / ending.drawn:.1%} but for names of files and unknown parameters, found {found}"
    )


class _Ending(Transport):
    """Ends a run at a moment of real time, and counts what is sent: looks at tasks aside, and by what the contract knows of it."""

    def __init__(self, server: Any, until: float) -> None:
        super().__init__(server)
        self._until = until
        self.drawn = 0
        self.meant: set[object] = set()

    def send(self, request: Any, content: bytes, within_s: float) -> Any:
        if SystemClock().now() > self._until:
            raise KeyboardInterrupt
        if not LOOK.search(request.url):
            self.drawn += 1
            self.meant.add((request.method, COLOUR.sub("", request.url), hash(NAME.sub(b"", content))))
        return super().send(request, content, within_s)


def repeat_find(name: str, number: int) -> str:
    """Find what is broken in a server, and send the rows of the find again; a line with how often it showed."""
    broken = next(each for each in BROKEN if each.name == name)
    server, clock = broken.build()
    target = Target(url=URL, transport=Transport(server), caps=replace(CAPS, calls=6_000), clock=SharedClock(clock))
    run = run_machine(target, number=number, fail_on=Severity.WARNING, shrink=True)
    if run.find is None:
        return f"{name}: not found"
    rows = read_rows(json.dumps(run.find.write_rows()), "found.json")
    wanted = run.find.findings[0].clause.id
    shown = 0
    for _ in range(REPEATS):  # of the same server: what it has in its memory is part of the mistake
        target = Target(url=URL, transport=Transport(server), caps=CAPS, clock=SharedClock(clock))
        verdict = verify_target(Plan("found", (rows,)), target)
        shown += wanted in {finding.clause.id for finding in verdict.findings}
    return f"{name}: {wanted}, {len(rows)} rows, {len(run.find.steps)} steps, shown {shown} of {REPEATS} times"


if __name__ == "__main__":
    main()
