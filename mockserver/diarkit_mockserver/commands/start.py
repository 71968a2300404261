"""Start a server from its settings: port, worlds, front end and greeting."""

from __future__ import annotations

import errno
import importlib.util
import ipaddress
import logging
import os
import secrets
import sys
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click
from click.core import ParameterSource

from diarkit_contracts.commands.output import echo_lines
from diarkit_mockserver.commands.settings import PREFIX, Settings, list_unknown
from diarkit_mockserver.control.orders import CONTROL
from diarkit_mockserver.intake.request import ENDPOINT
from diarkit_mockserver.journal.access_log import start_log
from diarkit_mockserver.scenario.load import ScenarioError
from diarkit_mockserver.scenario.model import Scenario
from diarkit_mockserver.serving.cors import Cors
from diarkit_mockserver.serving.front import Front, make_tls, read_proxies
from diarkit_mockserver.serving.server import bind, serve, write_url
from diarkit_mockserver.world.platform import Platform
from diarkit_mockserver.world.world import World

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator, Mapping

    from diarkit_mockserver.forward.gateway import Gateway

EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - compared, not bound
"""Addresses of all interfaces."""


class Started:
    """A server that is ready to serve, with its log open and its port bound; raises click.UsageError for invalid settings."""

    def __init__(self, settings: Settings) -> None:
        log_exchange = start_log(settings.least_level, settings.log_format)
        for problem in list_unknown(os.environ):
            logging.getLogger("diarkit").warning("%s", problem)
        _check_workers(settings)
        self._settings = settings
        self._front = _make_front(settings)
        self._bound = _bind(settings)
        self.platform = _make_platform(settings, _choose_token(settings, self._bound))
        self.platform.on_exchange = log_exchange

    def is_at(self, url: str) -> bool:
        """Return whether a URL leads to this server."""
        parts, port = urlsplit(url), self._bound.getsockname()[1]
        return parts.port == port and parts.hostname in ("localhost", "127.0.0.1", "::1", self._settings.host)

    def serve(self, gateway: Gateway | None = None) -> None:
        """Serve until SIGINT or SIGTERM."""
        token = self.platform.reveal_token if self.platform.control_token is None else None
        url = write_url(self._bound, self._front.scheme)
        number = self._settings.workers

        def work(index: int) -> None:
            _share(self.platform, self._settings)
            announce = partial(_greet, self._settings, url, token, gateway) if index == 0 else lambda: None
            serve(self.platform, self._bound, announce, self._front, gateway, is_shared=number > 1)

        if number == 1:
            work(0)
            return
        from diarkit_mockserver.serving.workers import run_workers  # noqa: PLC0415 - only for several workers

        run_workers(number, work)


def _check_workers(settings: Settings) -> None:
    if settings.store is None and settings.workers > 1:
        text = f"{_blame('workers')} requires a shared store: --store redis://127.0.0.1:6379/0 or DIARKIT_STORE"
        raise click.UsageError(text)
    if settings.workers > 1 and not hasattr(os, "fork"):
        raise click.UsageError(
            f"{_blame('workers')}: this system has no fork; start several servers with the same --store"
        )
    if settings.store is not None and importlib.util.find_spec("redis") is None:
        raise click.UsageError(f"{_blame('store')} requires a client package: pip install 'diarkit[store]'")


def _share(platform: Platform, settings: Settings) -> None:
    """Make the platform a replica of the one in the store, if a store is configured."""
    if settings.store is None:
        return
    from diarkit_mockserver.store.replica import Replica  # noqa: PLC0415 - only with a store
    from diarkit_mockserver.store.shelf import Shelf  # noqa: PLC0415

    Replica(platform, Shelf(platform, settings.store, settings.store_prefix))


