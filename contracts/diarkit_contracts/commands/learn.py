"""The command `learn`: observe a platform in one run, and write its points or report its drift from an earlier file."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import click

from diarkit_contracts.api.profiles import AUTO
from diarkit_contracts.commands.flags import READ, WRITTEN, Command, flag, take
from diarkit_contracts.commands.output import echo_lines, read_learned_file, stop_on_term, verify_plan, write_file
from diarkit_contracts.commands.target_flags import Access, open_target
from diarkit_contracts.runs.verdict import EXITS, RunVerdict
from diarkit_fixtures.errors import require


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What to do with the observations."""

    GROUP: ClassVar[str] = "Output"

    output: Path | None = flag(
        "-o", "--output", type=WRITTEN, help="Write the points to this file, as part of a scenario."
    )
    against: Path | None = flag(type=READ, help="Report differences from this file, written by an earlier run.")


@click.command(
    cls=Command,
    examples=(
        "diarkit learn https://platform.example -o platform.yaml --header 'Authorization: Bearer TOKEN'",
        "diarkit learn --against platform.yaml https://platform.example",
    ),
)
@click.argument("url")
@take("wanted", Wanted)
@take("access", Access)
def learn(url: str, wanted: Wanted, access: Access) -> None:
    """Observe how a platform behaves where it is undocumented.

    Sends a short run and some further requests, once, after announcing the cost. `diarkit serve --as FILE` then answers like the
    platform. No host, secret or audio is written.

    Exit 0: learned, no drift. 1: drift from the file of --against. 2: wrong usage. 3: too few observations.
    4: no answer. 130, 143: interrupted, terminated; nothing is written.
    """
    from diarkit_contracts.runs.learn.learn import (  # noqa: PLC0415 - imported on first use
        learn as read_points,
    )
    from diarkit_contracts.runs.learn.learn import list_drift, make_learn_plan, write_learned  # noqa: PLC0415
    from diarkit_contracts.target.client import Caps  # noqa: PLC0415

    require("jsonschema")
    if wanted.output is None and wanted.against is None:
        raise click.UsageError("expected -o FILE to write, or --against FILE to compare with")
    before = None if wanted.against is None else read_learned_file(wanted.against, "--against")
    if before is not None and not before.seen:
        raise click.BadParameter(f"{wanted.against}: there is nothing `seen` to compare with", param_hint="--against")
    plan = make_learn_plan()
    cost = plan.count_cost()
    caps = Caps(tasks=cost.tasks, calls=1_000, bytes_up=2 * cost.bytes_up)
    with open_target(url, access, caps) as target, stop_on_term():
        verdict = verify_plan(plan, target, AUTO)
    _stop_unless_seen(verdict)
    learned, sentence = read_points(verdict, target.url, verdict.finished_at.partition("T")[0])
    if wanted.output is not None:
        write_file(wanted.output, write_learned(learned, sentence))
    drift = [] if before is None else list(list_drift(before, learned))
    if before is not None and not drift:
        sentence += f"\nno drift from {wanted.against}"
    missing = ", ".join(learned.not_learned)
    echo_lines([f"{len(learned.seen)} points learned; not learned: {missing or 'none'}", sentence, *drift])
    sys.exit(1 if drift else 0)


def _stop_unless_seen(verdict: RunVerdict) -> None:
    if verdict.stopped:
        click.echo(f"{verdict.stopped.text}: nothing is written", err=True)
        sys.exit(EXITS[verdict.stopped.cause])
    if verdict.unreachable:
        click.echo(verdict.unreachable, err=True)
        sys.exit(4)
    if not any(verdict.history.results()):
        echo_lines([*verdict.vacuous, "no task ended with a result: too few observations to learn from"])
        sys.exit(3)
