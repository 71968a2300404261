"""The flags for connecting to a server and for the limits of a run, and the target made from them."""

from __future__ import annotations

import os
import re
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Final
from urllib.parse import urlsplit, urlunsplit

import click

from diarkit_contracts.commands.flags import READ, flag
from diarkit_contracts.commands.output import pulse
from diarkit_contracts.exchanges.origin import is_loopback, is_same_origin

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from diarkit_contracts.exchanges.exchange import Headers
    from diarkit_contracts.rows.plan import Plan
    from diarkit_contracts.rows.tier import Tier
    from diarkit_contracts.target.client import Caps, Target
    from diarkit_contracts.target.transport import Way

HEADERS_VARIABLE: Final = "DIARKIT_VERIFY_HEADERS"
HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A token of RFC 9110, 5.6.2."""

POLITE_PACE_S: Final = 0.2
"""Default delay between two calls to a remote server."""

BOUNDS: Final = "Bounds"


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Connection and pacing; None for a default that depends on the server or the environment."""

    GROUP: ClassVar[str] = "Connection"

    headers: tuple[str, ...] = flag(
        "--header",
        default=(),
        multiple=True,
        metavar="'NAME: VALUE'",
        help=f"Send this header with each request; may be repeated. {HEADERS_VARIABLE} takes the same, one per line.",
    )
    cacert: Path | None = flag(
        type=READ,
        help="Trust these certificates (PEM) instead of those of SSL_CERT_FILE, SSL_CERT_DIR or the system.",
    )
    insecure: bool = flag(default=False, is_flag=True, help="Trust any certificate.")
    cert: Path | None = flag(type=READ, help="Present this client certificate (PEM).")
    key: Path | None = flag(
        type=READ,
        help="Use this key for --cert, if it is in a separate file (PEM); its password is read from DIARKIT_VERIFY_KEY_PASSWORD.",
    )
    proxy: str | None = flag(
        metavar="URL",
        help="Use this proxy instead of HTTPS_PROXY, HTTP_PROXY or ALL_PROXY, which are ignored for this computer and for"
        " hosts in NO_PROXY.",
    )
    task_seconds: float = flag(
        default=120.0, type=click.FloatRange(min=0), group=BOUNDS, help="Stop waiting for a task after this time."
    )
    pace: float | None = flag(
        type=click.FloatRange(min=0),
        group=BOUNDS,
        show_default=f"0 on this computer, otherwise {POLITE_PACE_S}",
        help="Wait this long between requests.",
    )
    seed: int = flag(default=0, type=int, group="Requests", help="Seed of waits, ids and fuzzed requests.")


@dataclass(frozen=True, slots=True, kw_only=True)
class CapFlags:
    """Limits of a run; None for the tier's default. The fields are those of `Caps`."""

    GROUP: ClassVar[str] = BOUNDS

    tasks: int | None = flag(
        "--max-tasks",
        type=click.IntRange(min=0),
        show_default="8; full: 60; fuzz: no bound",
        help="Start at most this many tasks.",
    )
    calls: int | None = flag(
        "--max-calls",
        type=click.IntRange(min=1),
        show_default="250; full: 2000; fuzz: no bound",
        help="Send at most this many requests.",
    )
    bytes_up: int | None = flag(
        "--max-bytes",
        type=click.IntRange(min=1),
        show_default="2000000; full: 16000000; fuzz: no bound",
        help="Send at most this many bytes.",
    )
    seconds: float | None = flag(
        "--max-seconds",
        type=click.FloatRange(min=0),
        show_default="600; full: 3600; fuzz: 60",
        help="Run for at most this long.",
    )
    in_flight: int | None = flag(
        type=click.IntRange(min=1), show_default="2; fuzz: 4", help="Have at most this many unfinished tasks."
    )

    def change(self, usual: Caps) -> Caps:
        """Override default limits."""
        return replace(usual, **{name: value for name, value in asdict(self).items() if value is not None})


def read_plan(only: tuple[str, ...], tier: Tier) -> Plan:
    """Make the plan of the named rows, or of a tier without any; raises click.BadParameter for an unknown row."""
    from diarkit_contracts.rows.plan import UnknownRowError, choose_rows, make_plan  # noqa: PLC0415 - imported on first use

    try:
        return choose_rows(only) if only else make_plan(tier)
    except UnknownRowError as error:
        raise click.BadParameter(str(error), param_hint="--only") from None


