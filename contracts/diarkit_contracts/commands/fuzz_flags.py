"""The flags of the tier `fuzz`, and running it: permission, driver, saving the failing example."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

import click

from diarkit_contracts.commands.flags import flag
from diarkit_contracts.commands.output import Judging, choose_generation, echo_lines, record_on
from diarkit_contracts.commands.target_flags import Access, CapFlags, list_repeat_flags, open_target
from diarkit_contracts.exchanges.origin import is_loopback
from diarkit_contracts.runs.verdict import Cause, Why
from diarkit_contracts.target.client import Caps, UnreachableError
from diarkit_fixtures.errors import require

if TYPE_CHECKING:
    from diarkit_contracts.runs.fuzz.example import Find
    from diarkit_contracts.runs.verdict import RunVerdict

MACHINE: Final = "machine"
SCHEMATHESIS: Final = "schemathesis"

SECONDS: Final = 60.0
IN_FLIGHT: Final = 4
UNBOUNDED: Final = 1 << 40
"""No limit of tasks, calls and bytes, as such a run is ended by time."""

LAST_TASKS_S: Final = 60.0
"""Extra time for tasks in flight when the time is up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FuzzFlags:
    """Options of a fuzzed run."""

    GROUP: ClassVar[str] = "Fuzzing (--tier fuzz)"

    driver: str = flag(
        default=MACHINE,
        type=click.Choice([MACHINE, SCHEMATHESIS]),
        help="Generate requests with the built-in state machine, or with schemathesis using diarkit's audio and clauses.",
    )
    i_own_this_server: bool = flag(
        default=False, is_flag=True, help="Allow fuzzing a server that is not on this computer."
    )
    save_rows: Path = flag(
        default=Path("diarkit-found.json"),
        type=click.Path(dir_okay=False, path_type=Path),
        help="Save the requests that violate a clause to this file, for --rows.",
    )


def fuzz_server(  # noqa: PLR0913 - an argument for each group of flags
    url: str, flags: FuzzFlags, access: Access, caps: CapFlags, judging: Judging, *, record: Path | None
) -> tuple[RunVerdict, bool]:
    """Fuzz a server; return the verdict, and whether the driver has seen a failure that is not part of it.

    Our own driver records while it runs.
    """
    if not is_loopback(url) and not flags.i_own_this_server:
        raise click.UsageError(
            "tier fuzz sends thousands of requests: expected a server on this computer, or --i-own-this-server"
        )
    if flags.driver == MACHINE:
        return _run_machine(url, flags, access, caps, judging, record=record), False
    return _run_schemathesis(url, access, caps, judging)


def _run_machine(  # noqa: PLR0913 - as above
    url: str, flags: FuzzFlags, access: Access, caps: CapFlags, judging: Judging, *, record: Path | None
) -> RunVerdict:
    require("hypothesis")
    from diarkit_contracts.runs.fuzz.machine import run_machine  # noqa: PLC0415 - imported on first use

    seconds = SECONDS if caps.seconds is None else caps.seconds
    own = caps.change(
        Caps(tasks=UNBOUNDED, calls=UNBOUNDED, bytes_up=UNBOUNDED, in_flight=IN_FLIGHT, received=UNBOUNDED)
    )
    shown = (
        f"{seconds:g} s of uploads and mistakes as fast as the server answers, at most {own.in_flight} tasks in flight"
    )
    with open_target(url, access, replace(own, seconds=seconds + LAST_TASKS_S)) as target, record_on(record) as keep:
        click.echo(f"plan fuzz: {shown}, seed {access.seed}", err=True)
        run = run_machine(
            target,
            seconds,
            number=access.seed,
            profile=choose_generation(judging.held, target),
            fail_on=judging.fail_on,
            shrink=is_loopback(url),
            keep=keep,
        )
    return run.verdict if run.find is None else replace(run.verdict, rows_file=_keep_find(run.find, flags.save_rows))


def _run_schemathesis(url: str, access: Access, caps: CapFlags, judging: Judging) -> tuple[RunVerdict, bool]:
    require("schemathesis")
    from diarkit_contracts.rows.mistakes import NEVER_GIVEN  # noqa: PLC0415
    from diarkit_contracts.runs.fuzz.schemathesis import PHASES, run_schemathesis  # noqa: PLC0415 - as above
    from diarkit_contracts.runs.verify import verify_recording  # noqa: PLC0415

    not_for_it = {
        "--max-tasks": caps.tasks is not None,
        "--max-calls": caps.calls is not None,
        "--max-bytes": caps.bytes_up is not None,
        "--in-flight": caps.in_flight is not None,
        **{name: True for name, _ in list_repeat_flags(access)},
    }
    for name in (name for name, given in not_for_it.items() if given):
        raise click.UsageError(f"{name} is not for --driver schemathesis")
    seconds = SECONDS if caps.seconds is None else caps.seconds
    with open_target(url, access, Caps()) as target:
        try:
            target.poll(NEVER_GIVEN)
        except UnreachableError as error:
            return replace(verify_recording(target.url, ()), whys=(Why(Cause.UNREACHABLE, str(error)),)), False
        click.echo(f"plan schemathesis: at most {seconds:g} s, seed {access.seed}", err=True)
        run = run_schemathesis(
            target.url,
            seconds=seconds / len(PHASES),
            number=access.seed,
            profile=choose_generation(judging.held, target),
            headers=target.headers,
            rate=f"{max(1, round(60 / target.pace_s))}/m" if target.pace_s else None,
        )
    if run.failed:
        echo_lines(run.text.splitlines())
    return run.verdict, run.failed


def _keep_find(find: Find, path: Path) -> str:
    """Print the steps of a failing example and save its rows to a file, or print them if it can't be written."""
    text = json.dumps(find.write_rows(), ensure_ascii=False, indent=1)
    saved = str(path)
    try:
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        click.echo(f"--save-rows {path} can't be written ({error.strerror}); the rows:", err=True)
        echo_lines(text.splitlines())
        saved = ""
    echo_lines(["requests in order:", *(f"  {step}" for step in find.steps), ""])
    return saved
