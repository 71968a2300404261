"""The commands `verify` and `clauses`."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from types import FunctionType
from typing import TYPE_CHECKING, ClassVar

import click

from diarkit_contracts.api.profiles import DEFAULT
from diarkit_contracts.api.words import count
from diarkit_contracts.commands.flags import READ, Command, flag, take
from diarkit_contracts.commands.fuzz_flags import IN_FLIGHT, MACHINE, FuzzFlags, fuzz_server
from diarkit_contracts.commands.output import Judging, Output, begin_run, echo_lines, judge_recording, stop_on_term
from diarkit_contracts.commands.target_flags import (
    Access,
    CapFlags,
    list_repeat_flags,
    open_target,
    read_plan,
)
from diarkit_contracts.rows.tier import FUZZ, Tier
from diarkit_contracts.runs.verdict import Exit, RunVerdict, list_exits
from diarkit_fixtures.errors import require
from diarkit_fixtures.texts.read import TextError, load_text

if TYPE_CHECKING:
    from pathlib import Path

    from diarkit_contracts.rows.plan import Plan
    from diarkit_contracts.runs.drive import Forcing


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is judged, and which requests are sent."""

    GROUP: ClassVar[str] = "Requests"

    recording: Path | None = flag(type=READ, help="Judge this HAR or NDJSON instead of a server; nothing is sent.")
    tier: str = flag(
        default=Tier.LITE.value,
        type=click.Choice([*(tier.value for tier in Tier), FUZZ]),
        help="Start no task (probe), at most 10 (lite), send all rows (full), or generate requests for a time (fuzz).",
    )
    only: tuple[str, ...] = flag(
        default=(), multiple=True, metavar="ROW", help="Send only this row, such as row-07; may be repeated."
    )
    rows_file: Path | None = flag(
        "--rows", type=READ, help="Send the rows of this file instead, such as one saved by tier fuzz."
    )
    audio: tuple[Path, ...] = flag(
        type=READ,
        default=(),
        multiple=True,
        metavar="FILE",
        help="Send variants of this recording instead, and compare the answers; may be repeated. It is sent only to this server, and"
        " included in no report or recording.",
    )
    fake: bool = flag(
        default=False,
        is_flag=True,
        help="Force special behaviour, such as a failed task or a rate limit, from diarkit's own server for the rows that need it.",
    )


@click.command(
    cls=Command,
    table=("Exit codes", [(str(int(end)), meaning) for end, meaning in list_exits()]),
    examples=(
        "diarkit verify http://127.0.0.1:8000 --report html=run.html,json=run.json",
        "diarkit verify http://platform:8000 --audio call-1.wav --audio call-2.wav --fail-on warning",
    ),
)
@click.argument("url", required=False)
@take("question", Question)
@take("fuzz", FuzzFlags)
@take("judging", Judging)
@take("caps", CapFlags)
@take("access", Access)
@take("output", Output)
def verify(  # noqa: PLR0913 - an argument for each group of flags
    url: str | None,
    *,
    question: Question,
    fuzz: FuzzFlags,
    judging: Judging,
    caps: CapFlags,
    access: Access,
    output: Output,
) -> None:
    """Check a server, or a recording of it, against the contract.

    Exits with the first of the codes below that applies.
    """
    require("jsonschema")
    recording, fuzzed, rows = question.recording, question.tier == FUZZ, question.rows_file
    if (url is None) == (recording is None):
        raise click.UsageError("expected either a URL, such as http://127.0.0.1:8000, or --recording FILE")
    if sum((recording is not None, fuzzed, bool(question.only), rows is not None, bool(question.audio))) > 1:
        raise click.UsageError("expected one of --recording, --tier fuzz, --only, --rows and --audio, got several")
    failed = False
    with stop_on_term():
        if recording is not None:
            verdict = judge_recording(recording, judging.held, "--recording")
        elif fuzzed:
            verdict, failed = fuzz_server(url or "", fuzz, access, caps, judging, record=output.record)
        elif question.audio:
            verdict = _send_audio(url or "", question.audio, access, caps, judging)
        else:
            verdict = _ask_target(url or "", question, access, caps, judging)
    # Otherwise a repetition would request the generation from the server.
    own = (("--profile", DEFAULT.name),) if judging.held is DEFAULT else ()
    is_recorded = fuzzed and fuzz.driver == MACHINE
    verdict = replace(verdict, flags=(*own, *list_repeat_flags(access)))
    code = output.show(verdict, judging.fail_on, is_recorded=is_recorded)
    sys.exit(Exit.FINDINGS if failed and code in {Exit.FINE, Exit.VACUOUS} else code)


