"""`python tests/house/screenshot.py`: the picture of the page in the README, taken with Debian's chromium. Needs `pip install --group browser`."""

from __future__ import annotations

import shutil
from pathlib import Path

import requests
from playwright.sync_api import sync_playwright

from diarkit_fixtures.samples.catalogue import find_sample
from diarkit_mockserver.testing import Fake

PICTURE = Path(__file__).parents[2] / "docs" / "assets" / "page.png"
SCENARIO = {
    "course": {"polls": {"pending": 1, "running": 1}},
    "rules": [
        {"when": {"filename": "broken*"}, "then": {"rejected": "The media file cannot be decoded."}},
        {"when": {"filename": "long*"}, "then": {"course": {"seconds": {"pending": 20, "running": 600}}}},
    ],
    "faults": [{"on": "poll", "ordinal": 4, "http": 503}],
}
SENT = (("Laura_Harry_Veronika.wav", 4), ("broken.wav", 3), ("long-meeting.wav", 1), ("Veronika_Harry.wav", 3))


def main() -> None:
    """Play a little story, and take its picture."""
    fake = Fake()
    recording = b"".join(find_sample(SENT[0][0]).make())
    with fake.world(SCENARIO) as server:
        for name, polls in SENT:
            accepted = requests.post(server.endpoint, files={"file": (name, recording)}, timeout=60)
            for _ in range(polls):
                requests.get(accepted.headers["x-location"], timeout=60)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": 1280, "height": 860})
            root, _, world = server.url.partition("/worlds/")
            page.goto(f"{root}/__diarkit/#token={fake.token or ''}&world={world}")
            page.get_by_text(SENT[0][0]).first.click()
            page.wait_for_selector("#task svg")
            page.screenshot(path=PICTURE)
            browser.close()
    fake.stop()


if __name__ == "__main__":
    main()
