"""How runs end against servers that lose answers, die, fail and are interrupted: exit code and headline, tier by tier."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from contract_servers.broken_connections import end_tasks, lose_when
from contract_servers.fake import URL, Fake, SharedClock, Transport, verify

from diarkit_contracts.api.error import TerminatedError
from diarkit_contracts.exchanges.exchange import Loss
from diarkit_contracts.reports.summary import sum_up
from diarkit_contracts.rows.tier import Tier
from diarkit_contracts.runs.fuzz.machine import run_machine
from diarkit_contracts.runs.verdict import EXITS, Cause, Ending, Exit, list_exits
from diarkit_contracts.target.client import Caps, Target

if TYPE_CHECKING:
    from collections.abc import Callable

    from contract_servers.breaking import Wrap
    from contract_servers.fake import Asked, Server, Told

    from diarkit_contracts.runs.verdict import RunVerdict


def stop_at(number: int, error: type[BaseException]) -> Wrap:
    def wrap(server: Server) -> Server:
        left = iter(range(number - 1))

        def answer(asked: Asked) -> Told:
            if next(left, None) is None:
                raise error
            return server(asked)

        return answer

    return wrap


TABLE: dict[str, tuple[Wrap, Exit, str]] = {
    "nothing is lost": (lose_when(lambda *_: False), Exit.FINE, "FINE: no findings"),
    "one answer in 50 is lost": (lose_when(lambda number, _: number % 50 == 0), Exit.FINE, "FINE: no findings"),
    "one answer in 6 is lost": (lose_when(lambda number, _: number % 6 == 0), Exit.FINDINGS, "FINDINGS: "),
    "one answer in 3 is lost": (lose_when(lambda number, _: number % 3 == 0), Exit.FINDINGS, "FINDINGS: "),
    "it was never there": (lose_when(lambda *_: True, Loss.REFUSED), Exit.UNREACHABLE, "UNREACHABLE: "),
    "it dies at request 10": (lose_when(lambda number, _: number >= 10, Loss.REFUSED), Exit.FINDINGS, "FINDINGS: "),
    "it dies at request 30": (lose_when(lambda number, _: number >= 30, Loss.REFUSED), Exit.FINDINGS, "FINDINGS: "),
    "each task fails": (end_tasks(lambda _: "failed"), Exit.FINDINGS, "FINDINGS: "),
    "each second task fails": (end_tasks(lambda number: "done" if number % 2 else "failed"), Exit.FINDINGS, "FINDINGS: "),
    "one task fails": (end_tasks(lambda number: "failed" if number == 3 else "done"), Exit.FINE, "FINE: no findings"),
    "one task does not end": (end_tasks(lambda number: "running" if number == 3 else "done"), Exit.FINE, "FINE: no findings"),
    "no task ends": (end_tasks(lambda _: "running"), Exit.FINDINGS, "FINDINGS: "),
    **{
        f"{error.__name__} at request {number}": (stop_at(number, error), end, f"{end.name}: ")
        for number in (1, 30)
        for error, end in ((KeyboardInterrupt, Exit.INTERRUPTED), (TerminatedError, Exit.TERMINATED))
    },
}  # fmt: skip


@pytest.mark.parametrize("tier", [Tier.LITE, pytest.param(Tier.FULL, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", TABLE)
def test_a_run_ends_as_the_table_says(name: str, tier: Tier) -> None:
    wrap, end, headline = TABLE[name]
    fake = Fake()
    verdict = verify(wrap(fake), fake.clock, tier)
    assert (verdict.decide_exit(), sum_up(verdict)[: len(headline)]) == (end, headline)
    assert len(verdict.outcomes) == len({outcome.row for outcome in verdict.outcomes}) > 0


AT_THE_LAST: dict[str, tuple[Callable[[int], Wrap], Exit]] = {
    "it dies": (lambda last: lose_when(lambda number, _: number >= last, Loss.REFUSED), Exit.FINDINGS),
    "its answer is lost": (lambda last: lose_when(lambda number, _: number == last), Exit.FINE),
    "Ctrl-C": (lambda last: stop_at(last, KeyboardInterrupt), Exit.INTERRUPTED),
    "SIGTERM": (lambda last: stop_at(last, TerminatedError), Exit.TERMINATED),
}


@cache
def count_requests(tier: Tier) -> int:
    fake = Fake()
    return len(verify(fake, fake.clock, tier).exchanges)


@pytest.mark.parametrize("tier", [Tier.LITE, pytest.param(Tier.FULL, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", AT_THE_LAST)
def test_the_last_request_counts_like_any_other(name: str, tier: Tier) -> None:
    make, end = AT_THE_LAST[name]
    fake = Fake()
    verdict = verify(make(count_requests(tier))(fake), fake.clock, tier)
    assert verdict.decide_exit() is end
    assert {outcome.ending for outcome in verdict.outcomes} == {Ending.JUDGED}


FUZZED = {"no task ends": (Exit.VACUOUS, "INCONCLUSIVE")}
"""Where a run without a plan ends otherwise: it has no row that a task without an end would be a finding of."""


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in TABLE if "one " not in name])
def test_a_fuzzed_run_ends_so_too(name: str) -> None:
    wrap, end, headline = TABLE[name]
    end, headline = FUZZED.get(name, (end, headline))
    verdict = fuzz(wrap)
    assert (verdict.decide_exit(), sum_up(verdict)[: len(headline)]) == (end, headline)


def fuzz(wrap: Wrap) -> RunVerdict:
    fake = Fake()
    caps = Caps(tasks=10_000, calls=1_500, bytes_up=1 << 40, seconds=1e9, in_flight=4)
    target = Target(url=URL, transport=Transport(wrap(fake)), clock=SharedClock(fake.clock), caps=caps)
    return run_machine(target, 1e9).verdict


def test_each_cause_has_an_exit_code_and_the_help_names_each() -> None:
    from diarkit_contracts.commands.verify import verify as command  # noqa: PLC0415

    assert set(EXITS) == set(Cause)
    said = " ".join(CliRunner().invoke(command, ["--help"], terminal_width=4_000).output.split())
    assert all(f"{int(end)} {meaning}" in said for end, meaning in list_exits())


@pytest.mark.parametrize("caps", [Caps(seconds=0.00001), Caps(tasks=3, spare=0), Caps(calls=20)])
def test_a_bound_that_cuts_the_plan_is_inconclusive_and_says_how_many_rows(make_target: Any, caps: Caps) -> None:
    from diarkit_contracts.rows.plan import make_plan  # noqa: PLC0415
    from diarkit_contracts.runs.verify import verify_target  # noqa: PLC0415

    fake = Fake()
    target = Target(url=URL, transport=Transport(fake), clock=SharedClock(fake.clock), caps=caps)
    verdict = verify_target(make_plan(Tier.LITE), target)
    left = [outcome for outcome in verdict.outcomes if outcome.ending != "judged"]
    assert verdict.decide_exit() is Exit.VACUOUS
    assert sum_up(verdict).startswith(f"INCONCLUSIVE: {len(left)} of 28 rows not judged")