@click.command(cls=Command, examples=("diarkit clauses", "diarkit clauses --rows"))
@click.option("--rows", is_flag=True, help="List the rows that verify sends instead of the clauses.")
@click.option("--markdown", is_flag=True, help="Write a table, as in docs/reference/clauses.md.")
def clauses(*, rows: bool, markdown: bool) -> None:
    """List the clauses of the contract.

    For each: id, severity, requirement and evidence.
    """
    require("jsonschema")
    if rows:
        from diarkit_contracts.rows.plan import list_rows  # noqa: PLC0415

        echo_lines(f"{row.name}  {row.call.method} {row.call.target}" for row in list_rows())
        return
    from diarkit_contracts.clauses.catalogue import CLAUSES  # noqa: PLC0415

    if markdown:
        lines = [
            "# The clauses\n\nWhat `diarkit verify` checks; `diarkit clauses --markdown` writes this file. An error violates what is documented or",
            "contradicts itself; a warning only differs from what is inferred.\n",
            "| clause | requirement | severity | source |\n|---|---|---|---|",
        ]
        echo_lines([*lines, *(f"| `{one.id}` | {one.sentence} | {one.severity} | {one.evidence} |" for one in CLAUSES)])
        return
    echo_lines(f"{one.id} ({one.severity})\n    {one.sentence}\n    {one.evidence}" for one in CLAUSES)


def _ask_target(url: str, question: Question, access: Access, caps: CapFlags, judging: Judging) -> RunVerdict:
    from diarkit_contracts.rows.plan import make_forced  # noqa: PLC0415
    from diarkit_contracts.runs.drive import NOTHING_FORCED  # noqa: PLC0415
    from diarkit_contracts.runs.verify import verify_target  # noqa: PLC0415
    from diarkit_contracts.target.client import CAPS  # noqa: PLC0415

    if question.rows_file is not None:
        plan, usual = _load_plan(question.rows_file), replace(CAPS[Tier.FULL], in_flight=IN_FLIGHT)
    else:
        plan = read_plan(question.only, Tier(question.tier))
        usual = CAPS[Tier.LITE if question.only else Tier(question.tier)]
    if question.fake:
        usual = replace(usual, tasks=usual.tasks + len(make_forced()))
    with open_target(url, access, caps.change(usual)) as target:
        forcing = _find_forcing(target.url) if question.fake else NOTHING_FORCED
        spare = (
            f"; up to {target.caps.spare} more tasks for repeated rows and for mistakes that are accepted as uploads"
        )
        click.echo(f"plan {plan.name}: {plan.count_cost(forcing)}{spare if target.caps.spare else ''}", err=True)
        profile, progress = begin_run(judging.held, target, len(plan.rows))
        verdict = verify_target(plan, target, profile, forcing, progress)
    return replace(verdict, rows_file=str(question.rows_file or ""))


def _send_audio(url: str, paths: tuple[Path, ...], access: Access, caps: CapFlags, judging: Judging) -> RunVerdict:
    from diarkit_contracts.rows.audio import AudioError, read_recording  # noqa: PLC0415
    from diarkit_contracts.runs.relations import choose_caps, make_plan, verify_audio  # noqa: PLC0415

    try:
        recordings = tuple(read_recording(path, number) for number, path in enumerate(paths, 1))
        plan = make_plan(recordings)
        cost = plan.count_cost()
        with open_target(url, access, caps.change(choose_caps(cost, recordings))) as target:
            click.echo(
                f"plan {plan.name}: {cost}, and up to {count(len(recordings), 'task')} more, depending on the answers",
                err=True,
            )
            profile, progress = begin_run(judging.held, target, len(plan.rows) + len(recordings))
            return verify_audio(recordings, target, profile, progress)
    except AudioError as error:
        raise click.UsageError(f"--audio {error}") from None


def _find_forcing(url: str) -> Forcing:
    """Find how to force behaviour from a fake, registered by the package that runs this command."""
    force = click.get_current_context().find_object(FunctionType)
    if force is None:
        raise click.UsageError("--fake is for the command `diarkit verify`")
    forcing: Forcing = force(url)
    return forcing


def _load_plan(path: Path) -> Plan:
    from diarkit_contracts.rows.file import read_rows  # noqa: PLC0415
    from diarkit_contracts.rows.plan import Plan  # noqa: PLC0415

    try:
        # In flight together as far as the target allows, as the finding may depend on it.
        return Plan(f"rows of {path.name}", (read_rows(load_text(path), str(path)),))
    except (TextError, OSError) as error:
        raise click.UsageError(f"--rows {error}") from None
