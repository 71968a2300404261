"""Tests against another server: an unsuitable one ends the run, operations that require the fake skip the test.

Imported only for a run with the URL of a server.
"""

from __future__ import annotations

from collections.abc import Generator

import pytest

from diarkit_mockserver.harness.live import UnavailableError, find_fault
from diarkit_mockserver.harness.plugin import FAIL_ON_SKIP, find_cacert, find_url


def pytest_sessionstart(session: pytest.Session) -> None:
    """Refuse a server that does not answer, or has another API, before the first test."""
    config = session.config
    if (url := find_url(config)) is None or hasattr(config, "workerinput") or config.option.collectonly:
        return
    if (fault := find_fault(url, find_cacert(config))) is not None:
        raise pytest.UsageError(f"--diarization-url {url}: {fault}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Report a test that requires the fake as skipped, with location and reason."""
    report = yield
    error = None if call.excinfo is None else call.excinfo.value
    if isinstance(error, UnavailableError) and not item.config.getoption(FAIL_ON_SKIP):
        report.outcome = "skipped"
        report.longrepr = (str(item.path), (item.location[1] or 0) + 1, f"Skipped: {error}")
    return report
