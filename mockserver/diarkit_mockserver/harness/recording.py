"""A live platform recorded while tests ask it, and the scenario of that as tests replay it. Knows no test."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from diarkit_contracts.api.words import count
from diarkit_contracts.commands.target_flags import Access, blame_connection, read_way
from diarkit_contracts.exchanges.redaction import Redaction
from diarkit_contracts.target.client import UnreachableError
from diarkit_contracts.target.transport import HttpTransport
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

    from diarkit_mockserver.scenario.model import Rule, Scenario


class BadRecordingError(FakeError):
    """Nothing can be recorded, or replayed."""


class Recording:
    """A proxy in a thread of this process that saves what it sees.

    Args:
        url: of the live platform.
        path: of the scenario.
        cacert: certificates to trust (PEM); None for the usual ones.

    Raises:
        BadRecordingError: the platform does not answer, or the file can't be written.
    """

    def __init__(self, url: str, path: Path, cacert: Path | None = None) -> None:
        if not path.absolute().parent.is_dir():
            raise BadRecordingError(f"expected a file in a folder that exists, got {path}")
        try:
            with blame_connection():
                way = read_way(url, Access(cacert=cacert))
                asked = HttpTransport(way.url, way.connection)
            asked.connect(way.url)
            asked.close()
        except click.UsageError as error:
            raise BadRecordingError(error.format_message()) from None
        except UnreachableError as error:
            raise BadRecordingError(str(error)) from None
        self._path = path
        self._recorder = Recorder(Redaction(way.secrets).strike_url(way.url))
        self._witness = Witness(self._recorder, path)
        platform = Platform(World())
        gateway = Gateway(platform, Live(way), self._witness.see)
        self._thread = ServerThread(platform, bind("127.0.0.1", 0), gateway=gateway)
        self.url = self._thread.url
        """Of the proxy."""

    def describe(self) -> str:
        """Say what is in the file, and what is not."""
        unended = self._recorder.unended
        more = f"; {count(unended, 'task')} had not ended at the last poll" if unended else ""
        return f"{self._path}: {count(len(self._recorder), 'answer')} recorded{more}"

    def close(self) -> None:
        """End the proxy; all that was recorded is in the file already."""
        self._thread.stop()


def load_recorded(path: Path) -> Scenario:
    """Load what was recorded, with answers that come at once: nobody waits in a test as long as the platform took.

    Raises:
        BadRecordingError: there is no such file, or it is no scenario.
    """
    try:
        scenario = load_scenario(path)
    except OSError as error:
        raise BadRecordingError(
            f"{path}: {error.strerror}; to record it, name the platform: --diarization-url URL"
        ) from None
    except ScenarioError as error:
        raise BadRecordingError(str(error)) from None
    return replace(scenario, course="immediate", rules=tuple(map(_hurry, scenario.rules)))


def _hurry(rule: Rule) -> Rule:
    return replace(rule, then=replace(rule.then, course=None))
