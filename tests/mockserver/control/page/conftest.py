from __future__ import annotations

import os
import shutil
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page

PATIENCE_MS = 60_000
"""For what comes at once on a machine that has nothing else to do."""

LOOKS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light", "viewport": {"width": 1400, "height": 1000}},
    "dark": {"color_scheme": "dark", "viewport": {"width": 1400, "height": 1000}},
    "390 px": {"color_scheme": "light", "viewport": {"width": 390, "height": 844}},
}


def give_up(reason: str) -> None:
    """Skip, but where a browser is required: CI must not pass because nothing was looked at."""
    if os.environ.get("DIARKIT_TEST_BROWSER") == "required":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A real browser without a window, for these tests alone: a loop runs in this thread as long as it is open."""
    program = shutil.which("chromium")
    if program is None:
        give_up("no chromium here: apt-get install chromium")
    try:
        from playwright.sync_api import sync_playwright  # noqa: PLC0415 - not everybody has it
    except ImportError:
        give_up("no Playwright here: pip install --group browser")
    with sync_playwright() as playwright:
        # Root has no sandbox; nothing but our own page is opened.
        chromium = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Open the page of a server as somebody who sees it for the first time; nothing may fail in it that the test does not know of."""
    with ExitStack() as stack:

        def go(url: str, look: str = "light", *, tail: str = "", failing: str = "") -> Page:
            context = browser.new_context(**LOOKS[look])
            stack.callback(context.close)
            context.set_default_timeout(PATIENCE_MS)
            page = context.new_page()
            wrong: list[str] = []
            page.on("pageerror", lambda error: wrong.append(str(error)))
            page.on(
                "console", lambda message: wrong.append(message.text) if message.type in {"error", "warning"} else None
            )
            page.on("request", lambda sent: wrong.append(sent.url) if not sent.url.startswith((url, "blob:")) else None)
            page.goto(f"{url}/__diarkit/{tail}")

            def hold_it_clean() -> None:
                assert [one for one in wrong if not failing or failing not in one] == []

            stack.callback(hold_it_clean)
            return page

        yield go
