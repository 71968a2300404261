from __future__ import annotations

import math
from enum import Enum
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import pytest

from diarkit_mockserver.scenario.answer import HttpAnswer
from diarkit_mockserver.scenario.course import ByPolls, ByRealTime, BySeconds, PollCounts, StateSeconds
from diarkit_mockserver.scenario.model import Rule, SpokenSegment, Then
from diarkit_mockserver.scenario.shorthand import ANSWERS, read_course, write_rule, write_when
from diarkit_mockserver.scenario.when import EVERY, ConfigPattern, When

if TYPE_CHECKING:
    from pathlib import Path

CHANNEL: dict[str, Any] = {
    "channel_number": 0,
    "speakers_count": 1,
    "segments": [{"speaker_id": 0, "start_time": 0.5, "end_time": 2.25}],
}
RESULT: dict[str, Any] = {"channels": [CHANNEL]}
UNUSUAL: dict[str, Any] = {"channels": [{**CHANNEL, "segments": [{**CHANNEL["segments"][0], "speaker_id": 7}]}]}
"""Differs from the documents' examples (the first id is not 0), and breaks nothing that they say."""
SPOKEN = ((SpokenSegment(speaker_id=0, start_time=0.5, end_time=2.25),),)


def write(when: When = EVERY, **told: Any) -> Rule:
    return write_rule(when=when, **told)


@pytest.mark.parametrize(
    ("told", "then"),
    [
        ({"result": RESULT}, Then(result=RESULT)),
        ({"result": UNUSUAL}, Then(result=UNUSUAL)),
        ({"result": {"channels": 1}, "breaks_contract": True}, Then(result={"channels": 1}, breaks_contract=True)),
        ({"segments": [[(0, 0.5, 2.25)]]}, Then(segments=SPOKEN)),
        ({"segments": (({"speaker_id": 0, "start_time": 0.5, "end_time": 2.25},),)}, Then(segments=SPOKEN)),
        ({"segments": [[], [(3, 0, 1_000_000)]]},
         Then(segments=((), (SpokenSegment(speaker_id=3, start_time=0.0, end_time=1_000_000.0),)))),
        ({"segments": []}, Then(segments=())),
        ({"speakers": 0}, Then(speakers=0)),
        ({"failed": ""}, Then(failed="")),
        ({"rejected": "x"}, Then(rejected="x")),
        ({"http": 503}, Then(http=503)),
        ({"http": HttpAnswer(status=429, on="poll"), "failed": "x"},
         Then(http=HttpAnswer(status=429, on="poll"), failed="x")),
        ({"der": 0.25}, Then(der=0.25)),
        ({"course": "manual"}, Then(course="manual")),
        ({"course": {"polls": {"running": 2}}}, Then(course=ByPolls(polls=PollCounts(running=2)))),
    ],
    ids=repr,
)  # fmt: skip
def test_each_thing_that_can_be_told_is_in_the_rule(told: dict[str, Any], then: Then) -> None:
    assert write(**told).then == then


@pytest.mark.parametrize(
    ("when", "times", "expected"),
    [
        (EVERY, None, 1),
        (When(), None, 1),
        (EVERY, 3, 3),
        (When(filename="a"), None, None),
        (When(occurrence=1), None, None),
        (When(config=ConfigPattern()), None, None),
        (When(filename="a"), 2, 2),
    ],
)
def test_a_rule_for_every_submission_is_for_the_next_one_unless_told_otherwise(
    when: When, times: int | None, expected: int | None
) -> None:
    assert write(when, failed="x", times=times) == Rule(when=when, then=Then(failed="x"), times=expected)


def test_an_rttm_file_is_read_channel_by_channel(tmp_path: Path) -> None:
    file = tmp_path / "truth.rttm"
    rows = ("1 0.50 1.75 <NA> <NA> Ann", "1 3.00 1.00 <NA> <NA> Bob", "2 0.00 0.25 <NA> <NA> Eve")
    file.write_text("".join(f"SPEAKER Žaneta {row} <NA> <NA>\n" for row in rows), "utf-8")
    ann, bob, eve = ((0, 0.5, 2.25), (1, 3.0, 4.0), (0, 0.0, 0.25))
    for path in (file, str(file)):
        assert write(rttm=path) == write(segments=[[ann, bob], [eve]])


