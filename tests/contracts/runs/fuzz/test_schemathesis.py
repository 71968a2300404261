"""schemathesis with our clauses as its checks: the fake passes and is not passed over, a broken server is caught."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from contract_servers.broken import BROKEN
from contract_servers.correct import CORRECT
from contract_servers.fake import verify
from contract_servers.listening import listen

from diarkit_contracts.exchanges.recording import write_recording
from diarkit_contracts.runs.fuzz import schemathesis as fuzz
from diarkit_contracts.runs.fuzz.schemathesis import run_schemathesis
from diarkit_contracts.runs.verdict import Exit
from diarkit_mockserver.scenario.model import Scenario

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from contract_servers.breaking import Broken
    from contract_servers.fake import Asked, Told

pytestmark = pytest.mark.slow


def test_the_fake_passes_and_was_seen_done(serve: Callable[[str], str]) -> None:
    run = run_schemathesis(serve("version: 1\ncourse: immediate\n"), examples=40)
    assert not run.failed, run.text
    assert run.verdict.findings == ()
    assert run.verdict.decide_exit() is Exit.FINE
    kept = {passed.clause.id for passed in run.verdict.passed}
    assert {"shape.schema", "result.count-is-ids", "task.location", "refusal.type-of-status"} <= kept


def test_a_clause_is_a_check() -> None:
    # A mistake that no run can miss: which of the tasks are asked for again is drawn, and an upload is accepted in each run.
    broken = find("200 for an accepted upload")
    server, _ = replace(broken, scenario=Scenario(course="immediate")).build()
    with listen(server) as url:
        run = run_schemathesis(url, examples=10)
    assert run.failed
    assert f"{broken.clause}: expected" in run.text
    assert broken.clause in {finding.clause.id for finding in run.verdict.findings}


@pytest.mark.parametrize("code", [0, None], ids=["which schemathesis passed", "whose time was up"])
@pytest.mark.parametrize(
    ("name", "failed"), [("one speaker too many counted", True), ("four decimals", False), ("", False)], ids=str
)
def test_a_run_fails_by_what_is_in_its_recording(
    monkeypatch: pytest.MonkeyPatch, code: int | None, name: str, failed: bool
) -> None:
    exchanges = verify(*(find(name) if name else CORRECT[0]).build()).exchanges

    def record(_: object, __: str, environment: Mapping[str, str], ___: float) -> tuple[int | None, str]:
        recording = Path(environment["DIARKIT_FUZZ_RECORDING"])
        recording.write_text("".join(write_recording(exchanges)), encoding="utf-8")
        return code, ""

    monkeypatch.setattr(fuzz, "_run", record)
    run = run_schemathesis("http://127.0.0.1:1")
    assert run.failed == failed
    assert bool(run.verdict.findings) == bool(name)


def test_headers_reach_the_server_and_not_the_list_of_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    headers = {"authorization": 'Bearer "s3cret" ${HOME} $1', "x-plain": "b"}
    seen: list[dict[str, str]] = []
    commands: list[list[str]] = []
    server, _ = CORRECT[0].build()

    def look(asked: Asked) -> Told:
        seen.append(dict(asked.headers))
        return server(asked)

    run = subprocess.run

    def look_at(command: list[str], **told: Any) -> Any:
        commands.append(command)
        return run(command, **told)

    monkeypatch.setattr(fuzz.subprocess, "run", look_at)
    monkeypatch.setattr(fuzz, "PHASES", ("examples",))
    with listen(look) as url:
        run_schemathesis(url, examples=1, headers=headers.items())
    api = [each for each in seen if each.keys() & headers.keys()]
    assert api
    assert all(each[name] == value for each in api for name, value in headers.items())
    assert "s3cret" not in str(commands)


def find(name: str) -> Broken:
    return next(broken for broken in BROKEN if broken.name == name)


def test_a_run_ends_in_its_time() -> None:
    server, _ = BROKEN[0].build()
    with listen(server) as url:
        run = run_schemathesis(url, examples=10, seconds=0.1)
    assert run.verdict.decide_exit() is Exit.VACUOUS
    assert "ended after 0.1 s" in run.text
