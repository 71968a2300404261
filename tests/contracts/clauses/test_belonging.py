from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from diarkit_contracts.clauses.belonging import (
    contradicts_file,
    count_segments,
    is_limited,
    is_of,
    list_in_flight,
    measure_alone,
    rate_errors,
    read_segments,
    read_truth,
)
from diarkit_contracts.exchanges.history import read_history
from diarkit_fixtures.segments import Segment

if TYPE_CHECKING:
    from diarkit_contracts.api.result import ReportedChannel
    from diarkit_contracts.clauses.belonging import Answered
    from diarkit_contracts.exchanges.history import Start

TRUTH = ((Segment(0, 100, 300), Segment(1, 300, 500)), (Segment(0, 100, 300),))
RIGHT = {0: [(0, 1.0, 3.0), (1, 3.0, 5.0)], 1: [(0, 1.0, 3.0)]}
ONE = (Segment(0, 0, 100), Segment(1, 100, 200), Segment(0, 200, 300))
TWO = (Segment(0, 600, 700), Segment(1, 700, 800), Segment(0, 800, 990))
TO_ONE = ((0, 0.0, 1.0), (1, 1.0, 2.0), (0, 2.0, 3.0))
TO_TWO = ((0, 6.0, 7.0), (1, 7.0, 8.0), (0, 8.0, 9.9))


def tell(script: Any, told: dict[int, Any], **sent: Any) -> tuple[Start, tuple[ReportedChannel, ...]]:
    """Send a stereo file and read what is told of it."""
    task = script.post(**{"channels": 2, "truth": TRUTH, **sent})
    script.get(task, channels=[script.channel(number, *segments) for number, segments in told.items()])
    look = read_history(script.exchanges).looks[0]
    assert look.start is not None
    assert look.channels is not None
    return look.start, look.channels


@pytest.mark.parametrize(
    ("sent", "told", "rate"),
    [
        ({}, RIGHT, 0.0),
        ({}, {0: RIGHT[0]}, 1 / 3),
        ({}, {**RIGHT, 7: RIGHT[0]}, 0.0),
        ({"query": {"channels": "0"}}, {0: RIGHT[0]}, 0.0),
        ({}, {0: [], 1: []}, 1.0),
        ({"truth": ((), ())}, RIGHT, None),
        ({"truth": None}, RIGHT, None),
        ({"file": False}, RIGHT, None),
    ],
)
def test_an_answer_is_measured_by_what_it_was_asked_for(
    script: Any, sent: dict[str, Any], told: Any, rate: float | None
) -> None:
    measured = rate_errors(*tell(script, told, **sent))
    assert measured == (rate if rate is None else pytest.approx(rate))


@pytest.mark.parametrize(
    "sent",
    [
        {"config": {"max_speakers": 1}},
        {"config": {"total_speakers": 1}},
        {"query": {"channel_mode": "mix"}},
        {"query": {"range_from": 1}},
        {"query": {"range_to": 9}},
    ],
)
def test_what_changes_the_answer_leaves_no_truth_to_measure_by(script: Any, sent: dict[str, Any]) -> None:
    assert read_truth(tell(script, RIGHT, **sent)[0]) is None


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (RIGHT, False),
        ({0: [(0, 9.0, 10.1)]}, False),
        ({0: [(0, 9.0, 10.11)]}, True),
        ({2: []}, True),
    ],
)
def test_a_file_has_its_channels_and_its_length(script: Any, told: dict[int, Any], expected: object) -> None:
    assert contradicts_file(*tell(script, told)) is expected


def test_of_an_unknown_file_nothing_is_contradicted(script: Any) -> None:
    assert not contradicts_file(*tell(script, {9: [(0, 1.0, 1e6)]}, file=False))


def test_segments_without_a_length_and_times_that_are_none_are_left_out(script: Any) -> None:
    _, (channel,) = tell(script, {0: [(0, 1.0, 2.0), (1, 3.0, 2.0), (0, 4.001, 4.002), (1, 5.0, 1e308)]})
    assert tuple(read_segments(channel)) == (Segment(0, 100, 200),)
    assert count_segments((channel, channel)) == 8


@pytest.mark.parametrize(
    ("channels", "alone"),
    [
        ((), {}),
        (((Segment(0, 0, 100),),), {(0, 0): 100}),
        (((Segment(0, 0, 100),), (Segment(0, 40, 60),)), {(0, 0): 80, (1, 0): 0}),
        (((Segment(0, 0, 100), Segment(1, 100, 150)), (Segment(0, 90, 120),)), {(0, 0): 90, (0, 1): 30, (1, 0): 0}),
        (((Segment(0, 0, 50), Segment(0, 50, 80)), ()), {(0, 0): 80}),
        (((Segment(0, 0, 50), Segment(0, 30, 80)),), {(0, 0): 80}),
        (((Segment(0, 10, 50),), (Segment(0, 10, 50),), (Segment(1, 60, 61),)), {(0, 0): 0, (1, 0): 0, (2, 1): 1}),
    ],
)
def test_who_speaks_alone_is_measured_over_all_channels(channels: Any, alone: dict[Any, int]) -> None:
    assert measure_alone(channels) == alone


@pytest.mark.parametrize(
    ("sent", "limited"),
    [
        ({}, False),
        ({"config": {"max_speakers": 1}}, True),
        ({"config": {"max_speakers": 2}}, False),
        ({"config": {"max_speakers": 2}, "query": {"channel_mode": "mix"}}, True),
        ({"config": {"max_speakers": 3}, "query": {"channel_mode": "mix"}}, False),
        ({"config": {"total_speakers": 2}}, True),
        ({"config": {"max_speakers": 2, "total_speakers": 2}}, True),
        ({"config": {"max_speakers": 9}, "truth": None}, True),
        ({"config": {"max_speakers": "2"}}, True),
        ({"config": {"language": "en"}}, False),
        ({"config": {"language": "en"}, "truth": None}, False),
    ],
)
def test_as_many_speakers_as_there_are_limit_nothing(script: Any, sent: dict[str, Any], limited: bool) -> None:
    start, _ = tell(script, RIGHT, **sent)
    assert is_limited(start) is limited


def read_answered(script: Any) -> list[Answered]:
    history = read_history(script.exchanges)
    return [(look, look.start, channels) for look, channels in history.results() if look.start is not None]


@pytest.mark.parametrize(("told", "mixed"), [(TO_ONE, False), (TO_TWO, True), (TO_TWO[:2], False), ((), False)])
def test_an_answer_is_of_another_upload_if_it_fits_that_and_not_its_own(script: Any, told: Any, mixed: bool) -> None:
    one, two = script.post(sha256="1", truth=(ONE,)), script.post(sha256="2", truth=(TWO,))
    script.get(one, "done", *told)
    script.get(two, "done", *TO_TWO)
    first, second = read_answered(script)
    assert is_of(first, second) is mixed
    assert not is_of(second, first)


def test_only_tasks_that_overlap_in_time_are_in_flight_together(script: Any) -> None:
    script.get(script.post(sha256="0"), "done", *TO_ONE)
    one, two = script.post(sha256="1"), script.post(sha256="2")
    script.get(one, "done", *TO_ONE)
    script.get(two, "done", *TO_TWO)
    pairs = [(one[1].at, [other[1].at for other in others]) for one, others in list_in_flight(read_answered(script))]
    assert pairs == [(2, [3]), (3, [2])]
