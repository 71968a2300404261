"""Five tests that fail, as a new user's do, and what their reports show. Longer than other files, as both stand here as texts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from diarkit_mockserver.harness.fake import Fake
from diarkit_mockserver.harness.report import MOST_LINES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytest_plugins = ["pytester"]

FAILING = """
import pytest
import requests

def upload(server, field="file"):
    return requests.post(server.endpoint, files={field: ("call.wav", b"x")}, timeout=60)

def test_wrong_field(diarization_server):
    upload(diarization_server, "audio").raise_for_status()

def test_client_raises(diarization_server):
    diarization_server.respond(failed="Out of memory.")
    location = upload(diarization_server).headers["X-Location"]
    assert requests.get(location, timeout=60).json()["result"]["channels"]

def test_polls_for_ever(diarization_server):
    diarization_server.respond(course="manual")
    diarization_server.freeze()
    with requests.Session() as client:
        location = client.post(diarization_server.endpoint, files={"file": ("call.wav", b"x")}, timeout=60).headers["X-Location"]
        for _ in range(50):
            if client.get(location, timeout=60).json()["task"]["state"] == "done":
                return
        raise TimeoutError("no result after 50 polls")

def test_answer_is_unused(diarization_server):
    diarization_server.respond(filename="board.wav", failed="No speech.")
    location = upload(diarization_server).headers["X-Location"]
    assert requests.get(location, timeout=60).json()["task"]["state"] == "failed"

def test_goes_elsewhere(diarization_server):
    root = diarization_server.url.partition("/worlds/")[0]
    requests.get(root + "/api/system/status", timeout=60)
    requests.get(root + "/worlds/of-yesterday/api/system/status", timeout=60)
    assert diarization_server.submissions

def test_passes(diarization_server):
    upload(diarization_server)

@pytest.fixture
def broken(diarization_server, diarization_server_factory):
    upload(diarization_server_factory())
    raise OSError

def test_is_not_set_up(broken):
    pass
"""

SECTIONS = {
    "wrong_field": """\
http://HOST/worlds/W, seed 0, clock N s, running
exchanges:
  1. N s POST /api/technology/speaker-diarization -> 422 [parts of the form that the platform does not know are ignored: audio; \\
body.file: Field required]""",
    "client_raises": """\
http://HOST/worlds/W, seed 0, clock N s, running
exchanges:
  1. N s POST /api/technology/speaker-diarization ('call.wav', 1 bytes) -> 202 pending
  2. N s GET /api/technology/speaker-diarization/TASK -> 200 failed
tasks:
  TASK 'call.wav': failed, 1 poll""",
    "polls_for_ever": """\
http://HOST/worlds/W, seed 0, clock N s, frozen
exchanges:
  1. N s POST /api/technology/speaker-diarization ('call.wav', 1 bytes) -> 202 pending
  2. N s GET /api/technology/speaker-diarization/TASK -> 200 pending; 49 more like it, up to 51
tasks:
  TASK 'call.wav': pending, 50 polls, moves by hand: step() or move()
  time is frozen: advance() moves it
conduct of the client:
  conduct.gives-up (exchange 51): stopped polling task TASK when it was pending""",
    "answer_is_unused": """\
http://HOST/worlds/W, seed 0, clock N s, running
exchanges:
  1. N s POST /api/technology/speaker-diarization ('call.wav', 1 bytes) -> 202 pending [no rule matched: 1 missed on filename; \\
the closest is rule 1 of those added (filename='board.wav'): filename: expected 'board.wav', got 'call.wav']
  2. N s GET /api/technology/speaker-diarization/TASK -> 200 done
tasks:
  TASK 'call.wav': done, 1 poll
prepared answers that were not used:
  filename='board.wav' -> failed='No speech.'""",
    "goes_elsewhere": """\
