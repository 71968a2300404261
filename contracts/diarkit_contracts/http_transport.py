"""Requests sent with httpx: TLS, proxies, time limits. Knows no caps and keeps nothing."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from diarkit_contracts.exchange import Answer
from diarkit_contracts.target import UnreachableError

if TYPE_CHECKING:
    from pathlib import Path

    from diarkit_contracts.exchange import Request

CONNECT_S: Final = 5.0
ANSWER_S: Final = 60.0
"""An upload of a few kilobytes and a look at a task take no longer on a server that works (INF)."""

LARGEST_ANSWER: Final = 16 << 20
"""Bytes: two hours of speech are about 1 MB of result."""


class MissingExtraError(ImportError):
    """The HTTP client is not installed."""

    def __init__(self, name: str) -> None:
        self.missing = name
        super().__init__(
            f"{name} is not installed, and a server can't be asked without it: pip install 'diarkit[verify]'"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """How to reach a server.

    Attributes:
        cacert: certificates to trust instead of the system's.
        insecure: trust any certificate.
        proxy: URL; None for the one of the environment, which is not used for a server on this computer.
    """

    cacert: Path | None = None
    insecure: bool = False
    proxy: str | None = None


def is_loopback(url: str) -> bool:
    """Tell whether a URL leads to this computer."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class HttpTransport:
    """Sends requests over one connection that is kept open, and follows no redirection.

    Raises:
        MissingExtraError: without the extra `verify`.
        ValueError: for certificates or a proxy that make no sense.
    """

    def __init__(self, url: str, connection: Connection) -> None:
        try:
            import httpx  # noqa: PLC0415 - of the extra `verify`; recordings are judged without it
        except ImportError:
            raise MissingExtraError("httpx") from None
        self._errors = (httpx.HTTPError, httpx.InvalidURL)
        self._client: Any = httpx.Client(
            verify=_make_trust(connection),
            proxy=connection.proxy,
            trust_env=not is_loopback(url),
            follow_redirects=False,
            timeout=httpx.Timeout(ANSWER_S, connect=CONNECT_S),
        )

    def send(self, request: Request, content: bytes) -> Answer:
        """Send a request and wait for its whole answer.

        Raises:
            UnreachableError: there was none.
        """
        headers = [(name.encode(), value.encode()) for name, value in request.headers]
        try:
            with self._client.stream(request.method, request.url, headers=headers, content=content or None) as response:
                body = _read_body(response)
                kept = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers.raw)
                return Answer(status=response.status_code, headers=kept, body=body)
        except self._errors as error:
            raise UnreachableError(request.url, f"{type(error).__name__}: {error}") from None

    def close(self) -> None:
        """Close the connection."""
        self._client.close()


def _read_body(response: Any) -> bytes:
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > LARGEST_ANSWER:
            raise UnreachableError(str(response.url), f"the answer is larger than {LARGEST_ANSWER} bytes")
    return bytes(body)


def _make_trust(connection: Connection) -> ssl.SSLContext | bool:
    if connection.insecure:
        return False
    if connection.cacert is None:
        return True
    try:
        return ssl.create_default_context(cafile=str(connection.cacert))
    except (OSError, ssl.SSLError) as error:
        raise ValueError(f"expected certificates in PEM in {connection.cacert}: {error}") from None
