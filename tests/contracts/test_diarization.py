from __future__ import annotations

import json
from typing import Any

import pytest

from diarkit_contracts.diarization import DiarizationError, assert_diarization, read_result
from diarkit_fixtures.segments import Segment

TRUTH = ((Segment(0, 100, 500), Segment(1, 500, 900)), (Segment(0, 0, 300),))


def answer(*channels: tuple[tuple[int, float, float], ...]) -> dict[str, Any]:
    return {
        "task": {"task_id": "3fa85f64-5717-4562-b3fc-2c963f66afa6", "state": "done"},
        "result": {
            "channels": [
                {
                    "channel_number": number,
                    "speakers_count": len({speaker for speaker, _, _ in segments}),
                    "segments": [{"speaker_id": k, "start_time": s, "end_time": e} for k, s, e in segments],
                }
                for number, segments in enumerate(channels)
            ]
        },
        "error": None,
    }


RIGHT = answer(((0, 1, 5), (1, 5, 9)), ((0, 0, 3),))


def test_the_truth_is_accepted_as_body_and_as_result() -> None:
    assert_diarization(RIGHT, TRUTH)
    assert_diarization(RIGHT["result"], TRUTH)
    assert read_result(json.loads(json.dumps(RIGHT))) == dict(enumerate(TRUTH))


def test_other_numbers_for_the_same_speakers_are_right() -> None:
    assert_diarization(answer(((0, 1, 5), (1, 5, 9)), ((0, 0, 3),)), (TRUTH[0][::-1], TRUTH[1]))


def test_an_allowed_error_rate_is_accepted_and_no_more() -> None:
    late = answer(((0, 1.11, 5), (1, 5, 9)), ((0, 0, 3),))
    assert_diarization(late, TRUTH, der=0.01)
    with pytest.raises(DiarizationError, match=r"at most 0\.50%, got 1\.00%"):
        assert_diarization(late, TRUTH, der=0.005)
    assert_diarization(late, TRUTH, collar=0.25)


def test_a_failure_shows_both_timelines() -> None:
    with pytest.raises(DiarizationError) as caught:
        assert_diarization(answer(((0, 1, 9),), ((0, 0, 3),)), TRUTH)
    text = str(caught.value)
    assert "0000" in text
    assert "1111" in text
    assert "confusion" in text


def test_a_missing_channel_is_missed_speech_and_one_too_many_is_said() -> None:
    with pytest.raises(DiarizationError, match="DER"):
        assert_diarization(answer(((0, 1, 5), (1, 5, 9))), TRUTH)
    with pytest.raises(DiarizationError, match="also got 2"):
        assert_diarization(answer(((0, 1, 5), (1, 5, 9)), ((0, 0, 3),), ()), TRUTH)


@pytest.mark.parametrize("wrong", [None, [], {}, {"task": {"state": "failed"}, "result": None}, {"channels": [{}]}])
def test_what_is_no_result_is_said(wrong: object) -> None:
    with pytest.raises(DiarizationError, match="expected a result"):
        assert_diarization(wrong, TRUTH)


def test_what_is_outside_the_uem_is_not_held_against_an_answer() -> None:
    truth = ((Segment(0, 100, 200), Segment(1, 300, 400)),)
    said = answer(((0, 1, 2),))
    assert_diarization(said, truth, uem=((0, 250),))
    with pytest.raises(AssertionError, match="DER"):
        assert_diarization(said, truth, uem=((0, 400),))
