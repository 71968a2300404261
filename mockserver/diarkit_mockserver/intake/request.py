"""The head of an HTTP request: method, target, headers, and the address used by the client."""

from __future__ import annotations

import re
import socket
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from functools import lru_cache
from typing import Any, Final, TypeAlias
from urllib.parse import parse_qsl, unquote_to_bytes

from diarkit_mockserver.intake.refusals import Condition, Refusal, refuse

ENDPOINT: Final = "/api/technology/speaker-diarization"
"""Path of the upload operation; followed by a slash and an id for tasks."""

Headers: TypeAlias = tuple[tuple[bytes, bytes], ...]
"""Names in lower case."""

FORWARDED: Final = re.compile(r"""(?:^|[;,])\s*(proto|host)\s*=\s*(?:"([^"]*)"|([^;,\s]*))""", re.IGNORECASE)
"""The pairs of the header `Forwarded` (RFC 7239) that define an address, over all elements of its list."""

FORWARDING = frozenset(
    {b"forwarded", *(f"x-forwarded-{name}".encode() for name in ("proto", "ssl", "host", "port", "prefix"))}
)
PREFIX: Final = re.compile(r"(?:/[A-Za-z0-9._~-]+)*")
LONGEST_PREFIX: Final = 200
"""Characters."""

DOTS: Final = frozenset({".", ".."})
PORT: Final = re.compile(r":[0-9]*$(?<!::)")

PORTS: Final = {"http": "80", "https": "443"}
"""Default ports."""

ABSOLUTE = re.compile(rb"https?://(?P<host>[^/?]*)", re.IGNORECASE)
"""Start of an absolute request target (RFC 9112, section 3.2.2), followed by the path."""

HOST: Final = re.compile(
    rb"(?:(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*|\[[0-9A-Za-z:._~!$&'()*+,;=-]+\])(?::[0-9]*)?"
)
"""A valid header `Host` (RFC 3986, section 3.2.2), which may be empty."""

ADDRESS = re.compile(r"(?:[A-Za-z0-9._~-]+|\[(?P<ipv6>[0-9A-Fa-f:.]+)\])(?::[0-9]{1,5})?")
"""Valid host and port in a URL that we return."""


class HeaderMap(dict[str, str]):
    """Headers by lower-case name, with case-insensitive lookup."""

    __slots__ = ()

    def __getitem__(self, name: str) -> str:
        """Look up a header."""
        return super().__getitem__(name.lower())

    def __contains__(self, name: object) -> bool:
        """Return whether there is such a header."""
        return isinstance(name, str) and super().__contains__(name.lower())

    def get(self, name: str, default: Any = None) -> Any:
        """Look up a header that may be absent."""
        return super().get(name.lower(), default)


@dataclass(slots=True, eq=False, repr=False)
class Request:
    """The head of a request. Headers are parsed lazily, as most polls do not need them.

    Attributes:
        method: in capitals.
        path: decoded, without query.
        query_string: as sent.
        raw_headers: as sent, names in lower case.
        scheme: `http` or `https`, of this server.
        server: host and port of this server, if the client sends no `Host`.
        host: of an absolute target; overrides `Host`.
        size: of the head as sent, in bytes; 0 if unknown.
        is_trusted: whether its forwarded headers are trusted.
    """

    method: str
    path: str
    query_string: str
    raw_headers: Sequence[tuple[bytes, bytes]]
    _: KW_ONLY
    scheme: str
    server: str
    host: str = ""
    size: int = 0
    is_trusted: bool = True
    _fields: dict[bytes, bytes] | None = field(default=None, init=False)
    _headers: HeaderMap | None = field(default=None, init=False)

    @property
    def headers(self) -> Mapping[str, str]:
        """Headers by case-insensitive name; the first of a repeated one."""
        if self._headers is None:
            self._headers = HeaderMap(
                [(name.decode("latin-1"), value.decode("latin-1")) for name, value in reversed(self.raw_headers)]
            )
        return self._headers

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """All headers in wire order, names in lower case."""
        return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in self.raw_headers)

    @property
    def fields(self) -> Mapping[bytes, bytes]:
        """Headers by name, as sent; the first of a repeated one."""
        if self._fields is None:
            self._fields = dict(reversed(self.raw_headers))
        return self._fields

    def find(self, name: bytes) -> bytes | None:
        """Return the first header of a lower-case name; None if absent or empty."""
        return self.fields.get(name) or None

    @property
    def query(self) -> dict[str, str]:
        """The query parameters; the last of a repeated name (INF: as in Starlette)."""
        if not self.query_string:
            return {}
        return dict(parse_qsl(self.query_string, keep_blank_values=True, errors="replace"))

    def name_values(self, task_id: str) -> dict[str, str]:
        """Return the values for body templates that apply to any request."""
        return {
            "method": self.method,
            "path": self.path,
            "task_id": task_id,
            "allowed": "POST" if self.path.endswith(ENDPOINT) else "GET",
            "base": self.base_url,
            "host": self.base_url.partition("://")[2],
        }

    @property
    def base_url(self) -> str:
        """The base URL used by the client, taking forwarded headers into account; no trailing slash.

        `Forwarded` overrides `X-Forwarded-*`, which override `Host`. Of several proxies, the first one applies.
        """
        scheme, host = self.scheme, self.host or (self.find(b"host") or b"").decode("latin-1")
        is_forwarded = self._is_forwarded
        if is_forwarded:
            forwarded: dict[str, str] = {}
            for name, quoted, plain in FORWARDED.findall(", ".join(self._list("forwarded"))):
                forwarded.setdefault(name.lower(), quoted or plain)
            by_ssl = "https" if self._first("x-forwarded-ssl").lower() == "on" else ""
            named = (forwarded.get("proto") or self._first("x-forwarded-proto") or by_ssl).lower()
            scheme = named if named in PORTS else scheme
            host = forwarded.get("host") or self._first("x-forwarded-host") or host
            port = self._first("x-forwarded-port")
            # A port in the host is the one used by the client; X-Forwarded-Port is then ignored.
            if (
                port.isdecimal()
                and len(port) < 6
                and 0 < int(port) < 1 << 16
                and not PORT.search(host)
                and port != PORTS[scheme]
            ):
                host = f"{host}:{port}"
        return f"{scheme}://{host if _is_address(host) else self.server}{self.prefix if is_forwarded else ''}"

    @property
    def prefix(self) -> str:
        """The path prefix removed by a proxy; no trailing slash. Prefixes with `..` are ignored."""
        if not self._is_forwarded:
            return ""
        prefix = self._first("x-forwarded-prefix").rstrip("/")
        fits = len(prefix) <= LONGEST_PREFIX and PREFIX.fullmatch(prefix) and DOTS.isdisjoint(prefix.split("/"))
        return prefix if fits else ""

    @property
    def _is_forwarded(self) -> bool:
        return self.is_trusted and not FORWARDING.isdisjoint(self.fields)

    def _list(self, name: str) -> list[str]:
        return [value for each, value in self.pairs if each == name]

    def _first(self, name: str) -> str:
        return self.headers.get(name, "").partition(",")[0].strip()


