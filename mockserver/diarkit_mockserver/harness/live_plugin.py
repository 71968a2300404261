"""Tests against another server: one that can't be tested against ends the run, what only the fake can do skips the test."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

FAIL_ON_SKIP = "--diarization-fail-on-skip"

TLS_NAME = "diarization_tls"
"""Of the setting: the fake's own certificate."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer to let no test go unnoticed, and to trust a server's certificates."""
    group = parser.getgroup("diarkit")
    group.addoption(
        "--diarization-cacert",
        metavar="FILE",
        help="trust these certificates (PEM) at the https URL of a server",
    )
    group.addoption(
        FAIL_ON_SKIP,
        action="store_true",
        help="let a test fail that asks of the server at --diarization-url what only the fake can do, instead of skipping it",
    )


def find_url(config: pytest.Config) -> str | None:
    """Find the URL of the server to test against, without a slash at the end; None for a fake of our own."""
    url: str = config.getoption("--diarization-url") or config.getini("diarization_url")
    return url.rstrip("/") or None


def find_cacert(config: pytest.Config) -> Path | None:
    """Find the certificates to trust: those that are named, or the fake's own for processes that share it."""
    named = config.getoption("--diarization-cacert")
    own: list[Path] = config.getini(TLS_NAME)
    return Path(named) if named else next(iter(own), None)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Refuse a server that does not answer, or that is no such API, before the first test."""
    config = session.config
    if (url := find_url(config)) is None or hasattr(config, "workerinput") or config.option.collectonly:
        return
    from diarkit_mockserver.harness.live import find_fault  # noqa: PLC0415 - costs nothing until used

    if (fault := find_fault(url, find_cacert(config))) is not None:
        raise pytest.UsageError(f"--diarization-url {url}: {fault}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Report a test as skipped, at its place and with the reason, where it asks of another server what only the fake can do."""
    report = yield
    live = sys.modules.get("diarkit_mockserver.harness.live")
    error = None if call.excinfo is None else call.excinfo.value
    if live is not None and isinstance(error, live.UnavailableError) and not item.config.getoption(FAIL_ON_SKIP):
        report.outcome = "skipped"
        report.longrepr = (str(item.path), (item.location[1] or 0) + 1, f"Skipped: {error}")
    return report
