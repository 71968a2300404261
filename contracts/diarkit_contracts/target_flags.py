"""The flags that say how to reach a server and how gently, and the target made from them. Sends nothing."""

from __future__ import annotations

import base64
import importlib.util
import os
import re
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit, urlunsplit

import click

from diarkit_contracts.origin import is_same_origin

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from diarkit_contracts.exchange import Headers
    from diarkit_contracts.target import Caps, Target

HEADERS_VARIABLE: Final = "DIARKIT_VERIFY_HEADERS"
HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A token of RFC 9110, 5.6.2."""

POLITE_PACE_S: Final = 0.2
"""Between two calls to a server that is not on this computer, unless --pace says otherwise."""

_FLAGS: Final = (
    click.option(
        "--header",
        "headers",
        multiple=True,
        metavar="'NAME: VALUE'",
        help=f"Send this with each request; may come more than once. {HEADERS_VARIABLE} takes the same, one in each line.",
    ),
    click.option(
        "--cacert",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="Trust these certificates (PEM).",
    ),
    click.option("--insecure", is_flag=True, help="Trust any certificate."),
    click.option(
        "--proxy",
        metavar="URL",
        help="Go through this proxy; else that of the environment, if the server is elsewhere.",
    ),
    click.option(
        "--task-seconds",
        type=click.FloatRange(min=0),
        default=120.0,
        show_default=True,
        help="Give a task up after this time.",
    ),
    click.option(
        "--pace",
        type=click.FloatRange(min=0),
        help=f"Seconds between requests [0 on this computer, else {POLITE_PACE_S}].",
    ),
    click.option("--seed", type=int, default=0, show_default=True, help="What waits are drawn from."),
)


DEFAULTS: Final[Mapping[str, Any]] = MappingProxyType(
    {"headers": (), "cacert": None, "insecure": False, "proxy": None, "task_seconds": 120.0, "pace": None, "seed": 0}
)
"""The flags as they are when none is given."""


def add_target_flags(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the flags of a target."""
    for flag in reversed(_FLAGS):
        command = flag(command)
    return command


def require(module: str) -> None:
    """End with a clear word if a library of the extra `verify` is not installed."""
    if importlib.util.find_spec(module) is None:
        raise click.UsageError(
            f"{module} is not installed, and nothing is verified without it: pip install 'diarkit[verify]'"
        )


def make_target(url: str, flags: dict[str, Any], caps: Caps) -> Target:
    """Make the target of a command that has the flags.

    Raises:
        click.UsageError: for a URL that is none, and flags that make no sense.
    """
    from diarkit_contracts.http_transport import Connection, HttpTransport, MissingExtraError, is_loopback  # noqa: PLC0415
    from diarkit_contracts.redaction import Redaction  # noqa: PLC0415
    from diarkit_contracts.target import Target  # noqa: PLC0415

    parts = urlsplit(url)
    if not is_same_origin(url, url) or parts.query or parts.fragment:
        raise click.BadParameter(f"expected a URL such as http://127.0.0.1:8000, got {url!r}", param_hint="URL")
    headers = read_headers(flags["headers"])
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
    click.get_current_context().call_on_close(transport.close)
    pace = flags["pace"] if flags["pace"] is not None else 0.0 if is_loopback(url) else POLITE_PACE_S
    return Target(
        url=url.rstrip("/"),
        transport=transport,
        caps=caps,
        headers=headers,
        pace_s=pace,
        seed=flags["seed"],
        redaction=Redaction(secrets),
    )


def read_headers(given: tuple[str, ...]) -> Headers:
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
