"""The command `parity`: two sides to verdicts, one comparison, an exit code. Decides nothing of a comparison."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from diarkit_contracts.api.evidence import Severity
from diarkit_contracts.api.profiles import DEFAULT, PROFILES
from diarkit_contracts.commands.output import UnwritableError, echo_lines, make_progress
from diarkit_contracts.commands.target_flags import add_target_flags, make_target, require
from diarkit_contracts.rows.tier import Tier

if TYPE_CHECKING:
    from collections.abc import Callable

    from diarkit_contracts.rows.plan import Plan
    from diarkit_contracts.runs.verdict import RunVerdict


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("one", metavar="A")
@click.argument("other", metavar="B")
@click.option(
    "--tier",
    type=click.Choice([Tier.PROBE.value, Tier.LITE.value, Tier.FULL.value]),
    default=Tier.LITE.value,
    show_default=True,
    help="probe starts no task, lite at most 8, full all rows; on each side.",
)
@click.option("--only", multiple=True, metavar="ROW", help="Send this row alone; may come more than once.")
@click.option(
    "--profile",
    type=click.Choice(list(PROFILES)),
    default=DEFAULT.name,
    show_default=True,
    help="Generation of the API to hold both against.",
)
@click.option(
    "--fail-on",
    type=click.Choice([severity.value for severity in Severity]),
    default=Severity.ERROR.value,
    show_default=True,
    help="Least severity for exit 1: with warning also differences that the contract allows.",
)
@add_target_flags
@click.option("--header-a", "headers_a", multiple=True, metavar="'NAME: VALUE'", help="Send this to A alone.")
@click.option("--header-b", "headers_b", multiple=True, metavar="'NAME: VALUE'", help="Send this to B alone.")
@click.option("--json", "report", type=click.Path(dir_okay=False, path_type=Path), help="Write the table as JSON.")
def parity(one: str, other: str, **flags: Any) -> None:
    """Send the same rows to the servers A and B, and show how their answers differ.

    A side may be a recording (`diarkit verify --record`): then nothing is sent to it. Not compared are times, ids and who speaks
    when. Exit 0: no difference. 1: differences. 2: wrong usage. 3: too little was seen. 4: a server does not answer.
    """
    from diarkit_contracts.reports.parity import list_lines, write_json  # noqa: PLC0415
    from diarkit_contracts.runs.parity.compare import compare_verdicts  # noqa: PLC0415 - imported when called

    require("jsonschema")
    plan = _make_plan(flags)
    # Both sides are read before anything is sent: a mistake in the second costs the first nothing.
    asks = [_open_side(side, plan, flags, own) for side, own in ((one, "headers_a"), (other, "headers_b"))]
    first, second = (ask() for ask in asks)
    compared = compare_verdicts(first, second)
    fail_on = Severity(flags["fail_on"])
    if flags["report"] is not None:
        try:
            flags["report"].write_text(write_json(compared, fail_on), encoding="utf-8")
        except OSError as error:
            raise UnwritableError(str(error.filename), error.strerror) from None
    echo_lines(list_lines(compared, fail_on))
    sys.exit(compared.decide_exit(fail_on))


def _make_plan(flags: dict[str, Any]) -> Plan:
    from diarkit_contracts.rows.plan import UnknownRowError, choose_rows, make_plan  # noqa: PLC0415 - as above

    try:
        return choose_rows(flags["only"]) if flags["only"] else make_plan(Tier(flags["tier"]))
    except UnknownRowError as error:
        raise click.BadParameter(str(error), param_hint="--only") from None


def _open_side(side: str, plan: Plan, flags: dict[str, Any], own: str) -> Callable[[], RunVerdict]:
    from diarkit_contracts.runs.verify import verify_target  # noqa: PLC0415
    from diarkit_contracts.target.client import caps_of  # noqa: PLC0415 - as above

    if "://" not in side:
        verdict = _read_side(Path(side), plan, flags["profile"])
        return lambda: verdict
    caps = replace(caps_of(Tier(flags["tier"])), task_seconds=flags["task_seconds"])
    target = make_target(side, {**flags, "headers": (*flags["headers"], *flags[own])}, caps)

    def ask() -> RunVerdict:
        click.echo(f"{target.redaction.strike_url(target.url)}: plan {plan.name}: {plan.count_cost()}", err=True)
        return verify_target(plan, target, PROFILES[flags["profile"]], progress=make_progress(len(plan.rows)))

    return ask


def _read_side(path: Path, plan: Plan, profile: str) -> RunVerdict:
    from diarkit_contracts.exchanges.history import read_history  # noqa: PLC0415 - as above
    from diarkit_contracts.exchanges.recording import read_recording  # noqa: PLC0415
    from diarkit_contracts.exchanges.recording_error import RecordingError  # noqa: PLC0415
    from diarkit_contracts.runs.parity.matching import match_rows  # noqa: PLC0415
    from diarkit_contracts.runs.verify import judge_history, verify_recording  # noqa: PLC0415

    try:
        exchanges = read_recording(path)
    except (RecordingError, OSError) as error:
        raise click.UsageError(f"expected a URL with http:// or a recording: {error}") from None
    wanted = {row.name for row in plan.rows}
    rows = tuple(row for row in match_rows(exchanges) if row.name in wanted)
    judged = judge_history(read_history(exchanges, PROFILES[profile]), rows)
    verdict = verify_recording(path.name, exchanges, PROFILES[profile])
    return replace(verdict, rows=rows, findings=judged.findings)
