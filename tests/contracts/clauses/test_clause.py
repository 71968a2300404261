from __future__ import annotations

from typing import TYPE_CHECKING

from diarkit_contracts.api.evidence import documented
from diarkit_contracts.clauses.clause import Fault, Observation, clause, judge, observe
from diarkit_contracts.clauses.need import ANSWER
from diarkit_contracts.exchanges.history import read_history

if TYPE_CHECKING:
    from collections.abc import Iterable

    from diarkit_contracts.clauses.clause import Clause
    from diarkit_contracts.exchanges.history import History


def make_clause(*observations: Observation) -> Clause:
    def check(history: History) -> Iterable[Observation]:
        """A body is JSON."""
        return iter(observations)

    return clause("a.b", documented("page"), "info", ANSWER)(check)


def test_a_clause_states_what_its_check_states() -> None:
    made = make_clause()
    assert (made.id, made.sentence, made.needs) == ("a.b", "A body is JSON.", (ANSWER,))


def test_a_kept_observation_has_no_fault() -> None:
    assert observe(3, met=True, expected="x", got="y") == Observation(3)


def test_a_broken_observation_says_what_was_expected_and_what_came() -> None:
    assert observe(3, met=False, expected="one", got="two") == Observation(3, Fault("one", "two"))
    assert observe(3, met=False, expected="one", got=[1, None]) == Observation(3, Fault("one", "[1, None]"))


def test_what_came_is_cut_to_a_readable_length() -> None:
    observation = observe(0, met=False, expected="", got=list(range(10_000)))
    assert observation.fault is not None
    assert len(observation.fault.got) == 200


def test_a_judgement_keeps_every_case_and_tells_the_broken_ones() -> None:
    broken = Observation(1, Fault("one", "two"))
    made = make_clause(Observation(0), broken, Observation(2))
    judgement = judge(made, read_history([]))
    assert (judgement.clause, len(judgement.observations), judgement.broken) == (made, 3, (broken,))


def test_a_clause_that_met_no_case_has_verified_nothing() -> None:
    judgement = judge(make_clause(), read_history([]))
    assert (judgement.observations, judgement.broken) == ((), ())
