from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from diarkit_contracts.api.profiles import DEFAULT, Capability
from diarkit_contracts.exchanges.exchange import Answer
from diarkit_contracts.exchanges.history import read_history
from diarkit_contracts.rows.plan import Plan, choose_rows, make_plan
from diarkit_contracts.rows.tier import Tier
from diarkit_contracts.runs.drive import Drive, drive_plan
from diarkit_contracts.runs.verdict import Cause, Ending, RowOutcome, Why
from diarkit_contracts.target.client import Caps, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diarkit_contracts.exchanges.exchange import Request


def lose(request: Request, _: Answer) -> Answer:
    raise UnreachableError(request.url, "gone")


def list_ending(drive: Drive, ending: Ending) -> list[RowOutcome]:
    return [outcome for outcome in drive.outcomes if outcome.ending is ending]


def inconclusive(drive: Drive) -> list[RowOutcome]:
    return list_ending(drive, Ending.INCONCLUSIVE)


def skipped(drive: Drive) -> list[RowOutcome]:
    return list_ending(drive, Ending.SKIPPED)


def states(target: Any) -> list[str]:
    bodies = [exchange.answer.body.decode() for exchange in target.exchanges]
    return [body.split('"state": "')[1].split('"')[0] for body in bodies if '"state"' in body]


def test_a_task_is_followed_to_its_end_and_looked_at_twice_more_and_again_after_all_rows(make_target: Any) -> None:
    target = make_target()
    drive = drive_plan(choose_rows(["row-01"]), target, DEFAULT)
    assert states(target) == ["pending", "running", "done", "done", "done", "done"]
    assert [(row.name, row.at) for row in drive.rows] == [("row-01[2ch-4.0s]", (0, 1, 2, 3, 4, 5))]
    assert (inconclusive(drive), skipped(drive), drive.whys) == ([], [], ())


def test_rows_of_a_step_are_in_flight_together_as_far_as_allowed(make_target: Any, stub: Any) -> None:
    for in_flight, methods in ((2, "PPGGGGGGGGGGG"), (1, "PGGGGPGGGGGG")):
        stub.seen.clear()
        plan = make_plan(Tier.LITE)
        (pair,) = [step for step in plan.steps if step[0].id == "row-01"]
        drive_plan(Plan("x", (pair,)), make_target(caps=Caps(in_flight=in_flight)), DEFAULT)
        assert "".join(request.method[0] for request in stub.seen) == methods


def test_every_exchange_of_a_run_belongs_to_one_row(make_target: Any) -> None:
    target = make_target()
    drive = drive_plan(make_plan(Tier.LITE), target, DEFAULT)
    assert sorted(at for row in drive.rows for at in row.at) == list(range(len(target.exchanges)))


def test_the_told_url_and_the_own_one_are_asked_in_turn(make_target: Any, stub: Any) -> None:
    stub.polls_until_done = 3

    def mark(_: Request, answer: Answer) -> Answer:
        headers = tuple((name, f"{value}?told" if name == "X-Location" else value) for name, value in answer.headers)
        return Answer(status=answer.status, headers=headers, body=answer.body)

    stub.tamper = mark
    drive_plan(choose_rows(["row-05"]), make_target(), DEFAULT)
    assert [request.url.endswith("?told") for request in stub.seen[1:]] == [True, False] * 3 + [True]


def test_a_task_that_takes_too_long_is_inconclusive_and_makes_room(make_target: Any, stub: Any, clock: Any) -> None:
    stub.polls_until_done = 10_000
    target = make_target(caps=Caps(task_seconds=60, in_flight=1))
    drive = drive_plan(choose_rows(["row-01", "row-02"]), target, DEFAULT)
    assert [each.reason for each in inconclusive(drive)] == ["the task did not end within 60 s"] * 2
    assert drive.given_up == {start.task_id for start in read_history(target.exchanges).starts}
    assert [each.attempts for each in inconclusive(drive)] == [1, 1]  # two that did not end are proof enough
    assert len(target.exchanges) < 50
    assert clock.now() - 1000 < 150


@pytest.mark.parametrize(
    ("status", "cause", "word"),
    [
        (413, Cause.TOO_LARGE, "too large"),
        (429, Cause.RATE_LIMITED, "limits the rate"),
        (507, Cause.STORAGE_FULL, "storage is full"),
    ],
)
def test_a_refusal_that_says_nothing_of_the_request_is_inconclusive(
    make_target: Any, stub: Any, status: int, cause: Cause, word: str
) -> None:
    stub.tamper = lambda *_: stub.refuse(status)
    drive = drive_plan(choose_rows(["row-01"]), make_target(), DEFAULT)
    (told,) = inconclusive(drive)
    assert (told.row, told.cause) == ("row-01[2ch-4.0s]", cause)
    assert word in told.reason


