"""Record tests against a live platform, and replay the recording without its URL.

Imported only for a run with `--diarization-record`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from diarkit_mockserver.harness.plugin import RECORD, RECORDING, REPLAY, find_cacert, find_url
from diarkit_mockserver.harness.recording import BadRecordingError, Recording, load_recorded


def pytest_sessionstart(session: pytest.Session) -> None:
    """Start the recording proxy, or load the recording; errors end the run before the first test."""
    config = session.config
    path, url = Path(str(config.getoption(RECORD))), find_url(config)
    try:
        if url is None:
            config.stash[REPLAY] = load_recorded(path)
            return
        if config.getoption("numprocesses", None):
            raise pytest.UsageError(f"{RECORD}: recording requires a single process, without -n")
        config.stash[RECORDING] = recording = Recording(url, path, find_cacert(config))
    except BadRecordingError as error:
        raise pytest.UsageError(f"{RECORD}: {error}") from None
    config.add_cleanup(recording.close)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail the session if the recording can't be written."""
    recording = session.config.stash.get(RECORDING, None)
    if recording is not None and recording.finish() and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Report the number of recorded answers."""
    recording = config.stash.get(RECORDING, None)
    if recording is not None:
        terminalreporter.write_sep("-", "diarization recording")
        terminalreporter.write_line(recording.describe())
