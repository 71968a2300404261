"""`diarkit journal`: read the journal of a world from a server, and print it in one of four formats."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import Any, Final, Literal, TypeAlias

import click

from diarkit_contracts.commands.flags import Command, take
from diarkit_contracts.commands.output import echo_lines
from diarkit_contracts.exchanges.plain import Json
from diarkit_contracts.exchanges.recording import HEAD, write_lines
from diarkit_contracts.target.pace import Clock, SystemClock
from diarkit_mockserver.clock import SECOND, tell_date
from diarkit_mockserver.commands.health import complete_url
from diarkit_mockserver.commands.settings import PREFIX, Settings
from diarkit_mockserver.control.client import Sender, find_control, read_pages, split_world
from diarkit_mockserver.control.problem import ControlError
from diarkit_mockserver.control.views import JournalPage
from diarkit_mockserver.journal.access_log import write_line
from diarkit_mockserver.journal.export import OWN, read_entry, write_har

JournalFormat: TypeAlias = Literal["text", "json", "ndjson", "har"]

BETWEEN_LOOKS_S: Final = 0.5
"""Short enough for a person, and long enough for the server."""


@click.command(
    cls=Command, examples=("diarkit journal --follow", "diarkit journal http://127.0.0.1:8000/worlds/a --format har")
)
@click.argument("url", required=False)
@take("settings", Settings, "host", "port", prefix=PREFIX)
@click.option("-f", "--follow", is_flag=True, help="Continue with new exchanges until Ctrl-C (text and ndjson).")
@click.option(
    "--format",
    "form",
    type=click.Choice(("text", "json", "ndjson", "har")),
    default="text",
    show_default=True,
    help="Print lines for people, or a recording for `verify --recording`; har also for browser tools.",
)
@click.option("--task", help="Print only exchanges about the task with this id.")
@click.option("--reveal", is_flag=True, help="Print the values of all headers and parameters, including secrets.")
@click.option(
    "--token",
    envvar="DIARKIT_CONTROL_TOKEN",
    show_envvar=True,
    help="Send this token, if the control API requires one.",
)
def journal(  # noqa: PLR0913 - a flag each
    url: str | None,
    settings: Settings,
    form: JournalFormat,
    task: str | None,
    token: str | None,
    *,
    follow: bool,
    reveal: bool,
) -> None:
    """Print the requests to a fake, and its answers.

    The fake is at URL, or where `diarkit serve` with the same settings listens. A URL that ends with /worlds/NAME selects that
    world. Exit 0: printed. 1: the server refused, or stopped. 2: wrong usage. 4: no fake answers.
    """
    if follow and form not in {"text", "ndjson"}:
        raise click.UsageError(f"--follow has no end, and --format {form} needs one: choose text or ndjson")
    if url is None:
        from diarkit_mockserver.serving.server import reach  # noqa: PLC0415 - imports the server

        url = reach(settings.host, settings.port)
    try:
        base, world = split_world(complete_url(url))
        found = find_control(base, token)
    except ValueError:
        raise click.UsageError(f"expected the URL of a fake, such as http://127.0.0.1:8000, got {url!r}") from None
    if found is None:
        click.echo(f"no fake answers at {base}, or it is not ready", err=True)
        raise click.exceptions.Exit(4)
    with closing(found[0]) as control:
        # Lines for people contain nothing to redact.
        asked: Any = {"task": task, "reveal": reveal}
        read = follow_pages(control, world, SystemClock(), **asked) if follow else read_pages(control, world, **asked)
        echo_lines(write_journal(_guard(read, base), form))


def _guard(pages: Iterable[JournalPage], base: str) -> Iterator[JournalPage]:
    """Convert refusals, and the end of the server, to messages."""
    try:
        yield from pages
    except ControlError as error:
        raise click.ClickException(str(error)) from None
    except (OSError, http.client.HTTPException) as error:
        raise click.ClickException(f"{base} no longer answers: {error}") from None


def follow_pages(control: Sender, world: str, clock: Clock, *, task: str | None, reveal: bool) -> Iterator[JournalPage]:
    """Read a world's journal from its beginning, and follow it endlessly."""
    since = 0
    while True:
        for page in read_pages(control, world, since=since, task=task, reveal=reveal):
            if page.total < since:  # the world was reset
                since = 0
                break
            if page.entries:
                since = page.entries[-1][OWN]["number"]
            yield page
        else:
            clock.sleep(BETWEEN_LOOKS_S)


def write_journal(pages: Iterable[JournalPage], form: JournalFormat) -> Iterator[str]:
    """Yield pages of a journal as lines; text and ndjson incrementally."""
    match form:
        case "text":
            yield from (write_line(read_entry(each), page.epoch) for page in pages for each in page.entries)
        case "ndjson":
            lines = write_lines(each for page in pages for each in page.entries)
            yield from (line.removesuffix("\n") for line in lines)
        case "har":
            yield json.dumps(write_har([each for page in pages for each in page.entries]))
        case "json":
            read = list(pages)
            whole: Json = {
                **HEAD,
                "total": read[-1].total,
                "date": tell_date(read[-1].epoch, read[-1].now).isoformat(),
                "entries": [_write_times(each, page.epoch) for page in read for each in page.entries],
            }
            yield from json.dumps(whole, indent=2).split("\n")


def _write_times(written: Json, epoch: int) -> Json:
    """Replace ticks by dates and seconds."""
    own = written[OWN]
    date = tell_date(epoch, own["asked_at"]).isoformat()
    seconds = {name: own[name] / SECOND for name in ("asked_at", "answered_at")}
    return {"date": date, **written, OWN: {**own, **seconds}}