def test_a_rate_limit_that_stays_ends_the_polls(make_target: Any, stub: Any) -> None:
    stub.tamper = lambda request, answer: stub.refuse(429) if request.method == "GET" else answer
    drive = drive_plan(choose_rows(["row-01"]), make_target(), DEFAULT)
    assert [each.reason[:3] for each in inconclusive(drive)] == ["429"]


def test_an_answer_that_is_no_state_is_not_waited_for(make_target: Any, stub: Any) -> None:
    stub.tamper = lambda request, answer: stub.refuse(404) if request.method == "GET" else answer
    drive_plan(choose_rows(["row-01"]), make_target(), DEFAULT)
    assert len(stub.seen) == 5


def test_a_server_that_never_answers_is_unreachable(make_target: Any, stub: Any) -> None:
    stub.tamper = lose
    drive = drive_plan(make_plan(Tier.PROBE), make_target(), DEFAULT)
    assert drive.whys == (Why(Cause.UNREACHABLE, "http://stub:8000 does not answer: gone"),)
    assert len(stub.seen) == 1
    assert len(skipped(drive)) == len(make_plan(Tier.PROBE).rows) - 1
    assert len(inconclusive(drive)) == 1


def test_a_server_that_goes_away_ends_the_run_after_three_calls(make_target: Any, stub: Any) -> None:
    stub.tamper = lambda request, answer: lose(request, answer) if len(stub.seen) > 2 else answer
    drive = drive_plan(make_plan(Tier.PROBE), make_target(), DEFAULT)
    assert len(stub.seen) == 5
    assert drive.whys == ()
    said = {(each.cause, each.reason) for each in skipped(drive)}
    assert said == {(Cause.GONE, "the server no longer answers: gone")}
    assert [(each.cause, each.reason) for each in inconclusive(drive)] == [(Cause.LOST, "no answer: gone")] * 2
    assert [each.attempts for each in inconclusive(drive)] == [2, 1]


def test_a_call_that_is_lost_once_is_sent_again_and_judged(make_target: Any, stub: Any) -> None:
    stub.tamper = lambda request, answer: lose(request, answer) if len(stub.seen) == 3 else answer
    drive = drive_plan(make_plan(Tier.PROBE), make_target(), DEFAULT)
    assert {each.ending for each in drive.outcomes} == {Ending.JUDGED}
    assert [(each.cause, each.attempts) for each in drive.outcomes if each.cause is not None] == [(Cause.LOST, 2)]
    assert [row.lost for row in drive.rows if row.lost] == [(0,)]


@pytest.mark.parametrize(
    ("caps", "cause", "rest"),
    [
        (Caps(calls=4), Cause.BUDGET_CALLS, "calls"),
        (Caps(tasks=0, spare=0), Cause.BUDGET_TASKS, "tasks"),
        (Caps(bytes_up=9_000), Cause.BUDGET_BYTES, "bytes sent"),
        (Caps(received=1_000), Cause.BUDGET_RECEIVED, "bytes received"),
    ],
)
def test_what_a_cap_leaves_out_is_skipped_with_the_reason(
    make_target: Any, caps: Caps, cause: Cause, rest: str
) -> None:
    drive = drive_plan(make_plan(Tier.PROBE), make_target(caps=caps), DEFAULT)
    assert {each.cause for each in skipped(drive)} == {cause}
    assert all(each.reason.startswith("budget: ") and each.reason.endswith(rest) for each in skipped(drive))


def test_small_rows_still_go_where_a_large_one_does_not(make_target: Any) -> None:
    drive = drive_plan(choose_rows(["row-01", "bad-01"]), make_target(caps=Caps(bytes_up=1000)), DEFAULT)
    assert [row.name for row in drive.rows] == ["bad-01[unknown-task]"]


def test_an_interrupted_run_keeps_what_it_saw(make_target: Any, stub: Any) -> None:
    def interrupt(_: Request, answer: Answer) -> Answer:
        if len(stub.seen) == 3:
            raise KeyboardInterrupt
        return answer

    stub.tamper = interrupt
    target = make_target()
    drive = drive_plan(make_plan(Tier.PROBE), target, DEFAULT)
    assert len(target.exchanges) == 2
    assert {(each.cause, each.reason) for each in skipped(drive)} == {(Cause.INTERRUPTED, "the run was interrupted")}


