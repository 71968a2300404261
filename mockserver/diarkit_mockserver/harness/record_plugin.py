"""Record a live platform while tests run against it, and replay the recording without its URL.

Imported only for a run with `--diarization-record`.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click
import pytest

from diarkit_contracts.api.words import count
from diarkit_contracts.commands.target_flags import Access, blame_connection, read_way
from diarkit_contracts.exchanges.redaction import Redaction
from diarkit_contracts.target.client import UnreachableError
from diarkit_contracts.target.transport import HttpTransport
from diarkit_fixtures.errors import MissingExtraError
from diarkit_fixtures.texts.write import explain_unwritable
from diarkit_mockserver.forward.gateway import Gateway
from diarkit_mockserver.forward.live import Live
from diarkit_mockserver.forward.recorder import Recorder
from diarkit_mockserver.forward.witness import Witness
from diarkit_mockserver.harness.plugin import RECORD, RECORDING, REPLAY, find_cacert, find_url
from diarkit_mockserver.scenario.load import ScenarioError, load_scenario
from diarkit_mockserver.scenario.model import Scenario
from diarkit_mockserver.serving.server import ServerThread, bind
from diarkit_mockserver.world.platform import Platform
from diarkit_mockserver.world.world import World


class Recording:
    """A recording proxy in a thread of this process, and its part in the session.

    Raises:
        pytest.UsageError: the platform does not answer, or the file can't be written.
    """

    def __init__(self, url: str, path: Path, cacert: Path | None = None) -> None:
        if problem := explain_unwritable(path):
            raise _refuse(problem)
        try:
            with blame_connection():
                way = read_way(url, Access(cacert=cacert))
                asked = HttpTransport(way)
            asked.connect(way.url)
            asked.close()
        except click.UsageError as error:
            raise _refuse(error.format_message()) from None
        except (MissingExtraError, UnreachableError) as error:
            raise _refuse(error) from None
        self._path = path
        self._recorder = Recorder(Redaction(way.secrets).strike_url(way.url))
        self._witness = Witness(self._recorder, path)
        platform = Platform(World())
        gateway = Gateway(platform, Live(way), self._witness.see)
        self._thread = ServerThread(platform, bind("127.0.0.1", 0), gateway=gateway)
        self.url = self._thread.url
        """URL of the proxy."""

    def finish(self) -> str:
        """Write the file again if that failed; return why it fails."""
        try:
            self._witness.save()
        except OSError as error:
            return f"{self._path} can't be written: {error.strerror}"
        return ""

    def describe(self) -> str:
        """Describe the recorded answers, and missing ones."""
        if problem := self.finish():
            return problem
        unended = self._recorder.unended
        more = f"; {count(unended, 'task')} had not ended when last polled" if unended else ""
        return f"{self._path}: {count(len(self._recorder), 'answer')} recorded{more}"

    def close(self) -> None:
        """Stop the proxy; the file is complete already."""
        self._thread.stop()

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Fail the session if the recording can't be written."""
        if self.finish() and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Report the number of recorded answers."""
        terminalreporter.write_sep("-", "diarization recording")
        terminalreporter.write_line(self.describe())


def load_recorded(path: Path) -> Scenario:
    """Load a recorded scenario, with immediate answers instead of the platform's timing."""
    try:
        scenario = load_scenario(path)
    except OSError as error:
        raise _refuse(
            f"{path}: {error.strerror}; to record it, pass the platform's URL: --diarization-url URL"
        ) from None
    except ScenarioError as error:
        raise _refuse(error) from None
    rules = tuple(replace(rule, then=replace(rule.then, course=None)) for rule in scenario.rules)
    return replace(scenario, course="immediate", rules=rules)


def _refuse(problem: object) -> pytest.UsageError:
    return pytest.UsageError(f"{RECORD}: {problem}")


def pytest_sessionstart(session: pytest.Session) -> None:
    """Start the recording proxy, or load the recording; errors end the run before the first test."""
    config = session.config
    path, url = Path(str(config.getoption(RECORD))), find_url(config)
    if url is None:
        config.stash[REPLAY] = load_recorded(path)
        return
    if config.getoption("numprocesses", None):
        raise _refuse("recording requires a single process, without -n")
    recording = Recording(url, path, find_cacert(config))
    config.stash[RECORDING] = recording.url
    config.pluginmanager.register(recording)
    config.add_cleanup(recording.close)
