from __future__ import annotations

from itertools import product

import pytest

from diarkit_contracts.api.states import (
    ERROR_TYPE_OF_STATE,
    ERROR_TYPE_OF_STATUS,
    STEPS,
    TERMINAL,
    ErrorType,
    TaskErrorType,
    TaskState,
)

LEGAL = {
    ("pending", "running"),
    ("pending", "done"),
    ("pending", "failed"),
    ("pending", "rejected"),
    ("running", "done"),
    ("running", "failed"),
    ("running", "rejected"),
    ("pending", "cancelled"),
    ("running", "cancelled"),
}


@pytest.mark.parametrize(("before", "after"), list(product(TaskState, TaskState)))
def test_each_pair_of_states_is_a_legal_step_or_not(before: TaskState, after: TaskState) -> None:
    assert (after in STEPS[before]) == ((before.value, after.value) in LEGAL)


def test_every_state_has_a_row() -> None:
    assert set(STEPS) == set(TaskState)


def test_the_terminal_states_are_the_three_the_guide_waits_for() -> None:
    assert {state.value for state in TERMINAL} == {"done", "failed", "rejected"}


def test_the_table_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        STEPS[TaskState.DONE] = frozenset({TaskState.RUNNING})  # type: ignore[index]


def test_a_state_is_its_word_on_the_wire() -> None:
    assert [str(state) for state in TaskState] == ["pending", "running", "rejected", "failed", "done", "cancelled"]


def test_each_bad_end_has_its_own_type_of_error() -> None:
    assert ERROR_TYPE_OF_STATE == {"failed": "internal", "rejected": "task.validation-error"}
    assert set(ERROR_TYPE_OF_STATE.values()) == set(TaskErrorType)


def test_each_of_the_nine_types_belongs_to_one_status() -> None:
    assert sorted(ERROR_TYPE_OF_STATUS.values()) == sorted(ErrorType)
    assert len(ErrorType) == 9
