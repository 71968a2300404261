"""Pages and documents beside the platform's paths, as a FastAPI application. Imported when somebody first asks for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi.responses import PlainTextResponse, RedirectResponse
from fastapi_offline import FastAPIOffline

from diarkit_contracts.api.document import DOCUMENT, load_document
from diarkit_mockserver.control.app import create_control
from diarkit_mockserver.control.orders import CONTROL
from diarkit_mockserver.control.page.files import PAGE, serve_page

if TYPE_CHECKING:
    from fastapi import FastAPI

    from diarkit_mockserver.world.platform import Platform


def create_pages(platform: Platform) -> FastAPI:
    """Make the application: the contract, pages to browse it without a request to the internet, and the control API."""
    pages = FastAPIOffline(
        title="Speaker Diarization",
        docs_url="/docs",
        redoc_url="/redoc",
        openapi_url="/openapi.json",
        static_url="/__diarkit/static",
    )
    pages.openapi = load_document  # type: ignore[method-assign] # the contract is written by hand; nothing generates it

    @pages.get("/openapi.yaml", include_in_schema=False)
    def read_yaml() -> PlainTextResponse:
        return PlainTextResponse(DOCUMENT.read_text("utf-8"), media_type="application/yaml")

    @pages.get(PAGE, include_in_schema=False)
    def lead_to_page() -> RedirectResponse:
        return RedirectResponse(f"{PAGE.removeprefix('/')}/")  # relative, for what a proxy has put before it

    pages.mount(CONTROL, create_control(platform))
    pages.mount(PAGE, serve_page)
    return pages
