from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from diarkit_contracts.api.evidence import Severity
from diarkit_contracts.api.profiles import Capability
from diarkit_contracts.clauses.catalogue import CLAUSES, find_clause
from diarkit_contracts.clauses.need import DRIVEN
from diarkit_contracts.exchanges.exchange import Answer, Exchange, Request
from diarkit_contracts.exchanges.history import read_history
from diarkit_contracts.rows.plan import POLLS_OF_A_TASK, choose_rows, make_plan
from diarkit_contracts.rows.tier import Tier
from diarkit_contracts.runs.verdict import Cause, Exit
from diarkit_contracts.runs.verify import skip_clause, verify_recording, verify_target
from diarkit_contracts.target.client import CAPS, Caps

if TYPE_CHECKING:
    from collections.abc import Callable

    from diarkit_contracts.runs.verdict import RunVerdict


def change_body(change: Callable[[Any], Any]) -> Callable[[Request, Answer], Answer]:
    def tamper(request: Request, answer: Answer) -> Answer:
        if answer.status != 200 or request.method != "GET" or b'"task"' not in answer.body:
            return answer
        body = json.loads(answer.body)
        change(body)
        return Answer(status=200, headers=answer.headers, body=json.dumps(body).encode())

    return tamper


def run(target: Any, tier: Tier = Tier.LITE) -> RunVerdict:
    return verify_target(make_plan(tier), target)


@pytest.mark.parametrize("tier", Tier)
def test_a_correct_server_passes_each_tier(make_target: Any, tier: Tier) -> None:
    verdict = run(make_target(caps=CAPS[tier]), tier)
    assert [str(each) for each in verdict.findings] == []
    assert (verdict.inconclusive, verdict.vacuous, verdict.undocumented) == ((), (), ())
    assert verdict.decide_exit(Severity.WARNING) is Exit.FINE


def test_a_short_run_costs_what_was_announced(make_target: Any) -> None:
    verdict = run(make_target())
    assert verdict.spent.tasks == 10
    assert verdict.spent.bytes_up == make_plan(Tier.LITE).count_cost().bytes_up < 1_500_000
    assert sum(each.request.method == "GET" for each in verdict.exchanges) <= 10 * POLLS_OF_A_TASK


def test_a_short_run_leaves_only_the_rate_limit_and_ids_that_do_not_come_back_unseen(make_target: Any) -> None:
    verdict = run(make_target())
    assert [each.name for each in verdict.skipped if "[" not in each.name] == [
        "shape.rate-headers",
        "shape.ids-echoed",
        "refusal.retry-after",
    ]
    for each in verdict.skipped:
        if each.name != "shape.ids-echoed":
            assert "can't be made to" in each.reason


def test_a_broken_clause_is_found_once_a_row_with_what_shows_it(make_target: Any, stub: Any) -> None:
    def count_wrong(body: Any) -> None:
        for channel in (body.get("result") or {}).get("channels", []):
            channel["speakers_count"] += 1

    stub.tamper = change_body(count_wrong)
    verdict = run(make_target())
    found = [each for each in verdict.findings if each.clause.id == "result.count-is-ids"]
    assert [each.row.partition("[")[0] for each in found] == [
        f"row-{number:02d}" for number in (1, 2, 3, 4, 5, 99, 112, 100, 101)
    ]
    assert found[0].times == 2
    start, look = found[0].at
    assert verdict.exchanges[start].request.method == "POST"
    assert verdict.exchanges[look].request.method == "GET"
    assert "result.count-is-ids" not in {each.clause.id for each in verdict.passed}
    assert verdict.decide_exit() is Exit.FINDINGS


def test_errors_come_before_warnings(make_target: Any, stub: Any) -> None:
    def break_two(body: Any) -> None:
        for channel in (body.get("result") or {}).get("channels", []):
            for segment in channel["segments"]:
                segment["start_time"] += 0.001
            channel["speakers_count"] += 1

    stub.tamper = change_body(break_two)
    severities = [each.severity for each in run(make_target()).findings]
    assert severities == sorted(severities, key=[Severity.ERROR, Severity.WARNING].index)
    assert len(set(severities)) == 2


