from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from diarkit_contracts.api.states import TaskState
from diarkit_contracts.exchanges.exchange import Loss
from diarkit_mockserver.clock import SECOND
from diarkit_mockserver.intake.request import ENDPOINT, Request
from diarkit_mockserver.intake.submission import MediaFacts, Parameters, Submission
from diarkit_mockserver.journal.conduct import RULES, judge
from diarkit_mockserver.journal.journal import Entry

TASK = "00000000-0000-4000-8000-000000000001"


def exchange(number: int, method: str = "GET", status: int = 200, *, at: float = 0.0, **more: Any) -> Entry:
    """An exchange whose client knew all answers before it; its connection is 1."""
    path = ENDPOINT if method == "POST" else f"{ENDPOINT}/{TASK}"
    fields: dict[str, Any] = {
        "asked_at": round(at * SECOND),
        "answered_at": round(at * SECOND),
        "connection": 1,
        "submission": None,
        "headers": (),
        "task_id": TASK,
        "state": None,
        "note": "",
        "follows": number - 1,
        **more,
    }
    request = Request(method, path, "", [], scheme="http", server="x:1")
    return Entry(number=number, status=status, request=request, received=0, body=b"", rule="", **fields)


def accepted(number: int, **more: Any) -> Entry:
    submission = Submission(filename="call.wav", sha256="a" * 64, size=1, media=MediaFacts(kind="wav"))
    return exchange(number, "POST", 202, **{"state": TaskState.PENDING, "submission": submission, **more})


def told(number: int, state: TaskState, **more: Any) -> Entry:
    return exchange(number, state=state, **more)


def ids(*entries: Entry, now: float = 1e6, **options: Any) -> list[str]:
    return [finding.rule.id for finding in judge(entries, now=round(now * SECOND), **options)]


def test_nothing_done_is_nothing_done_wrong() -> None:
    assert judge([], now=0) == ()


def test_a_finding_in_a_failed_assertion_is_one_line() -> None:
    found = judge([accepted(1), told(2, TaskState.DONE), told(3, TaskState.DONE)], now=1)
    assert repr(found) == f"(<{found[0]}>,)"
    assert str(found[0]).startswith("conduct.polls-after-end (exchange")
    assert repr(found[0].rule) == "<conduct.polls-after-end>"


def test_a_poll_that_was_on_its_way_when_the_task_ended_is_no_late_one() -> None:
    end = told(2, TaskState.DONE)
    assert ids(accepted(1), end, told(3, TaskState.DONE, follows=1)) == []
    assert ids(accepted(1), end, told(3, TaskState.DONE, follows=2)) == ["conduct.polls-after-end"]


def test_an_answer_that_is_still_held_back_by_a_pause_is_not_known_to_the_client() -> None:
    end = told(2, TaskState.DONE, at=1, answered_at=5 * SECOND)
    assert ids(accepted(1), end, told(3, TaskState.DONE, at=4)) == []
    assert ids(accepted(1), end, told(3, TaskState.DONE, at=5)) == ["conduct.polls-after-end"]


@pytest.mark.parametrize("unread", [{"lost": Loss.CUT}, {"faults": ("latency", "body:garbled")}])
def test_an_end_that_the_client_could_not_read_may_be_asked_for_again(unread: dict[str, Any]) -> None:
    assert ids(accepted(1), told(2, TaskState.DONE, **unread), told(3, TaskState.DONE)) == []


@pytest.mark.parametrize(
    ("look", "needless"),
    [
        (told(2, TaskState.PENDING), True),
        (told(2, TaskState.RUNNING), True),
        (told(2, TaskState.DONE), True),
        (told(2, TaskState.REJECTED), True),
        (exchange(2, status=429), True),
        (told(2, TaskState.FAILED), False),
        (exchange(2, status=404), False),
        (exchange(2, status=500), False),
        (told(2, TaskState.RUNNING, faults=("body:html",)), False),
    ],
)
def test_a_file_is_sent_again_with_need_only_if_its_task_failed_or_is_out_of_reach(
    look: Entry, *, needless: bool
) -> None:
    again = accepted(3, task_id=TASK.replace("1", "2"))
    late = told(4, TaskState.DONE, task_id=again.task_id)
    assert ids(accepted(1), look, again, late) == ["conduct.resubmits"] * needless


def test_another_file_name_or_other_parameters_are_another_request() -> None:
    first = accepted(1)
    assert first.submission is not None
    for other in (
        replace(first.submission, filename="other.wav"),
        replace(first.submission, parameters=Parameters(max_speakers=2)),
        replace(first.submission, sha256="b" * 64),
    ):
        second = accepted(2, submission=other, task_id=TASK.replace("1", "2"))
        assert ids(first, second, ignore=["conduct.never-reads-result"]) == []


@pytest.mark.parametrize("fault", ["stuck", "lost"])
def test_nobody_has_to_wait_for_a_task_without_an_end(fault: str) -> None:
    upload = accepted(1, faults=(f"task:{fault}",))
    assert ids(upload, told(2, TaskState.RUNNING)) == []
    assert ids(accepted(1), told(2, TaskState.RUNNING)) == ["conduct.gives-up"]


