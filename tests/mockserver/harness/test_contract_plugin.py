from __future__ import annotations

import sys
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, Any

import pytest

from diarkit_contracts.rows.plan import UPLOADS_IN_LITE
from diarkit_contracts.runs.outcomes import NAMES

if TYPE_CHECKING:
    from collections.abc import Callable

pytest_plugins = ["pytester"]

IMPORTED = """
import sys
import pytest
before = set(sys.modules)
import diarkit_mockserver.harness.contract_plugin
print(sorted({name.partition(".")[0] for name in set(sys.modules) - before} - {"shutil", "tempfile"} - set(sys.stdlib_module_names)))
"""

WATCH = """
import asyncio
import unittest

import httpx
import pytest
import requests

BROKEN = {"channels": [{"channel_number": 0, "speakers_count": 3, "segments": []}]}

@pytest.fixture
def watched(diarization_contract):
    with requests.Session() as session:
        yield diarization_contract.watch(session)

def talk(client, server):
    started = client.post(server.endpoint, files={"file": ("a.wav", b"x")})
    return client.get(started.headers["x-location"]).json()["task"]["state"]

def test_kept(diarization_server, diarization_contract):
    with requests.Session() as session:
        assert talk(diarization_contract.watch(session), diarization_server) == "done"

def test_broken(diarization_server, diarization_contract):
    diarization_server.respond(result=BROKEN, breaks_contract=True)
    with httpx.Client() as client:
        assert talk(diarization_contract.watch(client), diarization_server) == "done"

def test_broken_async(diarization_server, diarization_contract):
    diarization_server.respond(result=BROKEN, breaks_contract=True)
    async def run():
        async with httpx.AsyncClient() as client:
            diarization_contract.watch(client)
            started = await client.post(diarization_server.endpoint, files={"file": ("a.wav", b"x")})
            await client.get(started.headers["x-location"])
    asyncio.run(run())

def test_own_reason(diarization_server, diarization_contract):
    diarization_server.respond(result=BROKEN, breaks_contract=True)
    with requests.Session() as session:
        assert talk(diarization_contract.watch(session), diarization_server) == "own reason"

def test_silent(diarization_contract):
    diarization_contract.watch(requests.Session())

def test_unused(diarization_contract):
    pass

def test_in_a_fixture(diarization_server, watched):
    diarization_server.respond(result=BROKEN, breaks_contract=True)
    assert talk(watched, diarization_server) == "done"

class Case(unittest.TestCase):
    @pytest.fixture(autouse=True)
    def ask(self, diarization_server, diarization_contract):
        self.server = diarization_server
        self.contract = diarization_contract

    def test_case(self):
        self.server.respond(result=BROKEN, breaks_contract=True)
        with requests.Session() as session:
            self.assertEqual(talk(self.contract.watch(session), self.server), "done")
"""

NEWEST = """
import pytest
import requests

@pytest.mark.diarization_profile("5.0")
def test_cancelled(diarization_server, diarization_contract):
    assert diarization_contract.profile == "5.0"
    diarization_server.respond(course={"polls": {"cancelled": 1}})
    with requests.Session() as session:
        diarization_contract.watch(session)
        started = session.post(diarization_server.endpoint, files={"file": ("a.wav", b"x")})
        assert session.get(started.headers["location"]).json()["task"]["state"] == "cancelled"
        assert session.get(started.headers["location"]).status_code == 404

def test_usual(diarization_contract):
    assert diarization_contract.profile == "auto"
"""

OWN = "def test_own(): pass\n"


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Callable[..., pytest.RunResult]:
    monkeypatch.setenv("no_proxy", "*")

    def start(code: str, *flags: str) -> pytest.RunResult:
        if code:
            pytester.makepyfile(code)
        return pytester.runpytest_inprocess("-p", "no:cacheprovider", "-W", "error", *flags)

    return start


@pytest.fixture
def served(serve: Callable[..., Any]) -> str:
    """URL of a fake whose tasks end at once."""
    return str(serve("--port", "0").url)


def test_the_plugin_imports_pytest_alone(pytester: pytest.Pytester) -> None:
    assert pytester.run(sys.executable, "-c", IMPORTED).outlines == ["['diarkit_mockserver']"]


def test_each_clause_is_an_item_beside_the_tests(run: Callable[..., pytest.RunResult], served: str) -> None:
    result = run(OWN, "--diarization-verify", served, "-v")
    outcomes = result.parseoutcomes()
    assert outcomes["passed"] > outcomes["skipped"]
    assert outcomes["passed"] + outcomes["skipped"] == len(NAMES) + 1
    result.stdout.fnmatch_lines_random([f"diarization-contract::{name} *" for name in NAMES])
    result.stdout.fnmatch_lines([f"*collected {len(NAMES) + 1} items"])


@pytest.mark.parametrize(
    ("flags", "count"), [(("-k", "task.legal-steps"), 1), (("-m", "diarization_contract"), len(NAMES))]
)
def test_items_are_chosen_like_tests(
    run: Callable[..., pytest.RunResult], served: str, flags: tuple[str, ...], count: int
) -> None:
    result = run(OWN, "--diarization-verify", served, "--strict-markers", "--collect-only", "-q", *flags)
    assert sum(line.startswith("diarization-contract::") for line in result.outlines) == count
    assert not any("test_own" in line for line in result.outlines)


