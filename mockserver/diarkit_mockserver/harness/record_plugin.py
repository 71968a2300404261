"""Tests of a live platform are recorded, and without its URL they get what was recorded.

Imported for a run with `--diarization-record` alone.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from diarkit_mockserver.harness.plugin import RECORD, RECORDING, REPLAY, find_cacert, find_url
from diarkit_mockserver.harness.recording import BadRecordingError, Recording, load_recorded


def pytest_sessionstart(session: pytest.Session) -> None:
    """Stand before the server that is recorded, or read what was recorded; fail before the first test where that can't be."""
    config = session.config
    path, url = Path(str(config.getoption(RECORD))), find_url(config)
    try:
        if url is None:
            config.stash[REPLAY] = load_recorded(path)
            return
        if config.getoption("numprocesses", None):
            raise pytest.UsageError(f"{RECORD}: one process records, without -n")
        config.stash[RECORDING] = recording = Recording(url, path, find_cacert(config))
    except BadRecordingError as error:
        raise pytest.UsageError(f"{RECORD}: {error}") from None
    config.add_cleanup(recording.close)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say what was recorded."""
    recording = config.stash.get(RECORDING, None)
    if recording is not None:
        terminalreporter.write_sep("-", "diarization recording")
        terminalreporter.write_line(recording.describe())