def test_a_poll_after_retry_after_has_the_pace_that_it_was_told() -> None:
    refused = exchange(2, status=429, headers=((b"retry-after", b"1"),))
    assert ids(accepted(1), refused, told(3, TaskState.DONE, at=1), pace_s=5) == []
    assert ids(accepted(1), told(2, TaskState.RUNNING), told(3, TaskState.DONE, at=1), pace_s=5) == [
        "conduct.polls-too-fast"
    ]


def test_the_pace_is_off_by_default() -> None:
    assert ids(accepted(1), *(told(n, TaskState.RUNNING) for n in range(2, 9)), told(9, TaskState.DONE)) == []


def test_a_client_that_polls_slower_than_connections_live_may_open_new_ones() -> None:
    def polled_every(seconds: float) -> list[str]:
        looks = [told(n, TaskState.RUNNING, connection=n, at=n * seconds) for n in (2, 3)]
        return ids(accepted(1, at=seconds), *looks, told(4, TaskState.DONE, connection=4, at=4 * seconds))

    assert polled_every(4.999) == ["conduct.reconnects"]
    assert polled_every(5) == []


def test_a_client_may_lose_one_connection() -> None:
    looks = [told(2, TaskState.RUNNING, connection=2), told(3, TaskState.DONE, connection=2)]
    assert ids(accepted(1), *looks) == []
    assert ids(accepted(1), told(2, TaskState.DONE, connection=2)) == []


def test_a_connection_that_is_used_again_is_not_held() -> None:
    other = TASK.replace("1", "2")
    looks = [told(2, TaskState.RUNNING, connection=2), told(3, TaskState.DONE, connection=3)]
    late = told(4, TaskState.DONE, connection=1, task_id=other)
    assert ids(accepted(1), *looks, open_connections=[1, 2, 3]) == ["conduct.holds-connection"] * 2
    assert ids(accepted(1), *looks, late, open_connections=[1, 2, 3]) == []


def test_a_client_is_not_blamed_for_one_answer_that_a_test_still_holds() -> None:
    looks = [told(2, TaskState.RUNNING, connection=2), told(3, TaskState.DONE, connection=2)]
    assert ids(accepted(1), *looks, open_connections=[1, 2]) == []


def test_a_free_connection_that_is_taken_from_a_pool_is_none_that_was_opened() -> None:
    other = TASK.replace("1", "2")
    before = (accepted(1, task_id=other, connection=2), accepted(2, connection=1))
    end = told(3, TaskState.DONE, connection=2)
    ignored = ["conduct.never-reads-result", "conduct.resubmits"]
    assert ids(*before, end, open_connections=[1, 2], ignore=ignored) == []


def test_who_uses_one_connection_twice_does_not_open_one_for_each_request() -> None:
    other = told(1, TaskState.DONE, task_id=TASK.replace("1", "2"))
    looks = [told(3, TaskState.RUNNING, connection=2), told(4, TaskState.DONE, connection=3)]
    assert ids(accepted(2), *looks) == ["conduct.reconnects"]
    assert ids(other, accepted(2), *looks) == []


def test_who_polls_on_and_on_is_not_blamed_for_the_pace_as_well() -> None:
    polls = [told(2, TaskState.RUNNING, at=5), *(told(n, TaskState.DONE, at=10) for n in range(3, 6))]
    assert ids(accepted(1), *polls, pace_s=5) == ["conduct.polls-after-end"]


def test_who_sends_a_file_again_is_not_blamed_for_leaving_the_first_task() -> None:
    again = accepted(2, task_id=TASK.replace("1", "2"))
    assert ids(accepted(1), again, told(3, TaskState.DONE, task_id=again.task_id)) == ["conduct.resubmits"]


def test_refused_polls_belong_to_the_task_in_their_path() -> None:
    refused = exchange(2, status=429, task_id=None, headers=((b"retry-after", b"9"),))
    assert ids(accepted(1), refused, told(3, TaskState.DONE, at=3)) == ["conduct.ignores-retry-after"]


def test_polls_whose_upload_has_left_the_journal_are_still_judged() -> None:
    assert ids(told(7, TaskState.DONE), told(8, TaskState.DONE)) == ["conduct.polls-after-end"]
    assert ids(told(7, TaskState.RUNNING)) == []


def test_a_finding_is_told_in_one_line() -> None:
    findings = judge([accepted(1), *(told(n, TaskState.DONE) for n in range(2, 15))], now=0)
    assert [str(finding) for finding in findings] == [
        (
            "conduct.polls-after-end (exchanges 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, ...): "
            f"task {TASK} was done in exchange 2, and was polled 12 times more"
        )
    ]


def test_an_unknown_id_is_not_ignored() -> None:
    with pytest.raises(ValueError, match=r"expected ids of rules \(conduct.polls-after-end, .*got conduct.polls-late"):
        judge([], now=0, ignore=["conduct.polls-late"])


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_rule_says_what_it_wants_and_where_that_is_from(rule: Any) -> None:
    assert rule.id.startswith("conduct.")
    assert rule.sentence.endswith(".")
    assert rule.evidence.source
    assert rule.evidence.label in ("DOC", "INF")
    assert rule.evidence.severity in ("error", "warning")
