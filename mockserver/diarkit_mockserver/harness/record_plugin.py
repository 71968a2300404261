"""The option `--diarization-record`: tests of a live platform are recorded, and without its URL they get what was recorded.

Imports pytest alone; everything else is imported when the option is given.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from diarkit_mockserver.harness.recording import Recording
    from diarkit_mockserver.scenario.model import Scenario

OPTION = "--diarization-record"

RECORDING: pytest.StashKey[Recording] = pytest.StashKey()
REPLAY: pytest.StashKey[Scenario] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer to record, and to replay."""
    parser.getgroup("diarkit").addoption(
        OPTION,
        metavar="FILE",
        help="with --diarization-url: write a scenario with the answers of that server to this file; "
        "without: let the fake answer by this file, at once",
    )


def pytest_sessionstart(session: pytest.Session) -> None:
    """Stand before the server that is recorded, or read what was recorded; fail before the first test where that can't be."""
    config = session.config
    named = config.getoption(OPTION)
    if named is None:
        return
    from diarkit_mockserver.harness.recording import BadRecordingError, load_recorded  # noqa: PLC0415 - costs nothing until used
    from diarkit_mockserver.harness.recording import Recording as Started  # noqa: PLC0415

    url = config.getoption("--diarization-url") or config.getini("diarization_url")
    try:
        if not url:
            config.stash[REPLAY] = load_recorded(Path(named))
            return
        if config.getoption("numprocesses", None):
            raise pytest.UsageError(f"{OPTION}: one process records, without -n")
        config.stash[RECORDING] = recording = Started(url, Path(named), config.getoption("--diarization-cacert"))
    except BadRecordingError as error:
        raise pytest.UsageError(f"{OPTION}: {error}") from None
    config.add_cleanup(recording.close)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say what was recorded."""
    recording = config.stash.get(RECORDING, None)
    if recording is not None:
        terminalreporter.write_sep("-", "diarization recording")
        terminalreporter.write_line(recording.describe())
