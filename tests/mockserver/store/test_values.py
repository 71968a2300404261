"""Values as bytes and back, and what is known of them."""

from __future__ import annotations

import os
import pickle
from collections import Counter
from dataclasses import fields

import pytest

from diarkit_contracts.api.states import TaskState
from diarkit_contracts.exchanges.exchange import Loss, Part
from diarkit_mockserver.intake.request import read_request
from diarkit_mockserver.intake.submission import MediaFacts, Submission
from diarkit_mockserver.journal.journal import Entry
from diarkit_mockserver.scenario.load import parse_scenario
from diarkit_mockserver.store.values import (
    ABSENT,
    HEAD,
    MOST_CACHED,
    VERSION_BYTES,
    Cache,
    draw_version,
    pack,
    pack_entry,
    read_entry,
    split,
    unpack,
)
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


def test_a_value_is_read_anew_when_its_version_is_another() -> None:
    cache = Cache()
    first = cache.read("k", "f", b"version1" + pack([1]))
    assert cache.read("k", "f", b"version1" + b"is not read") is first
    assert cache.read("k", "f", b"version2" + pack([2])) == [2]
    assert cache.get("k", "f") == (b"version2", [2])


def test_a_value_that_was_dropped_is_not_there() -> None:
    cache = Cache()
    cache.read("k", "f", b"version1" + pack([1]))
    cache.drop("k", "f")
    assert cache.get("k", "f") == (ABSENT, None)


def test_it_is_bounded_by_bytes() -> None:
    cache = Cache()
    for number in range(3):
        cache.put("k", str(number), b"version1", number, MOST_CACHED // 2)
    assert [cache.get("k", str(number))[1] for number in range(3)] == [None, 1, 2]


def test_an_exchange_is_read_as_it_was_written_with_the_number_that_it_got() -> None:
    request = read_request(
        "POST", b"/a%20b?q=1", [(b"host", b"h")], scheme="https", server="s:1", size=9, is_trusted=False
    )
    submission = Submission(filename="a.wav", sha256="0" * 64, size=3, media=MediaFacts(kind="wav"))
    entry = Entry(
        number=1,
        asked_at=5,
        answered_at=6,
        connection=7,
        request=request,
        submission=submission,
        received=10,
        status=202,
        headers=((b"a", b"b"),),
        body=b"{}",
        task_id="t",
        state=TaskState.PENDING,
        rule="any",
        note="n",
        follows=4,
        lost=Loss.CUT,
        parts=(Part(name="file"),),
    )
    read = read_entry(pack_entry(entry), 12)
    assert [getattr(read.request, name) for name in HEAD] == [getattr(request, name) for name in HEAD]
    for field in fields(Entry):
        if field.name not in {"number", "request"}:
            assert getattr(read, field.name) == getattr(entry, field.name), field.name
    assert read.number == 12
    assert isinstance(read.state, TaskState)