def test_an_rttm_file_that_is_none_is_named(tmp_path: Path) -> None:
    file = tmp_path / "broken.rttm"
    file.write_text("SPEAKER call 1 x y\n", "utf-8")
    with pytest.raises(ValueError, match=r"broken\.rttm"):
        write(rttm=file)
    with pytest.raises(FileNotFoundError):
        write(rttm=tmp_path / "missing.rttm")
    with pytest.raises(ValueError, match="one outcome, got segments and rttm"):
        write(rttm=file, segments=[])


@pytest.mark.parametrize(
    ("told", "text"),
    [
        ({}, "no answer given: expected one of result, segments, .*, http, der, course$"),
        ({"times": 2}, "no answer given"),
        ({"failed": "x", "rejected": "y"}, "one outcome, got failed and rejected"),
        ({"result": RESULT, "speakers": 2}, "one outcome, got result and speakers"),
        ({"speakers": -1}, "speakers >= 0"),
        ({"times": 0, "failed": "x"}, "times >= 1"),
        ({"http": 199}, "from 200 to 599"),
        ({"http": {"status": 503, "retry": 5}}, "unknown key 'retry': .* did you mean retry_after"),
        ({"http": 429, "failed": "x"}, "has no outcome"),
        ({"course": {"polls": {"pending": -1}}, "failed": "x"}, ">= 0"),
        ({"course": {"realtime_factor": 0}}, "> 0"),
        ({"course": {"realtime_factor": 1, "workers": 0}}, "workers >= 1"),
        ({"result": {"channels": {}}}, r"violates the contract \(breaks_contract=True allows it\):\n  result\.channels: "),
        ({"result": {}}, r"result: expected the key channels"),
        ({"result": {"channels": [{**CHANNEL, "speakers_count": 2}]}}, "speakers_count"),
    ],
    ids=repr,
)  # fmt: skip
def test_what_makes_no_sense_is_refused(told: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=f"(?s){text}"):
        write(**told)


@pytest.mark.parametrize(
    ("segments", "text"),
    [
        (5, r"a list of segments for each channel, got 5"),
        ([5], r"a list of segments for each channel, got \[5\]"),
        ([[5]], r"segments=\[\[\(0, 0.5, 2.25\)\]\], got 5"),
        ([[(0, 1)]], r"each \(speaker, start, end\) .*, got \(0, 1\)"),
        ([[(0, 1, 2, 3)]], r"got \(0, 1, 2, 3\)"),
        ([[(0, "one", 2)]], r"got \(0, 'one', 2\)"),
        ([[{"speaker_id": 0, "start_time": 1}]], r"with speaker_id, start_time, end_time"),
        ([[(0, -0.01, 2)]], "0 <= start_time < end_time"),
        ([[(0, 1, 1)]], "0 <= start_time < end_time"),
        ([[(0, 2, 1)]], "0 <= start_time < end_time"),
        ([[(0, 0, math.inf)]], "0 <= start_time < end_time, got 0 and inf"),
        ([[(0, math.nan, 1)]], "0 <= start_time < end_time"),
        ([[(-1, 0, 1)]], "expected a speaker_id from 0, got -1"),
    ],
    ids=repr,
)
def test_what_is_no_segment_is_refused_with_the_way_to_write_it(segments: Any, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        write(segments=segments)


@pytest.mark.parametrize(
    ("config", "pattern"),
    [
        (None, None),
        ({}, ConfigPattern()),
        ({"max_speakers": 2}, ConfigPattern(max_speakers=2)),
        ({"max_speakers": 2, "total_speakers": 3}, ConfigPattern(max_speakers=2, total_speakers=3)),
    ],
)
def test_a_config_is_read_as_what_a_submission_must_have(
    config: dict[str, int] | None, pattern: ConfigPattern | None
) -> None:
    assert write_when({"config": config}).config == pattern


def test_a_config_key_that_the_platform_does_not_know_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"(?s)unknown key 'max_speaker': .*; did you mean max_speakers\?\nunknown key 'y'"
    ):
        write_when({"config": {"max_speaker": 2, "y": 1}})


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("immediate", "immediate"),
        ("manual", "manual"),
        ({"polls": {"pending": 2}}, ByPolls(polls=PollCounts(pending=2))),
        ({"polls": {}}, ByPolls(polls=PollCounts())),
        ({"seconds": {"pending": 0.5, "running": 4}}, BySeconds(seconds=StateSeconds(pending=0.5, running=4))),
        ({"realtime_factor": 60}, ByRealTime(realtime_factor=60, workers=1)),
        ({"realtime_factor": 60, "workers": 2}, ByRealTime(realtime_factor=60, workers=2)),
        (ByPolls(polls=PollCounts()), ByPolls(polls=PollCounts())),
    ],
    ids=repr,
)
def test_a_course_is_read_as_a_scenario_file_writes_it(written: Any, expected: Any) -> None:
    read = read_course(written)
    assert (read, type(read)) == (expected, type(expected))