@pytest.mark.parametrize(
    ("change", "unseen"),
    [
        (lambda body: body["task"].update(state="running"), "a task that is done"),
        (lambda body: [channel.update(segments=[], speakers_count=0) for channel in (body.get("result") or {}).get("channels", [])], "a result with a segment"),
        (lambda body: body.get("result") and body["result"].update(channels=body["result"]["channels"][:1]), "a result with more than one channel"),
    ],
)  # fmt: skip
def test_a_run_that_never_saw_what_matters_is_vacuous(make_target: Any, stub: Any, change: Any, unseen: str) -> None:
    stub.tamper = change_body(change)
    assert f"never seen: {unseen}" in run(make_target(caps=Caps(task_seconds=1))).vacuous


def test_a_run_without_an_upload_is_vacuous_and_does_not_pass(make_target: Any) -> None:
    verdict = run(make_target(caps=Caps(tasks=0, spare=0)))
    assert verdict.findings == ()
    assert verdict.decide_exit() is Exit.VACUOUS


def test_what_a_server_says_beyond_the_contract_is_no_finding(make_target: Any, stub: Any) -> None:
    stub.tamper = change_body(lambda body: body.update(progress=1))
    verdict = run(make_target())
    assert verdict.findings == ()
    assert [each.what for each in verdict.undocumented] == ["field progress"]


def test_events_are_told(make_target: Any, stub: Any) -> None:
    stub.tamper = lambda _, answer: stub.refuse(429, ("Retry-After", "1")) if len(stub.seen) == 1 else answer
    assert run(make_target()).events == (
        "429 (too many requests) 1 times",
        "waited 1 times at the server's request",
    )


def test_single_rows_need_not_show_everything(make_target: Any) -> None:
    verdict = verify_target(choose_rows(["row-07"]), make_target())
    assert verdict.decide_exit() is Exit.FINE


def test_a_recording_of_a_run_gets_the_same_verdict(make_target: Any, stub: Any) -> None:
    stub.tamper = change_body(lambda body: body["task"].update(task_id="0a1b2c3d-0000-4000-8000-00000000000f"))
    live = run(make_target())
    recorded = verify_recording("run.ndjson", live.exchanges)
    assert (
        {each.clause.id for each in recorded.findings} == {each.clause.id for each in live.findings} >= {"task.id-echo"}
    )
    driven = {each.clause for each in live.passed if DRIVEN in each.clause.needs}
    assert {each.id for each in driven} == {clause.id for clause in CLAUSES if DRIVEN in clause.needs}
    assert recorded.passed == tuple(each for each in live.passed if each.clause not in driven)
    assert (recorded.spent.tasks, recorded.spent.calls) == (live.spent.tasks, live.spent.calls)


def test_an_empty_recording_is_vacuous() -> None:
    verdict = verify_recording("empty.har", ())
    assert verdict.decide_exit() is Exit.VACUOUS
    assert {each.cause for each in verdict.skipped} == {Cause.NOT_SEEN, Cause.CAPABILITY}


def test_an_answer_that_is_lost_once_makes_no_finding_and_is_counted(make_target: Any, stub: Any) -> None:
    from diarkit_contracts.target.client import UnreachableError  # noqa: PLC0415

    def lose(request: Request, answer: Answer) -> Answer:
        if len(stub.seen) == 20:
            raise UnreachableError(request.url, "gone")
        return answer

    stub.tamper = lose
    verdict = run(make_target())
    assert verdict.findings == ()
    assert verdict.decide_exit() is Exit.FINE
    assert verdict.events == (f"1 of {verdict.spent.calls} requests without a complete answer",)


@pytest.mark.parametrize(
    ("status", "capabilities", "cause", "reason"),
    [
        (200, (), Cause.CAPABILITY, "never seen: a 429, and this target can't be made to limit the rate"),
        (200, (Capability.LIMIT_RATE,), Cause.NOT_SEEN, "never seen: a 429"),
        (429, (), Cause.NOT_SEEN, "nothing it applies to was observed"),
    ],
)
def test_a_clause_is_skipped_for_the_first_of_its_needs_that_was_never_seen(
    status: int, capabilities: tuple[Capability, ...], cause: Cause, reason: str
) -> None:
    info = Exchange(Request(method="GET", url="http://stub/api/system/info"), Answer(status=status, body=b"{}"))
    skipped = skip_clause(find_clause("refusal.retry-after"), read_history([info]), capabilities)
    assert (skipped.cause, skipped.reason) == (cause, reason)