def read_request(  # noqa: PLR0913 - a head has that many parts
    method: str,
    target: bytes,
    headers: Sequence[tuple[bytes, bytes]],
    *,
    scheme: str,
    server: str,
    size: int,
    is_trusted: bool = True,
) -> Request:
    """Read a head with a target of any form.

    Args:
        method: in capitals.
        target: as sent; an invalid fragment is dropped (as in nginx).
        headers: names in lower case.
        scheme: of this server.
        server: host and port of this server.
        size: of the head, in bytes.
        is_trusted: whether its forwarded headers are trusted.
    """
    if b"#" in target:
        target = target.partition(b"#")[0]
    host = ""
    if not target.startswith(b"/") and (absolute := ABSOLUTE.match(target)) is not None:
        host, target = absolute["host"].decode("latin-1"), target[absolute.end() :]
        target = target if target.startswith(b"/") else b"/" + target
    path, _, query = target.partition(b"?")
    text = unquote_to_bytes(path).decode("utf-8", "replace") if b"%" in path or not path.isascii() else path.decode()
    sent = query.decode("latin-1")
    return Request(
        method, text, sent, headers, scheme=scheme, server=server, host=host, size=size, is_trusted=is_trusted
    )


def check_head(version: str, request: Request) -> Refusal | None:
    """Check a parsed head by the rules of HTTP (RFC 9110, section 15.6.6; RFC 9112, sections 3.2 and 6.1).

    Args:
        version: of HTTP, as parsed.
        request: with the headers.

    Returns:
        505 for an unsupported version; 400 for a missing, repeated or invalid host, and for chunks in HTTP/1.0; 501 for a coding other
        than chunks.
    """
    if version not in ("1.0", "1.1"):
        return refuse(Condition.VERSION_UNKNOWN, reason=f"expected HTTP/1.1, got HTTP/{version}")
    names = [name for name, _ in request.raw_headers]
    hosts = names.count(b"host")
    if hosts > 1 or (hosts == 0 and version == "1.1"):
        return refuse(Condition.NOT_HTTP, reason=f"expected one header Host, got {hosts}")
    for host in (request.find(b"host"), request.host.encode("latin-1")):
        if host and HOST.fullmatch(host) is None:
            return refuse(Condition.NOT_HTTP, reason=f"expected a host and a port, got {host!r:.120}")
    if b"transfer-encoding" in names:
        if version == "1.0":
            return refuse(Condition.NOT_HTTP, reason="HTTP/1.0 has no Transfer-Encoding")
        codings = b", ".join([value for name, value in request.raw_headers if name == b"transfer-encoding"])
        if codings.lower().strip(b" \t,") != b"chunked":  # empty elements of a list are ignored
            return refuse(Condition.CODING_UNKNOWN, reason=f"expected Transfer-Encoding: chunked, got {codings!r:.120}")
    return None


@lru_cache(maxsize=16)  # a server has few names
def _is_address(host: str) -> bool:
    match = ADDRESS.fullmatch(host)
    if match is None or match["ipv6"] is None:
        return match is not None
    try:
        socket.inet_pton(socket.AF_INET6, match["ipv6"])
    except OSError:
        return False
    return True
