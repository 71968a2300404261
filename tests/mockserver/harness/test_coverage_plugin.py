"""The coverage of the contract in pytest runs of their own: alone, in several processes, and as a gate."""

from __future__ import annotations

import json
from html import unescape
from typing import TYPE_CHECKING

import pytest

from diarkit_contracts.coverage.points import list_points

if TYPE_CHECKING:
    from pathlib import Path

pytest_plugins = ["pytester"]

SUITE = """
import pytest
import requests
from diarkit_mockserver.testing import Fault, HttpAnswer

def use(server, **how):
    how.setdefault("files", {"file": ("call.wav", b"x")})
    with requests.Session() as session:
        response = session.post(server.endpoint, **how)
        while response.status_code == 202 or response.json().get("task", {}).get("state") in ("pending", "running"):
            response = session.get(response.headers.get("x-location", response.url))
    return response

def test_done(diarization_server):
    diarization_server.respond(speakers=2)
    assert use(diarization_server).json()["task"]["state"] == "done"

def test_failed(diarization_server):
    diarization_server.respond(failed="x")
    assert use(diarization_server).json()["task"]["state"] == "failed"

@pytest.mark.parametrize("status", [403, 507])
def test_refused(diarization_server, status):
    diarization_server.respond(http=status)
    assert use(diarization_server).status_code == status

def test_reset(diarization_server):
    use(diarization_server, files={"file": ("no-suffix", b"x")})
    diarization_server.reset()
    assert diarization_server.journal == ()

def test_rude(diarization_server_factory):
    server = diarization_server_factory()
    assert use(server, files={"file": ("ľ.wav", b"x")}, params={"channel_mode": "mix"}).status_code == 200
    requests.post(server.endpoint, files={"file": ("never-asked-for.wav", b"x")})
"""
START = "answer:POST /api/technology/speaker-diarization"
OF = {
    "test_done": set(),
    "test_failed": {"need:failed"},
    "test_refused[403]": {f"{START} 403"},
    "test_refused[507]": {f"{START} 507"},
    "test_reset": {"sent:a file name without a suffix"},
    "test_rude": {"sent:a file name beyond ASCII", "sent:channel_mode mix", "need:mix"},
}
"""What each test alone meets of the suite's points."""


def run(pytester: pytest.Pytester, *flags: str) -> tuple[pytest.RunResult, dict[str, str]]:
    """Run the suite; return also how each point stands."""
    pytester.makepyfile(test_suite=SUITE)
    ran = pytester.runpytest_inprocess("-p", "no:cacheprovider", "--diarization-coverage=json:coverage.json", *flags)
    points = json.loads((pytester.path / "coverage.json").read_text("utf-8"))["points"]
    return ran, {point["id"]: point["standing"] for point in points}


@pytest.mark.slow
@pytest.mark.parametrize(
    "flags", [(), ("-n", "2"), ("-n", "2", "--diarization-shared")], ids=["alone", "two", "shared"]
)
def test_what_is_met_does_not_depend_on_who_runs_it(pytester: pytest.Pytester, flags: tuple[str, ...]) -> None:
    ran, standing = run(pytester, *flags)
    ran.assert_outcomes(passed=6)
    assert standing[f"{START} 403"] == "met, and the client behaved"
    assert standing["need:failed"] == "met, and the client behaved"
    assert standing["sent:a file name without a suffix"] == "met, and the client behaved"
    assert standing["sent:channel_mode mix"] == "met"
    assert standing["need:total"] == "never met"
    met = sum(one != "never met" for one in standing.values())
    ran.stdout.fnmatch_lines([f"*{met} of {len(list_points())} points met*", "*respond(http=HttpAnswer(status=429*"])


@pytest.mark.slow
@pytest.mark.parametrize("left_out", OF)
def test_without_a_test_its_own_points_are_never_met(pytester: pytest.Pytester, left_out: str) -> None:
    _, whole = run(pytester)
    _, rest = run(pytester, "--deselect", f"test_suite.py::{left_out}")
    turned = {point for point, one in rest.items() if one == "never met" and whole[point] != "never met"}
    assert turned == OF[left_out]


@pytest.mark.parametrize(("least", "code"), [("1", 0), ("99.9", 1)])
def test_too_little_fails_the_session(pytester: pytest.Pytester, least: str, code: int) -> None:
    pytester.makepyfile("def test_it(diarization_server): pass")
    ran = pytester.runpytest_inprocess("--diarization-coverage-min", least if code else "0")
    ran.assert_outcomes(passed=1)
    assert ran.ret == code
    assert ("less than the 99.9 % required by --diarization-coverage-min" in ran.stdout.str()) is bool(code)


@pytest.mark.parametrize("form", ["html", "md", "json"])
def test_all_of_it_is_written(pytester: pytest.Pytester, form: str) -> None:
    pytester.makepyfile("def test_it(diarization_server): pass")
    pytester.runpytest_inprocess(f"--diarization-coverage={form}:report.{form}")
    text = (pytester.path / f"report.{form}").read_text("utf-8")
    assert all(point.text in unescape(text) for point in list_points())


def test_the_worlds_say_which_generations_there_are_to_meet(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(diarization_server): pass")
    pytester.runpytest_inprocess("--diarization-coverage=json:report.json", "--diarization-profile=5.0")
    written = json.loads((pytester.path / "report.json").read_text("utf-8"))["points"]
    assert [point["id"] for point in written] == [point.id for point in list_points(frozenset({"5.0"}))]


def test_another_form_is_refused_at_once(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(): pass")
    ran = pytester.runpytest_inprocess("--diarization-coverage=xml:report.xml")
    assert ran.ret == pytest.ExitCode.USAGE_ERROR
    ran.stderr.fnmatch_lines(["*expected html:FILE, md:FILE, json:FILE, got 'xml' (files to test come before it)"])


def test_a_file_that_can_not_be_written_is_refused_at_once_or_fails_the_session(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("import pathlib\ndef test_it(): pathlib.Path('full').symlink_to('/dev/full')")
    ran = pytester.runpytest_inprocess("--diarization-coverage=md:no/report.md")
    assert ran.ret == pytest.ExitCode.USAGE_ERROR
    ran.stderr.fnmatch_lines(["*--diarization-coverage: expected a file in a folder that exists, got no/report.md"])
    ran = pytester.runpytest_inprocess("--diarization-coverage=md:full")
    ran.assert_outcomes(passed=1)
    ran.stdout.fnmatch_lines(["can't write full: No space left on device"])
    assert ran.ret == pytest.ExitCode.TESTS_FAILED


def test_nothing_is_counted_unless_asked_for(pytester: pytest.Pytester, tmp_path: Path) -> None:
    pytester.makepyfile(
        """
        import sys
        def test_it(diarization_server): assert "diarkit_contracts.coverage.points" not in sys.modules
        """
    )
    ran = pytester.runpytest_subprocess()  # of its own, as what is imported counts
    ran.assert_outcomes(passed=1)
    assert "contract coverage" not in ran.stdout.str()
