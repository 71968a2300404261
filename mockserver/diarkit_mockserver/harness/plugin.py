"""Fixtures for pytest. Imports pytest alone; everything else is imported when a test asks for it.

The file is long, as each module that pytest imports at its start costs 5 ms.
"""

from __future__ import annotations

import hashlib
import os
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from diarkit_fixtures.samples.cache import SampleCache
    from diarkit_mockserver.harness.fake import DiarizationServerFactory, Fake
    from diarkit_mockserver.harness.live import LiveServer
    from diarkit_mockserver.harness.recording import Recording
    from diarkit_mockserver.harness.server import DiarizationServer
    from diarkit_mockserver.scenario.model import Scenario
    from diarkit_mockserver.serving.front import Front

PARTS = ("contract", "coverage", "rehearsal")
"""Other files of the plugin. They are not in `pytest_plugins`, for each name of which pytest reads what all installed packages offer."""

FAIL_ON_SKIP = "--diarization-fail-on-skip"

RECORD = "--diarization-record"
RECORDING: pytest.StashKey[Recording] = pytest.StashKey()
"""The proxy before the server under test, if that is recorded."""

REPLAY: pytest.StashKey[Scenario] = pytest.StashKey()
"""What was recorded, if that is replayed."""

SHARED = "diarization_shared"
"""Under which the processes of pytest-xdist find the one server for all."""

ROOT_NAME = "diarization_root"
"""Of the setting."""

STRICT_NAME = "diarization_strict"
"""Of the marker and of the setting."""

OPENED = pytest.StashKey[list["Sequence[DiarizationServer]"]]()
"""The fakes of a test, as its fixtures make them."""

MARKERS = (
    "diarization_profile(name): let the fake of this test answer as this generation, such as 5.0",
    f"{STRICT_NAME}: what is no audio is rejected by diarization_server",
)

FRONT = {
    "diarization_cors_origins": "origins whose pages may read the fake's answers in a browser, one in a line; * for all",
    "diarization_tls": "let the fake speak TLS: a file with its certificate, and one with the key if that is in another (PEM)",
}


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Offer the URL of another server to test against, and one server for all processes."""
    for part in PARTS:
        name = f"diarkit_mockserver.harness.{part}_plugin"
        pluginmanager.register(import_module(name), name)
    group = parser.getgroup("diarkit", "fake Speaker Diarization server")
    group.addoption(
        "--diarization-url",
        metavar="URL",
        help="run the tests that use diarization_server against this server instead of a fake of their own; "
        "a fake there (diarkit serve) asks for the token in DIARKIT_CONTROL_TOKEN, if it has one",
    )
    group.addoption(
        "--diarization-cacert",
        metavar="FILE",
        help="trust these certificates (PEM) at the https URL of a server",
    )
    group.addoption(
        FAIL_ON_SKIP,
        action="store_true",
        help="let a test fail that asks of the server at --diarization-url what only the fake can do, instead of skipping it",
    )
    group.addoption(
        RECORD,
        metavar="FILE",
        help="with --diarization-url: write a scenario with the answers of that server to this file; "
        "without: let the fake answer by this file, at once",
    )
    group.addoption(
        "--diarization-shared",
        action="store_true",
        help="with pytest-xdist: one fake for all processes, instead of one for each",
    )
    group.addoption(
        "--diarization-profile",
        choices=("3.6", "3.7", "5.0"),
        help="let the fake of each test answer as this generation of the API; a scenario or a marker that names one counts before it",
    )
    group.addoption(
        "--diarization-as",
        metavar="FILE",
        help="let the fake of each test answer as the platform that `diarkit learn` has written to this file; what the test's own "
        "scenario says counts before it",
    )
    parser.addini(ROOT_NAME, "give each test a server of its own at the root of a port", type="bool", default=False)
    parser.addini(STRICT_NAME, "reject what is no audio, as the platform does", type="bool", default=False)
    parser.addini(
        "diarization_assert_all_used",
        "let a test fail if an answer that it prepared with diarization_server.respond was never used",
        type="bool",
        default=False,
    )
    for name, text in FRONT.items():
        kind: Any = "linelist" if name == "diarization_cors_origins" else "paths"
        parser.addini(name, text, type=kind, default=[])
    parser.addini("diarization_url", "the same as --diarization-url, which counts before it", type="string", default="")


def find_url(config: pytest.Config) -> str | None:
    """Find the URL of the server to test against, without a slash at the end; None for a fake of our own."""
    url: str = config.getoption("--diarization-url") or config.getini("diarization_url")
    return url.rstrip("/") or None


def find_cacert(config: pytest.Config) -> Path | None:
    """Find the certificates to trust: those that are named, or the fake's own for processes that share it."""
    named = config.getoption("--diarization-cacert")
    own: list[Path] = config.getini("diarization_tls")
    return Path(named) if named else next(iter(own), None)


def find_profile(request: pytest.FixtureRequest) -> str | None:
    """Find the generation that a test or a run names; None if neither does."""
    marker = request.node.get_closest_marker("diarization_profile")
    name: str | None = marker.args[0] if marker else request.config.getoption("--diarization-profile")
    return name


