"""The commands `verify` and `clauses`: flags to values, one call, an exit code. Decides nothing of a verdict."""

from __future__ import annotations

import base64
import importlib.util
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit, urlunsplit

import click

from diarkit_contracts.profiles import DEFAULT, PROFILES
from diarkit_contracts.tier import Tier

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diarkit_contracts.exchange import Headers
    from diarkit_contracts.target import Caps, Target
    from diarkit_contracts.verdict import RunVerdict

HEADERS_VARIABLE: Final = "DIARKIT_VERIFY_HEADERS"
HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A token of RFC 9110, 5.6.2."""

POLITE_PACE_S: Final = 0.2
"""Between two calls to a server that is not on this computer, unless --pace says otherwise."""


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
@click.option(
    "--fail-on",
    type=click.Choice(["error", "warning"]),
    default="error",
    show_default=True,
    help="Least severity for exit 1.",
)
@click.option(
    "--header",
    "headers",
    multiple=True,
    metavar="'NAME: VALUE'",
    help=f"Send this with each request; may come more than once. {HEADERS_VARIABLE} takes the same, one in each line.",
)
@click.option(
    "--cacert", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Trust these certificates (PEM)."
)
@click.option("--insecure", is_flag=True, help="Trust any certificate.")
@click.option(
    "--proxy", metavar="URL", help="Go through this proxy; else that of the environment, if the server is elsewhere."
)
@click.option("--max-tasks", type=click.IntRange(min=0), help="Accepted tasks at most [8; full: 60].")
@click.option("--max-calls", type=click.IntRange(min=1), help="Requests at most [250; full: 2000].")
@click.option("--max-bytes", type=click.IntRange(min=1), help="Bytes sent at most [1000000; full: 8000000].")
@click.option("--max-seconds", type=click.FloatRange(min=0), help="Time at most [600; full: 3600].")
@click.option("--in-flight", type=click.IntRange(min=1), default=2, show_default=True, help="Unfinished tasks at most.")
@click.option(
    "--task-seconds",
    type=click.FloatRange(min=0),
    default=120.0,
    show_default=True,
    help="Give a task up after this time.",
)
@click.option(
    "--pace", type=click.FloatRange(min=0), help=f"Seconds between requests [0 on this computer, else {POLITE_PACE_S}]."
)
@click.option(
    "--record", type=click.Path(dir_okay=False, path_type=Path), help="Write all exchanges to this file (NDJSON)."
)
@click.option("--seed", type=int, default=0, show_default=True, help="What waits are drawn from.")
def verify(url: str | None, recording: Path | None, **flags: Any) -> None:
    """Hold the server at URL, or a recording of its answers, against the contract.

    Exit 0: fine. 1: findings. 2: wrong usage. 3: too little was seen to say anything. 4: the server does not answer.
    """
    _require("jsonschema")
    if (url is None) == (recording is None):
        raise click.UsageError("expected a URL, such as http://127.0.0.1:8000, or --recording FILE, and not both")
    verdict = _judge_recording(recording, flags) if recording is not None else _ask_target(url or "", flags)
    if flags["record"] is not None:
        from diarkit_contracts.recording import write_recording  # noqa: PLC0415

        flags["record"].write_text("".join(write_recording(verdict.exchanges)), encoding="utf-8")
    sys.exit(show(verdict, flags["fail_on"]))


def show(verdict: RunVerdict, fail_on: str) -> int:
    """Show a verdict and return the exit code."""
    from diarkit_contracts.clauses.clause import Severity  # noqa: PLC0415

    for line in _list_lines(verdict):
        click.echo(line)
    return verdict.decide_exit(Severity(fail_on))


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--rows", is_flag=True, help="List the rows that verify sends instead.")
def clauses(*, rows: bool) -> None:
    """List the clauses of the contract: id, severity, what holds, and how it is known."""
    _require("jsonschema")
    if rows:
        from diarkit_contracts.plan import list_rows  # noqa: PLC0415

        for row in list_rows():
            click.echo(f"{row.name}  {row.call.method} {row.call.target}")
        return
    from diarkit_contracts.clauses.catalogue import CLAUSES  # noqa: PLC0415

    for clause in CLAUSES:
        click.echo(f"{clause.id} ({clause.severity})\n    {clause.sentence}\n    {clause.label}: {clause.source}")


def _require(module: str) -> None:
    """End with a clear word if a library of the extra `verify` is not installed."""
    if importlib.util.find_spec(module) is None:
        raise click.UsageError(
            f"{module} is not installed, and nothing is verified without it: pip install 'diarkit[verify]'"
        )


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
    target = _make_target(url, flags)
    click.echo(f"plan {plan.name}: {plan.count_cost()}", err=True)
    return verify_target(plan, target, PROFILES[flags["profile"]])


def _make_target(url: str, flags: dict[str, Any]) -> Target:
    from diarkit_contracts.http_transport import Connection, HttpTransport, MissingExtraError, is_loopback  # noqa: PLC0415
    from diarkit_contracts.redaction import Redaction  # noqa: PLC0415
    from diarkit_contracts.target import Target  # noqa: PLC0415

    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise click.BadParameter(f"expected a URL such as http://127.0.0.1:8000, got {url!r}", param_hint="URL")
    headers = _read_headers(flags["headers"])
    if parts.username is not None:
        # As a header, so that it also goes with the URLs that the server tells.
        user = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers = (*headers, ("Authorization", f"Basic {base64.b64encode(user.encode()).decode()}"))
        url = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
    secrets = [*(value for _, value in headers), *filter(None, (parts.username, parts.password))]
    try:
        transport = HttpTransport(
            url, Connection(cacert=flags["cacert"], insecure=flags["insecure"], proxy=flags["proxy"])
        )
    except MissingExtraError as error:
        raise click.UsageError(str(error)) from None
    except ValueError as error:
        raise click.UsageError(f"--cacert, --proxy: {error}") from None
    pace = flags["pace"] if flags["pace"] is not None else 0.0 if is_loopback(url) else POLITE_PACE_S
    return Target(
        url=url.rstrip("/"),
        transport=transport,
        caps=_make_caps(flags),
        headers=headers,
        pace_s=pace,
        seed=flags["seed"],
        redaction=Redaction(secrets),
    )


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


def _read_headers(given: tuple[str, ...]) -> Headers:
    """Read headers from flags and environment.

    Raises:
        click.BadParameter: for one without a name; its text is not repeated, since it may be a secret.
    """
    lines = [*os.environ.get(HEADERS_VARIABLE, "").splitlines(), *given]
    read: list[tuple[str, str]] = []
    for line in filter(str.strip, lines):
        name, colon, value = line.partition(":")
        if not colon or not HEADER_NAME.fullmatch(name.strip()) or not value.strip().isprintable():
            raise click.BadParameter("expected 'Name: value', got a text of another form", param_hint="--header")
        read.append((name.strip(), value.strip()))
    return tuple(read)


def _list_lines(verdict: RunVerdict) -> Iterator[str]:
    if verdict.unreachable:
        yield verdict.unreachable
        return
    for finding in verdict.findings:
        yield f"{finding.clause.severity}: {finding.clause.id} {finding.row} ({finding.times} times)"
        yield f"    {finding.clause.sentence} {finding.clause.label}: {finding.clause.source}"
        yield f"    expected {finding.fault.expected}, got {finding.fault.got} (exchange {', '.join(map(str, finding.at))})"
    for undocumented in verdict.undocumented:
        yield f"undocumented: {undocumented.what} ({undocumented.times} times)"
    for inconclusive in verdict.inconclusive:
        yield f"inconclusive: {inconclusive.row}: {inconclusive.reason}"
    for skipped in verdict.skipped:
        yield f"skipped: {skipped.name}: {skipped.reason}"
    yield from verdict.events
    yield from verdict.vacuous
    observations = sum(passed.observations for passed in verdict.passed)
    spent = verdict.spent
    yield (
        f"{len(verdict.findings)} findings, {len(verdict.passed)} clauses passed ({observations} observations), "
        f"{len(verdict.skipped)} skipped; {spent.tasks} tasks, {spent.calls} requests, {spent.bytes_up / 1_000_000:.2f} MB, "
        f"{spent.seconds:.1f} s"
    )
