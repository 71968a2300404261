"""Fixtures for pytest. Imports only pytest; everything else is imported on first use.

This module is long, as each module imported at pytest's start costs 5 ms.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Generator, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from diarkit_fixtures.samples.catalogue import SampleCache
    from diarkit_mockserver.harness.coverage_plugin import Collected
    from diarkit_mockserver.harness.fake import DiarizationServerFactory, Fake
    from diarkit_mockserver.harness.live import LiveServer
    from diarkit_mockserver.harness.server import DiarizationServer
    from diarkit_mockserver.scenario.model import Scenario
    from diarkit_mockserver.serving.front import Front

PARTS = ("contract", "coverage", "rehearsal")
"""Other modules of the plugin. Not in `pytest_plugins`, as pytest scans all installed packages for each name in it."""

FAIL_ON_SKIP = "--diarization-fail-on-skip"

RECORD = "--diarization-record"
RECORDING = pytest.StashKey[str]()
"""URL of the recording proxy in front of the server under test, if any."""

REPLAY: pytest.StashKey[Scenario] = pytest.StashKey()
"""The replayed recording, if any."""

SHARED = "diarization_shared"
"""Key by which pytest-xdist workers find the shared server."""

ROOT_NAME = "diarization_root"
"""Name of the setting."""

STRICT_NAME = "diarization_strict"
"""Name of the marker and the setting."""

OPENED = pytest.StashKey[list["Sequence[DiarizationServer]"]]()
"""The fakes made by a test's fixtures."""

MARKERS = (
    "diarization_profile(name): let the fake of this test answer as this generation, such as 5.0",
    f"{STRICT_NAME}: what is no audio is rejected by diarization_server",
)

FRONT = {
    "diarization_cors_origins": "origins whose pages may read the fake's answers in a browser (CORS), one per line; * for all",
    "diarization_tls": "serve TLS: a file with the certificate, and one with the key if it is separate (PEM)",
}


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Add the options and settings of the fixtures."""
    for part in PARTS:
        name = f"diarkit_mockserver.harness.{part}_plugin"
        pluginmanager.register(import_module(name), name)
    group = parser.getgroup("diarkit", "fake Speaker Diarization server")
    group.addoption(
        "--diarization-url",
        metavar="URL",
        help="run the tests that use diarization_server against this server instead of a separate fake; "
        "the token of a fake there (diarkit serve) is read from DIARKIT_CONTROL_TOKEN",
    )
    group.addoption(
        "--diarization-cacert", metavar="FILE", help="trust these certificates (PEM) at the https URL of a server"
    )
    group.addoption(
        FAIL_ON_SKIP,
        action="store_true",
        help="with --diarization-url: fail tests that require the fake, instead of skipping them",
    )
    group.addoption(
        RECORD,
        metavar="FILE",
        help="with --diarization-url: write a scenario with the answers of that server to this file; "
        "without: answer by this file, without delays",
    )
    group.addoption(
        "--diarization-shared",
        action="store_true",
        help="with pytest-xdist: use one fake for all workers, instead of one for each",
    )
    group.addoption(
        "--diarization-profile",
        choices=("3.6", "3.7", "5.0"),
        help="let the fake answer like this generation of the API; scenarios and markers override it",
    )
    group.addoption(
        "--diarization-as",
        metavar="FILE",
        help="let the fake answer like the platform observed in this file of `diarkit learn`; scenarios override it",
    )
    parser.addini(ROOT_NAME, "give each test a separate server at the root of a port", type="bool", default=False)
    parser.addini(STRICT_NAME, "reject files that are not audio, as the platform does", type="bool", default=False)
    parser.addini(
        "diarization_assert_all_used",
        "fail a test if an answer prepared with diarization_server.respond was not used",
        type="bool",
        default=False,
    )
    for name, text in FRONT.items():
        kind: Any = "linelist" if name == "diarization_cors_origins" else "paths"
        parser.addini(name, text, type=kind, default=[])
    parser.addini("diarization_url", "default of --diarization-url", type="string", default="")


def find_url(config: pytest.Config) -> str | None:
    """Return the URL of the server to test against, without a trailing slash; None for a fake."""
    url: str = config.getoption("--diarization-url") or config.getini("diarization_url")
    return url.rstrip("/") or None


def find_cacert(config: pytest.Config) -> Path | None:
    """Return the certificates to trust: the configured ones, or the fake's own for workers that share it."""
    named = config.getoption("--diarization-cacert")
    own: list[Path] = config.getini("diarization_tls")
    return Path(named) if named else next(iter(own), None)


def find_profile(request: pytest.FixtureRequest) -> str | None:
    """Return the generation named by a test or the run; None if neither does."""
    marker = request.node.get_closest_marker("diarization_profile")
    name: str | None = marker.args[0] if marker else request.config.getoption("--diarization-profile")
    return name


