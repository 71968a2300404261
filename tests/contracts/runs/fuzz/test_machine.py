"""The state machine finds what is broken, tells how, and ends when it is told to."""

from __future__ import annotations

import json
import os
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from contract_servers.broken import BROKEN
from contract_servers.correct import CORRECT
from contract_servers.fake import URL, Fake, SharedClock, Transport
from hypothesis.errors import Flaky

from diarkit_contracts.api.evidence import Severity
from diarkit_contracts.reports.summary import sum_up
from diarkit_contracts.rows.file import read_rows
from diarkit_contracts.runs.fuzz.machine import run_machine
from diarkit_contracts.runs.verdict import Exit
from diarkit_contracts.target.client import Caps, Target, UnreachableError
from diarkit_contracts.target.transport import HttpTransport, Way
from diarkit_mockserver.serving.server import ServerThread, bind
from diarkit_mockserver.world.platform import Platform
from diarkit_mockserver.world.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator

CAPS = Caps(tasks=1_000_000, calls=1_000_000, bytes_up=1 << 40, seconds=3_600.0, in_flight=4)
SECONDS = float(os.environ.get("DIARKIT_FUZZ_SECONDS", "20"))
SEED = int(os.environ.get("DIARKIT_FUZZ_SEED", "0"))
NAMES = (
    "200 for an accepted upload",
    "NaN for a time",
    "an id for two tasks",
    "running again after done",
    "a task that is lost while it runs",
    "the config of the task ahead",
    "range ignored",
    "every task known",
)
"""Some of each kind: all of them are caught by the planned rows."""


def make_target(server: Any, clock: Any, calls: int = CAPS.calls) -> Target:
    return Target(url=URL, transport=Transport(server), caps=replace(CAPS, calls=calls), clock=SharedClock(clock))


def build(name: str, calls: int) -> Target:
    return make_target(*next(broken for broken in BROKEN if broken.name == name).build(), calls)


@pytest.fixture
def fake_url() -> Iterator[str]:
    thread = ServerThread(Platform(World()), bind("127.0.0.1", 0))
    yield thread.url
    thread.stop()


@pytest.mark.slow
@pytest.mark.timeout(SECONDS + 240)
def test_the_fake_passes_on_a_socket_and_not_for_want_of_sights(fake_url: str) -> None:
    with closing(HttpTransport(Way(url=fake_url))) as transport:
        target = Target(url=fake_url, transport=transport, caps=CAPS)
        run = run_machine(target, SECONDS, number=SEED, fail_on=Severity.WARNING, shrink=True)
    assert run.find is None, (run.find.findings, run.find.steps)
    assert not run.verdict.vacuous
    assert run.verdict.decide_exit(Severity.WARNING) is Exit.FINE
    assert run.tally.histories >= 5
    assert run.verdict.spent.seconds >= SECONDS


@pytest.mark.parametrize("name", NAMES)
def test_it_finds_a_mistake_and_tells_the_steps_and_the_rows(name: str) -> None:
    clauses = next({broken.clause, *broken.others} for broken in BROKEN if broken.name == name)
    run = run_machine(build(name, 3_000), fail_on=Severity.WARNING)
    assert run.find is not None
    assert clauses & {finding.clause.id for finding in run.find.findings}
    assert run.verdict.findings == run.find.findings
    assert run.verdict.decide_exit(Severity.WARNING) is Exit.FINDINGS
    assert run.find.steps
    assert read_rows(json.dumps(run.find.write_rows()), "found.json") == run.find.rows


def test_a_find_gets_shorter_when_it_may_ask_on() -> None:
    long = run_machine(build("range ignored", 6_000))
    short = run_machine(build("range ignored", 6_000), shrink=True)
    assert long.find is not None
    assert short.find is not None
    assert len(short.find.steps) == 4 < len(long.find.steps)
    assert len(short.find.rows) == 1


def test_what_needs_two_tasks_keeps_two() -> None:
    run = run_machine(build("the config of the task ahead", 6_000), shrink=True)
    assert run.find is not None
    assert 2 <= len(run.find.rows) <= 3


