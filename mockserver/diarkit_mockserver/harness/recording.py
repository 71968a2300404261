"""Record a live platform while tests run against it, and load the recorded scenario for replay."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from diarkit_contracts.api.words import count
from diarkit_contracts.commands.target_flags import Access, blame_connection, read_way
from diarkit_contracts.exchanges.redaction import Redaction
from diarkit_contracts.target.client import UnreachableError
from diarkit_contracts.target.transport import HttpTransport
from diarkit_fixtures.errors import MissingExtraError
from diarkit_fixtures.texts.write import explain_unwritable
from diarkit_mockserver.errors import FakeError
from diarkit_mockserver.forward.gateway import Gateway
from diarkit_mockserver.forward.live import Live
from diarkit_mockserver.forward.recorder import Recorder
from diarkit_mockserver.forward.witness import Witness
from diarkit_mockserver.scenario.load import ScenarioError, load_scenario
from diarkit_mockserver.serving.server import ServerThread, bind
from diarkit_mockserver.world.platform import Platform
from diarkit_mockserver.world.world import World

if TYPE_CHECKING:
    from pathlib import Path

    from diarkit_mockserver.scenario.model import Scenario


class BadRecordingError(FakeError):
    """Recording or replay is impossible."""


class Recording:
    """A recording proxy in a thread of this process.

    Raises:
        BadRecordingError: the platform does not answer, or the file can't be written.
    """

    def __init__(self, url: str, path: Path, cacert: Path | None = None) -> None:
        if problem := explain_unwritable(path):
            raise BadRecordingError(problem)
        try:
            with blame_connection():
                way = read_way(url, Access(cacert=cacert))
                asked = HttpTransport(way)
            asked.connect(way.url)
            asked.close()
        except click.UsageError as error:
            raise BadRecordingError(error.format_message()) from None
        except (MissingExtraError, UnreachableError) as error:
            raise BadRecordingError(str(error)) from None
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


def load_recorded(path: Path) -> Scenario:
    """Load a recorded scenario, with immediate answers instead of the platform's timing."""
    try:
        scenario = load_scenario(path)
    except OSError as error:
        raise BadRecordingError(
            f"{path}: {error.strerror}; to record it, pass the platform's URL: --diarization-url URL"
        ) from None
    except ScenarioError as error:
        raise BadRecordingError(str(error)) from None
    rules = tuple(replace(rule, then=replace(rule.then, course=None)) for rule in scenario.rules)
    return replace(scenario, course="immediate", rules=rules)
