"""Rehearse the tests: under each point of an upgrade, and under each breakage of the fake.

Imports only pytest; everything else is imported on first use.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from diarkit_mockserver.harness.coverage_plugin import read_percent

if TYPE_CHECKING:
    from diarkit_mockserver.harness.rehearsal import Verdict

UPGRADE: Final = "--diarization-upgrade"
MUTATE: Final = "--diarization-mutate"
RESULTS: Final = "--diarization-rehearse"

CRASHES: Final = (ArithmeticError, AttributeError, LookupError, NameError, RecursionError, TypeError, ValueError)
"""Exceptions of code that makes wrong assumptions about a value."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the rehearsals, and the result file of their runs."""
    group = parser.getgroup("diarkit")
    group.addoption(
        UPGRADE,
        metavar="OLD:NEW",
        help="run the tests under generation OLD, under each point in which NEW differs, and under NEW, and report the points that break "
        "tests; such as 3.6:5.0",
    )
    group.addoption(
        MUTATE,
        action="store_true",
        help="run the tests under each named breakage of the fake, and report whether it is noticed, crashes the client, or is silently believed",
    )
    group.addoption(
        f"{MUTATE}-only",
        metavar="NAME,...",
        default="",
        help=f"with {MUTATE}: only breakages with this prefix, such as result",
    )
    group.addoption(
        f"{MUTATE}-min",
        type=read_percent,
        metavar="PERCENT",
        help=f"with {MUTATE}: fail if less than this share is noticed",
    )
    group.addoption(RESULTS, metavar="FILE", help=argparse.SUPPRESS)  # written by the runs of both


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """Run the tests in separate processes instead of here, if a rehearsal is requested."""
    if config.getoption(RESULTS) or not _is_requested(config):
        return None
    from diarkit_mockserver.harness import rehearsal  # noqa: PLC0415 - imported on first use

    given = [each for each in config.invocation_params.args if each != MUTATE]
    upgrade, only = config.getoption(UPGRADE), str(config.getoption(f"{MUTATE}-only"))
    try:
        variants = rehearsal.list_variants(upgrade, [each for each in only.split(",") if each])
    except ValueError as error:
        raise pytest.UsageError(f"{UPGRADE if upgrade else f'{MUTATE}-only'}: {error}") from None
    runs = rehearsal.run_variants(
        variants, list(map(str, given)), config.invocation_params.dir, lambda name: _tell(f"under {name}")
    )
    try:
        _, base = next(runs)
        verdicts = rehearsal.judge_runs(base, runs)
    except rehearsal.RehearsalError as error:
        raise pytest.UsageError(str(error)) from None
    except KeyboardInterrupt:
        _tell("interrupted")
        return int(pytest.ExitCode.INTERRUPTED)
    if not any(end.how == "passed" for end in base.values()):
        raise pytest.UsageError("no test passes without changes: run the tests without the rehearsal first")
    if failed := [name for name, end in base.items() if end.how not in ("passed", "skipped")]:
        _tell(f"skipped, as they fail without changes: {', '.join(failed)}")
    if config.getoption(MUTATE):
        return _report_mutations(verdicts, config.getoption(f"{MUTATE}-min") or 0)
    for line in rehearsal.describe_upgrade(verdicts):
        _tell(line)
    return int(pytest.ExitCode.TESTS_FAILED if any(each.broken for each in verdicts) else pytest.ExitCode.OK)


def _is_requested(config: pytest.Config) -> bool:
    upgrade, mutate = config.getoption(UPGRADE), config.getoption(MUTATE)
    for option in (f"{MUTATE}-only", f"{MUTATE}-min"):
        if config.getoption(option) not in (None, "") and not mutate:
            raise pytest.UsageError(f"{option} requires {MUTATE}")
    if (upgrade or mutate) and ((upgrade and mutate) or config.getoption("--diarization-as")):
        raise pytest.UsageError(f"expected one of {UPGRADE}, {MUTATE} and --diarization-as, got several")
    return bool(upgrade or mutate) and not config.option.collectonly


def _report_mutations(verdicts: list[Verdict], least: float) -> int:
    from diarkit_mockserver.harness.rehearsal import describe_mutations, rate_mutations  # noqa: PLC0415 - imported on first use

    for line in describe_mutations(verdicts):
        _tell(line)
    if all(each.word == "not met" for each in verdicts):
        _tell("nothing was tested: no passing test met a breakage; do the tests use diarization_server?")
        return int(pytest.ExitCode.NO_TESTS_COLLECTED)
    if rate_mutations(verdicts) >= least:
        return int(pytest.ExitCode.OK)
    _tell(f"less than the {least:g} % required by {MUTATE}-min")
    return int(pytest.ExitCode.TESTS_FAILED)


def _tell(line: str) -> None:
    """Print a line, as there is no terminal reporter yet."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def pytest_configure(config: pytest.Config) -> None:
    """Write the outcomes of tests, in a run of a rehearsal."""
    file = config.getoption(RESULTS)
    if file:
        config.pluginmanager.register(_Results(Path(file), hasattr(config, "workerinput")))


class _Results:
    """Writes the outcome of each test, line by line, as a hanging run is killed."""

    def __init__(self, path: Path, is_worker: bool) -> None:  # noqa: FBT001 - a fact, no mode
        self._path = path
        self._is_worker = is_worker

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Add to a report whether the client crashed, and whether the fake applied the change."""
        report = yield
        broke = call.excinfo is not None and _has_crashed(call.excinfo)
        # Its fakes are closed afterwards.
        met = call.when == "call" and self._has_met(item)
        report.user_properties.append(("diarkit", [broke, met]))
        return report

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Write the start of a test."""
        self._write(nodeid, "begins", met=True)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Write the outcome of a phase of a test."""
        properties: dict[str, Any] = dict(report.user_properties)
        broke, met = properties.get("diarkit", (False, False))
        how = "crashed" if report.failed and broke else report.outcome
        if report.when == "call" or report.outcome != "passed":
            self._write(report.nodeid, how, met=met)

    def _has_met(self, item: pytest.Item) -> bool:
        from diarkit_mockserver.harness.plugin import list_servers  # noqa: PLC0415 - pytest has to import it first

        return any(entry.faults for server in list_servers(item) for entry in server.journal)

    def _write(self, name: str, how: str, *, met: bool) -> None:
        if not self._is_worker:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps([name, how, met]) + "\n")


def _has_crashed(excinfo: pytest.ExceptionInfo[BaseException]) -> bool:
    """Return whether the exception was raised by Python or its library; those raised by client or test on purpose count as noticed."""
    kind, last = excinfo.type, excinfo.traceback[-1]
    if not issubclass(kind, CRASHES) or kind.__module__.partition(".")[0] not in sys.stdlib_module_names:
        return False
    is_library = (
        Path(last.path).is_relative_to(Path(os.__file__).parent) and "site-packages" not in Path(last.path).parts
    )
    return is_library or not str(last.statement).lstrip().startswith("raise")