@contextmanager
def open_target(url: str, access: Access, caps: Caps) -> Generator[Target]:
    """Open the target at a URL, and close its connections at the end; raises what `read_way` raises."""
    from diarkit_contracts.exchanges.redaction import Redaction  # noqa: PLC0415
    from diarkit_contracts.target.client import Target  # noqa: PLC0415
    from diarkit_contracts.target.transport import HttpTransport  # noqa: PLC0415

    with blame_connection():
        way = read_way(url, access)
        transport = HttpTransport(way)
    polite = 0.0 if is_loopback(way.url) else POLITE_PACE_S
    with closing(transport):
        target = Target(
            url=way.url,
            transport=transport,
            caps=replace(caps, task_seconds=access.task_seconds),
            headers=way.headers,
            pace_s=polite if access.pace is None else access.pace,
            seed=access.seed,
            redaction=Redaction(way.secrets),
        )
        with pulse(target):
            yield target


@contextmanager
def blame_connection() -> Generator[None]:
    """Convert a BadConnectionError to click.UsageError."""
    from diarkit_contracts.target.failures import BadConnectionError  # noqa: PLC0415

    try:
        yield
    except BadConnectionError as error:
        raise click.BadParameter(error.reason, param_hint=error.origin) from None


def read_way(url: str, access: Access) -> Way:
    """Read how to connect to a server."""
    from diarkit_contracts.exchanges.redaction import list_secrets  # noqa: PLC0415
    from diarkit_contracts.target.proxy import choose_proxy, list_credentials  # noqa: PLC0415
    from diarkit_contracts.target.transport import KEY_VARIABLE, Way  # noqa: PLC0415

    headers = read_headers(access.headers)
    url, own, secrets = _read_url(url)
    headers = (*headers, *own)
    if access.insecure and access.cacert is not None:
        raise click.UsageError("expected --cacert or --insecure, got both")
    if access.key is not None and access.cert is None:
        raise click.UsageError("expected --cert with --key")
    password, proxy = os.environ.get(KEY_VARIABLE, ""), choose_proxy(url, access.proxy)
    secrets = (*secrets, *list_secrets(headers), password)
    return Way(
        url=url,
        headers=headers,
        secrets=secrets if proxy is None else (*secrets, *list_credentials(proxy.url)),
        cacert=access.cacert,
        insecure=access.insecure,
        certificate=access.cert,
        key=access.key,
        key_password=password,
        proxy=proxy,
    )


def _read_url(url: str) -> tuple[str, Headers, tuple[str, ...]]:
    """Split the URL of a server into it without credentials, their headers, and its secrets, which no error repeats."""
    if not is_same_origin(url, url) or "?" in url or "#" in url:
        # An unparsable URL can't be split: everything before the last @ may be secret.
        shown = re.sub(r"//.*@", "//", url.partition("?")[0].partition("#")[0])
        more = " without ? and #" if {"?", "#"} & set(url) else ""
        raise click.BadParameter(f"expected a URL{more} such as http://127.0.0.1:8000, got {shown!r}", param_hint="URL")
    parts = urlsplit(url)
    from diarkit_contracts.exchanges.history import START_PATH  # noqa: PLC0415
    from diarkit_contracts.target.proxy import list_credentials  # noqa: PLC0415

    if parts.path.rstrip("/").endswith(START_PATH):
        raise click.BadParameter(f"expected the root of the platform, without {START_PATH}", param_hint="URL")
    plain = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", "")).rstrip("/")
    credentials = list_credentials(url)
    # As a header, so that it is also sent to URLs that the server returns.
    return plain, (("Authorization", f"Basic {credentials[-1]}"),) if credentials else (), credentials


def list_repeat_flags(access: Access) -> tuple[tuple[str, str], ...]:
    """List the flags needed to reach the same server again, with their values; a proxy's credentials are redacted."""
    proxy = access.proxy and re.sub(r"//.*@", "//***@", access.proxy)
    files = {"--cacert": access.cacert, "--cert": access.cert, "--key": access.key}
    return (
        *((name, str(path)) for name, path in files.items() if path is not None),
        *((("--insecure", ""),) if access.insecure else ()),
        *((("--proxy", proxy),) if proxy else ()),
    )


def read_headers(given: tuple[str, ...]) -> Headers:
    """Read headers from flags and environment; the error for one without a name does not repeat its text, which may be secret."""
    lines = [*os.environ.get(HEADERS_VARIABLE, "").splitlines(), *given]
    read: list[tuple[str, str]] = []
    for line in filter(str.strip, lines):
        name, colon, value = line.partition(":")
        if not colon or not HEADER_NAME.fullmatch(name.strip()) or not value.strip().isprintable():
            raise click.BadParameter("expected 'Name: value', got a text without a name", param_hint="--header")
        read.append((name.strip(), value.strip()))
    return tuple(read)
