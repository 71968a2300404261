"""Serve the static files of the page, whose data comes from the control API."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import Receive, Scope, Send

PAGE: Final = "/__diarkit"
"""Path of the page, used with a trailing slash: its links are relative, so that it works behind a path prefix."""

FOLDER: Final = Path(__file__).parent / "static"
INDEX: Final = "index.html"

# Not the machine's table of types, as browsers run modules only with the right one.
KINDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        ".html": "text/html; charset=utf-8",
        ".css": "text/css; charset=utf-8",
        ".js": "text/javascript; charset=utf-8",
        ".svg": "image/svg+xml",
    }
)

HEADERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "content-security-policy": "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cache-control": "no-cache",  # another version of diarkit may use the same address later
    }
)


async def serve_page(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001 - no request here has a body
    """Serve one of the files for GET and HEAD, as an ASGI application mounted at `PAGE`."""
    name = str(scope["path"]).removeprefix(str(scope.get("root_path", ""))).removeprefix("/") or INDEX
    headers = dict(HEADERS)
    if scope["method"] not in {"GET", "HEAD"}:
        await _send(send, 405, {**headers, "allow": "GET, HEAD"})
    elif (file := FILES.get(name)) is None:
        await _send(send, 404, headers)
    else:
        headers["content-type"] = KINDS[Path(name).suffix]
        await _send(send, 200, headers, file)  # for HEAD the server drops the body


async def _send(send: Send, status: int, headers: Mapping[str, str], body: bytes = b"") -> None:
    written = {**headers, "content-length": str(len(body))}
    listed = [(name.encode(), value.encode()) for name, value in written.items()]
    await send({"type": "http.response.start", "status": status, "headers": listed})
    await send({"type": "http.response.body", "body": body})


FILES: Final[Mapping[str, bytes]] = {file.name: file.read_bytes() for file in FOLDER.iterdir() if file.suffix in KINDS}
"""Files by name, read once; nothing else is served, whatever the path."""
