"""A page of another origin in a real browser: it uploads, polls and reads, where the fake lets it; it can't reset the fake, ever."""

from __future__ import annotations

import http.server
import json
import re
import shutil
import subprocess
import threading
from contextlib import contextmanager
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest

from diarkit_mockserver.scenario.model import Scenario
from diarkit_mockserver.serving.cors import Cors
from diarkit_mockserver.serving.front import Front
from diarkit_mockserver.serving.server import ServerThread, bind
from diarkit_mockserver.world.platform import Platform
from diarkit_mockserver.world.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CHROMIUM = shutil.which("chromium")
PATIENCE_S = 120.0

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium here: apt-get install chromium"),
]

PAGE = """<!doctype html><title>x</title><pre id="said"></pre><script>
const fake = %s;
async function attempt(name, send) {
  try { return [name, await send()]; } catch (error) { return [name, error.name]; }
}
async function upload() {
  const form = new FormData();
  form.append("file", new Blob(["x"]), "call.wav");
  const headers = {Authorization: "Bearer of-the-platform"};
  const accepted = await fetch(fake + "/api/technology/speaker-diarization", {method: "POST", body: form, headers});
  const poll = await fetch(accepted.headers.get("x-location"), {headers});
  return [accepted.status, poll.status, (await poll.json()).task.state, poll.headers.get("x-request-id") !== null];
}
const control = fake + "/__diarkit/v1/";
const calls = {
  upload,
  read: async () => (await fetch(control + "journal?reveal=true")).status,
  put: async () => (await fetch(control + "faults", {method: "PUT", body: "{}"})).status,
  plain: async () => (await fetch(control + "reset", {method: "POST", mode: "no-cors", body: ""})).type,
  beacon: async () => navigator.sendBeacon(control + "reset", ""),
};
(async () => {
  const said = [];
  for (const [name, send] of Object.entries(calls)) said.push(await attempt(name, send));
  document.getElementById("said").textContent = JSON.stringify(Object.fromEntries(said));
})();
</script>"""


@contextmanager
def serving(server: http.server.ThreadingHTTPServer) -> Iterator[None]:
    """Let a server answer in a thread."""
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves the page at all paths."""

    page = b""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(self.page)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def browse(url: str, folder: Path) -> dict[str, Any]:
    """Open a page in the browser, and return what it wrote into itself."""
    command = [str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}"]
    shown = subprocess.run(
        [*command, "--virtual-time-budget=20000", "--dump-dom", url],
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE_S,
    )
    return dict(json.loads(unescape(re.findall(r'<pre id="said">(.*?)</pre>', shown.stdout)[0])))


@pytest.mark.parametrize("allowed", [True, False])
def test_a_page_reads_where_it_may_and_never_resets(tmp_path: Path, *, allowed: bool) -> None:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        origin = f"http://127.0.0.1:{server.server_port}"
        platform = Platform(World(scenario=Scenario(course="immediate")))
        before = platform.world
        origins = frozenset({origin} if allowed else ())
        thread = ServerThread(platform, bind("127.0.0.1", 0), Front(cors=Cors(origins)))
        Handler.page = (PAGE % json.dumps(thread.url)).encode()
        with serving(server):
            said = browse(origin, tmp_path)
        thread.stop()
    assert said["upload"] == ([202, 200, "rejected", True] if allowed else "TypeError")
    assert (said["read"], said["put"]) == ("TypeError", "TypeError")
    assert said["plain"] == "opaque"
    assert platform.world is before
    posted = [entry.request.method for entry in before.journal]
    assert posted == (["POST", "GET"] if allowed else ["OPTIONS"])