def test_collecting_sends_nothing(run: Callable[..., pytest.RunResult]) -> None:
    result = run("", "--diarization-verify", "http://127.0.0.1:1", "--collect-only", "-q")
    assert [line for line in result.outlines if "::" in line] == [f"diarization-contract::{name}" for name in NAMES]


@pytest.mark.slow
@pytest.mark.parametrize("processes", [(), ("-n", "2")])
def test_a_server_is_asked_once_whatever_the_processes(
    run: Callable[..., pytest.RunResult], diarization_server: Any, processes: tuple[str, ...]
) -> None:
    outcomes = run("", "--diarization-verify", diarization_server.url, *processes).parseoutcomes()
    assert "failed" not in outcomes
    assert outcomes["passed"] + outcomes["skipped"] == len(NAMES)
    assert len(diarization_server.submissions) == UPLOADS_IN_LITE


@pytest.mark.slow
def test_a_broken_clause_fails_with_its_finding_and_nothing_of_our_code(
    run: Callable[..., pytest.RunResult], diarization_server: Any, pytester: pytest.Pytester
) -> None:
    broken = {"channels": [{"channel_number": 0, "speakers_count": 1, "segments": []}]}
    diarization_server.respond(result=broken, breaks_contract=True, times=100)
    result = run("", "--diarization-verify", diarization_server.url, "--junitxml", "junit.xml")
    result.stdout.fnmatch_lines(
        ["*_ clause result.count-is-ids _*", "error: result.count-is-ids  row-01*", "  expected *", "  seen *"]
    )
    assert not any("contract_items.py" in line for line in result.outlines if not line.startswith("SKIPPED"))
    cases = ET.parse(pytester.path / "junit.xml").getroot().iter("testcase")  # noqa: S314 - pytest's own
    failed = {(case.get("classname"), case.get("name")) for case in cases if case.find("failure") is not None}
    assert ("diarization-contract", "result.count-is-ids") in failed


def test_the_traffic_of_a_test_is_held_against_the_generation_that_it_names(
    run: Callable[..., pytest.RunResult],
) -> None:
    run(NEWEST).assert_outcomes(passed=2)


@pytest.mark.slow
def test_a_server_that_does_not_answer_fails_the_items_of_the_run_and_skips_the_clauses(
    run: Callable[..., pytest.RunResult],
) -> None:
    result = run("", "--diarization-verify", "http://127.0.0.1:1")
    result.assert_outcomes(failed=3, skipped=len(NAMES) - 3)
    result.stdout.fnmatch_lines(["*http://127.0.0.1:1 does not answer: *"])


def test_what_is_no_url_is_refused_before_anything_runs(run: Callable[..., pytest.RunResult]) -> None:
    result = run(OWN, "--diarization-verify", "platform:8000")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["ERROR: --diarization-verify: expected a URL such as http://127.0.0.1:8000, got 'platform:8000'"]
    )


@pytest.mark.slow
def test_the_traffic_of_a_test_is_judged_as_a_part_of_it(run: Callable[..., pytest.RunResult]) -> None:
    result = run(WATCH, "-rfE")
    result.assert_outcomes(passed=3, failed=5, errors=1)
    told = [line.split()[1] for line in result.outlines if line.startswith(("FAILED", "ERROR "))]
    failed = {name.partition("::")[2] for name in told}
    assert failed == {
        "test_broken",
        "test_broken_async",
        "test_own_reason",
        "test_silent",
        "test_in_a_fixture",
        "Case::test_case",
    }
    result.stdout.fnmatch_lines(["E *AssertionError: assert 'done' == 'own reason'"])
    result.stdout.fnmatch_lines(
        ["*ContractError: http://127.0.0.1:* violates the contract (*):", "*error: result.count-is-ids"]
    )
    assert not any("checking.py" in line or "contract_plugin.py" in line for line in result.outlines)
    assert "RuntimeError" not in result.stdout.str(), "each failed for what it sent"


MISSING = """
import pytest

def test_the_fixture(diarization_contract):
    raise AssertionError("not reached")

def test_the_strategies():
    with pytest.raises(ImportError) as raised:
        import diarkit_mockserver.strategies
    assert "hypothesis is not installed: pip install 'diarkit[verify]'" in str(raised.value)
    with pytest.raises(ImportError, match="hypothesis is not installed: pip install 'diarkit.verify.'"):
        import diarkit_fixtures.strategies.segments
"""


def test_a_library_that_is_missing_is_one_line(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    hidden = ("jsonschema", "httpx", "hypothesis")
    pytester.makepyfile(test_it=MISSING, hide=f"import sys\nsys.modules.update(dict.fromkeys({hidden}))")
    pytester.syspathinsert()
    flags = ("-p", "hide", "-p", "no:cacheprovider", "-p", "diarkit_mockserver.harness.plugin")
    ran = pytester.runpytest_subprocess(*flags)
    ran.assert_outcomes(errors=1, passed=1)
    ran.stdout.fnmatch_lines(["jsonschema is not installed: pip install 'diarkit[[]verify]'"])
    ran.stdout.no_fnmatch_line("*Traceback*")
    for option in ("--diarization-verify=http://127.0.0.1:9", "--diarization-coverage"):
        ran = pytester.runpytest_subprocess(*flags, option)
        assert ran.ret == pytest.ExitCode.USAGE_ERROR
        ran.stderr.fnmatch_lines([f"ERROR: {option.partition('=')[0]}: jsonschema is not installed: pip install *"])
