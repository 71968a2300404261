"""The two rehearsals as a user starts them, in pytest runs of their own."""

from __future__ import annotations

import pytest

from diarkit_mockserver.harness import rehearsal

pytest_plugins = ["pytester"]

SUITE = """
import requests

def test_version(diarization_server):
    assert requests.get(f"{diarization_server.url}/api/system/info").json()["version"].startswith("3.6")

def test_state(diarization_server):
    accepted = requests.post(diarization_server.endpoint, files={"file": ("a.wav", b"x")})
    task = accepted.json()["task"]["task_id"]
    assert requests.get(f"{diarization_server.endpoint}/{task}").json()["task"]["state"] != "pending"

def test_that_fails():
    assert False
"""


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Leave out the plugins of others, whose start takes longer than all the tests."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.plugins.append("diarkit_mockserver.harness.plugin")
    pytester.makepyfile(test_suite=SUITE)
    return pytester


def start(run: pytest.Pytester, *flags: str, **more: bool) -> pytest.RunResult:
    return run.runpytest_inprocess("-p", "no:cacheprovider", "-p", "diarkit_mockserver.harness.plugin", *flags, **more)


def test_an_upgrade_names_the_points_that_break_tests_and_fails(run: pytest.Pytester) -> None:
    ran = start(run, "--diarization-upgrade", "3.6:3.7")
    ran.stdout.fnmatch_lines(
        [
            "skipped, as they fail without changes: test_suite.py::test_that_fails",
            "version  *breaks 1: version that GET /api/system/info reports",
            "*test_suite.py::test_version",
            "location  *breaks nothing*",
            "x_location  *breaks nothing: X-Location left out: deprecated and still sent*",
            "3.7  *breaks 1: the whole generation",
        ]
    )
    assert ran.ret == 1


def test_a_share_that_is_the_least_fails_the_run(run: pytest.Pytester) -> None:
    flags = (
        "--diarization-mutate",
        "--diarization-mutate-only",
        "result:null_result",
        "--diarization-mutate-min",
        "50",
    )
    ran = start(run, *flags)
    ran.stdout.fnmatch_lines(
        [
            "result:null_result * believed *",
            "*believed by test_suite.py::test_state",
            "0 of 1 applied breakages*: 0 %",
            "less than the 50 % required by --diarization-mutate-min",
        ]
    )
    assert ran.ret == 1


def test_tests_that_meet_no_breakage_are_no_success(run: pytest.Pytester) -> None:
    run.makepyfile(test_suite="def test_it(): pass")
    ran = start(run, "--diarization-mutate", "--diarization-mutate-only", "result:overlap")
    ran.stdout.fnmatch_lines(["0 of 0 applied breakages*", "nothing was tested: no passing test met a breakage*"])
    assert ran.ret == pytest.ExitCode.NO_TESTS_COLLECTED


def test_an_interruption_ends_in_a_line(run: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(rehearsal.subprocess, "run", interrupt)
    ran = start(run, "--diarization-upgrade", "3.6:3.7", no_reraise_ctrlc=True)
    ran.stdout.fnmatch_lines(["under 3.6", "interrupted"])
    assert ran.ret == pytest.ExitCode.INTERRUPTED


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--diarization-upgrade", "3.6"), "expected two of 3.6, 3.7, 5.0 such as 3.6:5.0, got '3.6'"),
        (("--diarization-upgrade", "3.6:3.6"), "expected two of 3.6, 3.7, 5.0 such as 3.6:5.0, got '3.6:3.6'"),
        (("--diarization-upgrade", "3.6:5.0", "--diarization-mutate"), "expected one of"),
        (
            ("--diarization-mutate", "--diarization-mutate-only", "result:overlap,nothing"),
            "--diarization-mutate-only: expected beginnings of result:count_wrong, .*, got 'nothing'",
        ),
        (("--diarization-mutate-only", "result"), "--diarization-mutate-only requires --diarization-mutate"),
        (("--diarization-mutate-min", "0"), "--diarization-mutate-min requires --diarization-mutate"),
        (("--diarization-mutate", "--diarization-mutate-min", "101"), "expected a number from 0 to 100, got '101'"),
        (("--diarization-coverage-min", "most"), "expected a number from 0 to 100, got 'most'"),
        (
            ("--diarization-mutate", "--diarization-mutate-only", "result:overlap", "-k", "fails"),
            "no test passes without changes",
        ),
    ],
)
def test_wrong_usage_says_what_was_expected(run: pytest.Pytester, flags: tuple[str, ...], said: str) -> None:
    ran = start(run, *flags)
    assert ran.ret == pytest.ExitCode.USAGE_ERROR
    ran.stderr.re_match_lines([f".*({said}).*"])


def test_the_fake_answers_as_the_file_says_also_where_a_test_loads_a_scenario(run: pytest.Pytester) -> None:
    run.makefile(".yaml", platform="profile: '5.0'\ndialect: {version: 5.0.9, x_location: absent}\n")
    run.makefile(".yaml", own="dialect: {version: 5.1.0}\n")
    run.makepyfile(
        test_suite="""
        import requests

        def ask(server):
            version = requests.get(f"{server.url}/api/system/info").json()["version"]
            accepted = requests.post(server.endpoint, files={"file": ("a.wav", b"x")})
            return version, "x-location" in accepted.headers, "location" in accepted.headers

        def test_as(diarization_server):
            assert ask(diarization_server) == ("5.0.9", False, True)
            diarization_server.load("own.yaml")
            assert ask(diarization_server) == ("5.1.0", False, True)
        """
    )
    start(run, "--diarization-as", "platform.yaml").assert_outcomes(passed=1)