http://HOST/worlds/W, seed 0, clock N s, running
no requests
requests outside of all worlds meanwhile (does the client use diarization_server.url?):
  1. N s GET /api/system/status -> 200
  2. N s GET /worlds/of-yesterday/api/system/status -> 404 [no world has the path /worlds/of-yesterday/api/system/status]""",
}

MASKS = (
    (r"http://127\.0\.0\.1:\d+", "http://HOST"),
    (r"/worlds/[0-9a-f]{12}\b(?:-\d)?", "/worlds/W"),
    (r"[0-9a-f]{8}-[0-9a-f-]{27}", "TASK"),
    (r"\b\d+\.\d+ s\b", "N s"),
)


def mask(text: str) -> str:
    for pattern, name in MASKS:
        text = re.sub(pattern, name, text)
    return text


@pytest.fixture
def failures(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, str]]:
    """Run the failing tests in a process of their own; return what is reported of each."""
    for name in ("PYTEST_ADDOPTS", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)

    def run(*options: str) -> dict[str, str]:
        pytester.makepyfile(FAILING)
        result = pytester.runpytest_inprocess("-p", "no:cacheprovider", "--tb=short", *options)
        parts = re.split(
            r"\n_+ (?:ERROR at setup of )?test_(\w+) _+\n", result.stdout.str().partition("\n====== short")[0]
        )
        return dict(zip(parts[1::2], map(mask, parts[2::2]), strict=True))

    return run


def find_section(report: str) -> str:
    return re.split(r"\n(?:-{3,} |=====)", report.partition("- diarization server -")[2].partition("\n")[2])[0]


def test_the_report_of_a_failing_test_shows_what_the_fake_saw(failures: Callable[..., dict[str, str]]) -> None:
    reports = failures()
    assert reports.keys() == {*SECTIONS, "is_not_set_up"}
    for name, section in SECTIONS.items():
        shown = find_section(reports[name])
        assert shown == section.replace("\\\n", ""), name
    assert reports["is_not_set_up"].count("- diarization server -") == 2


def test_an_answer_that_was_never_used_fails_the_test_where_the_project_asks_for_that(
    failures: Callable[..., dict[str, str]], pytester: pytest.Pytester
) -> None:
    pytester.makepyfile(
        test_other="""
        def test_prepares(diarization_server):
            diarization_server.respond(filename="board.wav", rejected="No speech.")

        def test_prepares_nothing(diarization_server):
            pass
        """
    )
    option = "diarization_assert_all_used=true"
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider", "-o", option, "test_other.py")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        ["prepared answers that were not used:", "  filename='board.wav' -> rejected='No speech.'"]
    )
    assert "Traceback" not in result.stdout.str()
    pytester.runpytest_inprocess("-p", "no:cacheprovider", "test_other.py").assert_outcomes(passed=2)


@pytest.fixture
def fake() -> Iterator[Fake]:
    fake = Fake()
    yield fake
    fake.stop()


def test_long_lists_are_shown_by_their_end(fake: Fake, ask: Callable[..., Any]) -> None:
    server = fake.open_world("w")
    for number in range(MOST_LINES + 5):
        ask(server.url, "GET", f"/{number}")
    lines = server.report().splitlines()
    assert lines[1:3] == ["exchanges:", "  (5 earlier ones)"]
    assert len(lines) == 3 + MOST_LINES


def test_a_file_name_can_not_fake_a_line(fake: Fake, submit: Callable[..., Any]) -> None:
    server = fake.open_world("w")
    submit(server.url, b"x", filename="a%0Aconduct of the client:\x1b[2J")
    assert "\x1b" not in server.report()


def test_what_came_elsewhere_before_a_world_is_not_its_affair(fake: Fake, ask: Callable[..., Any]) -> None:
    ask(fake.url, "GET", "/before")
    server = fake.open_world("w")
    ask(fake.url, "GET", "/after")
    assert "/before" not in server.report()
    assert "/after" in server.report()
