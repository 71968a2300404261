"""Values as bytes and back."""

from __future__ import annotations

import os
import pickle
from collections import Counter

import pytest

from diarkit_contracts.api.states import TaskState
from diarkit_mockserver.scenario.load import parse_scenario
from diarkit_mockserver.store.values import ABSENT, VERSION_BYTES, draw_version, pack, split, unpack
from diarkit_mockserver.world.task import Outcome, Progress

SCENARIO = """
version: 1
course: {seconds: {pending: 1, running: 2}}
rules: [{when: {filename: "a*", headers: {x: "1"}}, then: {segments: [[{speaker_id: 0, start_time: 0, end_time: 1}]]}}]
faults: [{on: any, latency: {log_normal: {median: 1}}}]
limits: {rate: {requests: 3, seconds: 1}}
"""


@pytest.mark.parametrize(
    "value",
    [
        parse_scenario(SCENARIO, source="test", directory=None),
        Progress(polls=3, outcome=Outcome(TaskState.FAILED, "no")),
        Counter({-1: 2}),
        (b"bytes", "text", 1, None, (1.5, [True])),
    ],
)
def test_a_value_is_read_as_it_was_written(value: object) -> None:
    assert unpack(pack(value)) == value


class Harmful:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("false",)


@pytest.mark.parametrize("content", [pickle.dumps(Harmful()), pickle.dumps(pytest.fixture), b"", b"\x80\x05no pickle"])
def test_what_others_wrote_is_refused_and_not_run(content: bytes) -> None:
    with pytest.raises(ValueError, match="expected a value"):
        unpack(content)


def test_a_version_stands_before_its_value_and_is_drawn_anew() -> None:
    version = draw_version()
    assert split(version + b"value") == (version, b"value")
    assert (len(version), version == draw_version()) == (VERSION_BYTES, False)
    assert split(None) == (ABSENT, b"")