def pytest_configure(config: pytest.Config) -> None:
    """Declare the markers, and load the modules for some runs."""
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)
    _check_files(config)
    for name, is_asked in (("live", find_url(config) is not None), ("record", config.getoption(RECORD) is not None)):
        if is_asked:
            config.pluginmanager.import_plugin(f"diarkit_mockserver.harness.{name}_plugin")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Start the shared fake before the first worker, and pass its URL to each."""
    config: pytest.Config = node.config
    if not config.getoption("--diarization-shared"):
        return
    fake: Fake | None = getattr(config, SHARED, None)
    if fake is None:
        from diarkit_mockserver.harness.fake import Fake as StartedFake  # noqa: PLC0415 - imported on first use

        fake = StartedFake(worlds_only=True, front=_make_front(config))
        setattr(config, SHARED, fake)
    node.workerinput[SHARED] = [fake.url, fake.token, fake.nonce, f"{node.gateway.id}-"]


@pytest.fixture(scope="session")
def diarization_recordings(tmp_path_factory: pytest.TempPathFactory) -> SampleCache:
    """The recordings with known truth, by name: `.data`, `.truth`, `.path`; generated once per session."""
    from diarkit_fixtures.samples.catalogue import SampleCache as MadeCache  # noqa: PLC0415 - imported on first use

    return MadeCache(tmp_path_factory.mktemp("diarkit-recordings"))


@pytest.hookimpl(tryfirst=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the shared fake after all workers, also if the session is aborted."""
    fake: Fake | None = getattr(config, SHARED, None)
    if fake is not None:
        fake.stop()


@pytest.fixture(scope="session")
def diarization_url(pytestconfig: pytest.Config) -> str | None:
    """URL of the server to test against, without a trailing slash; None for a fake."""
    return pytestconfig.stash.get(RECORDING, None) or find_url(pytestconfig)


@pytest.fixture(scope="session")
def diarization_fake(pytestconfig: pytest.Config, diarization_url: str | None) -> Iterator[Fake | LiveServer]:
    """The server of this session; if it is not a fake, tests that need a world are skipped."""
    from diarkit_mockserver.harness.coverage_plugin import COLLECTED  # noqa: PLC0415 - pytest has to import it first
    from diarkit_mockserver.harness.fake import Fake, find_fake  # noqa: PLC0415 - imported on first use
    from diarkit_mockserver.harness.live import LiveServer  # noqa: PLC0415

    if diarization_url is not None and RECORDING in pytestconfig.stash:
        yield LiveServer(diarization_url)  # through the proxy, which is not a fake to test against
        return
    shared: list[str] | None = getattr(pytestconfig, "workerinput", {}).get(SHARED)
    collected: Collected | None = pytestconfig.pluginmanager.get_plugin(COLLECTED)
    count = None if collected is None else collected.add
    cacert = find_cacert(pytestconfig)
    if diarization_url is not None:
        # Other runs may use this server too, and a killed one may have left its worlds.
        run = f"{os.urandom(4).hex()}-"
        token = os.environ.get("DIARKIT_CONTROL_TOKEN")
        found = find_fake(diarization_url, token=token, prefix=run, cacert=cacert, count=count)
        fake = found or LiveServer(diarization_url)
    elif shared is not None:
        url, token, nonce, process = shared
        front = _make_front(pytestconfig)
        fake = Fake(url, token=token, nonce=nonce, prefix=process, front=front, cacert=cacert, count=count)
    else:
        fake = Fake(worlds_only=True, front=_make_front(pytestconfig), count=count)
    if isinstance(fake, Fake):
        fake.profile = pytestconfig.getoption("--diarization-profile")
        if learned := pytestconfig.getoption("--diarization-as"):
            from diarkit_mockserver.scenario.load import load_scenario  # noqa: PLC0415 - likewise

            fake.base = load_scenario(Path(learned))
    yield fake
    if isinstance(fake, Fake):
        fake.stop()


@pytest.fixture
def diarization_profile(request: pytest.FixtureRequest, diarization_fake: Fake | LiveServer) -> Iterator[str | None]:
    """The generation of this test's worlds, by marker or option; None for the server's own. Also sets whether they are strict."""
    from diarkit_mockserver.harness.live import LiveServer  # noqa: PLC0415 - imported on first use

    name: Any = find_profile(request)
    if isinstance(diarization_fake, LiveServer):
        yield name
        return
    usual, diarization_fake.profile = diarization_fake.profile, name
    diarization_fake.is_strict = _is_strict(request)
    yield name
    diarization_fake.profile, diarization_fake.is_strict = usual, False


