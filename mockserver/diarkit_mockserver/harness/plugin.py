"""Fixtures for pytest. Imports pytest alone; everything else is imported when a test asks for it."""

from __future__ import annotations

import hashlib
import os
import secrets
from typing import TYPE_CHECKING, Any

import pytest

from diarkit_mockserver.harness.coverage_plugin import COLLECTED
from diarkit_mockserver.harness.live_plugin import find_url

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diarkit_fixtures.samples.cache import SampleCache
    from diarkit_mockserver.harness.fake import DiarizationServerFactory, Fake
    from diarkit_mockserver.harness.live import LiveServer
    from diarkit_mockserver.harness.server import DiarizationServer
    from diarkit_mockserver.scenario.model import Scenario

pytest_plugins = [f"diarkit_mockserver.harness.{name}_plugin" for name in ("contract", "coverage", "live")]

SHARED = "diarization_shared"
"""Under which the processes of pytest-xdist are told the one server for all."""

ROOT_NAME = "diarization_root"
"""Of the setting."""

STRICT_NAME = "diarization_strict"
"""Of the marker and of the setting."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer the URL of another server to test against, and one server for all processes."""
    group = parser.getgroup("diarkit", "fake Speaker Diarization server")
    group.addoption(
        "--diarization-url",
        metavar="URL",
        help="run the tests that use diarization_server against this server instead of a fake of their own; "
        "a fake there (diarkit serve) asks for the token in DIARKIT_CONTROL_TOKEN, if it has one",
    )
    group.addoption(
        "--diarization-shared",
        action="store_true",
        help="with pytest-xdist: one fake for all processes, instead of one for each",
    )
    parser.addini(ROOT_NAME, "give each test a server of its own at the root of a port", type="bool", default=False)
    parser.addini(STRICT_NAME, "reject what is no audio, as the platform does", type="bool", default=False)
    parser.addini("diarization_url", "the same as --diarization-url, which counts before it", type="string", default="")


def pytest_configure(config: pytest.Config) -> None:
    """Name the marker."""
    config.addinivalue_line("markers", f"{STRICT_NAME}: what is no audio is rejected by diarization_server")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Start the one fake for all processes before the first of them, and tell each where it is."""
    config: pytest.Config = node.config
    if not config.getoption("--diarization-shared"):
        return
    fake: Fake | None = getattr(config, SHARED, None)
    if fake is None:
        from diarkit_mockserver.harness.fake import Fake as StartedFake  # noqa: PLC0415 - costs nothing until used

        fake = StartedFake(worlds_only=True)
        setattr(config, SHARED, fake)
        config.add_cleanup(fake.stop)  # for a session that does not come to its end
    node.workerinput[SHARED] = [fake.url, fake.nonce, f"{node.gateway.id}-"]


@pytest.fixture(scope="session")
def diarization_recordings(tmp_path_factory: pytest.TempPathFactory) -> SampleCache:
    """The recordings with known truth, by name: `.data`, `.truth`, `.path`; each is made once in a session."""
    from diarkit_fixtures.samples.cache import SampleCache as MadeCache  # noqa: PLC0415 - costs nothing until used

    return MadeCache(tmp_path_factory.mktemp("diarkit-recordings"))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """End the one fake for all processes, after them."""
    fake: Fake | None = getattr(session.config, SHARED, None)
    if fake is not None:
        fake.stop()


@pytest.fixture(scope="session")
def diarization_url(pytestconfig: pytest.Config) -> str | None:
    """URL of the server to test against, without a slash at the end; None for a fake of our own."""
    return find_url(pytestconfig)


@pytest.fixture(scope="session")
def diarization_fake(pytestconfig: pytest.Config, diarization_url: str | None) -> Iterator[Fake | LiveServer]:
    """The server of this session, with a world for each test; a test that asks for a world on another server is skipped."""
    from diarkit_mockserver.harness.fake import Fake, find_fake  # noqa: PLC0415 - costs nothing until used
    from diarkit_mockserver.harness.live import LiveServer  # noqa: PLC0415

    shared: list[str] | None = getattr(pytestconfig, "workerinput", {}).get(SHARED)
    collected = pytestconfig.stash.get(COLLECTED, None)
    count = None if collected is None else collected.add
    if diarization_url is not None:
        # Other runs may use this server too, and one that was killed may have left its worlds there.
        run = f"{secrets.token_hex(4)}-"
        token = os.environ.get("DIARKIT_CONTROL_TOKEN")
        fake = find_fake(diarization_url, token=token, prefix=run, count=count) or LiveServer(diarization_url)
    elif shared is not None:
        url, nonce, process = shared
        fake = Fake(url, nonce=nonce, prefix=process, count=count)
    else:
        fake = Fake(worlds_only=True, count=count)
    yield fake
    if isinstance(fake, Fake):
        fake.stop()


@pytest.fixture
def diarization_server(
    request: pytest.FixtureRequest, diarization_fake: Fake | LiveServer
) -> Iterator[DiarizationServer | LiveServer]:
    """A fake platform in its first state: nothing asked, nothing told.

    Every task is done at its first poll, also that of a file that is no audio, which counts as a minute of it. The marker
    `diarization_strict`, and the setting of this name, have such a file rejected, as the platform does.
    """
    from diarkit_mockserver.harness.fake import start_at_root  # noqa: PLC0415 - costs nothing until used
    from diarkit_mockserver.harness.live import LiveServer  # noqa: PLC0415

    if isinstance(diarization_fake, LiveServer):
        yield diarization_fake
        return
    if request.config.getini(ROOT_NAME):
        server = start_at_root(_choose_scenario(request))
    else:
        server = diarization_fake.open_world(_name_world(request), _choose_scenario(request))
    yield server
    server.close()


@pytest.fixture
def diarization_server_factory(
    request: pytest.FixtureRequest, diarization_fake: Fake | LiveServer
) -> Iterator[DiarizationServerFactory]:
    """Makes further fake platforms, each a world of its own; they end with the test."""
    from diarkit_mockserver.harness.fake import DiarizationServerFactory  # noqa: PLC0415 - costs nothing until used

    factory = DiarizationServerFactory(diarization_fake, _name_world(request), _choose_scenario(request))
    yield factory
    factory.close()


def _choose_scenario(request: pytest.FixtureRequest) -> Scenario:
    """Choose what a test's server is told before the test says anything."""
    from diarkit_mockserver.harness.fake import LENIENT, STRICT  # noqa: PLC0415 - costs nothing until used

    is_strict = request.config.getini(STRICT_NAME) or request.node.get_closest_marker(STRICT_NAME) is not None
    return STRICT if is_strict else LENIENT


def _name_world(request: pytest.FixtureRequest) -> str:
    """Name a test's world so that the same test gets the same ids in every run, alone or among others."""
    return hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:12]
