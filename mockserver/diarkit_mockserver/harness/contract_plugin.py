"""The contract in pytest: an item for each clause against a server, and a fixture that judges a test's own traffic.

Imports only pytest; everything else is imported on first use.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any, cast

import pytest

from diarkit_mockserver.harness.coverage_plugin import find_missing
from diarkit_mockserver.harness.plugin import find_profile

if TYPE_CHECKING:
    from diarkit_contracts.runs.checking import DiarizationContract

OPTION = "--diarization-verify"
SHARED = "diarization_verify_shared"
"""Key by which pytest-xdist workers find the file with the shared run's outcomes."""

FIXTURE = "diarization_contract"
MARKER = f"{FIXTURE}: a clause of the contract, added by {OPTION}"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options for verifying a server."""
    group = parser.getgroup("diarkit")
    group.addoption(
        OPTION, metavar="URL", help="add a test for each clause of the contract, run against the server at this URL"
    )
    group.addoption(
        f"{OPTION}-tier",
        choices=("probe", "lite", "full"),
        default="lite",
        help="how much is sent for them: probe starts no task, lite at most 10, full all (default: lite)",
    )
    group.addoption(
        f"{OPTION}-fail-on",
        choices=("error", "warning"),
        default="error",
        help="least severity that fails a clause (default: error)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Refuse an invalid URL before collection."""
    config.addinivalue_line("markers", MARKER)
    url = config.getoption(OPTION)
    if url is not None and not url.startswith(("http://", "https://")):
        raise pytest.UsageError(
            f"{OPTION}: expected a URL such as http://127.0.0.1:8000, got {url.rpartition('@')[2]!r}"
        )
    if url is not None and (missing := find_missing("jsonschema", "httpx")):
        raise pytest.UsageError(f"{OPTION}: {missing}")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Pass each pytest-xdist worker the folder for sharing outcomes, so that a server is verified once."""
    config: pytest.Config = node.config
    if config.getoption(OPTION) is None:
        return
    shared = getattr(config, SHARED, None)
    if shared is None:
        shared = tempfile.mkdtemp(prefix="diarkit-verify-")
        setattr(config, SHARED, shared)
        config.add_cleanup(lambda: shutil.rmtree(shared, ignore_errors=True))
    node.workerinput[SHARED] = shared


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Add the clauses to the collection, so that -k, -m and counts include them."""
    report = yield
    url = collector.config.getoption(OPTION)
    if url is not None and isinstance(collector, pytest.Session):
        from diarkit_mockserver.harness.contract_items import make_node  # noqa: PLC0415 - imported on first use

        config = collector.config
        tier, fail_on = (str(config.getoption(f"{OPTION}-{name}")) for name in ("tier", "fail-on"))
        shared = getattr(config, "workerinput", {}).get(SHARED)
        report.result.append(make_node(collector, str(url), tier=tier, fail_on=fail_on, shared=shared))
    return report


@pytest.fixture
def diarization_contract(request: pytest.FixtureRequest) -> Iterator[DiarizationContract]:
    """Judges traffic: `.check(exchanges)` immediately, `.watch(client)` at the end of the test."""
    if missing := find_missing("jsonschema"):
        pytest.fail(missing, pytrace=False)
    from diarkit_contracts.runs.checking import DiarizationContract  # noqa: PLC0415 - imported on first use

    contract = DiarizationContract()
    contract.profile = find_profile(request) or contract.profile
    yield contract
    # unittest methods bypass `pytest_pyfunc_call`: their traffic is judged here.
    __tracebackhide__ = True
    contract.close()


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Judge the traffic of a test's clients as part of the test, unless it has failed already."""
    __tracebackhide__ = True
    contract = cast("DiarizationContract | None", pyfuncitem.funcargs.get(FIXTURE))
    try:
        result = yield
    except BaseException:
        if contract is not None:
            contract.drop()
        raise
    if contract is not None:
        contract.close()
    return result
