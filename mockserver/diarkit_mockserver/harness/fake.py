"""A running fake with a separate world for each test: started in this process, or found at a URL."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable, Generator
from dataclasses import replace
from pathlib import Path
from typing import Final, Self

from diarkit_contracts.api.points import Generation
from diarkit_mockserver.clock import Clock
from diarkit_mockserver.control import calls
from diarkit_mockserver.control.client import Control, NearControl, Sender, find_control
from diarkit_mockserver.control.orders import NewWorld
from diarkit_mockserver.control.views import CoverageView
from diarkit_mockserver.harness.live import LiveServer, UnavailableError
from diarkit_mockserver.harness.server import DiarizationServer
from diarkit_mockserver.intake.submission import Media
from diarkit_mockserver.scenario.load import ScenarioLike, read_scenario
from diarkit_mockserver.scenario.model import Scenario
from diarkit_mockserver.scenario.setup import put_under
from diarkit_mockserver.serving.front import PLAIN, Front
from diarkit_mockserver.serving.server import ServerThread, bind
from diarkit_mockserver.world.platform import Platform
from diarkit_mockserver.world.world import World

STRICT: Final = Scenario(course="immediate", media=Media(undecodable="reject"))
"""Every task is done at its first poll; files that are not audio are rejected, as by the platform."""

LENIENT: Final = replace(STRICT, media=Media(undecodable="assume"))
"""Default scenario of a test's server: every task is done at its first poll. A file that is not audio, such as `b"fake audio"`, counts
as a minute of it; likewise in other scenarios that leave `media.undecodable` unset."""


OUTSIDE: Final = (
    "the request lost the path of its server's URL (/worlds/...), which urljoin and base URLs drop for a path that begins with a slash: "
    "concatenate the URLs, or use a server at the root: diarization_server_factory(root=True), or the setting diarization_root"
)


class Fake:
    """A running server with a separate world for each test: for unittest, scripts and notebooks as well as pytest.

        import unittest
        from urllib.request import urlopen

        from diarkit_mockserver.testing import Fake

        class TestMyClient(unittest.TestCase):
            @classmethod
            def setUpClass(cls):
                cls.fake = Fake()
                cls.addClassCleanup(cls.fake.stop)

            def setUp(self):
                self.server = self.enterContext(self.fake.world())

            def test_version(self):
                self.assertEqual(urlopen(self.server.url + "/api/system/info").status, 200)
                self.assertEqual(self.server.conduct(), ())

    In a script; in the cells of a notebook `open_world`, and later `close` and `stop`:

        with Fake() as fake, fake.world() as server:
            server.respond(failed="Out of memory.")  # then let the client run against server.url
            print(server.report())

    Args:
        url: of a running server; by default one is started in a thread of this process.
        token: of that server, if required.
        nonce: expected identity of that server.
        worlds_only: whether requests outside of all worlds are answered with 404 and the reason.
        prefix: of the names of all worlds opened here, if others open worlds too; ids do not depend on it.
        front: of a started server, and of tests' servers at the root.
        cacert: trusted certificates (PEM); default the system's.
        count: receives the coverage of each world when it ends; None to collect none.

    Raises:
        ConnectionError: if no fake, or another one, answers at the URL.
    """

    def __init__(  # noqa: PLR0913 - a server here, or one elsewhere with all its marks
        self,
        url: str | None = None,
        *,
        token: str | None = None,
        nonce: str | None = None,
        prefix: str = "",
        worlds_only: bool = False,
        front: Front = PLAIN,
        cacert: Path | None = None,
        count: Callable[[CoverageView], None] | None = None,
    ) -> None:
        self.profile: Generation | None = None
        """Generation of worlds whose scenario names none; None for that of the server."""
        self.is_strict = False
        """Whether files that are not audio are rejected, unless the scenario sets it."""
        self.base = Scenario()
        """The base of each world's scenario, such as a learned platform."""
        self._prefix = prefix
        self._count = count
        self._opened = 0
        self._mark = "" if url is None else f"{secrets.token_hex(4)}-"  # others may open worlds there
        self.front = front
        """The front end of servers started here."""
        self.elsewhere = False
        """Whether the user gave its URL, so that it is the server under test and no other is started."""
        self._thread: ServerThread | None = None
        self.control: Sender
        """Sends calls to it, in process without HTTP."""
        if url is None:
            platform = Platform(World(closed=OUTSIDE if worlds_only else ""), control_token=token)
            self._thread = ServerThread(platform, bind("127.0.0.1", 0), front)
            url, token = self._thread.url, platform.reveal_token
            self.control = NearControl(url, platform, self._thread.call)
        else:
            self.control = Control(url, token, cacert=cacert)
        self.url = url
        """Base URL; the default world's."""
        self.token = token
        """Token of the server."""
        try:
            ready = self.control.send(calls.read_ready())
        except OSError as error:
            raise ConnectionError(f"no fake answers at {url}: {error}") from None
        self.nonce = ready.nonce
        """Identity of the server."""
        if nonce not in (None, ready.nonce):
            self.stop()
            raise ConnectionError(f"another server answers at {url}: expected the nonce {nonce}, got {ready.nonce}")

    def __enter__(self) -> Self:
        """Return itself: `with Fake() as fake:` stops it at the end."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the server."""
        self.stop()

    def open_world(
        self,
        name: str,
        scenario: ScenarioLike | None = None,
        *,
        frozen: bool = False,
        epoch: int | None = None,
        ids_from: str | None = None,
    ) -> DiarizationServer:
        """Open a world.

        Args:
            name: unique on this server, and the same in each run, as ids depend on it; valid in a URL's path.
            scenario: of the world; default `LENIENT`.
            frozen: whether its time stands still until it is moved or resumed.
            epoch: the date at its beginning, in seconds since 1970 UTC.
            ids_from: seed of its ids, instead of the name.
        """
        base = self._base
        new = NewWorld(
            name=self._prefix + name, scenario=_read(scenario, base), frozen=frozen, epoch=epoch,
            ids_from=ids_from or name, counted=self._count is not None,
        )  # fmt: skip
        opened = self.control.send(calls.open_world(new))
        return DiarizationServer(self.control, opened.name, self._count, elsewhere=opened.elsewhere, base=base)

    def open_root(
        self, scenario: ScenarioLike | None = None, *, frozen: bool = False, epoch: int | None = None
    ) -> DiarizationServer:
        """Start a server in this process with one world, at the root, until it is closed. Its ids are reproducible.

        Args:
            scenario: of the world; default `LENIENT`.
            frozen: whether its time stands still until it is moved or resumed.
            epoch: the date at its beginning, in seconds since 1970 UTC.

        Raises:
            UnavailableError: if this fake runs elsewhere.
        """
        if self.elsewhere:
            raise UnavailableError(
                f"only a fake in this process can be at the root; the server under test is {self.url}"
            )
        base = self._base
        world = World(scenario=_read(scenario, base), clock=Clock(frozen=frozen, epoch=epoch))
        if self._count is not None:
            from diarkit_mockserver.journal.coverage import Coverage  # noqa: PLC0415 - clauses and rows, only for coverage

            world.journal.keeper = Coverage()
        platform = Platform(world)
        thread = ServerThread(platform, bind("127.0.0.1", 0), self.front)
        return DiarizationServer(
            NearControl(thread.url, platform, thread.call), "", self._count, stop=thread.stop, base=base
        )

    @contextlib.contextmanager
    def world(self, scenario: ScenarioLike | None = None, *, frozen: bool = False) -> Generator[DiarizationServer]:
        """Open a world for the duration of the context, as for each example of a Hypothesis test; ids depend only on the scenario.

        Args:
            scenario: of the world; default `LENIENT`.
            frozen: whether its time stands still until it is moved or resumed.
        """
        self._opened += 1
        server = self.open_world(f"{self._mark}world-{self._opened}", scenario, frozen=frozen, ids_from="world")
        try:
            yield server
        finally:
            server.close()

    @property
    def _base(self) -> Scenario:
        undecodable = self.base.media.undecodable or ("reject" if self.is_strict else "assume")
        media = replace(self.base.media, undecodable=undecodable)
        return replace(self.base, profile=self.profile or self.base.profile, media=media)

    def stop(self) -> None:
        """Stop the server and its thread if it was started here, otherwise release it."""
        self.control.close()
        if self._thread is not None:
            self._thread.stop()


