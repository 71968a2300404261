"""Serve the static files of the page, whose data comes from the control API."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from starlette.responses import Response

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

PAGE: Final = "/__diarkit"
"""Path of the page, used with a trailing slash: its links are relative, so that it works behind a path prefix."""

FOLDER: Final = Path(__file__).parent / "static"
INDEX: Final = "index.html"

# Not the machine's table of types, as browsers run modules only with the right one.
KINDS: Final[Mapping[str, str]] = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}

HEADERS: Final[Mapping[str, str]] = {
    "content-security-policy": "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",  # another version of diarkit may use the same address later
}


async def serve_page(scope: Scope, receive: Receive, send: Send) -> None:
    """Serve one of the files for GET and HEAD, as an ASGI application mounted at `PAGE`."""
    name = str(scope["path"]).removeprefix(str(scope.get("root_path", ""))).removeprefix("/") or INDEX
    if scope["method"] not in {"GET", "HEAD"}:
        response = Response(None, 405, {**HEADERS, "allow": "GET, HEAD"})
    elif (file := FILES.get(name)) is None:
        response = Response(None, 404, HEADERS)
    else:
        response = Response(file, 200, HEADERS, KINDS[Path(name).suffix])  # for HEAD the server drops the body
    await response(scope, receive, send)


FILES: Final[Mapping[str, bytes]] = {file.name: file.read_bytes() for file in FOLDER.iterdir() if file.suffix in KINDS}
"""Files by name, read once; nothing else is served, whatever the path."""
