from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

import pytest

from diarkit_contracts.api.states import TaskState
from diarkit_mockserver.intake.submission import Media
from diarkit_mockserver.scenario.answer import HttpAnswer
from diarkit_mockserver.scenario.course import GUIDE
from diarkit_mockserver.scenario.model import OUTCOMES, Rule, Scenario, SeededTask, Then
from diarkit_mockserver.scenario.when import When

if TYPE_CHECKING:
    from collections.abc import Callable

GIVEN: dict[str, Any] = {
    "result": {},
    "segments": (),
    "speakers": 0,
    "rttm": "a.rttm",
    "failed": "",
    "rejected": "",
}


def test_without_a_word_the_guide_can_be_followed() -> None:
    assert Scenario().course == GUIDE
    assert Scenario().rules == ()
    assert Then() == Then(breaks_contract=False)


@pytest.mark.parametrize("outcomes", list(combinations(OUTCOMES, 2)))
def test_two_outcomes_are_one_too_many(outcomes: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match=f"expected one outcome, got {outcomes[0]} and {outcomes[1]}"):
        Then(**{name: GIVEN[name] for name in outcomes})


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_a_refused_submission_has_no_outcome_but_one_with_disturbed_polls_has(outcome: str) -> None:
    given = {outcome: GIVEN[outcome]}
    for refused in (500, HttpAnswer(status=500)):
        with pytest.raises(ValueError, match=f"remove {outcome}, or add on: poll"):
            Then(http=refused, **given)
    assert Then(http=HttpAnswer(status=500, on="poll"), **given).http_answer is not None


def test_a_bare_status_is_an_http_answer_to_the_upload() -> None:
    assert Then(http=507).http_answer == HttpAnswer(status=507)
    assert Then().http_answer is None


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Then(http=199), "from 200 to 599, got 199"),
        (lambda: Then(http=600), "from 200 to 599, got 600"),
        (lambda: Then(http=202), "202 is the default answer .on: submit"),
        (lambda: Then(http=HttpAnswer(status=200, on="poll")), "200 is the default answer .on: poll"),
        (lambda: Then(speakers=-1), "speakers >= 0, got -1"),
        (lambda: Rule(then=Then(), times=0), "times >= 1, got 0"),
        (lambda: Media(duration=-0.5), "0 to 86400 seconds, got -0.5"),
        (lambda: Media(duration=float("nan")), "0 to 86400 seconds, got nan"),
        (lambda: Media(channels=0), "1 to 64 channels, got 0"),
        (lambda: Media(channels=65), "1 to 64 channels, got 65"),
    ],
)
def test_a_value_out_of_its_bounds_is_refused_with_both(make: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


ID = "123e4567-e89b-12d3-a456-426614174000"


@pytest.mark.parametrize(
    ("held", "end"),
    [
        ({}, TaskState.DONE),
        ({"state": TaskState.RUNNING, "failed": "why"}, TaskState.FAILED),
        ({"rejected": ""}, TaskState.REJECTED),
        ({"state": TaskState.CANCELLED}, TaskState.CANCELLED),
    ],
    ids=str,
)
def test_a_seeded_task_ends_by_what_it_has(held: dict[str, Any], end: TaskState) -> None:
    assert SeededTask(id=ID, **held).end is end


@pytest.mark.parametrize(
    ("held", "message"),
    [
        ({"id": ID[:-1]}, f"expected a UUID as in {ID}, got '{ID[:-1]}'"),
        ({"state": TaskState.FAILED}, "expected the state done, pending or running for no outcome"),
        ({"state": TaskState.DONE, "failed": "why"}, "expected the state failed, pending or running for failed='why'"),
        ({"state": TaskState.CANCELLED, "speakers": 1}, "expected the state done, .* for speakers=1, got cancelled"),
        ({"failed": "why", "result": {}}, "expected one outcome, got result and failed"),
    ],
    ids=str,
)
def test_a_seeded_task_that_contradicts_itself_is_refused(held: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SeededTask(**{"id": ID, **held})


def test_a_rule_is_named_by_what_it_asks_for() -> None:
    assert str(Rule(then=Then(), when=When(filename="*.wav"))) == "filename='*.wav'"
    assert str(Rule(then=Then())) == "any submission"
