"""Fixtures for pytest. Imports pytest alone; everything else is imported when a test asks for it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from diarkit_mockserver.testing import DiarizationServer, Fake, LiveServer


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer the URL of another server to test against."""
    group = parser.getgroup("diarkit", "fake Speaker Diarization server")
    group.addoption(
        "--diarization-url",
        metavar="URL",
        help="run the tests that use diarization_server against this server instead of the fake",
    )
    parser.addini("diarization_url", "the same as --diarization-url, which counts before it", type="string", default="")


@pytest.fixture(scope="session")
def diarization_url(pytestconfig: pytest.Config) -> str | None:
    """URL of the server to test against, without a slash at the end; None for the fake."""
    url: str = pytestconfig.getoption("--diarization-url") or pytestconfig.getini("diarization_url")
    return url.rstrip("/") or None


@pytest.fixture(scope="session")
def diarization_fake(diarization_url: str | None) -> Iterator[Fake | None]:
    """The server of this session, with a world for each test; None if the tests go to another server."""
    if diarization_url is not None:
        yield None
        return
    from diarkit_mockserver.testing import Fake  # noqa: PLC0415 - costs nothing until used

    fake = Fake()
    yield fake
    fake.stop()


@pytest.fixture
def diarization_server(
    request: pytest.FixtureRequest, diarization_fake: Fake | None, diarization_url: str | None
) -> Iterator[DiarizationServer | LiveServer]:
    """A fake platform in its first state: nothing asked, nothing told; every task is done at its first poll."""
    if diarization_fake is None:
        from diarkit_mockserver.testing import LiveServer  # noqa: PLC0415 - costs nothing until used

        yield LiveServer(diarization_url or "")
        return
    # The same test gets the same ids in every run, alone or among others.
    name = hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:12]
    server = diarization_fake.open_world(name)
    yield server
    server.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None]:
    """Skip a test, with the reason, where its fixtures ask of another server what only the fake can do."""
    return (yield from _skip_unavailable(item))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """Skip a test, with the reason, where it asks of another server what only the fake can do."""
    return (yield from _skip_unavailable(item))


def _skip_unavailable(item: pytest.Item) -> Generator[None]:
    try:
        yield
    except Exception as error:
        if "diarization_server" in getattr(item, "fixturenames", ()):
            from diarkit_mockserver.testing import UnavailableError  # noqa: PLC0415 - costs nothing until used

            if isinstance(error, UnavailableError):
                pytest.skip(str(error))
        raise
