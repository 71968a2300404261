"""The command `diarkit`. Subcommands of other modules are imported when called."""

from __future__ import annotations

import importlib
import os
import sys
from typing import TYPE_CHECKING

import click

from diarkit_contracts.commands.flags import Group, take
from diarkit_mockserver.commands.settings import PREFIX, Settings

if TYPE_CHECKING:
    from diarkit_contracts.runs.drive import Forcing

ELSEWHERE = {
    "journal": "diarkit_mockserver.commands.journal:journal",
    "coverage": "diarkit_mockserver.commands.coverage:coverage",
    "samples": "diarkit_mockserver.commands.samples:samples",
    "scenario": "diarkit_mockserver.commands.scenario:scenario",
    "verify": "diarkit_contracts.commands.verify:verify",
    "clauses": "diarkit_contracts.commands.verify:clauses",
    "parity": "diarkit_contracts.commands.parity:parity",
    "generations": "diarkit_contracts.commands.generations:generations",
    "learn": "diarkit_contracts.commands.learn:learn",
    "proxy": "diarkit_mockserver.commands.proxy:proxy",
    "record": "diarkit_mockserver.commands.record:record",
}
"""Subcommands of other modules."""


class Commands(Group):
    """The subcommands of this and other modules."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return all names."""
        return sorted([*super().list_commands(ctx), *ELSEWHERE])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, importing its module if necessary."""
        if cmd_name not in ELSEWHERE:
            return super().get_command(ctx, cmd_name)
        module, _, name = ELSEWHERE[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command


@click.group(cls=Commands, examples=("diarkit demo", "diarkit serve --port 8001"))
@click.version_option(None, "-V", "--version", package_name="diarkit", prog_name="diarkit")
@click.pass_context
def main(ctx: click.Context) -> None:
    """A fake of the Speaker Diarization API, its contract, and recordings to test with."""
    ctx.obj = _force_fake  # for verify, as the contracts package does not know the fake


def _force_fake(url: str) -> Forcing:
    from diarkit_mockserver.commands.forcing import force_fake  # noqa: PLC0415 - imported when the command is called

    context = click.get_current_context()
    forcing = force_fake(url, os.environ.get("DIARKIT_CONTROL_TOKEN"), cacert=context.params.get("cacert"))
    return context.with_resource(forcing)


@main.command(examples=("diarkit serve", "diarkit serve --port 0 --scenario scenario.yaml --rate 10/60"))
@take("settings", Settings, prefix=PREFIX)
def serve(settings: Settings) -> None:
    """Serve the fake until Ctrl-C."""
    from diarkit_mockserver.commands.start import Started  # noqa: PLC0415 - imported when the command is called

    Started(settings).serve()


@main.command(examples=("diarkit health", "diarkit health 127.0.0.1:8001"))
@click.argument("url", required=False)
@take("settings", Settings, "host", "port", "tls_cert", prefix=PREFIX)
def health(url: str | None, settings: Settings) -> None:
    """Check whether a platform answers.

    The platform is at URL, or where `diarkit serve` with the same settings listens. Exit 0: it answers. 1: it does not.
    """
    from diarkit_mockserver.commands.health import complete_url, explain_health  # noqa: PLC0415
    from diarkit_mockserver.serving.server import reach  # noqa: PLC0415

    if url is None:
        url = reach(settings.host, settings.port, "http" if settings.tls_cert is None else "https")
    problem = explain_health(complete_url(url))
    click.echo(f"{url} answers" if problem is None else f"{url}: {problem}", err=problem is not None)
    sys.exit(0 if problem is None else 1)


@main.command(examples=("diarkit demo",))
def demo() -> None:
    """Send recordings to the fake and show who speaks when."""
    from diarkit_mockserver.commands.demo import run_demo  # noqa: PLC0415

    run_demo()