@pytest.fixture
def diarization_server(
    request: pytest.FixtureRequest,
    diarization_fake: Fake | LiveServer,
    diarization_profile: str | None,  # noqa: ARG001 - it is set before the world is opened
) -> Iterator[DiarizationServer | LiveServer]:
    """A new fake platform without requests or prepared answers.

    Every task is done at its first poll. A file that is not audio counts as a minute of it; with the marker or setting
    `diarization_strict` it is rejected, as by the platform.
    """
    from diarkit_mockserver.harness.live import LiveServer  # noqa: PLC0415 - imported on first use

    if isinstance(diarization_fake, LiveServer):
        yield diarization_fake
        return
    if request.config.getini(ROOT_NAME) and not diarization_fake.elsewhere:
        server = diarization_fake.open_root(_choose_scenario(request))
    else:
        server = diarization_fake.open_world(_name_world(request), _choose_scenario(request))
    request.node.stash.setdefault(OPENED, []).append((server,))
    yield server
    server.close()


@pytest.fixture
def diarization_server_factory(
    request: pytest.FixtureRequest,
    diarization_fake: Fake | LiveServer,
    diarization_profile: str | None,  # noqa: ARG001 - as above
) -> Iterator[DiarizationServerFactory]:
    """Makes further fake platforms, each a separate world, until the end of the test."""
    from diarkit_mockserver.harness.fake import DiarizationServerFactory  # noqa: PLC0415 - imported on first use

    factory = DiarizationServerFactory(diarization_fake, _name_world(request), _choose_scenario(request))
    request.node.stash.setdefault(OPENED, []).append(factory.opened)
    yield factory
    factory.close()


def _choose_scenario(request: pytest.FixtureRequest) -> Scenario:
    from diarkit_mockserver.harness.fake import LENIENT, STRICT  # noqa: PLC0415 - imported on first use

    if (replayed := request.config.stash.get(REPLAY, None)) is not None:
        return replayed
    return STRICT if _is_strict(request) else LENIENT


def _is_strict(request: pytest.FixtureRequest) -> bool:
    return request.config.getini(STRICT_NAME) or request.node.get_closest_marker(STRICT_NAME) is not None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """Check that a test's answers were used, if enabled."""
    __tracebackhide__ = True
    yield
    if item.config.getini("diarization_assert_all_used"):
        unused = ""
        try:
            for server in list_servers(item):
                server.assert_all_used()
        except AssertionError as error:
            unused = str(error)
        if unused:  # outside of the handler, to avoid a traceback without a line of the test
            pytest.fail(unused, pytrace=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the reports of its fakes to a failed test, while they are still open."""
    report = yield
    if report.failed and call.when != "teardown":
        for server in list_servers(item):
            report.sections.append(("diarization server", _describe(server)))
    return report


def _check_files(config: pytest.Config) -> None:
    """Refuse a file that can't be used once, and not in each test."""
    if config.getini("diarization_tls"):
        _make_front(config)
    if cacert := config.getoption("--diarization-cacert"):
        _refuse_missing("--diarization-cacert", cacert)
    if learned := config.getoption("--diarization-as"):
        from diarkit_mockserver.scenario.load import ScenarioError, load_scenario  # noqa: PLC0415 - only who names a file pays for it

        _refuse_missing("--diarization-as", learned)
        try:
            load_scenario(Path(learned))
        except ScenarioError as error:
            raise pytest.UsageError(f"--diarization-as: {error}") from None


def _refuse_missing(option: str, file: str) -> None:
    if not Path(file).is_file():
        raise pytest.UsageError(f"{option}: there is no file {file}")


def _make_front(config: pytest.Config) -> Front:
    from diarkit_mockserver.serving.cors import Cors  # noqa: PLC0415 - imported on first use
    from diarkit_mockserver.serving.front import Front, make_tls  # noqa: PLC0415

    files: list[Path] = config.getini("diarization_tls")
    origins: list[str] = config.getini("diarization_cors_origins")
    try:
        tls = make_tls(files[0], files[1] if files[1:] else None) if files else None
    except (OSError, ValueError) as error:
        named = " and ".join(map(str, files))
        text = f"diarization_tls: expected a certificate and its key, both in PEM, in {named}, got: {error}"
        raise pytest.UsageError(text) from None
    return Front(tls=tls, cors=Cors(frozenset(origins)))


def _name_world(request: pytest.FixtureRequest) -> str:
    """Name a test's world, so that the test gets the same ids in every run, alone or among others."""
    return hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:12]


def list_servers(item: pytest.Item) -> list[DiarizationServer]:
    """List the open fakes of a test."""
    return [server for opened in item.stash.get(OPENED, ()) for server in opened]


def _describe(server: DiarizationServer) -> str:
    from diarkit_mockserver.errors import FakeError  # noqa: PLC0415 - costs nothing until a test fails

    try:
        return server.report()
    except (FakeError, OSError) as error:
        return f"{server!r} is no longer available: {error}"
