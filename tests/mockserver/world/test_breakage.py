from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarkit_contracts.api.result import list_result_faults
from diarkit_contracts.api.states import TaskState
from diarkit_fixtures.strategies.segments import channels
from diarkit_mockserver.scenario.faults import ResultFault
from diarkit_mockserver.world.breakage import break_answer
from diarkit_mockserver.world.wire import dump, write_result, write_task

if TYPE_CHECKING:
    from diarkit_fixtures.segments import Channels

KINDS: tuple[ResultFault, ...] = get_args(ResultFault)
OUTSIDE = ("null_result", "error_on_done", "unknown_state", "beyond_audio")
"""Faults beside the result."""

RESULTS = channels(min_channels=0, max_channels=3, max_segments=6)
SAYS = {
    "count_wrong": "the number of speakers in its segments",
    "end_before_start": "end_time",
    "negative_time": "start_time",
    "overlap": "",
    "unsorted": "",
    "id_gap": "",
    "channel_missing": "channel_number",
}
LENGTH = 1_000_000
"""Centiseconds: longer than all that is drawn."""


def answer(said: Channels) -> bytes:
    return answer_with(write_result(tuple(enumerate(said))))


def answer_with(result: str) -> bytes:
    return write_task("t", TaskState.DONE, result=result, error=None, nulls=True)


@given(said=RESULTS, kind=st.sampled_from([kind for kind in KINDS if kind not in OUTSIDE]))
def test_every_kind_breaks_every_result(said: Channels, kind: ResultFault) -> None:
    body = answer(said)
    assert list_result_faults(json.loads(body)["result"]) == ()
    broken: dict[str, Any] = json.loads(break_answer(body, kind, LENGTH))
    faults = list_result_faults(broken["result"])
    assert faults
    assert SAYS[kind] in " ".join(map(str, faults))
    assert (broken["task"], broken["error"]) == ({"task_id": "t", "state": "done"}, None)


@given(said=RESULTS)
def test_the_faults_beside_the_result_break_just_what_they_name(said: Channels) -> None:
    sound = json.loads(answer(said))
    broken = {kind: json.loads(break_answer(answer(said), kind, LENGTH)) for kind in OUTSIDE}
    assert broken["null_result"] == {**sound, "result": None}
    assert broken["unknown_state"] == {**sound, "task": {"task_id": "t", "state": "finished"}}
    assert {**broken["error_on_done"], "error": None} == sound
    assert broken["error_on_done"]["error"]["type"] == "internal"


@given(said=RESULTS)
def test_the_last_segment_of_the_first_channel_can_end_after_the_audio(said: Channels) -> None:
    broken = json.loads(break_answer(answer(said), "beyond_audio", LENGTH))
    assert broken["result"]["channels"][0]["segments"][-1]["end_time"] == LENGTH / 100 + 1


@given(said=RESULTS, kind=st.sampled_from(KINDS))
def test_the_same_break_is_the_same_every_time(said: Channels, kind: ResultFault) -> None:
    assert break_answer(answer(said), kind, LENGTH) == break_answer(answer(said), kind, LENGTH)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "result", [{}, {"channels": None}, {"channels": [1]}, {"channels": [{"segments": []}]}], ids=repr
)
def test_what_its_rule_has_broken_already_breaks_nothing_here(kind: ResultFault, result: dict[str, object]) -> None:
    broken = json.loads(break_answer(answer_with(dump(result)), kind, LENGTH))
    assert broken["result"] == (None if kind == "null_result" else result)
