"""The command `proxy`: its flags, its exit codes and its files; what it does with requests is tested where that is decided."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from diarkit_mockserver.scenario.faults import Fault
from diarkit_mockserver.scenario.model import Rule, Scenario, Then
from diarkit_mockserver.serving.server import bind

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

BREAKS_ONE = """
version: 1
faults:
- {on: submit, ordinal: 1, http: 503}
"""


def diarize(submit: Any, ask: Any, url: str, **more: Any) -> Any:
    """Send a file, and ask once for its task."""
    return ask(submit(url, b"no audio", **more).header("x-location"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_was_seen_is_saved_recorded_and_judged(
    start: Any, serve: Any, submit: Any, ask: Any, tmp_path: Path, number: int
) -> None:
    live = start(Scenario(course="immediate"))
    saved, recorded = tmp_path / "saved.yaml", tmp_path / "run.ndjson"
    running = serve(
        live.url,
        "--port",
        "0",
        "--save",
        str(saved),
        "--record",
        str(recorded),
        "--course",
        "immediate",
        command="proxy",
    )
    diarize(submit, ask, running.url, headers={"Authorization": "Bearer s3cret-key"})
    (rule,) = yaml.safe_load(saved.read_text("utf-8"))["rules"]
    assert rule["then"]["course"] == "immediate"
    submit(running.url, b"another")
    assert running.end(number) == 0
    assert running.process.stdout is not None
    assert "no findings" in running.process.stdout.read()
    log = running.log.read_text("utf-8")
    assert f"{saved}: 1 task had not ended" in log
    lines = [json.loads(line) for line in recorded.read_text("utf-8").splitlines()]
    assert all(live.url in json.dumps(line) for line in lines if "request" in line)
    assert "s3cret" not in saved.read_text("utf-8") + recorded.read_text("utf-8") + log


def test_a_finding_ends_with_1(start: Any, serve: Any, submit: Any, ask: Any) -> None:
    live = start(
        Scenario(course="immediate", faults=(Fault(result="unknown_state"),), rules=(Rule(then=Then(speakers=1)),))
    )
    running = serve(live.url, "--port", "0", command="proxy")
    diarize(submit, ask, running.url)
    code = running.end()
    assert running.process.stdout is not None
    written = running.process.stdout.read()
    assert (code, "error: " in written) == (1, True), written


def test_a_finding_is_reported_while_the_proxy_stands(start: Any, serve: Any, submit: Any, ask: Any) -> None:
    live = start(
        Scenario(course="immediate", faults=(Fault(result="unknown_state"),), rules=(Rule(then=Then(speakers=1)),))
    )
    running = serve(live.url, "--port", "0", "--quiet", command="proxy")
    diarize(submit, ask, running.url)
    assert "ERROR error: shape.schema: expected " in running.log.read_text("utf-8")


def test_a_learned_platform_is_what_it_is_held_against(start: Any, serve: Any, submit: Any, tmp_path: Path) -> None:
    live = start(Scenario(course="immediate"))
    learned = tmp_path / "platform.yaml"
    learned.write_text("version: 1\nprofile: '5.0'\n", "utf-8")
    running = serve(live.url, "--port", "0", "--as", str(learned), command="proxy")
    submit(running.url, b"no audio")
    assert "shape.headers: expected " in running.log.read_text("utf-8")  # 3.6 sends no Location
    running.end()
    assert "shape.headers" in running.process.stdout.read()


def test_one_call_of_many_is_broken_by_a_scenario_that_is_no_finding(
    start: Any, serve: Any, submit: Any, tmp_path: Path
) -> None:
    live = start(Scenario(course="immediate"))
    (tmp_path / "break.yaml").write_text(BREAKS_ONE, "utf-8")
    running = serve(live.url, "--port", "0", "--scenario", str(tmp_path / "break.yaml"), command="proxy")
    assert [submit(running.url, b"x").status for _ in range(3)] == [503, 202, 202]
    assert running.end() == 0


def test_nothing_forwarded_is_said(serve: Any) -> None:
    running = serve("http://127.0.0.1:1", "--port", "0", command="proxy")
    assert running.end() == 0
    assert "nothing was forwarded" in running.log.read_text("utf-8")
    assert "documentation" not in running.log.read_text("utf-8")


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ((), "Missing argument 'URL'"),
        (("no-url",), "expected a URL"),
        (("http://user:s3cret@h?a",), "expected a URL without ? and #"),
        (("http://h", "--save", "no/such/folder.yaml"), "expected a file in a folder that exists"),
        (("http://h", "--report", "odd=x"), "--report"),
        (("https://h", "--cacert", __file__), "expected certificates in PEM"),
        (("http://h", "--key", __file__), "expected --cert with --key"),
    ],
)
def test_wrong_usage_ends_with_2(diarkit: Callable[..., Any], flags: tuple[str, ...], said: str) -> None:
    ended = diarkit("proxy", *flags)
    assert (ended.returncode, said in ended.stderr, "s3cret" in ended.stderr) == (2, True, False), ended.stderr


def test_a_proxy_before_itself_is_refused(diarkit: Callable[..., Any]) -> None:
    with bind("127.0.0.1", 0) as bound:
        port = str(bound.getsockname()[1])
    ended = diarkit("proxy", f"http://localhost:{port}", "--port", port)
    assert ended.returncode == 2
    assert f"http://localhost:{port} would be this proxy itself: is the platform running?" in ended.stderr
