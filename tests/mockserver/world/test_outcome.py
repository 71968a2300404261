from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarkit_contracts.api.dialect import Dialect
from diarkit_contracts.api.result import list_result_faults
from diarkit_contracts.api.states import TaskState
from diarkit_fixtures.segments import Segment
from diarkit_mockserver.intake.submission import Media
from diarkit_mockserver.scenario.course import BY_HAND
from diarkit_mockserver.scenario.dialect import resolve_profile
from diarkit_mockserver.scenario.limits import Limits
from diarkit_mockserver.scenario.model import Scenario, SpokenSegment, Then
from diarkit_mockserver.world.outcome import DONE, choose_media, decide_outcome, find_excess, write_outcome
from diarkit_mockserver.world.task import Outcome, Task

if TYPE_CHECKING:
    from collections.abc import Callable

    from diarkit_mockserver.intake.submission import Submission

    Make = Callable[..., Submission]

TRUTH = ((Segment(0, 100, 300), Segment(1, 300, 500)), (Segment(0, 0, 900),))
TWO_HOURS = 720_000


def spoken(*segments: tuple[int, float, float]) -> tuple[SpokenSegment, ...]:
    return tuple(SpokenSegment(speaker_id=speaker, start_time=start, end_time=end) for speaker, start, end in segments)


def outcome_of(submission: Submission, limits: Limits | None = None, **then: Any) -> Outcome:
    return decide_outcome(Then(**then), submission, limits or Limits())


def write(submission: Submission, then: Then, scenario: Scenario | None = None) -> tuple[str | None, str | None]:
    outcome = decide_outcome(then, submission, Limits())
    task = Task.make("id", submission, then=then, outcome=outcome, timetable=BY_HAND)
    told = scenario or Scenario()
    return write_outcome(task, outcome, told, resolve_profile(told.profile, told.dialect))


def result_of(submission: Submission, scenario: Scenario | None = None, **then: Any) -> list[dict[str, Any]]:
    """The channels of a task that is done."""
    chosen = Then(**then)
    outcome = decide_outcome(chosen, submission, Limits())
    assert outcome is DONE
    result, error = write(submission, chosen, scenario)
    assert error is None
    decoded = json.loads(result or "")
    assert list_result_faults(decoded) == ()
    return decoded["channels"]


def rows(channel: dict[str, Any]) -> list[tuple[int, float, float]]:
    return [(each["speaker_id"], each["start_time"], each["end_time"]) for each in channel["segments"]]


def test_a_rule_that_fails_or_rejects_counts_before_the_file(make_submission: Make) -> None:
    submission = make_submission(fault="not a WAVE file")
    assert outcome_of(submission, failed="Oh.") == Outcome(TaskState.FAILED, "Oh.")
    assert outcome_of(submission, rejected="No.") == Outcome(TaskState.REJECTED, "No.")
    assert outcome_of(submission, result={"channels": []}) is DONE


@pytest.mark.parametrize(("state", "kind"), [("failed", "internal"), ("rejected", "task.validation-error")])
def test_an_error_has_the_documents_type_and_no_result(make_submission: Make, state: str, kind: str) -> None:
    then = Then(failed="Žluťoučký “text”") if state == "failed" else Then(rejected="Žluťoučký “text”")
    result, error = write(make_submission(), then)
    assert result is None
    assert json.loads(error or "") == {"type": kind, "message": "Žluťoučký “text”", "detail": []}


@pytest.mark.parametrize(
    ("media", "parameters", "place", "kind", "text"),
    [
        ({"fault": "no fmt chunk"}, {}, ("body", "file"), "media_invalid", "cannot be decoded: no fmt chunk"),
        ({"length": TWO_HOURS + 1}, {}, ("body", "file"), "audio_length_invalid", "longer than the allowed 7200 s"),
        (
            {},
            {"channels": (0, 1)},
            ("query", "channels"),
            "channels_invalid",
            "Channel 1 does not exist: the audio has 1 channel.",
        ),
        ({"loud": (True, True)}, {"channels": (7,)}, ("query", "channels"), "channels_invalid", "has 2 channels."),
        ({}, {"range_from": 3.0, "range_to": 3.0}, ("query", "range_to"), "range_invalid", "ends before it begins"),
        ({}, {"range_to": 0.0}, ("query", "range_to"), "range_invalid", "ends before it begins"),
        ({}, {"range_from": 10.0}, ("query", "range_from"), "range_invalid", "after the end of the audio"),
        ({}, {"range_from": 1e308}, ("query", "range_from"), "range_invalid", "after the end of the audio"),
    ],
)
def test_what_only_decoding_can_refuse_is_rejected(
    make_submission: Make,
    media: dict[str, Any],
    parameters: dict[str, Any],
    place: tuple[str, str],
    kind: str,
    text: str,
) -> None:
    outcome = outcome_of(make_submission(**media, **parameters))
    (detail,) = outcome.detail
    assert (outcome.state, detail.location, detail.type) == (TaskState.REJECTED, place, kind)
    assert text in outcome.message


