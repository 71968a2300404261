from __future__ import annotations

import uuid

from hypothesis import given
from hypothesis import strategies as st

from diarkit_mockserver.world.ids import AnswerIds, make_id, name_poll

TASK = "bc28dae7-d15c-45cc-9a45-a499a1c1fa3d"


def test_ids_have_the_form_of_random_ones_and_are_always_the_same() -> None:
    assert make_id("a", 1) == str(uuid.UUID(make_id("a", 1)))
    assert uuid.UUID(make_id("a", 1)).version == 4
    assert make_id("a", 1) == "135f17a4-75a6-4afd-aeaf-3759ad2e45ad"
    assert len({make_id("a", 1), make_id("a1"), make_id("a", "1"), make_id(("a", 1))}) == 4


def test_the_two_ids_of_an_answer_are_always_the_same_and_have_the_form_of_random_ones() -> None:
    made = AnswerIds(0, "world").make("GET / 404")
    assert made == ("7aeee446-0ad8-478b-b09b-6f9955c0f81e", "162c2409-2521-49aa-bfe9-f2470786f545")
    assert [uuid.UUID(one).version for one in made] == [4, 4]
    assert [str(uuid.UUID(one)) for one in made] == list(made)


def test_answers_of_other_worlds_seeds_and_traces_have_other_ids() -> None:
    makers = [AnswerIds(0, "a"), AnswerIds(0, "b"), AnswerIds(1, "a"), AnswerIds("0", "a")]
    made = [one for maker in makers for trace in ("x", "y", "\udcff", "") for one in maker.make(trace)]
    assert len(set(made)) == len(made) == 4 * 4 * 2


@given(st.integers(0, (1 << 32) - 1))
def test_a_polls_ids_are_its_tasks_with_its_number(number: int) -> None:
    request_id, correlation_id = name_poll(TASK, number)
    assert str(uuid.UUID(request_id)) == request_id
    assert str(uuid.UUID(correlation_id)) == correlation_id
    assert (request_id[:24], int(request_id[24:], 16)) == (TASK[:24], number)
    assert (int(correlation_id[:8], 16), correlation_id[8:]) == (number, TASK[8:])
