"""The whole way against the fake on a socket: what it passes, what it can be made to show, and what that costs."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from diarkit_contracts.api.evidence import Severity
from diarkit_contracts.api.profiles import Capability
from diarkit_contracts.clauses.catalogue import CLAUSES
from diarkit_contracts.clauses.need import LIMITED
from diarkit_contracts.exchanges.history import START_PATH
from diarkit_contracts.rows.mistakes import NEVER_GIVEN
from diarkit_contracts.rows.plan import POLLS_OF_A_TASK, make_forced, make_plan
from diarkit_contracts.rows.tier import Tier
from diarkit_contracts.runs.verdict import Exit
from diarkit_contracts.runs.verify import verify_target
from diarkit_contracts.target.client import CAPS, Target
from diarkit_contracts.target.transport import HttpTransport, Way
from diarkit_mockserver.scenario.limits import Limits, Rate
from diarkit_mockserver.scenario.model import Scenario

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from diarkit_mockserver.testing import DiarizationServer

pytestmark = pytest.mark.diarization_strict


class ServerClock:
    """The fake's time: a wait of the verifier moves it."""

    def __init__(self, server: DiarizationServer) -> None:
        self._server = server
        self._seconds = 0.0

    def now(self) -> float:
        return self._seconds

    def sleep(self, seconds: float) -> None:
        self._seconds += seconds
        self._server.advance(seconds)

    def today(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def make_target(diarization_server: DiarizationServer) -> Iterator[Callable[[Tier], Target]]:
    """Make a client of the fake."""
    url = diarization_server.endpoint.removesuffix(START_PATH)
    transport = HttpTransport(Way(url=url))
    clock = ServerClock(diarization_server)
    yield lambda tier: Target(url=url, transport=transport, clock=clock, caps=CAPS[tier])
    transport.close()


def force(server: DiarizationServer, limits: Limits, then: Callable[[], object] = lambda: None) -> Any:
    @contextmanager
    def forced() -> Iterator[None]:
        server.load(Scenario(limits=limits))
        then()
        yield
        server.load(Scenario())

    return forced


@pytest.mark.parametrize("tier", Tier)
def test_the_fake_passes_without_a_finding_and_not_for_want_of_seeing(make_target: Any, tier: Tier) -> None:
    verdict = verify_target(make_plan(tier), make_target(tier))
    assert verdict.findings == ()
    assert verdict.inconclusive == ()
    assert verdict.undocumented == ()
    assert verdict.decide_exit(Severity.WARNING) is Exit.FINE


@pytest.mark.parametrize("tier", [Tier.LITE, Tier.FULL])
def test_a_run_leaves_unseen_only_what_nobody_can_ask_for(
    make_target: Any, diarization_server: DiarizationServer, tier: Tier
) -> None:
    diarization_server.load(Scenario())  # whose tasks are pending and running before they end
    verdict = verify_target(make_plan(tier), make_target(tier))
    clauses = {each.name for each in verdict.skipped if "[" not in each.name}
    assert clauses == {clause.id for clause in CLAUSES if LIMITED in clause.needs}
    assert {each.name for each in verdict.skipped} == clauses | {row.name for row in make_forced()}


def test_a_short_run_stays_under_what_it_may_cost(make_target: Any) -> None:
    verdict = verify_target(make_plan(Tier.LITE), make_target(Tier.LITE))
    assert verdict.spent.tasks <= 10
    assert verdict.spent.bytes_up < 1_500_000
    assert sum(each.request.method == "GET" for each in verdict.exchanges) <= 10 * POLLS_OF_A_TASK


@pytest.mark.parametrize("tier", [Tier.LITE, Tier.FULL])
def test_a_server_that_can_be_made_to_shows_every_clause(
    make_target: Any, diarization_server: DiarizationServer, tier: Tier
) -> None:
    @contextmanager
    def fail() -> Iterator[None]:
        diarization_server.respond(failed="It did not work.")
        yield

    forcing = {
        Capability.FAIL: fail,
        Capability.LIMIT_RATE: force(
            diarization_server,
            Limits(rate=Rate(requests=1, seconds=5)),
            lambda: httpx.get(f"{diarization_server.endpoint}/{NEVER_GIVEN}"),
        ),
        Capability.FILL_STORAGE: force(diarization_server, Limits(storage_bytes=0)),
        Capability.FORBID: force(diarization_server, Limits(licensed=False)),
    }
    target = make_target(Tier.FULL)
    verdict = verify_target(make_plan(tier), target, forcing=forcing)
    assert verdict.findings == ()
    assert verdict.skipped == ()
    statuses = {exchange.answer.status for exchange in verdict.exchanges}
    assert {403, 429, 507} <= statuses
    assert target.waits == 1
