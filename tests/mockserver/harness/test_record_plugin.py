"""Tests of a live platform recorded, and replayed without it: pytest runs of their own."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from diarkit_mockserver.harness.record_plugin import Recording, load_recorded
from diarkit_mockserver.intake.request import ENDPOINT
from diarkit_mockserver.scenario.course import BySeconds, StateSeconds
from diarkit_mockserver.scenario.model import Rule, Scenario, Then

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytest_plugins = ["pytester"]

SUITE = """
import json
import pathlib
import requests

def diarize(server, name, data):
    with requests.Session() as session:
        session.headers["Authorization"] = "Bearer s3cret-of-the-test"
        response = session.post(server.endpoint, files={"file": (name, data)})
        while response.status_code == 202 or response.json().get("task", {}).get("state") in ("pending", "running"):
            response = session.get(response.headers.get("x-location", response.url))
        return response.json()

def test_answers(diarization_server, diarization_recordings):
    told = [diarize(diarization_server, name, diarization_recordings[name].data)
            for name in ("Kathryn_Paula.wav", "Veronika_Harry.wav")]
    told.append(diarize(diarization_server, "junk", b"no audio"))
    for one in told:
        del one["task"]["task_id"]
    with pathlib.Path("told.txt").open("a") as file:
        file.write(json.dumps(told, sort_keys=True) + "\\n")

def test_own(diarization_server):
    diarization_server.respond(http=507)
    assert requests.post(diarization_server.endpoint, files={"file": ("a", b"x")}).status_code == 507
"""


@pytest.fixture
def run(pytester: pytest.Pytester) -> Callable[..., pytest.RunResult]:
    """Run the suite, whose clients write down what they were told."""
    pytester.makepyfile(test_suite=SUITE)
    return lambda *flags: pytester.runpytest_inprocess("-p", "no:cacheprovider", *flags)


def test_a_recorded_platform_is_replayed(run: Any, start: Any, pytester: pytest.Pytester) -> None:
    rules = (Rule(then=Then(speakers=3)),)
    slow = BySeconds(seconds=StateSeconds(pending=0.05, running=0.05))
    live = start(Scenario(course=slow, rules=rules, seed=7))
    recorded = run("--diarization-url", live.url, "--diarization-record", "told.yaml", "-rs")
    recorded.assert_outcomes(passed=1, skipped=1)
    recorded.stdout.fnmatch_lines(["*told.yaml: 3 answers recorded", "*only the fake can have its answers configured*"])
    live.stop()
    text = (pytester.path / "told.yaml").read_text("utf-8")
    assert all("seconds" in rule["then"]["course"] for rule in yaml.safe_load(text)["rules"])
    assert "s3cret" not in text
    run("--diarization-record", "told.yaml").assert_outcomes(passed=2)
    first, second = (pytester.path / "told.txt").read_text("utf-8").splitlines()
    assert first == second


def test_a_recording_that_can_not_be_written_fails_the_session(run: Any, start: Any, pytester: pytest.Pytester) -> None:
    (pytester.path / "full.yaml").symlink_to("/dev/full")
    ran = run("--diarization-url", start(Scenario(course="immediate")).url, "--diarization-record", "full.yaml")
    ran.assert_outcomes(passed=1, skipped=1)
    ran.stdout.fnmatch_lines(["full.yaml can't be written: No space left on device"])
    assert ran.ret == pytest.ExitCode.TESTS_FAILED


def test_a_platform_that_is_dead_fails_the_run_at_once(run: Any, pytester: pytest.Pytester) -> None:
    with socket.create_server(("127.0.0.1", 0)) as bound:
        gone = f"http://127.0.0.1:{bound.getsockname()[1]}"
    ran = run("--diarization-url", gone, "--diarization-record", "told.yaml")
    assert ran.ret == pytest.ExitCode.USAGE_ERROR
    ran.stderr.fnmatch_lines([f"*--diarization-record: {gone} does not answer*"])
    assert not (pytester.path / "told.yaml").exists()


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (
            ("--diarization-record", "none.yaml"),
            "none.yaml: *to record it, pass the platform's URL: --diarization-url URL",
        ),
        (("--diarization-record", "bad.yaml"), "bad.yaml:1:*"),
        (
            ("--diarization-record", "no/folder.yaml", "--diarization-url", "http://127.0.0.1:1"),
            "expected a file in a folder that exists*",
        ),
        (("--diarization-record", "a.yaml", "--diarization-url", "ftp://h"), "*expected a URL*"),
        (
            ("--diarization-record", "a.yaml", "--diarization-url", "http://127.0.0.1:1", "-n", "2"),
            "recording requires a single process, without -n",
        ),
    ],
)
def test_what_can_not_be_is_refused_before_the_first_test(
    run: Any, pytester: pytest.Pytester, flags: tuple[str, ...], said: str
) -> None:
    (pytester.path / "bad.yaml").write_text("rulez: 1\n", "utf-8")
    ran = run(*flags)
    assert ran.ret == pytest.ExitCode.USAGE_ERROR
    ran.stderr.fnmatch_lines([f"*--diarization-record: {said}"])


RECORDED = """
version: 1
rules:
- {when: {sha256: aaaaaaaa}, then: {failed: Oh., course: {seconds: {pending: 5}}}}
- {when: {sha256: bbbbbbbb}, then: {http: 413}, times: 1}
"""


def test_answers_of_a_recording_come_at_once(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(RECORDED, "utf-8")
    scenario = load_recorded(path)
    assert scenario.course == "immediate"
    assert [(rule.then.course, rule.times) for rule in scenario.rules] == [(None, None), (None, 1)]


def test_a_task_that_did_not_end_is_counted(start: Any, submit: Any, ask: Any, tmp_path: Path) -> None:
    live = start(Scenario())
    path = tmp_path / "s.yaml"
    recording = Recording(live.url, path)
    try:
        first, _ = submit(recording.url, b"x"), submit(recording.url, b"y")
        for _ in range(2):
            ask(first.header("x-location"))
        assert recording.describe() == f"{path}: 1 answer recorded; 1 task had not ended when last polled"
        assert ask(recording.url, path="/api/system/info").status == 200
    finally:
        recording.close()
    assert first.header("x-location").startswith(recording.url + ENDPOINT)


def test_secrets_of_the_url_are_in_no_error(tmp_path: Path) -> None:
    with pytest.raises(pytest.UsageError) as caught:
        Recording("http://user:s3cret-word@127.0.0.1:1", tmp_path / "s.yaml")
    assert "s3cret" not in str(caught.value)


def test_certificates_that_are_none_are_told(tmp_path: Path) -> None:
    path = tmp_path / "c.pem"
    path.write_text("none", "utf-8")
    with pytest.raises(pytest.UsageError, match="expected certificates in PEM"):
        Recording("https://127.0.0.1:1", tmp_path / "s.yaml", str(path))
