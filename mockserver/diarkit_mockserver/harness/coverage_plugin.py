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
SENT: Final = "diarization_coverage"
"""Key by which a pytest-xdist worker sends its coverage."""

FORMS: Final = ("html", "md", "json")


class Collected:
    """The coverage of ended worlds."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        """Why the session fails: files that were not written, a coverage that is too low."""
        self.sets: tuple[set[str], set[str], set[str]] = (set(), set(), set())
        """Ids of points met, those met without conduct findings, and generations."""

    def add(self, view: CoverageView) -> None:
        """Add the coverage of one world."""
        self.add_sets((view.met, view.behaved, (view.generation,)))

    def add_sets(self, others: Any) -> None:
        """Add the coverage of another process."""
        for own, other in zip(self.sets, others, strict=True):
            own.update(other)

    @property
    def tally(self) -> Tally:
        """The coverage as a tally."""
        from diarkit_contracts.coverage.points import Tally  # noqa: PLC0415 - imported on first use

        return Tally(*map(frozenset, self.sets))


COLLECTED: Final = pytest.StashKey[Collected]()


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
    for form, file in _list_files(config):
        if form not in FORMS:
            forms = ", ".join(f"{one}:FILE" for one in FORMS)
            raise pytest.UsageError(f"{OPTION}: expected {forms}, got {form!r} (files to test come before it)")
        if problem := explain_unwritable(Path(file)):
            raise pytest.UsageError(f"{OPTION}: {problem}")
    config.stash[COLLECTED] = Collected()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Add the coverage of a pytest-xdist worker."""
    collected: Collected | None = node.config.stash.get(COLLECTED, None)
    sent = getattr(node, "workeroutput", {}).get(SENT)
    if collected is not None and sent is not None:
        collected.add_sets(sent)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Send the coverage to the controller, or write it and fail the session if it is too low."""
    config = session.config
    collected = config.stash.get(COLLECTED, None)
    if collected is None:
        return
    output: dict[str, Any] | None = getattr(config, "workeroutput", None)
    if output is not None:
        output[SENT] = [sorted(each) for each in collected.sets]
        return
    from diarkit_mockserver.harness.plays import report_coverage  # noqa: PLC0415 - imported on first use

    for form, file in _list_files(config):
        try:
            Path(file).write_text(report_coverage(form, collected.tally), encoding="utf-8")
        except OSError as error:
            collected.problems = [f"can't write {file}: {error.strerror}"]
    if collected.tally.percent < (least := config.getoption(f"{OPTION}-min") or 0):
        collected.problems.append(f"less than the {least:g} % required by {OPTION}-min")
    if collected.problems and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the coverage, and the most useful points to cover next."""
    collected = config.stash.get(COLLECTED, None)
    if collected is None:
        return
    from diarkit_mockserver.harness.plays import report_coverage  # noqa: PLC0415 - imported on first use

    terminalreporter.section("contract coverage")
    terminalreporter.write(report_coverage("text", collected.tally))
    for problem in collected.problems:
        terminalreporter.line(problem, red=True)


def _list_files(config: pytest.Config) -> list[tuple[str, str]]:
    wanted = str(config.getoption(OPTION) or "")
    pairs = (one.partition(":") for one in wanted.split(",") if one)
    return [(form, file or f"coverage.{form}") for form, _, file in pairs]