def test_the_same_seed_finds_the_same() -> None:
    runs = [run_machine(build("range ignored", 2_000), number=5) for _ in range(2)]
    finds = [run.find for run in runs]
    assert finds[0] is not None
    assert finds[1] is not None
    assert finds[0].steps == finds[1].steps


def test_it_ends_after_so_many_calls() -> None:
    fake = Fake()
    run = run_machine(make_target(fake, fake.clock, 60))
    assert run.verdict.spent.calls <= 60
    assert run.find is None


def test_it_ends_after_so_many_seconds() -> None:
    fake = Fake()
    run = run_machine(make_target(fake, fake.clock), seconds=0.2)
    assert run.verdict.spent.seconds < 0.4


def test_it_ends_at_a_cap_of_the_target() -> None:
    fake = Fake()
    target = make_target(fake, fake.clock)
    target.caps = Caps(tasks=3, spare=0, calls=10_000, bytes_up=1 << 40)
    assert run_machine(target).verdict.spent.tasks == 3


def test_a_server_that_is_gone_ends_it() -> None:
    class Gone:
        def send(self, request: Any, _: bytes, within_s: float) -> Any:  # noqa: ARG002 - an answer takes no time
            raise UnreachableError(request.url, "refused")

    run = run_machine(Target(url=URL, transport=Gone(), caps=CAPS))
    assert run.verdict.decide_exit() is Exit.UNREACHABLE
    assert run.verdict.spent.calls == 3


def test_what_saw_no_result_is_vacuous() -> None:
    fake = Fake()
    run = run_machine(make_target(fake, fake.clock, 1))
    assert run.verdict.decide_exit() is Exit.VACUOUS


def test_what_a_warning_is_about_is_in_the_headline_with_the_exchanges_that_show_it() -> None:
    verdict = run_machine(build("speakers numbered from 1", 400)).verdict
    warning = next(each for each in verdict.findings if each.clause.id == "result.ids-by-appearance")
    assert verdict.decide_exit() is Exit.FINE
    assert verdict.decide_exit(Severity.WARNING) is Exit.FINDINGS
    assert b'"speaker_id": 1' in verdict.find_exchange(warning.at[-1]).answer.body
    assert f"FINE: {len(verdict.findings)} warning" in sum_up(verdict)


def test_examples_are_counted_once_however_often_they_are_asked_for_again() -> None:
    events = [run_machine(build("range ignored", 6_000), shrink=shrink).verdict.events for shrink in (True, False)]
    assert events[0] == events[1]
    assert any(event.startswith("parameters.range was broken in 1 of ") for event in events[0])


@pytest.mark.parametrize("name", ["deletions are not answered", "dies at request 30"])
def test_a_dropped_connection_counts(name: str) -> None:
    run = run_machine(build(name, 20_000))  # what is drawn when depends on what else is imported
    assert run.find is not None
    assert "shape.whole-answer" in {finding.clause.id for finding in run.find.findings}
    assert run.verdict.decide_exit() is Exit.FINDINGS
    assert f"{run.tally.dropped} requests got no whole answer" in run.verdict.events
    assert run.tally.dropped > 1


@pytest.mark.parametrize("name", ["range ignored", "deletions are not answered"])
def test_every_exchange_is_given_away_in_the_order_in_which_it_was_sent(name: str) -> None:
    kept: list[Any] = []
    target = build(name, 600)
    run_machine(target, shrink=True, keep=kept.extend)
    times = [exchange.request.sent_at for exchange in kept]
    assert len(times) == target.spent.calls > 100
    assert times == sorted(times)


def test_most_requests_differ() -> None:
    fake = Fake()
    tally = run_machine(make_target(fake, fake.clock, 1_500)).tally
    assert tally.distinct / tally.drawn > 0.9


def test_an_error_of_our_own_that_comes_once_is_not_swallowed() -> None:
    server, clock = CORRECT[0].build()
    calls = iter(range(10_000))

    def fail_once(asked: Any) -> Any:
        if next(calls) == 30:
            raise ZeroDivisionError
        return server(asked)

    with pytest.raises(Flaky):
        run_machine(make_target(fail_once, clock, 3_000))
