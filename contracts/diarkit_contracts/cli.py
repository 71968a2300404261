"""The commands `verify` and `clauses`: flags to values, one call, an exit code. Decides nothing of a verdict."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from diarkit_contracts.output import add_output_flags, make_progress, read_output
from diarkit_contracts.profiles import DEFAULT, PROFILES
from diarkit_contracts.target_flags import add_target_flags, make_target, require
from diarkit_contracts.tier import Tier

if TYPE_CHECKING:
    from diarkit_contracts.target import Caps
    from diarkit_contracts.verdict import RunVerdict


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("url", required=False)
@click.option(
    "--recording",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Judge this HAR or NDJSON instead of a server; nothing is sent.",
)
@click.option(
    "--tier",
    type=click.Choice([tier.value for tier in Tier]),
    default=Tier.LITE.value,
    show_default=True,
    help="probe starts no task, lite at most 8, full all rows.",
)
@click.option(
    "--only", multiple=True, metavar="ROW", help="Send this row alone, such as row-07; may come more than once."
)
@click.option(
    "--profile",
    type=click.Choice(list(PROFILES)),
    default=DEFAULT.name,
    show_default=True,
    help="Generation of the API to hold it against.",
)
@add_output_flags
@add_target_flags
@click.option("--max-tasks", type=click.IntRange(min=0), help="Accepted tasks at most [8; full: 60].")
@click.option("--max-calls", type=click.IntRange(min=1), help="Requests at most [250; full: 2000].")
@click.option("--max-bytes", type=click.IntRange(min=1), help="Bytes sent at most [1000000; full: 8000000].")
@click.option("--max-seconds", type=click.FloatRange(min=0), help="Time at most [600; full: 3600].")
@click.option("--in-flight", type=click.IntRange(min=1), default=2, show_default=True, help="Unfinished tasks at most.")
@click.option(
    "--record", type=click.Path(dir_okay=False, path_type=Path), help="Write all exchanges to this file (NDJSON)."
)
def verify(url: str | None, recording: Path | None, **flags: Any) -> None:
    """Hold the server at URL, or a recording of its answers, against the contract.

    Exit 0: fine. 1: findings. 2: wrong usage. 3: too little was seen to say anything. 4: the server does not answer.
    """
    require("jsonschema")
    if (url is None) == (recording is None):
        raise click.UsageError("expected a URL, such as http://127.0.0.1:8000, or --recording FILE, and not both")
    output = read_output(flags, flags["record"])
    verdict = _judge_recording(recording, flags) if recording is not None else _ask_target(url or "", flags)
    if flags["record"] is not None:
        from diarkit_contracts.recording import write_recording  # noqa: PLC0415

        flags["record"].write_text("".join(write_recording(verdict.exchanges)), encoding="utf-8")
    sys.exit(output.show(verdict))


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--rows", is_flag=True, help="List the rows that verify sends instead.")
@click.option("--markdown", is_flag=True, help="Write a table, as in the README.")
def clauses(*, rows: bool, markdown: bool) -> None:
    """List the clauses of the contract: id, severity, what holds, and how it is known."""
    require("jsonschema")
    if rows:
        from diarkit_contracts.plan import list_rows  # noqa: PLC0415

        for row in list_rows():
            click.echo(f"{row.name}  {row.call.method} {row.call.target}")
        return
    from diarkit_contracts.clauses.catalogue import CLAUSES  # noqa: PLC0415

    if markdown:
        click.echo("| clause | what holds | broken, it is | known from |\n|---|---|---|---|")
        for clause in CLAUSES:
            click.echo(f"| `{clause.id}` | {clause.sentence} | {clause.severity} | {clause.label}: {clause.source} |")
        return
    for clause in CLAUSES:
        click.echo(f"{clause.id} ({clause.severity})\n    {clause.sentence}\n    {clause.label}: {clause.source}")


def _judge_recording(path: Path, flags: dict[str, Any]) -> RunVerdict:
    from diarkit_contracts.recording import read_recording  # noqa: PLC0415
    from diarkit_contracts.recording_error import RecordingError  # noqa: PLC0415
    from diarkit_contracts.verify import verify_recording  # noqa: PLC0415

    try:
        exchanges = read_recording(path)
    except (RecordingError, OSError) as error:
        raise click.UsageError(f"--recording {error}") from None
    return verify_recording(path.name, exchanges, PROFILES[flags["profile"]])


def _ask_target(url: str, flags: dict[str, Any]) -> RunVerdict:
    from diarkit_contracts.plan import UnknownRowError, choose_rows, make_plan  # noqa: PLC0415
    from diarkit_contracts.verify import verify_target  # noqa: PLC0415

    try:
        plan = choose_rows(flags["only"]) if flags["only"] else make_plan(Tier(flags["tier"]))
    except UnknownRowError as error:
        raise click.BadParameter(str(error), param_hint="--only") from None
    target = make_target(url, flags, _make_caps(flags))
    click.echo(f"plan {plan.name}: {plan.count_cost()}", err=True)
    return verify_target(plan, target, PROFILES[flags["profile"]], progress=make_progress(len(plan.rows)))


def _make_caps(flags: dict[str, Any]) -> Caps:
    from diarkit_contracts.target import Caps, caps_of  # noqa: PLC0415

    usual = caps_of(Tier.LITE if flags["only"] else Tier(flags["tier"]))
    return Caps(
        tasks=usual.tasks if flags["max_tasks"] is None else flags["max_tasks"],
        calls=flags["max_calls"] or usual.calls,
        bytes_up=flags["max_bytes"] or usual.bytes_up,
        seconds=usual.seconds if flags["max_seconds"] is None else flags["max_seconds"],
        in_flight=flags["in_flight"],
        task_seconds=flags["task_seconds"],
    )
