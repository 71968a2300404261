"""The command `diarkit`: reads flags, calls one function, ends with its exit code. Other commands are imported when called."""

from __future__ import annotations

import errno
import importlib
import ipaddress
import logging
import os
import secrets
import sys
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from diarkit_contracts.commands.flags import Group, take
from diarkit_mockserver.commands.settings import PREFIX, Settings, list_unknown

if TYPE_CHECKING:
    from diarkit_contracts.runs.drive import Forcing
    from diarkit_mockserver.serving.front import Front

ELSEWHERE = {
    "journal": "diarkit_mockserver.commands.journal:journal",
    "coverage": "diarkit_mockserver.commands.coverage:coverage",
    "samples": "diarkit_mockserver.commands.samples:samples",
    "scenario": "diarkit_mockserver.commands.scenario:scenario",
    "verify": "diarkit_contracts.commands.verify:verify",
    "clauses": "diarkit_contracts.commands.verify:clauses",
    "parity": "diarkit_contracts.commands.parity:parity",
    "generations": "diarkit_contracts.commands.generations:generations",
    "record": "diarkit_contracts.commands.record:record",
}
"""Commands of other files, imported when they are named."""

EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - compared, not bound
"""Addresses that stand for all interfaces."""


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
@click.version_option(None, "-V", "--version", package_name="diarkit", prog_name="diarkit")
@click.pass_context
def main(ctx: click.Context) -> None:
    """A fake of the Speaker Diarization API, its contract, and recordings to test with."""
    ctx.obj = _force_fake  # verify's; the contract knows no fake


def _force_fake(url: str) -> Forcing:
    from diarkit_mockserver.commands.forcing import NoFakeError, force_fake  # noqa: PLC0415 - what a command needs is imported when it is called

    try:
        context = click.get_current_context()
        forcing = force_fake(url, os.environ.get("DIARKIT_CONTROL_TOKEN"), cacert=context.params.get("cacert"))
        return context.with_resource(forcing)
    except NoFakeError as error:
        raise click.BadParameter(str(error), param_hint="--fake") from None


@main.command(examples=("diarkit serve", "diarkit serve --port 0 --scenario scenario.yaml --rate 10/60"))
@take("settings", Settings, prefix=PREFIX)
def serve(settings: Settings) -> None:
    """Serve the fake until Ctrl-C."""
    from diarkit_mockserver.commands.log import start_log  # noqa: PLC0415
    from diarkit_mockserver.serving.server import serve as run  # noqa: PLC0415 - what a command needs is imported when it is called
    from diarkit_mockserver.serving.server import write_url  # noqa: PLC0415

    log_exchange = start_log(settings.least_level, settings.log_format)
    for problem in list_unknown(os.environ):
        logging.getLogger("diarkit").warning("%s", problem)
    front = _make_front(settings)
    bound = _bind(settings)
    platform = _make_platform(settings, _choose_token(settings, bound))
    platform.on_exchange = log_exchange
    token = platform.reveal_token if platform.control_token is None else None
    run(platform, bound, lambda: _greet(settings, write_url(bound, front.scheme), token), front)


def _greet(settings: Settings, url: str, token: str | None) -> None:
    """Say where the server answers: the line on stdout is for programs too, what follows it on stderr for people."""
    from diarkit_mockserver.commands.greeting import list_addresses, write_greeting  # noqa: PLC0415

    click.echo(f"listening on {url}")
    addresses = list_addresses(url)
    if settings.log_format == "json":
        logging.getLogger("diarkit").info(
            "", extra={"fields": {"message": f"listening on {url}", "addresses": addresses, "reveal_token": token}}
        )
    elif not settings.quiet:
        for line in write_greeting(addresses, token, everywhere=settings.host in EVERYWHERE):
            click.echo(line, err=True)


def _make_front(settings: Settings) -> Front:
    from diarkit_mockserver.serving.cors import Cors  # noqa: PLC0415 - what a command needs is imported when it is called
    from diarkit_mockserver.serving.front import Front, make_tls, read_proxies  # noqa: PLC0415

    certificate, key = settings.tls_cert, settings.tls_key
    if key is not None and certificate is None:
        raise click.UsageError(f"{_blame('tls_key')} needs a certificate: --tls-cert or DIARKIT_TLS_CERT")
    try:
        tls = None if certificate is None else make_tls(certificate, key)
    except (OSError, ValueError) as error:
        files = f"{certificate}{f' and {key}' if key else ''}"
        text = f"{_blame('tls_cert')}: expected a certificate and its key, both in PEM, in {files}, got: {error}"
        raise click.UsageError(text) from None
    return Front(tls=tls, cors=Cors(frozenset(settings.cors_origin)), proxies=read_proxies(settings.forwarded_from))


def _blame(name: str) -> str:
    """Name where the value of a setting came from."""
    source = click.get_current_context().get_parameter_source(name)
    return PREFIX + name.upper() if source is ParameterSource.ENVIRONMENT else "--" + name.replace("_", "-")


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
        from diarkit_mockserver.commands.reload import ScenarioFollower, load_file  # noqa: PLC0415
        from diarkit_mockserver.scenario.load import ScenarioError  # noqa: PLC0415

        follower = ScenarioFollower(settings.scenario, settings.overrule)
        try:
            scenario = load_file(settings.scenario)
        except ScenarioError as error:
            click.echo(str(error), err=True)
            sys.exit(1)
        except OSError as error:
            raise click.UsageError(f"{_blame('scenario')} {settings.scenario}: {error.strerror}") from None
    try:
        world = World(scenario=settings.overrule(scenario))
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    if world.scenario.limits.rate is not None and world.profile["rate_limit"] == "absent":
        click.echo(
            f"limits.rate: generation {world.profile.name} declares no 429, and it is answered all the same", err=True
        )
    return Platform(
        world,
        external_url=settings.external_url,
        refresh=follower,
        nonce=settings.nonce,
        control_token=control_token,
    )


@main.command(examples=("diarkit health", "diarkit health 127.0.0.1:8001"))
@click.argument("url", required=False)
@take("settings", Settings, "host", "port", "tls_cert", prefix=PREFIX)
def health(url: str | None, settings: Settings) -> None:
    """Check whether a platform answers.

    Exit 0 if one does at URL, or where `diarkit serve` with the same settings would listen; else 1.
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