@pytest.mark.parametrize(
    ("media", "parameters"),
    [
        ({"length": TWO_HOURS}, {}),
        ({"length": 0}, {}),
        ({}, {"channels": (0,)}),
        ({}, {"range_from": 9.99, "range_to": 99.0}),
        ({}, {"range_from": 0.0, "range_to": 5e-324}),
    ],
)
def test_what_lies_just_inside_is_done(
    make_submission: Make, media: dict[str, Any], parameters: dict[str, Any]
) -> None:
    assert outcome_of(make_submission(**media, **parameters)) is DONE


def test_the_allowed_length_is_a_limit_of_the_scenario(make_submission: Make) -> None:
    assert outcome_of(make_submission(length=1001), Limits(audio_seconds=10)).state is TaskState.REJECTED
    assert outcome_of(make_submission(length=1000), Limits(audio_seconds=10)) is DONE
    assert outcome_of(make_submission(length=10 * TWO_HOURS), Limits(audio_seconds=None)) is DONE


def test_a_rules_result_is_given_as_it_stands(make_submission: Make) -> None:
    told: dict[str, Any] = {"channels": [{"channel_number": 5, "speakers_count": 0, "segments": []}], "ž": [1, None]}
    result, _ = write(make_submission(channels=(9,)), Then(result=told))
    assert json.loads(result or "") == told


def test_told_segments_count_before_the_truth_in_the_file(make_submission: Make) -> None:
    submission = make_submission(loud=(True, True), truth=TRUTH)
    first, second = result_of(submission, segments=(spoken((0, 1.5, 2.25), (1, 2.25, 4)),))
    assert rows(first) == [(0, 1.5, 2.25), (1, 2.25, 4)]
    assert (second["channel_number"], second["segments"]) == (1, [])


def test_told_segments_may_come_beyond_the_file(make_submission: Make) -> None:
    told = (spoken((0, 1, 2), (1, 20, 30)), spoken((0, 0, 1)))
    first, second = result_of(make_submission(), segments=told)
    assert rows(first) == [(0, 1, 2), (1, 20, 30)]
    assert rows(second) == [(0, 0, 1)]


def test_told_segments_of_a_channel_that_the_file_lacks_can_be_asked_for(make_submission: Make) -> None:
    (channel,) = result_of(make_submission(channels=(1,)), segments=(spoken((0, 0, 1)), spoken((0, 3, 4))))
    assert (channel["channel_number"], rows(channel)) == (1, [(0, 3, 4)])


def test_parameters_are_applied_to_told_segments(make_submission: Make) -> None:
    told = (spoken((0, 0, 4), (1, 4, 6)), spoken((0, 5, 9)))
    submission = make_submission(loud=(True, True), range_from=2.0, range_to=7.0, channel_mode="mix", max_speakers=2)
    (channel,) = result_of(submission, segments=told)
    assert channel["channel_number"] == 0
    assert channel["speakers_count"] == 2
    assert rows(channel)[0] == (0, 2, 4)
    assert rows(channel)[-1][2] == 7


def test_the_truth_in_the_file_counts_before_a_drawn_conversation(make_submission: Make) -> None:
    first, second = result_of(make_submission(loud=(True, True), truth=TRUTH))
    assert rows(first) == [(0, 1, 3), (1, 3, 5)]
    assert rows(second) == [(0, 0, 9)]


def test_the_truth_does_not_reach_beyond_the_audio(make_submission: Make) -> None:
    first, second = result_of(make_submission(length=200, loud=(True, True), truth=TRUTH))
    assert (rows(first), rows(second)) == ([(0, 1, 2)], [(0, 0, 2)])


def test_a_silent_channel_has_no_speakers_whatever_the_truth_says(make_submission: Make) -> None:
    first, second = result_of(make_submission(loud=(False, True), truth=TRUTH))
    assert (rows(first), rows(second)) == ([], [(0, 0, 9)])


def test_a_truth_for_other_channels_than_the_files_is_not_believed(make_submission: Make) -> None:
    plain = result_of(make_submission())
    assert result_of(make_submission(truth=TRUTH)) == plain


@pytest.mark.parametrize("speakers", [0, 1, 2, 5])
def test_a_rule_may_say_how_many_speak(make_submission: Make, speakers: int) -> None:
    for channel in result_of(make_submission(length=6000, loud=(True, True), truth=TRUTH), speakers=speakers):
        assert channel["speakers_count"] == speakers


def test_the_seed_and_the_content_decide_the_conversation_and_the_name_does_not(make_submission: Make) -> None:
    one = result_of(make_submission(length=3000))
    assert result_of(make_submission(length=3000, filename="other.wav")) == one
    assert result_of(make_submission(length=3000, sha256="b" * 64)) != one
    assert result_of(make_submission(length=3000), Scenario(seed=1)) != one


