"""Pages and documents beside the platform's paths, as a FastAPI application. Imported when somebody first asks for one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml
from fastapi.responses import PlainTextResponse
from fastapi_offline import FastAPIOffline

from diarkit_contracts.api.document import DOCUMENT
from diarkit_contracts.api.generation_document import make_document
from diarkit_contracts.api.profiles import DEFAULT
from diarkit_mockserver.control.app import create_control
from diarkit_mockserver.control.orders import CONTROL

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

    def describe() -> dict[str, Any]:
        """Make the document of the default world's generation and dialect."""
        return make_document(platform.world.profile)

    pages.openapi = describe  # type: ignore[method-assign] # the contract is written by hand; nothing generates it

    @pages.get("/openapi.yaml", include_in_schema=False)
    def read_yaml() -> PlainTextResponse:
        # The one that is written by hand has its comments; those of other generations are laid over it.
        profile = platform.world.profile
        text = DOCUMENT.read_text("utf-8") if profile == DEFAULT else yaml.safe_dump(describe(), sort_keys=False)
        return PlainTextResponse(text, media_type="application/yaml")

    pages.mount(CONTROL, create_control(platform))
    return pages
