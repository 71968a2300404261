"""The flags of the tier `fuzz`, and the run made from them: whom it may ask, who draws, where a find is kept. Judges nothing."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from diarkit_contracts.api.profiles import PROFILES
from diarkit_contracts.commands.output import echo_lines
from diarkit_contracts.commands.target_flags import make_target, require

if TYPE_CHECKING:
    from collections.abc import Callable

    from diarkit_contracts.runs.fuzz.example import Find, Session
    from diarkit_contracts.runs.verdict import RunVerdict

MACHINE: Final = "machine"
SCHEMATHESIS: Final = "schemathesis"

SECONDS: Final = 60.0
IN_FLIGHT: Final = 4
UNBOUNDED: Final = 1 << 40
"""Of tasks, calls and bytes: the time ends such a run."""

LAST_TASKS_S: Final = 60.0
"""For the tasks that are in flight when the time is up."""

BETWEEN_LINES_S: Final = 2.0

_FLAGS: Final = (
    click.option(
        "--driver",
        type=click.Choice([MACHINE, SCHEMATHESIS]),
        default=MACHINE,
        show_default=True,
        help="Who draws the requests of tier fuzz: our state machine, or schemathesis with our audio and our clauses.",
    ),
    click.option("--i-own-this-server", is_flag=True, help="Fuzz a server that is not on this computer."),
    click.option(
        "--save-rows",
        type=click.Path(dir_okay=False, path_type=Path),
        default=Path("diarkit-found.json"),
        show_default=True,
        help="Where tier fuzz keeps the requests that broke a clause, for --rows.",
    ),
)


def add_fuzz_flags(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the flags of the tier."""
    for flag in reversed(_FLAGS):
        command = flag(command)
    return command


def fuzz_server(url: str, flags: dict[str, Any]) -> tuple[RunVerdict, bool]:
    """Fuzz a server as the flags ask for.

    Returns:
        The verdict, and whether the driver has seen a failure that the verdict does not name.

    Raises:
        click.UsageError: for a server that is somebody else's, and flags that make no sense.
    """
    from diarkit_contracts.exchanges.origin import is_loopback  # noqa: PLC0415 - imported when called

    if not is_loopback(url) and not flags["i_own_this_server"]:
        raise click.UsageError(
            "tier fuzz sends thousands of requests: expected a server on this computer, or --i-own-this-server"
        )
    run = _run_machine if flags["driver"] == MACHINE else _run_schemathesis
    return run(url, flags, SECONDS if flags["max_seconds"] is None else flags["max_seconds"])


def _run_machine(url: str, flags: dict[str, Any], seconds: float) -> tuple[RunVerdict, bool]:
    require("hypothesis")
    from diarkit_contracts.api.evidence import Severity  # noqa: PLC0415 - as above
    from diarkit_contracts.exchanges.origin import is_loopback  # noqa: PLC0415
    from diarkit_contracts.runs.fuzz.example import Bounds  # noqa: PLC0415
    from diarkit_contracts.runs.fuzz.machine import run_machine  # noqa: PLC0415
    from diarkit_contracts.target.client import Caps  # noqa: PLC0415

    caps = Caps(
        tasks=UNBOUNDED if flags["max_tasks"] is None else flags["max_tasks"],
        calls=flags["max_calls"] or UNBOUNDED,
        bytes_up=flags["max_bytes"] or UNBOUNDED,
        seconds=seconds + LAST_TASKS_S,
        in_flight=flags["in_flight"] or IN_FLIGHT,
        task_seconds=flags["task_seconds"],
    )
    target = make_target(url, flags, caps)
    shown = (
        f"{seconds:g} s of tasks and mistakes as fast as the server answers, {caps.in_flight} tasks in flight at most"
    )
    click.echo(f"plan fuzz: {shown}, seed {flags['seed']}", err=True)
    run = run_machine(
        target,
        Bounds(seconds=seconds),
        number=flags["seed"],
        profile=PROFILES[flags["profile"]],
        fail_on=Severity(flags["fail_on"]),
        shrink=is_loopback(url),
        progress=_make_progress(seconds),
    )
    if run.find is None:
        return run.verdict, False
    return replace(run.verdict, rows_file=_keep_find(run.find, flags["save_rows"])), False


def _run_schemathesis(url: str, flags: dict[str, Any], seconds: float) -> tuple[RunVerdict, bool]:
    require("schemathesis")
    from diarkit_contracts.rows.mistakes import NEVER_GIVEN  # noqa: PLC0415
    from diarkit_contracts.runs.fuzz.schemathesis import PHASES, run_schemathesis  # noqa: PLC0415 - as above
    from diarkit_contracts.runs.verify import verify_recording  # noqa: PLC0415
    from diarkit_contracts.target.client import Caps, UnreachableError  # noqa: PLC0415

    for flag in ("max_tasks", "max_calls", "max_bytes", "in_flight", "cacert", "insecure", "cert", "key", "proxy"):
        if flags[flag]:
            raise click.UsageError(f"--{flag.replace('_', '-')} is not for --driver schemathesis")
    target = make_target(url, flags, Caps())
    try:
        target.poll(NEVER_GIVEN)
    except UnreachableError as error:
        return replace(verify_recording(target.url, ()), unreachable=str(error)), False
    click.echo(f"plan schemathesis: {seconds:g} s at most, seed {flags['seed']}", err=True)
    run = run_schemathesis(
        target.url,
        seconds=seconds / len(PHASES),
        number=flags["seed"],
        profile=PROFILES[flags["profile"]],
        headers=target.headers,
        rate=f"{max(1, round(60 / target.pace_s))}/m" if target.pace_s else None,
    )
    if run.failed:
        echo_lines(run.text.splitlines())
    return run.verdict, run.failed


def _keep_find(find: Find, path: Path) -> str:
    """Write the rows of a find to a file and show how it came about; where the file can't be written, the rows are shown, too."""
    text = json.dumps(find.write_rows(), ensure_ascii=False, indent=1)
    kept = str(path)
    try:
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        click.echo(f"--save-rows {path} can't be written ({error.strerror}); its text:", err=True)
        echo_lines(text.splitlines())
        kept = ""
    echo_lines(["what was sent, in this order:", *(f"  {step}" for step in find.steps), ""])
    return kept


def _make_progress(seconds: float) -> Callable[[Session], None]:
    if not sys.stderr.isatty():
        return lambda _: None
    told = 0.0

    def tell(session: Session) -> None:
        nonlocal told
        spent = session.target.spent
        if spent.seconds >= told + BETWEEN_LINES_S:
            told = spent.seconds
            click.echo(f"[{told:.0f}/{seconds:g} s] {spent.calls} calls, {spent.tasks} tasks", err=True)

    return tell