def test_times_may_count_from_the_range(make_submission: Make) -> None:
    submission = make_submission(truth=TRUTH[1:], range_from=2.5)
    assert rows(result_of(submission)[0]) == [(0, 2.5, 9)]
    assert rows(result_of(submission, Scenario(dialect=Dialect(times="range")))[0]) == [(0, 0, 6.5)]


@pytest.mark.parametrize("then", [{"speakers": 2}, {"segments": (spoken((0, 1, 2)),)}])
def test_bytes_that_are_no_audio_are_enough_where_a_rule_says_who_speaks(
    make_submission: Make, then: dict[str, Any]
) -> None:
    broken = make_submission(fault="not an audio file that is known", length=0, loud=()).media
    scenario = Scenario(media=Media(duration=30, channels=2))
    chosen = choose_media(Then(**then), broken, scenario)
    assert (chosen.length, chosen.loud, chosen.fault) == (3000, (True, True), None)


def test_a_rule_that_says_who_speaks_is_enough_for_silence(make_submission: Make) -> None:
    silent = make_submission(loud=(False, False)).media
    assert choose_media(Then(speakers=2), silent, Scenario()).loud == (True, True)
    assert choose_media(Then(failed="x"), silent, Scenario()) is silent


@pytest.mark.parametrize("undecodable", ["assume", "reject"])
@pytest.mark.parametrize("length", [0, 1, 50, 79, 80, 100])
def test_a_measured_length_is_used_whatever_a_rule_says(make_submission: Make, length: int, undecodable: Any) -> None:
    submission, rule = make_submission(length=length, loud=(True, True)), Then(speakers=2)
    submission.media = choose_media(rule, submission.media, Scenario(media=Media(undecodable=undecodable)))
    assert (submission.media.length, submission.media.assumed) == (length, False)
    ends = [end for channel in result_of(submission, speakers=2) for _, _, end in rows(channel)]
    assert bool(ends) == (length >= 80)
    assert all(end * 100 <= length for end in ends)


@pytest.mark.parametrize(
    ("then", "length", "said"),
    [
        ({"speakers": 2}, 50, "speakers: 2, but the audio is 0.5 s long, and audio of less than 0.8 s has no segments"),
        ({"speakers": 0}, 50, ""),
        ({"speakers": 2}, 80, ""),
        (
            {"segments": (spoken((0, 0, 0.6)),)},
            50,
            "the segments of the rule end at 0.6 s, after the audio's end at 0.5 s",
        ),
        ({"segments": (spoken((0, 0, 0.5)),)}, 50, ""),
        ({}, 50, ""),
    ],
)
def test_what_the_audio_has_no_room_for_is_said(
    make_submission: Make, then: dict[str, Any], length: int, said: str
) -> None:
    assert find_excess(Then(**then), make_submission(length=length).media) == said
    assert find_excess(Then(**then), make_submission(length=length, assumed=True).media) == ""


@pytest.mark.parametrize("then", [{}, {"failed": "x"}, {"rejected": "x"}, {"result": {"channels": []}}])
def test_otherwise_the_file_is_what_its_bytes_say(make_submission: Make, then: dict[str, Any]) -> None:
    broken = make_submission(fault="not an audio file that is known").media
    assert choose_media(Then(**then), broken, Scenario()) is broken
    sound = make_submission().media
    assert choose_media(Then(speakers=2), sound, Scenario()) == sound


@given(
    length=st.integers(0, 20_000),
    loud=st.lists(st.booleans(), min_size=1, max_size=3).map(tuple),
    key=st.integers(0, 1000),
    parameters=st.fixed_dictionaries(
        {"channel_mode": st.sampled_from(["split", "mix"])},
        optional={
            "range_from": st.floats(0, 250),
            "range_to": st.floats(0, 250),
            "channels": st.lists(st.integers(0, 3), unique=True, max_size=3).map(tuple),
        },
    ),
    limit=st.one_of(
        st.just({}),
        st.integers(1, 9).map(lambda number: {"max_speakers": number}),
        st.integers(1, 9).map(lambda number: {"total_speakers": number}),
    ),
)
def test_every_submission_is_rejected_or_done_with_a_result_that_keeps_the_contract(
    make_submission: Make,
    length: int,
    loud: tuple[bool, ...],
    key: int,
    parameters: dict[str, Any],
    limit: dict[str, int],
) -> None:
    submission = make_submission(sha256=f"{key:064x}", length=length, loud=loud, **parameters, **limit)
    outcome = outcome_of(submission)
    if outcome.state is TaskState.REJECTED:
        assert outcome.detail
        return
    for channel in result_of(submission):
        if limit.get("max_speakers"):
            assert channel["speakers_count"] <= limit["max_speakers"]
        if channel["segments"] and limit.get("total_speakers"):
            assert channel["speakers_count"] <= limit["total_speakers"]
