"""Send requests with httpx: TLS, proxy, time limits."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass, replace
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from diarkit_contracts.exchanges.exchange import Answer, Headers, Loss, Lost, Request
from diarkit_contracts.target.client import UnreachableError
from diarkit_contracts.target.coding import ACCEPTED, CodingError, decode_body
from diarkit_contracts.target.failures import PROXY_REFUSES, BadConnectionError, explain_failure, find_loss
from diarkit_contracts.target.pace import Clock, SystemClock
from diarkit_fixtures.errors import require

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from diarkit_contracts.target.proxy import Proxy
    from diarkit_fixtures.wav.chunks import Chunks

CONNECT_S: Final = 5.0
ANSWER_S: Final = 60.0
"""Sufficient for an upload of a few kilobytes, or a poll, on a working server (INF)."""

LARGEST_ANSWER: Final = 16 << 20
"""Bytes: two hours of speech are about 1 MB of result."""

MOST_OF_LOST: Final = 64 << 10
"""Bytes retained of a lost answer, for its diagnosis."""

KEY_VARIABLE: Final = "DIARKIT_VERIFY_KEY_PASSWORD"
"""An environment variable, as a flag would be visible in the process list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How to reach a server.

    Attributes:
        url: of the server, without credentials and trailing slash.
        headers: sent with each request.
        secrets: contained in all of these, to be redacted.
        cacert: trusted certificates, in PEM; None for those of SSL_CERT_FILE, SSL_CERT_DIR or httpx.
        insecure: trust any certificate.
        certificate: client certificate, in PEM; None for none.
        key: of that certificate; None if it is in the same file.
        key_password: of the key; empty for none.
        proxy: to use; None for none.
    """

    url: str
    headers: Headers = ()
    secrets: tuple[str, ...] = ()
    cacert: Path | None = None
    insecure: bool = False
    certificate: Path | None = None
    key: Path | None = None
    key_password: str = ""
    proxy: Proxy | None = None


class HttpTransport:
    """Sends requests over one persistent connection, without following redirections or storing cookies.

    Raises:
        MissingExtraError: without the extra `verify`.
        BadConnectionError: for invalid certificates and keys, or a proxy that needs a missing library.
    """

    def __init__(self, way: Way, clock: Clock | None = None) -> None:
        require("httpx")
        import httpx  # noqa: PLC0415 - of the extra `verify`; recordings are judged without it

        from diarkit_contracts.target.deadline import Deadline, bound_calls  # noqa: PLC0415 - it needs what httpx needs

        self._errors = (httpx.HTTPError, httpx.InvalidURL)
        self._proxy = way.proxy
        self._deadline = Deadline(clock or SystemClock())
        try:
            transport = httpx.HTTPTransport(
                # Loading certificates takes longer than a request, and is not needed without TLS.
                verify=make_trust(way) if way.url.startswith("https:") else False,
                proxy=None if way.proxy is None else way.proxy.url,
                # Proxy and trust are chosen by our own code, so httpx must not read the environment.
                trust_env=False,
            )
            self._client: Any = httpx.Client(
                transport=transport,
                trust_env=False,
                headers={"Accept-Encoding": ACCEPTED},
                # Cookies would not be part of a recording.
                cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
                follow_redirects=False,
                timeout=httpx.Timeout(ANSWER_S, connect=CONNECT_S),
            )
            bound_calls(transport, self._deadline)
        except ImportError:
            origin = "" if way.proxy is None else way.proxy.origin
            raise BadConnectionError(
                origin, "a proxy with socks5 needs a library that is not installed: pip install 'httpx[socks]'"
            ) from None

    def send(self, request: Request, content: bytes | Chunks, within_s: float = ANSWER_S) -> Answer:
        """Send a request, and return its complete answer within so many seconds and `ANSWER_S`, or raise UnreachableError."""
        headers = [(name.encode(), value.encode()) for name, value in request.headers]
        if not isinstance(content, bytes):
            headers.append((b"Content-Length", str(len(content)).encode()))
        within_s = min(within_s, ANSWER_S)
        self._deadline.start(within_s)
        came, body, statuses = Answer(status=0), bytearray(), set[int]()

        def note_status(event: str, info: Mapping[str, Any]) -> None:
            """Record the status of each head, including a proxy's answer to CONNECT, which the client reports only as text."""
            if event.endswith("receive_response_headers.complete"):
                statuses.add(info["return_value"][1])

        try:
            with self._client.stream(
                request.method,
                request.url,
                headers=headers,
                content=content if len(content) else None,
                extensions={"trace": note_status},
            ) as response:
                received = tuple(
                    (name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers.raw
                )
                came = Answer(status=response.status_code, headers=received)
                loss, reason = self._read_body(response, body, within_s)
        except self._errors as error:
            proxy = "" if self._proxy is None else str(self._proxy)
            reason = explain_failure(error, request.url, proxy=proxy, connect_s=CONNECT_S, answer_s=ANSWER_S)
            loss = find_loss(error, has_head=came.status > 0, has_length=came.header("Content-Length") is not None)
        if 407 in statuses and self._proxy is not None:
            raise UnreachableError(request.url, f"{PROXY_REFUSES} ({self._proxy})")
        if loss is not None:
            # Any failure after the deadline is attributed to it.
            loss = Loss.TOO_SLOW if self._deadline.is_over else loss
            lost = Lost(kind=loss, status=came.status, headers=came.headers, body=bytes(body[:MOST_OF_LOST]))
            raise UnreachableError(request.url, reason, lost)
        try:
            return replace(came, body=decode_body(bytes(body), came.headers, LARGEST_ANSWER))
        except CodingError as error:
            lost = Lost(kind=error.loss, status=came.status, headers=came.headers, body=bytes(body[:MOST_OF_LOST]))
            raise UnreachableError(request.url, str(error), lost) from None

    def connect(self, url: str) -> None:
        """Connect to the server of a URL without a request, or raise UnreachableError. Assumed to succeed through a proxy."""
        parts = urlsplit(url)
        try:
            port = parts.port or {"https": 443}.get(parts.scheme, 80)
            if self._proxy is None:
                with socket.create_connection((parts.hostname or "", port), CONNECT_S) as plain:
                    if parts.scheme == "https":
                        _shake_hands(plain, parts.hostname)
        except (OSError, ValueError) as error:
            raise UnreachableError(url, f"no connection to {parts.netloc}: {error}") from None

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def _read_body(self, response: Any, body: bytearray, within_s: float) -> tuple[Loss | None, str]:
        """Read a body up to its end or the limits of size and time; return the loss and its reason."""
        for chunk in response.iter_raw():
            body += chunk
            if len(body) > LARGEST_ANSWER:
                return Loss.TOO_LARGE, f"the answer is larger than {LARGEST_ANSWER} bytes"
            if self._deadline.is_over:
                return Loss.TOO_SLOW, f"the answer did not end within {within_s:g} s"
        return None, ""


def _shake_hands(plain: socket.socket, host: str | None) -> None:
    """Begin TLS with any certificate, or raise OSError if the server does not speak it."""
    try:
        make_trust(Way(url="", insecure=True)).wrap_socket(plain, server_hostname=host).close()
    except ssl.SSLError as error:
        if "ALERT" not in (error.reason or ""):  # an alert is TLS: it requires a client certificate, for example
            raise


def make_trust(way: Way) -> ssl.SSLContext:
    """Make the TLS context with trusted and client certificates, or raise BadConnectionError for invalid files."""
    trust = _choose_certificates(way)
    if way.insecure:
        trust.check_hostname = False
        trust.verify_mode = ssl.CERT_NONE
    if way.certificate is not None:
        try:
            # A password is always passed: otherwise OpenSSL would prompt for it on the terminal.
            trust.load_cert_chain(way.certificate, way.key, lambda: way.key_password)
        except (OSError, ValueError) as error:
            files = f"{way.certificate}{f' and {way.key}' if way.key else ''}"
            raise BadConnectionError(
                "--cert",
                f"expected a certificate and its key, both in PEM, in {files}, got: {error}"
                f" (the password of a key is read from {KEY_VARIABLE})",
            ) from None
    return trust


def _choose_certificates(way: Way) -> ssl.SSLContext:
    import httpx  # noqa: PLC0415 - as above

    named = way.cacert
    try:
        return httpx.create_ssl_context() if named is None else ssl.create_default_context(cafile=named)
    except OSError as error:
        origin, where = ("SSL_CERT_FILE", "") if named is None else ("--cacert", f" in {named}")
        raise BadConnectionError(origin, f"expected certificates in PEM{where}: {error}") from None