def _greet(settings: Settings, url: str, token: str | None, gateway: Gateway | None) -> None:
    """Print the addresses: a line on stdout also for programs, the rest on stderr for people."""
    echo_lines([f"listening on {url}"])
    addresses = list_addresses(url)
    if gateway is not None:
        del addresses["documentation"]  # belongs to the live platform, if it has one
    if settings.log_format == "json":
        logging.getLogger("diarkit").info(
            "", extra={"fields": {"message": f"listening on {url}", "addresses": addresses, "reveal_token": token}}
        )
    elif not settings.quiet:
        for line in write_greeting(addresses, token, everywhere=settings.host in EVERYWHERE):
            click.echo(line, err=True)


def _make_front(settings: Settings) -> Front:
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
    """Return the source of a setting's value."""
    source = click.get_current_context().get_parameter_source(name)
    return PREFIX + name.upper() if source is ParameterSource.ENVIRONMENT else "--" + name.replace("_", "-")


def _bind(settings: Settings) -> socket.socket:
    try:
        return bind(settings.host, settings.port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            text = f"port {settings.port} is in use: choose another with --port (0 for a free one)"
        else:
            text = f"can't listen on {settings.host}:{settings.port} (--host, --port): {error.strerror or error}"
        raise click.UsageError(text) from None


def _choose_token(settings: Settings, bound: socket.socket) -> str | None:
    """Require a token for the control API if other machines can connect, as it moves time and reveals secrets."""
    if settings.control_token or ipaddress.ip_address(bound.getsockname()[0].partition("%")[0]).is_loopback:
        return settings.control_token or None
    token = secrets.token_urlsafe(18)
    click.echo(f"control token: {token} (set with --control-token or DIARKIT_CONTROL_TOKEN)", err=True)
    return token


def _make_platform(settings: Settings, control_token: str | None) -> Platform:
    scenario = Scenario()
    follower = None
    if settings.scenario is not None:
        from diarkit_mockserver.commands.reload import ScenarioFollower, load_file  # noqa: PLC0415 - not needed without a file

        follower = ScenarioFollower(settings.scenario, settings.overrule)
        try:
            scenario = load_file(settings.scenario)
        except ScenarioError as error:
            click.echo(str(error), err=True)
            sys.exit(2)  # as wrong usage: for a proxy 1 means findings
        except OSError as error:
            raise click.UsageError(f"{_blame('scenario')} {settings.scenario}: {error.strerror}") from None
    try:
        world = World(scenario=settings.overrule(scenario))
    except ScenarioError as error:
        click.echo(str(error), err=True)
        sys.exit(2)
    except ValueError as error:
        raise click.UsageError(f"{settings.scenario}: {error}" if settings.scenario else str(error)) from None
    if world.scenario.limits.rate is not None and world.profile["rate_limit"] == "absent":
        click.echo(f"limits.rate: generation {world.profile.name} declares no 429, but it is sent anyway", err=True)
    return Platform(
        world,
        external_url=settings.external_url,
        refresh=follower if settings.store is None else None,  # a shared platform is configured by its control API
        nonce=settings.nonce,
        control_token=control_token,
    )


def list_addresses(url: str) -> dict[str, str]:
    """Return the addresses of a server by purpose."""
    return {
        "API": url + ENDPOINT,
        "documentation": f"{url}/docs",
        "page": f"{url}/__diarkit/",
        "control API": f"{url}{CONTROL}/docs",
    }


def write_greeting(addresses: Mapping[str, str], token: str | None, *, everywhere: bool) -> Iterator[str]:
    """Yield a line for each address.

    Args:
        addresses: from `list_addresses`.
        token: required by `reveal=true`, if generated only for that.
        everywhere: whether the server listens on all interfaces, of which the addresses name only one.
    """
    width = max(map(len, addresses))
    yield from (f"  {name:{width}}  {address}" for name, address in addresses.items())
    if token is not None:
        yield f"  {'token':{width}}  {token} (for values that may be secret: reveal=true)"
    if everywhere:
        yield "  on all interfaces: from other machines, use this machine's name or address instead"