@pytest.mark.parametrize(
    "written",
    [
        "slow",
        {},
        {"polls": {}, "seconds": {}},
        {"polls": 3},
        {"polls": {"pending": 2.5}},
        {"polls": {"waiting": 1}},
        {"seconds": 3},
        {"seconds": {"done": 1}},
        {"realtime_factor": {}},
        {"realtime_factor": 1, "workers": {}},
        {"realtime_factor": 1, "polls": {}},
        {"workers": 1},
    ],
    ids=repr,
)
def test_what_is_no_course_is_refused_with_all_that_there_are(written: Any) -> None:
    with pytest.raises(
        ValueError, match=r"^expected a course: \"immediate\", .* or \{\"realtime_factor\": .*, got "
    ) as told:
        read_course(written)
    assert f", got {written!r}: " in str(told.value)


@pytest.mark.parametrize(
    ("key", "others", "hint"),
    [
        ("submission", (), "use upload .* or occurrence"),
        ("file", (), "expected filename, sha256, .* or exact; did you mean filename"),
        ("fial", ANSWERS, "expected times, result, .* or exact; did you mean failed"),
        ("failed", ("times",), "expected times, filename, .* or exact$"),
    ],
)
def test_a_name_that_there_is_not_is_refused_with_the_nearest_that_there_is(
    key: str, others: tuple[str, ...], hint: str
) -> None:
    with pytest.raises(TypeError, match=f"unexpected keyword argument '{key}': {hint}"):
        write_when({key: 3}, others)  # type: ignore[misc]


@pytest.mark.parametrize(
    ("matching", "reason"),
    [
        ({"upload": "3"}, "upload: expected a whole number, got the text '3'"),
        ({"occurrence": 1.5}, "occurrence: expected a whole number, got the number 1.5"),
        ({"filename": 3}, "filename: expected a text, got the number 3"),
        ({"sha256": b"abc"}, "sha256: expected a text, got b'abc'"),
        ({"channel_mode": "mixed"}, "channel_mode: expected split or mix, .*; did you mean mix"),
        ({"channels": 2}, "channels matches submissions .* got 2; a result has a channel for each that the file has"),
        ({"headers": ["Authorization"]}, "headers: expected a mapping, got a list"),
        ({"headers": {"X": 1}}, "X: expected a pattern in quotes, or null for absent, got 1"),
        ({"query": "a=1"}, "query: expected a mapping, got the text 'a=1'"),
        ({"config": "max_speakers=2"}, r"config: expected a mapping \(max_speakers, total_speakers\), got the text"),
    ],
)
def test_a_matcher_of_another_type_is_refused_with_what_was_expected(matching: Any, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        write_when(matching)


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({"speakers": "2"}, "speakers: expected a whole number, got the text '2'"),
        ({"failed": 3}, "failed: expected a text, got the number 3"),
        ({"der": "low"}, "der: expected a number, got the text 'low'"),
        ({"failed": "x", "times": "2"}, "times: expected a whole number, got '2'"),
        ({"http": "503"}, "http: expected a whole number, or a mapping .*, got the text '503'"),
    ],
)
def test_an_answer_of_another_type_is_refused_with_what_was_expected(told: Any, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        write(**told)


def test_members_of_enumerations_are_the_values_that_they_are() -> None:
    class Mode(str, Enum):  # noqa: UP042 - as a user may have it
        MIX = "mix"

    assert write_when({"channel_mode": Mode.MIX}) == When(channel_mode="mix")  # type: ignore[typeddict-item]
    assert write(http=HTTPStatus.TOO_MANY_REQUESTS) == write(http=429)