def pytest_configure(config: pytest.Config) -> None:
    """Declare the markers, and call in what only some runs need."""
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)
    _check_files(config)
    for name, is_asked in (("live", find_url(config) is not None), ("record", config.getoption(RECORD) is not None)):
        if is_asked:
            config.pluginmanager.import_plugin(f"diarkit_mockserver.harness.{name}_plugin")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Start the one fake for all processes before the first of them, and tell each where it is."""
    config: pytest.Config = node.config
    if not config.getoption("--diarization-shared"):
        return
    fake: Fake | None = getattr(config, SHARED, None)
    if fake is None:
        from diarkit_mockserver.harness.fake import Fake as StartedFake  # noqa: PLC0415 - costs nothing until used

        fake = StartedFake(worlds_only=True, front=_make_front(config))
        setattr(config, SHARED, fake)
        config.add_cleanup(fake.stop)  # for a session that does not come to its end
    node.workerinput[SHARED] = [fake.url, fake.token, fake.nonce, f"{node.gateway.id}-"]


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
    recording = pytestconfig.stash.get(RECORDING, None)
    return find_url(pytestconfig) if recording is None else recording.url


@pytest.fixture(scope="session")
def diarization_fake(pytestconfig: pytest.Config, diarization_url: str | None) -> Iterator[Fake | LiveServer]:
    """The server of this session, with a world for each test; a test that asks for a world on another server is skipped."""
    from diarkit_mockserver.harness.coverage_plugin import COLLECTED  # noqa: PLC0415 - pytest has to import it first
    from diarkit_mockserver.harness.fake import Fake, find_fake  # noqa: PLC0415 - costs nothing until used
    from diarkit_mockserver.harness.live import LiveServer  # noqa: PLC0415

    if diarization_url is not None and RECORDING in pytestconfig.stash:
        yield LiveServer(diarization_url)  # through the proxy, which is no fake to test against
        return
    shared: list[str] | None = getattr(pytestconfig, "workerinput", {}).get(SHARED)
    collected = pytestconfig.stash.get(COLLECTED, None)
    count = None if collected is None else collected.add
    if diarization_url is not None:
        # Other runs may use this server too, and one that was killed may have left its worlds there.
        run = f"{os.urandom(4).hex()}-"
        token, cacert = os.environ.get("DIARKIT_CONTROL_TOKEN"), find_cacert(pytestconfig)
        found = find_fake(diarization_url, token=token, prefix=run, cacert=cacert, count=count)
        fake = found or LiveServer(diarization_url)
    elif shared is not None:
        url, token, nonce, process = shared
        fake = Fake(
            url,
            token=token,
            nonce=nonce,
            prefix=process,
            cacert=find_cacert(pytestconfig),
            front=_make_front(pytestconfig),
            count=count,
        )
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
    """The generation that this test's worlds answer as, by its marker or the option; None for the server's own.

    Whether they are strict is set here too.
    """
    from diarkit_mockserver.harness.live import LiveServer  # noqa: PLC0415 - costs nothing until used

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
    """A fresh fake platform: no requests yet, no prepared answers.

    Every task is done at its first poll, also that of a file that is no audio, which counts as a minute of it. The marker
    `diarization_strict`, and the setting of this name, have such a file rejected, as the platform does.
    """
    from diarkit_mockserver.harness.live import LiveServer  # noqa: PLC0415 - costs nothing until used

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
    """Makes further fake platforms, each a world of its own; they end with the test."""
    from diarkit_mockserver.harness.fake import DiarizationServerFactory  # noqa: PLC0415 - costs nothing until used

    factory = DiarizationServerFactory(diarization_fake, _name_world(request), _choose_scenario(request))
    request.node.stash.setdefault(OPENED, []).append(factory.opened)
    yield factory
    factory.close()


def _choose_scenario(request: pytest.FixtureRequest) -> Scenario:
    """Choose the scenario that a test's server starts with."""
    from diarkit_mockserver.harness.fake import LENIENT, STRICT  # noqa: PLC0415 - costs nothing until used

    if (replayed := request.config.stash.get(REPLAY, None)) is not None:
        return replayed
    return STRICT if _is_strict(request) else LENIENT


def _is_strict(request: pytest.FixtureRequest) -> bool:
    return request.config.getini(STRICT_NAME) or request.node.get_closest_marker(STRICT_NAME) is not None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """Check that a test's answers were used, if asked to."""
    __tracebackhide__ = True
    yield
    if item.config.getini("diarization_assert_all_used"):
        unused = ""
        try:
            for server in list_servers(item):
                server.assert_all_used()
        except AssertionError as error:
            unused = str(error)
        if unused:  # not in the handler, where there would be a traceback, without a line of the test
            pytest.fail(unused, pytrace=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add to the report of a test that failed what its fakes were asked, while they are still there."""
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
    from diarkit_mockserver.serving.cors import Cors  # noqa: PLC0415 - costs nothing until used
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
    """Name a test's world so that the same test gets the same ids in every run, alone or among others."""
    return hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:12]


def list_servers(item: pytest.Item) -> list[DiarizationServer]:
    """List the fakes that a test has opened and not closed."""
    return [server for opened in item.stash.get(OPENED, ()) for server in opened]


def _describe(server: DiarizationServer) -> str:
    from diarkit_mockserver.errors import FakeError  # noqa: PLC0415 - costs nothing until a test fails

    try:
        return server.report()
    except (FakeError, OSError) as error:
        return f"{server!r} can't be asked any more: {error}"
