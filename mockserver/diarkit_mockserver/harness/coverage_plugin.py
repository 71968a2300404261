"""Contract coverage of the tests' clients: collected when worlds end, over all processes, and reported at the end.

Imports only pytest; everything else is imported on first use.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from diarkit_contracts.coverage.points import Tally
    from diarkit_mockserver.control.views import CoverageView

OPTION: Final = "--diarization-coverage"
COLLECTED: Final = "diarization_coverage"
"""Name by which the fixtures find the collected coverage, and key by which a pytest-xdist worker sends its own."""

FORMS: Final = ("html", "md", "json")


def read_percent(text: str) -> float:
    """Read the value of an option that is a share."""
    try:
        if 0 <= (percent := float(text)) <= 100:
            return percent
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"expected a number from 0 to 100, got {text!r}")


def find_missing(*libraries: str) -> str:
    """Return a message for a missing library of an extra; empty if all are installed."""
    from diarkit_fixtures.errors import MissingExtraError, require  # noqa: PLC0415 - imported on first use

    try:
        require(*libraries)
    except MissingExtraError as error:
        return str(error)
    return ""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options for the report and the minimum."""
    group = parser.getgroup("diarkit")
    group.addoption(
        OPTION,
        nargs="?",
        const="",
        metavar="FORM:FILE,...",
        help="report which of the API's possible answers the tests' clients have met, and the most useful missing ones; "
        "html:FILE, md:FILE and json:FILE write the complete report",
    )
    group.addoption(
        f"{OPTION}-min",
        type=read_percent,
        metavar="PERCENT",
        help=f"fail the session below this coverage; implies {OPTION}",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Start collecting, if enabled; refuse an invalid report format before anything runs."""
    if config.getoption(OPTION) is None and config.getoption(f"{OPTION}-min") is None:
        return
    from diarkit_fixtures.texts.write import explain_unwritable  # noqa: PLC0415 - imported on first use

    if missing := find_missing("jsonschema"):
        raise pytest.UsageError(f"{OPTION}: {missing}")
    pairs = (one.partition(":") for one in str(config.getoption(OPTION) or "").split(",") if one)
    files = [(form, Path(file or f"coverage.{form}")) for form, _, file in pairs]
    for form, file in files:
        if form not in FORMS:
            forms = ", ".join(f"{one}:FILE" for one in FORMS)
            raise pytest.UsageError(f"{OPTION}: expected {forms}, got {form!r} (files to test come before it)")
        if problem := explain_unwritable(file):
            raise pytest.UsageError(f"{OPTION}: {problem}")
    config.pluginmanager.register(Collected(files, config.getoption(f"{OPTION}-min") or 0), COLLECTED)


class Collected:
    """The coverage of ended worlds, and its part in the session."""

    def __init__(self, files: list[tuple[str, Path]], least: float) -> None:
        self._files = files
        self._least = least
        self._problems: list[str] = []
        """Why the session fails: files that were not written, a coverage that is too low."""
        self._sets: tuple[set[str], set[str], set[str]] = (set(), set(), set())
        """Ids of points met, those met without conduct findings, and generations."""

    def add(self, view: CoverageView) -> None:
        """Add the coverage of one world."""
        self._add_sets((view.met, view.behaved, (view.generation,)))

    def _add_sets(self, others: Any) -> None:
        for own, other in zip(self._sets, others, strict=True):
            own.update(other)

    @property
    def _tally(self) -> Tally:
        from diarkit_contracts.coverage.points import Tally  # noqa: PLC0415 - imported on first use

        return Tally(*map(frozenset, self._sets))

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Add the coverage of a pytest-xdist worker."""
        if (sent := getattr(node, "workeroutput", {}).get(COLLECTED)) is not None:
            self._add_sets(sent)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Send the coverage to the controller, or write it and fail the session if it is too low."""
        output: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
        if output is not None:
            output[COLLECTED] = [sorted(each) for each in self._sets]
            return
        from diarkit_mockserver.harness.plays import report_coverage  # noqa: PLC0415 - imported on first use

        for form, file in self._files:
            try:
                file.write_text(report_coverage(form, self._tally), encoding="utf-8")
            except OSError as error:
                self._problems.append(f"can't write {file}: {error.strerror}")
        if self._tally.percent < self._least:
            self._problems.append(f"less than the {self._least:g} % required by {OPTION}-min")
        if self._problems and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the coverage, and the most useful points to cover next."""
        from diarkit_mockserver.harness.plays import report_coverage  # noqa: PLC0415 - imported on first use

        terminalreporter.section("contract coverage")
        terminalreporter.write(report_coverage("text", self._tally))
        for problem in self._problems:
            terminalreporter.line(problem, red=True)
