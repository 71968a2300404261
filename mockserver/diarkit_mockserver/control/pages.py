"""Pages and documents in addition to the platform's paths, as a FastAPI application. Imported on first use.

The page of the server is static files, whose data comes from the control API.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml
from fastapi import FastAPI, HTTPException
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from fastapi_offline import FastAPIOffline
from starlette.requests import Request  # noqa: TC002 - the framework reads the types of arguments at run time

from diarkit_contracts.api.document import DOCUMENT
from diarkit_contracts.api.generation_document import make_document
from diarkit_contracts.api.profiles import DEFAULT
from diarkit_mockserver.control.app import create_control
from diarkit_mockserver.control.orders import CONTROL
from diarkit_mockserver.world.platform import WORLDS, Platform

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

PAGE: Final = "/__diarkit"
"""Path of the page, used with a trailing slash: its links are relative, so that it works behind a path prefix."""

OPENAPI: Final = "/openapi.json"
STATIC: Final = f"{PAGE}/static"

FIRST_SERVER: Final = re.compile(r"(?<=\nservers:\n)( *)- ")

FOLDER: Final = Path(__file__).parent / "static"
INDEX: Final = "index.html"

KINDS: Final[Mapping[str, str]] = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
"""Not the machine's table of types, as browsers run modules only with the right one."""

FILES: Final[Mapping[str, bytes]] = {file.name: file.read_bytes() for file in FOLDER.iterdir() if file.suffix in KINDS}
"""Files by name, read once; nothing else is served, whatever the path."""

HEADERS: Final[Mapping[str, str]] = {
    "content-security-policy": "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",  # another version of diarkit may use the same address later
}


def create_pages(platform: Platform) -> FastAPI:
    """Make the application: the contract, offline pages to browse it, and the control API."""
    pages = FastAPIOffline(
        title="Speaker Diarization", docs_url=None, redoc_url="/redoc", openapi_url=OPENAPI, static_url=STATIC
    )

    def read_json() -> dict[str, Any]:
        """Return the document of the default world's generation and dialect."""
        return make_document(platform.world.profile)

    pages.openapi = read_json  # type: ignore[method-assign] # the contract is written by hand; nothing generates it

    @pages.get("/docs", include_in_schema=False)
    def show_docs(request: Request) -> HTMLResponse:
        root = request.scope.get("root_path", "")
        shown = get_swagger_ui_html(
            openapi_url=f"{root}{OPENAPI}",
            title="Speaker Diarization",
            swagger_js_url=f"{root}{STATIC}/swagger-ui-bundle.js",
            swagger_css_url=f"{root}{STATIC}/swagger-ui.css",
            swagger_favicon_url=f"{root}{PAGE}/icon.svg",
        )
        # FastAPI has no place for a link, and the contract must not mention the fake.
        link = f'<p><a href="{root}{PAGE}/">Tasks, exchanges, clock and scenario of this server</a></p>'
        return HTMLResponse(bytes(shown.body).decode().replace("<body>", f"<body>{link}", 1))

    @pages.get("/openapi.yaml", include_in_schema=False)
    def read_yaml(request: Request) -> PlainTextResponse:
        # The handwritten document has comments; those of other generations are derived from it.
        as_written = platform.world.profile == DEFAULT
        text = DOCUMENT.read_text("utf-8") if as_written else yaml.safe_dump(read_json(), sort_keys=False)
        if root := request.scope.get("root_path"):  # added to the JSON by FastAPI
            text = FIRST_SERVER.sub(rf"\1- url: {json.dumps(root)}\n\g<0>", text, count=1)
        return PlainTextResponse(text, media_type="application/yaml")

    @pages.get(f"{WORLDS}{{name}}/openapi.{{form}}", include_in_schema=False)
    def read_of_world(request: Request, name: str, form: str) -> Response:
        """Return the document of a world, with the world as its server."""
        if (world := platform.worlds.get(name)) is None:
            raise HTTPException(404, f"no world has the name {name!r:.120}")
        servers = [{"url": f"{request.scope.get('root_path', '')}{WORLDS}{name}"}]
        document = {**make_document(world.profile), "servers": servers}
        if form == "json":
            return JSONResponse(document)
        return PlainTextResponse(yaml.safe_dump(document, sort_keys=False), media_type="application/yaml")

    @pages.get(PAGE, include_in_schema=False)
    def lead_to_page() -> RedirectResponse:
        return RedirectResponse(f"{PAGE.removeprefix('/')}/")  # relative, to work behind a path prefix

    pages.mount(CONTROL, create_control(platform))
    pages.mount(PAGE, serve_page)
    return pages


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
