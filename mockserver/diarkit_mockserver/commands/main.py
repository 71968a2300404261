"""The command `diarkit`: reads flags, calls one function, ends with its exit code. Other commands are imported when called."""

from __future__ import annotations

import errno
import importlib
import ipaddress
import logging
import os
import re
import secrets
import sys
from typing import TYPE_CHECKING, Any

import click

from diarkit_contracts.commands.flags import Group, take
from diarkit_mockserver.commands.settings import PREFIX, Settings

if TYPE_CHECKING:
    from diarkit_contracts.runs.drive import Forcing

ELSEWHERE = {
    "coverage": "diarkit_mockserver.commands.coverage:coverage",
    "samples": "diarkit_mockserver.commands.samples:samples",
    "scenario": "diarkit_mockserver.commands.scenario:scenario",
    "verify": "diarkit_contracts.commands.verify:verify",
    "clauses": "diarkit_contracts.commands.verify:clauses",
    "parity": "diarkit_contracts.commands.parity:parity",
    "record": "diarkit_contracts.commands.record:record",
}
"""Commands of other files, imported when they are named."""


class Commands(Group):
    """The commands of this file, and those of others."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List all names."""
        return sorted([*super().list_commands(ctx), *ELSEWHERE])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Find a command, in its own file if it is elsewhere."""
        if cmd_name not in ELSEWHERE:
            return super().get_command(ctx, cmd_name)
        module, _, name = ELSEWHERE[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command


@click.group(cls=Commands, examples=("diarkit demo", "diarkit serve --port 8001"))
@click.version_option(package_name="diarkit")
@click.pass_context
def main(ctx: click.Context) -> None:
    """A fake of the Speaker Diarization API, its contract, and recordings to test with."""
    ctx.obj = _force_fake  # verify's; the contract knows no fake


def _force_fake(url: str) -> Forcing:
    from diarkit_mockserver.commands.forcing import NoFakeError, force_fake  # noqa: PLC0415 - what a command needs is imported when it is called

    try:
        forcing = force_fake(url, os.environ.get("DIARKIT_CONTROL_TOKEN"))
        return click.get_current_context().with_resource(forcing)
    except NoFakeError as error:
        raise click.BadParameter(str(error), param_hint="--fake") from None


class OneLine(logging.Formatter):
    """Writes each message on one line: file names and keys come from clients, who may put line ends into them."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the library's name
        """Write control characters as escapes."""
        record.message = re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", lambda found: repr(found[0])[1:-1], record.message)
        return super().formatMessage(record)


def start_log(level: str) -> None:
    """Log to stderr from a level on."""
    handler = logging.StreamHandler()
    handler.setFormatter(OneLine("%(levelname)s %(message)s"))
    logging.basicConfig(level=level.upper(), handlers=[handler])


@main.command(examples=("diarkit serve", "diarkit serve --port 0 --scenario scenario.yaml --rate 10/60"))
@take("settings", Settings, prefix=PREFIX)
def serve(settings: Settings) -> None:
    """Serve the fake until Ctrl-C."""
    from diarkit_mockserver.serving.server import serve as run  # noqa: PLC0415 - what a command needs is imported when it is called
    from diarkit_mockserver.serving.server import write_url  # noqa: PLC0415

    start_log(settings.log_level)
    bound = _bind(settings)
    platform = _make_platform(settings, _choose_token(settings, bound))
    run(platform, bound, lambda: click.echo(f"listening on {write_url(bound)}"))


def _bind(settings: Settings) -> Any:
    from diarkit_mockserver.serving.server import bind  # noqa: PLC0415

    try:
        return bind(settings.host, settings.port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            text = f"port {settings.port} is in use: choose another with --port (0 picks a free one)"
        else:
            text = f"can't listen on {settings.host}:{settings.port} (--host, --port): {error.strerror or error}"
        raise click.UsageError(text) from None


def _choose_token(settings: Settings, bound: Any) -> str | None:
    """Let the control API ask for a token where others than this machine can connect: it moves time and tells secrets."""
    if settings.control_token or ipaddress.ip_address(bound.getsockname()[0].partition("%")[0]).is_loopback:
        return settings.control_token or None
    token = secrets.token_urlsafe(18)
    click.echo(f"control token: {token} (--control-token or DIARKIT_CONTROL_TOKEN sets another)", err=True)
    return token


def _make_platform(settings: Settings, control_token: str | None) -> Any:
    from diarkit_mockserver.scenario.model import Scenario  # noqa: PLC0415
    from diarkit_mockserver.world.platform import Platform  # noqa: PLC0415
    from diarkit_mockserver.world.world import World  # noqa: PLC0415

    scenario = Scenario()
    follower = None
    if settings.scenario is not None:
        from diarkit_mockserver.commands.reload import ScenarioFollower  # noqa: PLC0415
        from diarkit_mockserver.scenario.load import ScenarioError, load_scenario  # noqa: PLC0415

        follower = ScenarioFollower(settings.scenario, settings.overrule)
        try:
            scenario = load_scenario(settings.scenario)
        except ScenarioError as error:
            click.echo(str(error), err=True)
            sys.exit(1)
        except OSError as error:
            raise click.UsageError(f"--scenario {settings.scenario}: {error.strerror}") from None
    try:
        scenario = settings.overrule(scenario)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    return Platform(
        World(scenario=scenario),
        external_url=settings.external_url,
        refresh=follower,
        nonce=settings.nonce,
        control_token=control_token,
    )


@main.command(examples=("diarkit health", "diarkit health http://127.0.0.1:8001"))
@click.argument("url", required=False)
@take("settings", Settings, "host", "port", prefix=PREFIX)
def health(url: str | None, settings: Settings) -> None:
    """Exit 0 if a platform answers at URL, or where `diarkit serve` with the same settings would listen; else 1."""
    from diarkit_mockserver.commands.health import is_healthy  # noqa: PLC0415
    from diarkit_mockserver.serving.server import reach  # noqa: PLC0415

    if url is None:
        url = reach(settings.host, settings.port)
    healthy = is_healthy(url.rstrip("/"))
    click.echo(f"{url} {'answers' if healthy else 'does not answer'}", err=not healthy)
    sys.exit(0 if healthy else 1)


@main.command(examples=("diarkit demo",))
def demo() -> None:
    """Send the guide's recordings to the fake and show who speaks when."""
    from diarkit_mockserver.commands.demo import run_demo  # noqa: PLC0415

    run_demo()
