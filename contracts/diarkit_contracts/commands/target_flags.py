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

from diarkit_contracts.exchanges.origin import is_loopback, is_same_origin

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from diarkit_contracts.exchanges.exchange import Headers
    from diarkit_contracts.target.client import Caps, Target
    from diarkit_contracts.target.transport import Connection

HEADERS_VARIABLE: Final = "DIARKIT_VERIFY_HEADERS"
HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A token of RFC 9110, 5.6.2."""

POLITE_PACE_S: Final = 0.2
"""Between two calls to a server that is not on this computer, unless --pace says otherwise."""

FILE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)

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
        type=FILE,
        help="Trust these certificates (PEM); else those of SSL_CERT_FILE or SSL_CERT_DIR, else the usual ones.",
    ),
    click.option("--insecure", is_flag=True, help="Trust any certificate."),
    click.option("--cert", type=FILE, help="Show this certificate to the server (PEM)."),
    click.option(
        "--key",
        type=FILE,
        help="The key of --cert, if it is in a file of its own (PEM); DIARKIT_VERIFY_KEY_PASSWORD tells its password.",
    ),
    click.option(
        "--proxy",
        metavar="URL",
        help="Go through this proxy; else through that of HTTPS_PROXY, HTTP_PROXY or ALL_PROXY, unless the server is on this"
        " computer or in NO_PROXY.",
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
    click.option(
        "--seed", type=int, default=0, show_default=True, help="What waits, ids and fuzzed requests are drawn from."
    ),
)


DEFAULTS: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "headers": (),
        "cacert": None,
        "insecure": False,
        "cert": None,
        "key": None,
        "proxy": None,
        "task_seconds": 120.0,
        "pace": None,
        "seed": 0,
    }
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
    from diarkit_contracts.exchanges.redaction import Redaction, list_secrets  # noqa: PLC0415
    from diarkit_contracts.target.client import Target  # noqa: PLC0415
    from diarkit_contracts.target.proxy import ProxyError  # noqa: PLC0415
    from diarkit_contracts.target.transport import BadConnectionError, HttpTransport, MissingExtraError  # noqa: PLC0415

    headers = read_headers(flags["headers"])
    url, own, secrets = _read_url(url)
    headers = (*headers, *own)
    try:
        connection = _make_connection(url, flags)
        transport = HttpTransport(url, connection)
    except MissingExtraError as error:
        raise click.UsageError(str(error)) from None
    except (BadConnectionError, ProxyError) as error:
        raise click.BadParameter(error.reason, param_hint=error.origin) from None
    click.get_current_context().call_on_close(transport.close)
    secrets = (*secrets, *list_secrets(headers), connection.key_password)
    secrets += () if connection.proxy is None else connection.proxy.secrets
    pace = flags["pace"] if flags["pace"] is not None else 0.0 if is_loopback(url) else POLITE_PACE_S
    return Target(
        url=url,
        transport=transport,
        caps=caps,
        headers=headers,
        pace_s=pace,
        seed=flags["seed"],
        redaction=Redaction(secrets),
    )


def _read_url(url: str) -> tuple[str, Headers, tuple[str, ...]]:
    """Read the URL of a server: without user and password, with the header that they are sent as, and what is secret of it.

    Raises:
        click.BadParameter: it is none; user, password and parameters are not repeated.
    """
    if not is_same_origin(url, url) or "?" in url or "#" in url:
        # What can't be read as a URL can't be cut into its parts either: all before the last @ may be secret.
        shown = re.sub(r"//.*@", "//", url.partition("?")[0].partition("#")[0])
        more = " without ? and #" if {"?", "#"} & set(url) else ""
        raise click.BadParameter(f"expected a URL{more} such as http://127.0.0.1:8000, got {shown!r}", param_hint="URL")
    parts = urlsplit(url)
    from diarkit_contracts.exchanges.history import START_PATH  # noqa: PLC0415

    if parts.path.rstrip("/").endswith(START_PATH):
        raise click.BadParameter(f"expected the root of the platform, without {START_PATH}", param_hint="URL")
    plain = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", "")).rstrip("/")
    if parts.username is None:
        return plain, (), ()
    user, password = unquote(parts.username), unquote(parts.password or "")
    told = base64.b64encode(f"{user}:{password}".encode()).decode()
    # As a header, so that it also goes with the URLs that the server tells.
    return (
        plain,
        (("Authorization", f"Basic {told}"),),
        (*filter(None, (parts.username, parts.password)), user, password),
    )


def _make_connection(url: str, flags: dict[str, Any]) -> Connection:
    from diarkit_contracts.target.proxy import choose_proxy  # noqa: PLC0415
    from diarkit_contracts.target.transport import KEY_VARIABLE, Connection  # noqa: PLC0415

    if flags["insecure"] and flags["cacert"] is not None:
        raise click.UsageError("expected --cacert or --insecure, got both")
    if flags["key"] is not None and flags["cert"] is None:
        raise click.UsageError("expected --cert with --key: a key alone shows nothing")
    return Connection(
        cacert=flags["cacert"],
        insecure=flags["insecure"],
        certificate=flags["cert"],
        key=flags["key"],
        key_password=os.environ.get(KEY_VARIABLE, ""),
        proxy=choose_proxy(url, flags["proxy"]),
    )


def list_repeat_flags(flags: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """List the flags without which the same server would not answer the same, with their values; those of a proxy struck out."""
    proxy = flags["proxy"] and re.sub(r"//.*@", "//***@", flags["proxy"])
    return (
        *((f"--{name}", str(flags[name])) for name in ("cacert", "cert", "key") if flags[name] is not None),
        *((("--insecure", ""),) if flags["insecure"] else ()),
        *((("--proxy", proxy),) if proxy else ()),
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
