"""The command `record`: files to a live platform, its answers to a scenario file. Decides nothing of a scenario."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from diarkit_contracts.commands.output import UnwritableError
from diarkit_contracts.commands.target_flags import add_target_flags, make_target, require

if TYPE_CHECKING:
    from diarkit_contracts.runs.record import Asked, Course, Recorded

QUERY = ("channel_mode", "channels", "range_from", "range_to")


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("url")
@click.argument(
    "files", metavar="FILE...", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the scenario to this file.",
)
@click.option(
    "--speed",
    type=click.FloatRange(min=0, min_open=True),
    default=1.0,
    show_default=True,
    help="Let the fake be so many times as fast as the platform was.",
)
@click.option(
    "--course",
    type=click.Choice(["measured", "immediate"]),
    default="measured",
    show_default=True,
    help="When tasks are done.",
)
@click.option(
    "--config", default="", metavar="JSON", help="Send this with each file, such as '{\"total_speakers\": 2}'."
)
@click.option(
    "--query",
    multiple=True,
    metavar="NAME=VALUE",
    help=f"Send this with each file: {', '.join(QUERY)}; may come more than once.",
)
@add_target_flags
def record(url: str, files: tuple[Path, ...], output: Path, **flags: Any) -> None:
    """Send FILEs to the platform at URL, one after the other, and write a scenario in which the fake answers the same.

    A file is held in memory while it is sent. Exit 0: written. 1: an answer can't be repeated. 2: wrong usage. 4: no answer.
    """
    from diarkit_contracts.runs.record import RecordError, record_file, write_scenario  # noqa: PLC0415 - imported when called
    from diarkit_contracts.target.client import Caps  # noqa: PLC0415

    require("jsonschema")
    asked = _read_asked(flags)
    if not output.absolute().parent.is_dir():
        raise click.BadParameter(f"expected a file in a folder that exists, got {output}", param_hint="--output")
    sizes = [path.stat().st_size for path in files]
    # No cap but those of the files themselves: whoever names a file wants it to be sent.
    caps = Caps(
        tasks=len(files) * 4,
        calls=sys.maxsize,
        bytes_up=(sum(sizes) + 10_000 * len(files)) * 4,
        seconds=float("inf"),
        task_seconds=flags["task_seconds"],
    )
    target = make_target(url, flags, caps)
    recorded: list[Recorded] = []
    seen: set[str] = set()
    for path in files:
        try:
            one = record_file(target, path.name, path.read_bytes(), asked)
        except RecordError as error:
            click.echo(f"{error}", err=True)
            sys.exit(1 if target.exchanges else 4)
        if one.sha256 in seen:
            click.echo(f"{path}: the same bytes as a file before it; one rule answers both", err=True)
            continue
        seen.add(one.sha256)
        recorded.append(one)
        click.echo(
            f"{path}: {next(iter(one.then))} {' '.join(f'{s} {lasts:g} s' for s, lasts in one.seconds.items())}".rstrip()
        )
    course: Course = "immediate" if flags["course"] == "immediate" else flags["speed"]
    text = write_scenario(recorded, asked, source=target.redaction.strike_url(target.url), course=course)
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UnwritableError(str(output), error.strerror) from None


def _read_asked(flags: dict[str, Any]) -> Asked:
    from diarkit_contracts.exchanges.history import read_object  # noqa: PLC0415 - as above
    from diarkit_contracts.runs.record import Asked  # noqa: PLC0415

    if flags["config"] and read_object(flags["config"].encode()) is None:
        raise click.BadParameter(f"expected a JSON object, got {flags['config']!r}", param_hint="--config")
    query: list[tuple[str, str]] = []
    for text in flags["query"]:
        name, _, value = text.partition("=")
        if name not in QUERY or not value:
            raise click.BadParameter(
                f"expected one of {', '.join(QUERY)} as NAME=VALUE, got {text!r}", param_hint="--query"
            )
        if name.startswith("range"):
            try:
                float(value)
            except ValueError:
                raise click.BadParameter(f"expected seconds for {name}, got {value!r}", param_hint="--query") from None
        query.append((name, value))
    return Asked(config=flags["config"], query=tuple(query))