def _read(scenario: ScenarioLike | None, base: Scenario) -> Scenario:
    return put_under(LENIENT if scenario is None else read_scenario(scenario), base)


def find_fake(
    url: str,
    *,
    token: str | None = None,
    prefix: str = "",
    cacert: Path | None = None,
    count: Callable[[CoverageView], None] | None = None,
) -> Fake | None:
    """Return the fake at a URL; None for another or no server."""
    found = find_control(url, token, cacert=cacert)
    if found is None:
        return None
    found[0].close()
    fake = Fake(url, token=token, nonce=found[1].nonce, prefix=prefix, cacert=cacert, count=count)
    fake.elsewhere = True
    return fake


class DiarizationServerFactory:
    """Makes further servers in one test, each a separate world.

    Args:
        fake: with the worlds; other servers have none.
        name: prefix of their names.
        scenario: their default.
    """

    def __init__(self, fake: Fake | LiveServer, name: str, scenario: Scenario = LENIENT) -> None:
        self._fake = fake
        self._scenario = scenario
        self._name = name
        self.opened: list[DiarizationServer] = []
        """The open servers."""

    def __call__(
        self,
        scenario: ScenarioLike | None = None,
        *,
        frozen: bool = False,
        epoch: int | None = None,
        root: bool = False,
    ) -> DiarizationServer:
        """Make a server.

        Args:
            scenario: of the server, also as the path of a file or as a dict; default `LENIENT`.
            frozen: whether its time stands still until it is moved or resumed.
            epoch: the date at its beginning, in seconds since 1970 UTC.
            root: whether to use a separate port, for clients that take host and port, or a base URL without a path; takes about 20 ms more.

        Raises:
            UnavailableError: if the server under test is not the fake.
        """
        if isinstance(self._fake, LiveServer):
            self._fake.make_another()
        name = f"{self._name}-{len(self.opened) + 1}"
        chosen = self._scenario if scenario is None else scenario
        if root:
            server = self._fake.open_root(chosen, frozen=frozen, epoch=epoch)
        else:
            server = self._fake.open_world(name, chosen, frozen=frozen, epoch=epoch)
        self.opened.append(server)
        return server

    def close(self) -> None:
        """Close all servers."""
        while self.opened:
            self.opened.pop().close()
