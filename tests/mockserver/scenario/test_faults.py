from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarkit_mockserver.clock import Clock
from diarkit_mockserver.scenario.answer import HttpAnswer
from diarkit_mockserver.scenario.faults import (
    Drip,
    Fault,
    FaultCounts,
    Latency,
    LogNormal,
    Outage,
    Schedule,
    check_reach,
)
from diarkit_mockserver.scenario.model import Scenario
from diarkit_mockserver.scenario.when import When
from diarkit_mockserver.world.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from diarkit_mockserver.intake.submission import Submission

    Make = Callable[..., Submission]

OPERATIONS: tuple[Literal["submit", "poll"], ...] = ("submit", "poll")


class Counted:
    """A schedule, and how often its faults have met requests."""

    def __init__(self, faults: Sequence[Fault], *key: str | int) -> None:
        self.schedule, self.counts = Schedule(faults, *key), FaultCounts()


def meet(
    counted: Counted, submission: Submission, request: str, operation: Literal["submit", "poll"] = "poll"
) -> list[str]:
    chosen = counted.schedule.choose(operation, submission, request, counted.counts, submission)
    return [fault.name for fault, _ in chosen]


def which(fault: Fault, submission: Submission, requests: Iterable[str], *key: str | int) -> set[str]:
    schedule = Counted([fault], *key)
    return {request for request in requests if meet(schedule, submission, request)}


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (Fault, "expected one of http, latency, connection, body, drip, outage, task, result, got none"),
        (lambda: Fault(http=500, task="lost"), "got http and task"),
        (
            lambda: Fault(on="poll", task="lost"),
            "a task fault applies to uploads: expected on: submit or any, got poll",
        ),
        (lambda: Fault(on="poll", result="overlap"), "a result fault applies to uploads"),
        (lambda: Fault(http=199), "expected an HTTP status from 200 to 599, got 199"),
        (lambda: Fault(on="poll", http=200), "200 is the default answer .on: poll"),
        (lambda: Fault(http=500, share=1.1), "expected a share from 0 to 1, got 1.1"),
        (lambda: Fault(http=500, share=float("nan")), "expected a share from 0 to 1, got nan"),
        (lambda: Fault(http=500, times=0), "expected times >= 1, got 0"),
        (lambda: Fault(http=500, ordinal=0), "expected ordinal >= 1, got 0"),
        (lambda: Fault(http=500, every=0), "expected every >= 1, got 0"),
        (lambda: Fault(http=500, every=2, ordinal=1), "expected ordinal or every, got both"),
        (lambda: Fault(http=500, ordinal=(1, 0)), r"expected ordinal >= 1, got \(1, 0\)"),
        (lambda: Fault(http=HttpAnswer(status=500, on="poll")), "remove on and times from http"),
        (lambda: Fault(http=HttpAnswer(status=500, times=1)), "remove on and times from http"),
        (Latency, "expected one of fixed, uniform, log_normal"),
        (lambda: Latency(fixed=1, uniform=(0, 1)), "expected one of fixed, uniform, log_normal"),
        (lambda: Latency(fixed=-1), "expected 0 to 1000000 seconds, got -1"),
        (lambda: Latency(uniform=(2, 1)), r"expected minimum and maximum seconds up to 1000000, got \[2, 1\]"),
        (lambda: LogNormal(median=-1), "expected a median of 0 to"),
        (lambda: LogNormal(median=1, sigma=6), "a sigma of 0 to 5"),
        (lambda: Drip(bytes=0), "expected bytes >= 1"),
        (lambda: Drip(every=-1), "0 to 1000000 seconds"),
        (lambda: Outage(seconds=-1), "expected 0 to 1000000 seconds, got -1"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused_when_it_is_made(make: Callable[[], object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        make()


def test_an_outage_would_reach_beyond_its_world_and_is_refused_in_all_but_the_default_one() -> None:
    outage = Fault(outage=Outage(seconds=1))
    check_reach([outage], "")
    with pytest.raises(ValueError, match="fault 2: an outage closes the port for all worlds"):
        check_reach([Fault(http=500), outage], "other")
    with pytest.raises(ValueError, match="fault 1: an outage"):
        World("other", Scenario(faults=(outage,)), Clock(frozen=True))


def test_an_empty_schedule_says_so() -> None:
    assert not Schedule([])
    assert Schedule([Fault(http=500)])


@pytest.mark.parametrize(("on", "expected"), [("submit", {"submit"}), ("poll", {"poll"}), ("any", {"submit", "poll"})])
def test_a_fault_is_for_the_operations_it_names(make_submission: Make, on: Any, expected: set[str]) -> None:
    met = {
        operation
        for operation in OPERATIONS
        if meet(Counted([Fault(on=on, http=500)]), make_submission(), "1", operation)
    }
    assert met == expected


@pytest.mark.parametrize(("on", "expected"), [("system", True), ("submit", False), ("poll", False), ("any", False)])
def test_requests_about_no_upload_meet_faults_of_their_own(make_submission: Make, on: Any, expected: bool) -> None:
    schedule, asked = Schedule([Fault(on=on, http=500)]), make_submission()
    assert bool(list(schedule.choose("system", None, "1", FaultCounts(), asked))) is expected


@pytest.mark.parametrize("how", [{"task": "lost"}, {"result": "overlap"}, {"http": 500, "when": When(filename="a")}])
def test_what_is_about_uploads_is_refused_beside_system(how: Any) -> None:
    with pytest.raises(ValueError, match="applies to uploads"):
        Fault(on="system", **how)


@pytest.mark.parametrize("fault", [Fault(task="lost"), Fault(result="overlap")])
def test_faults_of_tasks_and_results_are_about_uploads(make_submission: Make, fault: Fault) -> None:
    schedule = Counted([fault])
    assert meet(schedule, make_submission(), "1", "poll") == []
    assert meet(schedule, make_submission(), "1", "submit") == [fault.name]


def test_a_fault_is_matched_as_a_rule_is(make_submission: Make) -> None:
    schedule = Counted([Fault(when=When(filename="bad*"), http=500)])
    assert meet(schedule, make_submission(filename="bad.wav"), "1") == ["http"]
    assert meet(schedule, make_submission(filename="good.wav"), "2") == []


@pytest.mark.parametrize(
    ("which", "expected"),
    [
        ({"ordinal": 1}, [1]),
        ({"ordinal": 3}, [3]),
        ({"ordinal": (1, 4, 9)}, [1, 4, 9]),
        ({}, [*range(1, 11)]),
        ({"every": 1}, [*range(1, 11)]),
        ({"every": 3}, [3, 6, 9]),
        ({"every": 4, "times": 1}, [4]),
        ({"every": 11}, []),
    ],
)
def test_ordinals_count_the_requests_that_match(
    make_submission: Make, which: dict[str, Any], expected: list[int]
) -> None:
    schedule = Counted([Fault(on="poll", when=When(filename="a"), http=500, **which)])
    met: list[int] = []
    for number in range(1, 11):
        meet(schedule, make_submission(filename="other"), "x")
        meet(schedule, make_submission(filename="a"), "x", "submit")
        if meet(schedule, make_submission(filename="a"), str(number)):
            met.append(number)
    assert met == expected


def test_a_fault_stops_after_its_times(make_submission: Make) -> None:
    schedule = Counted([Fault(http=500, times=2, ordinal=(2, 3, 4))])
    assert [bool(meet(schedule, make_submission(), str(number))) for number in range(5)] == [
        False,
        True,
        True,
        False,
        False,
    ]


def test_all_faults_that_match_meet_a_request_in_their_order(make_submission: Make) -> None:
    faults = [Fault(latency=Latency(fixed=1)), Fault(body="html"), Fault(connection="close_in_body")]
    assert meet(Counted(faults), make_submission(), "1") == ["latency", "body:html", "connection:close_in_body"]


REQUESTS = [f"task-{number} {number % 3}" for number in range(4000)]


@pytest.mark.parametrize("share", [0.0, 0.02, 0.25, 0.5, 1.0])
def test_a_share_meets_about_so_many_requests(make_submission: Make, share: float) -> None:
    met = len(which(Fault(http=500, share=share), make_submission(), REQUESTS, 7, "world"))
    # Five standard deviations of 4000 throws; 0 and 1 are exact.
    assert abs(met - share * 4000) <= 5 * (4000 * share * (1 - share)) ** 0.5


def test_which_requests_a_share_meets_follows_from_seed_world_and_request_alone(make_submission: Make) -> None:
    """Row 25 of the demands: a schedule, not a coin toss. The same in each run, whatever the order."""
    fault = Fault(http=500, share=0.3)
    shuffled = random.Random(1).sample(REQUESTS, len(REQUESTS))  # noqa: S311 - any order will do
    first = which(fault, make_submission(), REQUESTS, 7, "world")
    assert which(fault, make_submission(), REQUESTS, 7, "world") == first
    assert which(fault, make_submission(), shuffled, 7, "world") == first
    assert which(fault, make_submission(), REQUESTS, 8, "world") != first
    assert which(fault, make_submission(), REQUESTS, 7, "other") != first


def test_two_faults_with_a_share_do_not_meet_the_same_requests(make_submission: Make) -> None:
    schedule = Counted([Fault(http=500, share=0.5), Fault(http=500, share=0.5)], 1)
    met = [len(meet(schedule, make_submission(), request)) for request in REQUESTS]
    assert 0.15 < met.count(0) / len(met) < 0.35
    assert 0.15 < met.count(2) / len(met) < 0.35


@given(share=st.floats(0, 1), other=st.floats(0, 1))
def test_a_larger_share_meets_all_that_a_smaller_one_does(make_submission: Make, share: float, other: float) -> None:
    small, large = sorted((share, other))
    requests, submission = REQUESTS[:40], make_submission()
    assert which(Fault(body="empty", share=small), submission, requests) <= which(
        Fault(body="empty", share=large), submission, requests
    )


@pytest.mark.parametrize(
    ("fault", "name"),
    [
        (Fault(http=503), "http"),
        (Fault(http=HttpAnswer(status=503)), "http"),
        (Fault(latency=Latency(fixed=0)), "latency"),
        (Fault(drip=Drip()), "drip"),
        (Fault(outage=Outage(seconds=1)), "outage"),
        (Fault(body="html"), "body:html"),
        (Fault(connection="reset_before_headers"), "connection:reset_before_headers"),
        (Fault(task="lost"), "task:lost"),
        (Fault(result="id_gap"), "result:id_gap"),
    ],
)
def test_a_fault_has_a_name_for_log_and_journal(fault: Fault, name: str) -> None:
    assert fault.name == name


@pytest.mark.parametrize(
    ("fault", "needs"),
    [
        (Fault(http=500), False),
        (Fault(on="submit", when=When(channel_mode="mix"), http=500), False),
        (Fault(on="submit", when=When(filename="a"), http=500), True),
        (Fault(when=When(occurrence=2), http=500), True),
        (Fault(on="poll", when=When(filename="a"), http=500), False),
    ],
)
def test_whether_the_body_of_an_upload_decides(fault: Fault, *, needs: bool) -> None:
    assert Schedule([fault]).needs_body is needs
