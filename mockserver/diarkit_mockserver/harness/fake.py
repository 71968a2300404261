"""A running fake on which each test gets a world of its own: started in this process, or found at a URL. Knows no test."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from diarkit_mockserver.control import calls
from diarkit_mockserver.control.client import Control, NearControl, find_control
from diarkit_mockserver.control.orders import NewWorld
from diarkit_mockserver.harness.live import LiveServer
from diarkit_mockserver.harness.server import DiarizationServer
from diarkit_mockserver.scenario.model import Scenario
from diarkit_mockserver.serving.front import PLAIN, Front
from diarkit_mockserver.serving.server import ServerThread, bind
from diarkit_mockserver.world.platform import Platform
from diarkit_mockserver.world.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from diarkit_mockserver.control.client import Sender
    from diarkit_mockserver.control.views import CoverageView
    from diarkit_mockserver.scenario.dialect import Generation


class Fake:
    """A running server on which each test gets a world of its own.

    Args:
        url: of a server that runs already; by default one is started in a thread of this process.
        token: that this server asks for, if it does.
        nonce: what it must answer when it is asked which server it is.
        prefix: of the names of all worlds opened here, where others open worlds too; ids do not follow from it.
        front: what stands before a server that is started.
        cacert: certificates to trust (PEM) at a URL; by default the system's.
        count: takes what each world's client met of all that can be met, when it ends; None if nobody asks.

    Raises:
        ConnectionError: if another server answers at the URL.
    """

    def __init__(  # noqa: PLR0913 - a server here or one elsewhere, and how its worlds are set, in one call
        self,
        url: str | None = None,
        *,
        token: str | None = None,
        nonce: str | None = None,
        prefix: str = "",
        front: Front = PLAIN,
        cacert: Path | None = None,
        count: Callable[[CoverageView], None] | None = None,
    ) -> None:
        self.profile: Generation | None = None
        """Of worlds whose scenario names none; None for that of the server."""
        self.scenario: Scenario | None = None
        """What worlds are told that are told nothing of their own."""
        self._prefix = prefix
        self._count = count
        self._opened = 0
        self._thread: ServerThread | None = None
        self.control: Sender
        """Takes calls to it: in this process without HTTP."""
        if url is None:
            platform = Platform(World(), control_token=token)
            self._thread = ServerThread(platform, bind("127.0.0.1", 0), front)
            url, token = self._thread.url, platform.reveal_token
            self.control = NearControl(url, platform, self._thread.call)
        else:
            self.control = Control(url, token, cacert=cacert)
        self.url = url
        """Base URL; the default world's."""
        self.token = token
        """What the server may ask for."""
        ready = self.control.send(calls.read_ready())
        self.nonce = ready.nonce
        """What tells this server from others at the same address."""
        if nonce not in (None, ready.nonce):
            self.stop()
            raise ConnectionError(f"another server answers at {url}: expected the nonce {nonce}, got {ready.nonce}")

    def open_world(
        self,
        name: str,
        scenario: Scenario | None = None,
        *,
        frozen: bool = False,
        epoch: int | None = None,
        ids_from: str | None = None,
    ) -> DiarizationServer:
        """Make a world.

        Args:
            name: unique on this server, and the same in each run, as ids follow from it; fit for a URL's path.
            scenario: what the world is told; by default every task is done at the first poll.
            frozen: its time stands still until it is moved or resumed.
            epoch: the date at its beginning, in seconds since 1970 UTC.
            ids_from: what its ids follow from, instead of the name.
        """
        told = scenario or self.scenario or Scenario(course="immediate")
        if self.profile is not None and told.profile is None:
            told = replace(told, profile=self.profile)
        new = NewWorld(
            name=self._prefix + name,
            scenario=told,
            frozen=frozen,
            epoch=epoch,
            ids_from=ids_from or name,
            counted=self._count is not None,
        )
        opened = self.control.send(calls.open_world(new))
        return DiarizationServer(self.control, opened.name, self._count, elsewhere=opened.elsewhere)

    @contextlib.contextmanager
    def world(self, scenario: Scenario | None = None, *, frozen: bool = False) -> Generator[DiarizationServer]:
        """Make a world for a while, as for each example of a Hypothesis test; the same scenario gives the same ids.

        Args:
            scenario: what the world is told; by default every task is done at the first poll.
            frozen: its time stands still until it is moved or resumed.
        """
        self._opened += 1
        server = self.open_world(f"world-{self._opened}", scenario, frozen=frozen, ids_from="world")
        try:
            yield server
        finally:
            server.close()

    def stop(self) -> None:
        """End the server and its thread, if it was started here; let go of it, if not."""
        self.control.close()
        if self._thread is not None:
            self._thread.stop()


def find_fake(
    url: str,
    *,
    token: str | None = None,
    prefix: str = "",
    cacert: Path | None = None,
    count: Callable[[CoverageView], None] | None = None,
) -> Fake | None:
    """Find out whether a fake answers at a URL; None for every other server, and for none at all."""
    found = find_control(url, token, cacert=cacert)
    if found is None:
        return None
    control, ready = found
    control.close()
    return Fake(url, token=token, nonce=ready.nonce, prefix=prefix, cacert=cacert, count=count)


class DiarizationServerFactory:
    """Makes further servers in one test: worlds of their own, beside the one that the test has.

    Args:
        fake: where; a URL stands for another server, which has no worlds.
        name: from which theirs are made.
    """

    def __init__(self, fake: Fake | str, name: str) -> None:
        self._fake = fake
        self._name = name
        self.opened: list[DiarizationServer] = []
        """What was made, until it is closed."""

    def __call__(
        self, scenario: Scenario | str | Path | None = None, *, frozen: bool = False, epoch: int | None = None
    ) -> DiarizationServer:
        """Make a server.

        Args:
            scenario: what it is told, or the file with it; by default every task is done at the first poll.
            frozen: its time stands still until it is moved or resumed.
            epoch: the date at its beginning, in seconds since 1970 UTC.

        Raises:
            UnavailableError: if the server under test is not the fake.
        """
        if isinstance(self._fake, str):
            LiveServer(self._fake).make_another()
        if isinstance(scenario, (str, Path)):
            from diarkit_mockserver.scenario.load import load_scenario  # noqa: PLC0415 - only those who have a file pay for it

            scenario = load_scenario(Path(scenario))
        name = f"{self._name}-{len(self.opened) + 1}"
        server = self._fake.open_world(name, scenario, frozen=frozen, epoch=epoch)
        self.opened.append(server)
        return server

    def close(self) -> None:
        """Close all that was made."""
        while self.opened:
            self.opened.pop().close()
