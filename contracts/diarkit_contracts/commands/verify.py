"""The commands `verify` and `clauses`: flags to values, one call, an exit code. Decides nothing of a verdict."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from types import FunctionType
from typing import TYPE_CHECKING, Any

import click

from diarkit_contracts.api.profiles import DEFAULT, PROFILES
from diarkit_contracts.commands.fuzz_flags import add_fuzz_flags, fuzz_server
from diarkit_contracts.commands.output import UnwritableError, add_output_flags, make_progress, read_output
from diarkit_contracts.commands.target_flags import add_target_flags, list_repeat_flags, make_target, require
from diarkit_contracts.rows.tier import FUZZ, Tier
from diarkit_contracts.runs.verdict import Exit

if TYPE_CHECKING:
    from diarkit_contracts.rows.plan import Plan
    from diarkit_contracts.runs.drive import Forcing
    from diarkit_contracts.runs.verdict import RunVerdict
    from diarkit_contracts.target.client import Caps


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("url", required=False)
@click.option(
    "--recording",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Judge this HAR or NDJSON instead of a server; nothing is sent.",
)
@click.option(
    "--tier",
    type=click.Choice([*(tier.value for tier in Tier), FUZZ]),
    default=Tier.LITE.value,
    show_default=True,
    help="probe starts no task, lite at most 8, full all rows; fuzz draws rows until its time is up.",
)
@click.option(
    "--only", multiple=True, metavar="ROW", help="Send this row alone, such as row-07; may come more than once."
)
@click.option(
    "--rows",
    "rows_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Send the rows of this file instead, such as tier fuzz has kept.",
)
@click.option(
    "--profile",
    type=click.Choice(list(PROFILES)),
    default=DEFAULT.name,
    show_default=True,
    help="Generation of the API to hold it against.",
)
@click.option(
    "--fake",
    is_flag=True,
    help="It is diarkit's own: have it fail a task, limit the rate, ... for the rows that need it.",
)
@add_fuzz_flags
@add_output_flags
@add_target_flags
@click.option("--max-tasks", type=click.IntRange(min=0), help="Accepted tasks at most [8; full: 60; fuzz: no bound].")
@click.option("--max-calls", type=click.IntRange(min=1), help="Requests at most [250; full: 2000; fuzz: no bound].")
@click.option(
    "--max-bytes", type=click.IntRange(min=1), help="Bytes sent at most [1000000; full: 8000000; fuzz: no bound]."
)
@click.option("--max-seconds", type=click.FloatRange(min=0), help="Time at most [600; full: 3600; fuzz: 60].")
@click.option("--in-flight", type=click.IntRange(min=1), help="Unfinished tasks at most [2; fuzz: 4].")
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
    if sum((recording is not None, flags["tier"] == FUZZ, bool(flags["only"]), flags["rows_file"] is not None)) > 1:
        raise click.UsageError("expected one of --recording, --tier fuzz, --only and --rows, got several")
    if flags["record"] is not None and not flags["record"].absolute().parent.is_dir():
        raise click.BadParameter(
            f"expected a file in a folder that exists, got {flags['record']}", param_hint="--record"
        )
    output = read_output(flags, flags["record"])
    failed = False
    if recording is not None:
        verdict = _judge_recording(recording, flags)
    elif flags["tier"] == FUZZ:
        verdict, failed = fuzz_server(url or "", flags)
    else:
        verdict = _ask_target(url or "", flags)
    if flags["record"] is not None:
        from diarkit_contracts.exchanges.recording import write_recording  # noqa: PLC0415

        try:
            flags["record"].write_text("".join(write_recording(verdict.recorded)), encoding="utf-8")
        except OSError as error:
            raise UnwritableError(str(flags["record"]), error.strerror) from None
    code = output.show(replace(verdict, flags=list_repeat_flags(flags)))
    sys.exit(Exit.FINDINGS if failed and code != Exit.UNREACHABLE else code)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--rows", is_flag=True, help="List the rows that verify sends instead.")
@click.option("--markdown", is_flag=True, help="Write a table, as in docs/clauses.md.")
def clauses(*, rows: bool, markdown: bool) -> None:
    """List the clauses of the contract: id, severity, what holds, and how it is known."""
    require("jsonschema")
    if rows:
        from diarkit_contracts.rows.plan import list_rows  # noqa: PLC0415

        for row in list_rows():
            click.echo(f"{row.name}  {row.call.method} {row.call.target}")
        return
    from diarkit_contracts.clauses.catalogue import CLAUSES  # noqa: PLC0415

    if markdown:
        click.echo(
            "# The clauses\n\nWhat `diarkit verify` judges by; `diarkit clauses --markdown` writes this file. An error breaks what is documented or"
        )
        click.echo("contradicts itself; a warning only differs from what is inferred.\n")
        click.echo("| clause | what holds | broken, it is | known from |\n|---|---|---|---|")
        for clause in CLAUSES:
            click.echo(f"| `{clause.id}` | {clause.sentence} | {clause.severity} | {clause.label}: {clause.source} |")
        return
    for clause in CLAUSES:
        click.echo(f"{clause.id} ({clause.severity})\n    {clause.sentence}\n    {clause.label}: {clause.source}")


def _judge_recording(path: Path, flags: dict[str, Any]) -> RunVerdict:
    from diarkit_contracts.exchanges.recording import read_recording  # noqa: PLC0415
    from diarkit_contracts.exchanges.recording_error import RecordingError  # noqa: PLC0415
    from diarkit_contracts.runs.verify import verify_recording  # noqa: PLC0415

    try:
        exchanges = read_recording(path)
    except (RecordingError, OSError) as error:
        raise click.UsageError(f"--recording {error}") from None
    return verify_recording(path.name, exchanges, PROFILES[flags["profile"]])


def _ask_target(url: str, flags: dict[str, Any]) -> RunVerdict:
    from diarkit_contracts.runs.drive import NOTHING_FORCED  # noqa: PLC0415
    from diarkit_contracts.runs.verify import verify_target  # noqa: PLC0415

    plan = _make_plan(flags)
    target = make_target(url, flags, _make_caps(flags))
    forcing = _find_forcing(target.url) if flags["fake"] else NOTHING_FORCED
    click.echo(f"plan {plan.name}: {plan.count_cost(forcing)}", err=True)
    progress = make_progress(len(plan.rows))
    verdict = verify_target(plan, target, PROFILES[flags["profile"]], forcing, progress)
    return replace(verdict, rows_file=str(flags["rows_file"] or ""))


def _find_forcing(url: str) -> Forcing:
    """Ask whoever carries this command how a fake is made to do something; nobody here knows one."""
    force = click.get_current_context().find_object(FunctionType)
    if force is None:
        raise click.UsageError("--fake is for the command `diarkit verify`")
    forcing: Forcing = force(url)
    return forcing


def _make_plan(flags: dict[str, Any]) -> Plan:
    from diarkit_contracts.rows.file import RowFileError, load_rows  # noqa: PLC0415
    from diarkit_contracts.rows.plan import Plan, UnknownRowError, choose_rows, make_plan  # noqa: PLC0415

    try:
        if flags["rows_file"] is not None:
            # In flight together, as far as the target allows it: what was found may need that.
            return Plan(f"rows of {flags['rows_file'].name}", (load_rows(flags["rows_file"]),))
        return choose_rows(flags["only"]) if flags["only"] else make_plan(Tier(flags["tier"]))
    except UnknownRowError as error:
        raise click.BadParameter(str(error), param_hint="--only") from None
    except (RowFileError, OSError) as error:
        raise click.UsageError(f"--rows {error}") from None


def _make_caps(flags: dict[str, Any]) -> Caps:
    from diarkit_contracts.rows.forced import make_forced  # noqa: PLC0415
    from diarkit_contracts.target.client import Caps, caps_of  # noqa: PLC0415

    usual = caps_of(Tier.FULL if flags["rows_file"] else Tier.LITE if flags["only"] else Tier(flags["tier"]))
    tasks = usual.tasks + (len(make_forced()) if flags["fake"] else 0)
    return Caps(
        tasks=tasks if flags["max_tasks"] is None else flags["max_tasks"],
        calls=flags["max_calls"] or usual.calls,
        bytes_up=flags["max_bytes"] or usual.bytes_up,
        seconds=usual.seconds if flags["max_seconds"] is None else flags["max_seconds"],
        in_flight=flags["in_flight"] or usual.in_flight,
        task_seconds=flags["task_seconds"],
    )
