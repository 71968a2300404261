"""The settings of the server: flag, environment variable and default of each."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, ClassVar, Final, Literal
from urllib.parse import urlsplit

import click

from diarkit_contracts.api.dialect import Dialect, list_set
from diarkit_contracts.api.points import SERVED, Generation, find_served
from diarkit_contracts.api.points import USUAL as USUAL_GENERATION
from diarkit_contracts.commands.flags import READ, flag
from diarkit_mockserver.scenario.limits import Limits, Rate
from diarkit_mockserver.scenario.load import load_scenario
from diarkit_mockserver.scenario.model import Scenario
from diarkit_mockserver.scenario.setup import put_under

PREFIX: Final = "DIARKIT_"
"""Prefix of environment variables."""

USUAL: Final = Limits()

SERVER: Final = "Server"
ANSWERS: Final = "Answers"
OUTSIDE: Final = "Browsers, proxies, TLS"

OTHERS: Final = ("DIARKIT_VERIFY_", "DIARKIT_FUZZ_", "DIARKIT_TEST_")
"""Prefixes of the variables of other commands."""


class Served(click.Choice):  # type: ignore[type-arg] # generic from click 8.2 on
    """A generation that a fake can be of; what else is known of another is in the refusal."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the name as it is."""
        try:
            return find_served(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class Checked(click.ParamType):  # type: ignore[type-arg] # generic from click 8.2 on
    """A text validated by a function, whose exception becomes the error of the flag or variable."""

    name = "text"

    def __init__(self, check: Callable[[str], object]) -> None:
        self._check = check

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Validate the text, and return it unchanged."""
        try:
            self._check(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)
        return value


def read_external_url(text: str) -> None:
    """Check the external URL, which may have only scheme, host, port and path, or raise ValueError."""
    expected = f"expected a URL such as https://public.example/fake, got {text!r:.120}"
    try:
        address = urlsplit(text)
        fits = address.scheme in ("http", "https") and bool(address.hostname) and address.port != 0
    except ValueError as error:
        raise ValueError(f"{expected}: {error}") from None
    if not fits or "@" in address.netloc or set(text) & set('?#\\"<> ') or not (text.isascii() and text.isprintable()):
        raise ValueError(expected)


def read_rate(text: str) -> Rate:
    """Parse a rate of the form requests/seconds, or raise ValueError."""
    requests, slash, seconds = text.partition("/")
    try:
        return Rate(requests=int(requests), seconds=float(seconds if slash else "1"))
    except ValueError:
        raise ValueError(f"expected requests/seconds, such as 10/60, got {text!r}") from None


def read_store_url(text: str) -> None:
    """Check the URL of a store (TCP, TLS or a Unix socket), or raise ValueError."""
    try:
        url = urlsplit(text)
        known = url.scheme == "unix" or (url.port != 0 and re.fullmatch("/?[0-9]*", url.path))
    except ValueError:  # no port
        known = False
    if not text.startswith(("redis://", "rediss://", "unix://")) or not known:
        raise ValueError("expected a URL such as redis://127.0.0.1:6379/0")  # the one that came may have a password


def _check_origin(text: str) -> None:
    from diarkit_mockserver.serving.cors import Cors  # noqa: PLC0415 - not needed without one

    Cors(frozenset({text}))


def _check_proxy(text: str) -> None:
    from diarkit_mockserver.serving.front import read_proxies  # noqa: PLC0415 - as above

    read_proxies([text])


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of a server.

    A field `upload_bytes` is the flag `--upload-bytes` and the variable `DIARKIT_UPLOAD_BYTES`. Precedence: flag, variable,
    scenario file, default.
    """

    GROUP: ClassVar[str] = "Limits"

    host: str = flag(default="127.0.0.1", group=SERVER, help="Listen on this address; 0.0.0.0 for all.")
    port: int = flag(
        default=8000, type=click.IntRange(0, 65_535), group=SERVER, help="Listen on this port; 0 for a free one."
    )
    store: str | None = flag(
        type=Checked(read_store_url),
        metavar="URL",
        group=SERVER,
        show_default="memory",
        help="Share one platform with all servers that use this Redis or Valkey, such as redis://127.0.0.1:6379/0.",
    )
    store_prefix: str = flag(
        default="diarkit",
        group=SERVER,
        help="Prefix the keys in the store with this; each prefix is a separate platform.",
    )
    workers: int = flag(
        default=1,
        type=click.IntRange(min=1, max=64),
        group=SERVER,
        help="Serve the port with this number of processes; more than 1 requires --store.",
    )
    scenario: Path | None = flag(type=READ, group=ANSWERS, help="Answer by this scenario file (YAML).")
    learned: Path | None = flag(
        "--as",
        type=READ,
        group=ANSWERS,
        help="Answer like the platform observed in this file of `diarkit learn`; a scenario overrides it.",
    )
    profile: Generation | None = flag(
        type=Served(SERVED),
        group=ANSWERS,
        show_default=USUAL_GENERATION,
        help="Answer like this generation of the API; `diarkit generations` shows the differences.",
    )
    seed: int | None = flag(type=int, group=ANSWERS, help="Seed of everything random.")
    external_url: str | None = flag(
        type=Checked(read_external_url),
        group=ANSWERS,
        help="Use this base URL in X-Location, instead of the one the client used.",
    )
    x_location: Literal["absolute", "relative"] | None = flag(
        type=click.Choice(("absolute", "relative")), group=ANSWERS, help="Write X-Location in this form."
    )
    upload_bytes: int | None = flag(
        type=click.IntRange(min=0), show_default=f"{USUAL.upload_bytes}", help="Refuse larger files with 413."
    )
    upload_seconds: float | None = flag(
        type=click.FloatRange(min=0), show_default=f"{USUAL.upload_seconds:g}", help="Refuse slower uploads with 400."
    )
    storage_bytes: int | None = flag(
        type=click.IntRange(min=0),
        show_default=f"{USUAL.storage_bytes}",
        help="Store at most this many bytes of unfinished tasks; 507 above.",
    )
    queue_length: int | None = flag(
        type=click.IntRange(min=0), show_default="no limit", help="Allow this many unfinished tasks; 429 above."
    )
    audio_seconds: float | None = flag(
        type=click.FloatRange(min=0), show_default=f"{USUAL.audio_seconds:g}", help="Reject longer audio."
    )
    finished_seconds: float | None = flag(
        type=click.FloatRange(min=0), show_default="always", help="Retain finished tasks for this long; 404 afterwards."
    )
    rate: str | None = flag(
        type=Checked(read_rate),
        show_default="off",
        help="Allow this many requests per window of seconds, such as 10/60 (10: per second); 429 above.",
    )
    unlicensed: bool = flag(default=False, type=bool, is_flag=True, help="Refuse uploads with 403.")
    tls_cert: Path | None = flag(type=READ, group=OUTSIDE, help="Serve TLS with this certificate chain (PEM).")
    tls_key: Path | None = flag(
        type=READ, group=OUTSIDE, help="Use this key for --tls-cert, if it is in a separate file (PEM, no password)."
    )
    cors_origin: tuple[str, ...] = flag(
        default=(),
        type=Checked(_check_origin),
        multiple=True,
        metavar="ORIGIN",
        group=OUTSIDE,
        help="Allow pages of this origin, such as http://localhost:3000, to read the platform's answers (CORS); * for all."
        " May be repeated.",
    )
    forwarded_from: tuple[str, ...] = flag(
        default=("*",),
        type=Checked(_check_proxy),
        multiple=True,
        metavar="ADDRESS",
        group=OUTSIDE,
        help="Trust the headers Forwarded and X-Forwarded-* from this address or network; * for all, none for no address."
        " May be repeated.",
    )
    control_token: str | None = flag(
        group=SERVER,
        show_default="generated if other machines can connect",
        help="Require this token for the control API.",
    )
    nonce: str | None = flag(
        group=SERVER, show_default="generated", help="Identify this server with this value in the control API."
    )
    log_level: Literal["debug", "info", "warning", "error"] = flag(
        default="info",
        type=click.Choice(("debug", "info", "warning", "error")),
        group=SERVER,
        help="Log to stderr from this level on: info logs a line per exchange, debug also heads and bodies.",
    )
    log_format: Literal["text", "json"] = flag(
        default="text", type=click.Choice(("text", "json")), group=SERVER, help="Log as lines for people, or as JSON."
    )
    quiet: bool = flag(
        default=False,
        type=bool,
        is_flag=True,
        group=SERVER,
        help="Log only errors, and print no addresses but the first.",
    )

    @property
    def least_level(self) -> str:
        """The effective log level."""
        return "error" if self.quiet else self.log_level

    def overrule(self, scenario: Scenario) -> Scenario:
        """Override a scenario with the settings of command line and environment."""
        if self.learned is not None:
            scenario = put_under(scenario, load_scenario(self.learned))
        given: dict[str, Any] = {each.name: getattr(self, each.name, None) for each in fields(Limits)}
        given["rate"] = None if self.rate is None else read_rate(self.rate)
        given["licensed"] = False if self.unlicensed else None
        limits = {name: value for name, value in given.items() if value is not None}
        dialect, profile = scenario.dialect, self.profile or scenario.profile
        if self.x_location is not None:
            dialect = Dialect(**{**list_set(dialect), "x_location": self.x_location})
        seed = scenario.seed if self.seed is None else self.seed
        return replace(scenario, seed=seed, profile=profile, dialect=dialect, limits=replace(scenario.limits, **limits))


def list_unknown(names: Iterable[str]) -> list[str]:
    """List errors for unknown environment variables with the prefix of settings."""
    known = [PREFIX + each.name.upper() for each in fields(Settings)]
    unknown = (name for name in names if name.startswith(PREFIX) and name not in known)
    return [
        f"{name} is not a setting and is ignored{_find_near(name, known)}"
        for name in sorted(unknown)
        if not name.startswith(OTHERS)
    ]


def _find_near(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name.removeprefix(PREFIX), [each.removeprefix(PREFIX) for each in known], n=1)
    return f"; did you mean {PREFIX}{near[0]}?" if near else ""
