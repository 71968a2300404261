"""The head of one HTTP request, read once: method, path, query, headers, and the address the client called. No body."""

from __future__ import annotations

import re
import socket
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ENDPOINT: Final = "/api/technology/speaker-diarization"
"""Path of the operation that accepts uploads; a slash and an id behind it lead to a task."""

Headers: TypeAlias = tuple[tuple[bytes, bytes], ...]
"""Names in lower case."""

FORWARDED = re.compile(r"""(?:^|;)\s*(proto|host)\s*=\s*(?:"([^"]*)"|([^;,\s]*))""", re.IGNORECASE)
"""The pairs of the header `Forwarded` (RFC 7239) that make an address."""

ADDRESS = re.compile(r"(?:[A-Za-z0-9._~-]+|\[(?P<ipv6>[0-9A-Fa-f:.]+)\])(?::[0-9]{1,5})?")
"""What may stand for host and port in a URL that we give out."""


class HeaderMap(dict[str, str]):
    """Headers by name, in lower case; looked up in any."""

    __slots__ = ()

    def __getitem__(self, name: str) -> str:
        """Look up a header."""
        return super().__getitem__(name.lower())

    def __contains__(self, name: object) -> bool:
        """Whether there is such a header."""
        return isinstance(name, str) and super().__contains__(name.lower())

    def get(self, name: str, default: Any = None) -> Any:
        """Look up a header that may be absent."""
        return super().get(name.lower(), default)


class Request:
    """The head of a request. Headers are read when somebody asks for them: most polls are answered without.

    Attributes:
        method: in capitals.
        path: decoded, without query.
        query_string: as sent.
        scheme: `http` or `https`, as this server was called.
        server: host and port as this server was called, if the client sends no `Host`.
    """

    __slots__ = ("_headers", "_raw_headers", "method", "path", "query_string", "scheme", "server")

    def __init__(  # noqa: PLR0913 - a head has that many parts
        self,
        method: str,
        path: str,
        query_string: bytes,
        headers: Iterable[tuple[bytes, bytes]],
        *,
        scheme: str,
        server: str,
    ) -> None:
        self.method = method
        self.path = path
        self.query_string = query_string.decode("latin-1")
        self.scheme = scheme
        self.server = server
        self._raw_headers = headers
        self._headers: HeaderMap | None = None

    @property
    def headers(self) -> Mapping[str, str]:
        """Names in lower case, looked up in any; of a name that comes twice, the first."""
        if self._headers is None:
            self._headers = HeaderMap(reversed(self.pairs))
        return self._headers

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """All headers in the order of the wire, names in lower case."""
        return tuple((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in self._raw_headers)

    def find(self, name: bytes) -> bytes | None:
        """Find the first header of a name, given in lower case; None for an empty one too."""
        for each, value in self._raw_headers:
            if each.lower() == name:
                return value or None
        return None

    @property
    def query(self) -> dict[str, str]:
        """The query parameters; of a name that comes twice, the last (INF: as in Starlette)."""
        return dict(parse_qsl(self.query_string, keep_blank_values=True, errors="replace"))

    @property
    def base_url(self) -> str:
        """The address that the client used, also from behind a proxy that says so; no slash at the end.

        `Forwarded` counts before `X-Forwarded-*`, and these before `Host`. Of several proxies, the first one saw the client.
        """
        forwarded = {pair[1].lower(): pair[2] or pair[3] for pair in FORWARDED.finditer(self._first("forwarded"))}
        scheme = (forwarded.get("proto") or self._first("x-forwarded-proto") or self.scheme).lower()
        host = forwarded.get("host") or self._first("x-forwarded-host") or self.headers.get("host", "") or self.server
        if scheme not in ("http", "https"):
            scheme = self.scheme
        if not _is_address(host):
            host = self.server
        prefix = self._first("x-forwarded-prefix").rstrip("/")
        return f"{scheme}://{host}{prefix if re.fullmatch(r'(?:/[A-Za-z0-9._~-]+)*', prefix) else ''}"

    def _first(self, name: str) -> str:
        return self.headers.get(name, "").partition(",")[0].strip()


def _is_address(host: str) -> bool:
    match = ADDRESS.fullmatch(host)
    if match is None or match["ipv6"] is None:
        return match is not None
    try:
        socket.inet_pton(socket.AF_INET6, match["ipv6"])
    except OSError:
        return False
    return True