def test_a_task_that_fails_is_sent_again_once_as_one_of_the_spare_tasks(make_target: Any, stub: Any) -> None:
    stub.tamper = lambda _, answer: replace(answer, body=answer.body.replace(b'"state": "done"', b'"state": "failed"'))
    target = make_target(caps=Caps(tasks=2, spare=1))
    drive = drive_plan(choose_rows(["row-01", "row-02"]), target, DEFAULT)
    assert [(each.ending, each.cause, each.attempts) for each in drive.outcomes] == [
        (Ending.JUDGED, Cause.TASK_FAILED, 2),
        (Ending.INCONCLUSIVE, Cause.TASK_FAILED, 1),
    ]
    assert target.spent.tasks == 3


def test_a_look_that_is_lost_is_asked_again_and_only_once(make_target: Any, stub: Any) -> None:
    stub.tamper = lambda request, answer: lose(request, answer) if len(stub.seen) in {2, 4} else answer
    target = make_target()
    (outcome,) = drive_plan(choose_rows(["row-01"]), target, DEFAULT).outcomes
    assert (outcome.ending, outcome.attempts) == (Ending.JUDGED, 1)
    stub.tamper = lambda request, answer: lose(request, answer) if request.method == "GET" else answer
    (outcome,) = drive_plan(choose_rows(["row-01"]), make_target(), DEFAULT).outcomes
    assert (outcome.ending, outcome.cause) == (Ending.INCONCLUSIVE, Cause.LOST)


def test_what_a_target_can_not_be_made_to_do_is_not_planned(make_target: Any) -> None:
    drive = drive_plan(choose_rows(["forced-01", "forced-04"]), make_target(), DEFAULT)
    assert drive.outcomes == []
    assert [each.reason for each in drive.unplanned] == [
        "this target can't be made to fail a task (--fake can)",
        "this target can't be made to forbid an upload (--fake can)",
    ]


def test_a_target_is_made_to_do_it_while_the_row_is_sent(make_target: Any, stub: Any) -> None:
    @contextmanager
    def forbid() -> Iterator[None]:
        stub.tamper = lambda *_: stub.refuse(403)
        yield
        stub.tamper = lambda _, answer: answer

    target = make_target()
    drive_plan(choose_rows(["forced-04", "bad-01"]), target, DEFAULT, {Capability.FORBID: forbid})
    assert [each.answer.status for each in target.exchanges] == [403, 404]


def test_progress_tells_each_row_before_it_is_sent(make_target: Any, stub: Any) -> None:
    told: list[tuple[str, int]] = []
    drive_plan(
        choose_rows(["bad-01", "bad-02"]),
        make_target(),
        DEFAULT,
        progress=lambda row: told.append((row.id, len(stub.seen))),
    )
    assert told == [("bad-01", 0), ("bad-02", 1)]


@pytest.mark.parametrize("status", [429, 503, 507])
def test_a_row_that_comes_too_early_is_sent_again_when_the_others_have_ended(
    make_target: Any, stub: Any, status: int
) -> None:
    running: set[str] = set()

    def queue_of_one(request: Request, answer: Answer) -> Answer:
        told = answer.body.decode()
        if request.method == "POST" and answer.status == 202:
            if running:
                return stub.refuse(status, ("Retry-After", "9")) if status != 503 else Answer(status=503)
            running.add("one")
        if '"done"' in told:
            running.clear()
        return answer

    stub.tamper = queue_of_one
    target = make_target()
    (pair,) = [step for step in make_plan(Tier.LITE).steps if step[0].id == "row-01"]
    drive = drive_plan(Plan("x", (pair,)), target, DEFAULT)
    assert inconclusive(drive) == []
    assert [row.name[:6] for row in drive.rows] == ["row-01", "row-02"]
    assert sorted(at for row in drive.rows for at in row.at) == list(range(len(target.exchanges)))
    assert target.waits == 0


def test_a_row_says_which_tasks_are_asked_for_before_the_next_one(make_target: Any, stub: Any) -> None:
    stub.polls_until_done = 9
    one, two, three = (replace(row, looks=()) for row in choose_rows(["row-01", "row-02", "row-03"]).rows)
    two = replace(two, looks=("row-01", "row-01", "row-02", "row-77", "row-03", "row-01"))
    three = replace(three, looks=("row-02",))
    drive_plan(Plan("x", ((one, two), (three,))), make_target(caps=Caps(in_flight=2)), DEFAULT)
    posts = [at for at, request in enumerate(stub.seen) if request.method == "POST"]
    paths = [request.path for request in stub.seen]
    first, second = list(dict.fromkeys(paths[2:6]))
    assert (posts[:2], paths[2:6]) == ([0, 1], [first, first, second, first])
    assert paths[posts[2] + 1] == second
