"""Who adds a row to the table of points adds nothing elsewhere: document, fake, verifier and commands follow."""

from __future__ import annotations

import subprocess
import sys

ADDED = """
from diarkit_contracts.api import points
from diarkit_contracts.api.evidence import Label

row = points.Point(
    key="queue_header",
    about="X-Queue in the 202",
    allowed=("sent", "absent"),
    cells={
        name: points.Cell("sent" if name == "5.0" else "absent", Label.INF, "an invented page")
        for name in points.GENERATIONS
    },
    effect=points.Sends("X-Queue", "of {task}"),
)
points.POINTS = (*points.POINTS, row)
"""

FOLLOWED = """
from itertools import count

import requests
from click.testing import CliRunner
from diarkit_mockserver.commands.main import main
from diarkit_mockserver.harness.fake import Fake
from diarkit_mockserver.testing import Dialect, Scenario

def run(*words):
    ended = CliRunner().invoke(main, words)
    return ended.exit_code, ended.output

assert "queue_header" in run("generations")[1]
assert "X-Queue is sent" in run("generations", "diff", "3.6", "5.0")[1]

fake, numbers = Fake(), count()
def post(scenario):
    server = fake.open_world(f"world-{next(numbers)}", scenario)
    answer = requests.post(server.endpoint, files={"file": ("a.wav", b"x")})
    return server, answer.headers.get("X-Queue"), answer.headers["X-Location"]

newest, told, url = post(Scenario(profile="5.0"))
assert told == f"of {url}"
usual, told, url = post(Scenario())
assert told is None
set_here, told, url = post(Scenario(dialect=Dialect(queue_header="sent")))
assert told == f"of {url}"

def declares(server):
    document = requests.get(server.url + "/openapi.json").json()
    return "X-Queue" in document["components"]["responses"]["TaskAccepted"]["headers"]

assert [declares(server) for server in (newest, usual, set_here)] == [True, False, True]

code, output = run("verify", newest.url, "--fail-on", "warning")
assert (code, "X-Queue" in output) == (0, False), "not even as undocumented"
assert run("verify", usual.url, "--fail-on", "warning")[0] == 0
code, output = run("verify", post(Scenario(profile="5.0", dialect=Dialect(queue_header="absent")))[0].url, "--fail-on", "warning")
assert code == 1
assert "the header X-Queue" in output and "INF: an invented page" in output
fake.stop()
print("followed")
"""


def test_all_follow_a_row_that_is_added() -> None:
    ran = subprocess.run([sys.executable, "-c", ADDED + FOLLOWED], capture_output=True, text=True, check=False)
    assert ran.stdout.strip() == "followed", ran.stderr[-2000:]
