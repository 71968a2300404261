from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from diarkit_mockserver.intake.request import HeaderMap
from diarkit_mockserver.intake.submission import Given, MediaFacts, Parameters, Submission
from diarkit_mockserver.scenario.when import ConfigPattern, When

SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


def submission(occurrence: int = 1, upload: int = 1, **parameters: Any) -> Submission:
    return Submission(
        filename="call [1].wav",
        sha256=SHA256,
        size=4,
        media=MediaFacts(kind="wav"),
        parameters=Parameters(**parameters),
        occurrence=occurrence,
        upload=upload,
        asked=Given({"channels": "0", "debug": "yes"}, HeaderMap(authorization="Bearer abc")),
    )


def misses(when: When, sent: Submission) -> list[str]:
    return list(when.misses(sent, sent))


@pytest.mark.parametrize(
    ("when", "sent"),
    [
        (When(), submission()),
        (When(filename="call [[]1].wav"), submission()),
        (When(filename="*.wav"), submission()),
        (When(filename="call ?1?.w[ab]v"), submission()),
        (When(sha256=SHA256), submission()),
        (When(sha256=SHA256[:8]), submission()),
        (When(sha256=SHA256[:9].upper()), submission()),
        (When(config=ConfigPattern()), submission(max_speakers=5)),
        (When(config=ConfigPattern(max_speakers=5)), submission(max_speakers=5)),
        (When(config=ConfigPattern(total_speakers=2)), submission(total_speakers=2)),
        (When(channel_mode="split"), submission()),
        (When(channel_mode="mix"), submission(channel_mode="mix")),
        (When(channels=""), submission()),
        (When(channels="1,0"), submission(channels=(1, 0))),
        (When(range_from=0), submission()),
        (When(range_from=1.5, range_to=2), submission(range_from=1.5, range_to=2.0)),
        (When(occurrence=2), submission(2)),
        (When(upload=3), submission(2, upload=3)),
        (When(query={"debug": "y*", "other": None}), submission()),
        (When(headers={"Authorization": "Bearer *", "X-Other": None}), submission()),
        (When(exact=True), submission(channel_mode="split", range_from=0.0)),
        (When(exact=False), submission(channel_mode="mix", max_speakers=2)),
        (
            When(channels="0", config=ConfigPattern(max_speakers=5), exact=True),
            submission(channels=(0,), max_speakers=5),
        ),
        (When(filename="*", sha256=SHA256, channel_mode="split", occurrence=1), submission()),
    ],
)
def test_what_has_all_that_is_asked_for_is_meant(when: When, sent: Submission) -> None:
    assert misses(when, sent) == []


@pytest.mark.parametrize(
    ("when", "sent", "said"),
    [
        (When(filename="*.WAV"), submission(), "filename: expected '*.WAV', got 'call [1].wav'"),
        (
            When(filename="é.wav"),
            replace(submission(), filename="%C3%A9.wav"),
            "filename: expected 'é.wav', got '%C3%A9.wav', which is 'é.wav' percent-encoded",
        ),
        (When(filename="call"), submission(), "filename: expected 'call', got 'call [1].wav'"),
        (When(sha256="00000000"), submission(), f"sha256: expected 00000000, got {SHA256}"),
        (When(config=ConfigPattern(max_speakers=5)), submission(), "config.max_speakers: expected 5, got nothing"),
        (
            When(config=ConfigPattern(max_speakers=5)),
            submission(max_speakers=4),
            "config.max_speakers: expected 5, got 4",
        ),
        (
            When(config=ConfigPattern(total_speakers=5)),
            submission(max_speakers=5),
            "config.total_speakers: expected 5, got nothing",
        ),
        (When(channel_mode="mix"), submission(), "channel_mode: expected mix, got split"),
        (When(channels="0,1"), submission(channels=(1, 0)), "channels: expected '0,1', got '1,0'"),
        (When(channels="0"), submission(), "channels: expected '0', got ''"),
        (When(range_from=1), submission(), "range_from: expected 1, got 0.0"),
        (When(range_to=1), submission(), "range_to: expected 1, got nothing"),
        (When(occurrence=1), submission(3), "occurrence: expected number 1, this is number 3"),
        (When(upload=3), submission(3), "upload: expected number 3, this is number 1"),
        (When(query={"debug": None}), submission(), "query.debug: expected none, got 'yes'"),
        (When(headers={"Authorization": None}), submission(), "headers.authorization: expected none, got 'Bearer abc'"),
        (When(exact=True), submission(channel_mode="mix"), "channel_mode: expected none, got 'mix'"),
        (When(exact=True), submission(channels=(0, 1)), "channels: expected none, got '0,1'"),
        (When(exact=True), submission(range_from=1.0), "range_from: expected none, got 1.0"),
        (When(exact=True, range_from=1), submission(range_from=1.0, range_to=2.0), "range_to: expected none, got 2.0"),
        (When(exact=True), submission(total_speakers=2), "total_speakers: expected none, got 2"),
        (
            When(exact=True, config=ConfigPattern()),
            submission(max_speakers=2),
            "max_speakers: expected none, got 2",
        ),
        (When(headers={"X-Other": "*"}), submission(), "headers.x-other: expected '*', got none"),
    ],
)
def test_a_near_miss_says_what_was_expected_and_what_came(when: When, sent: Submission, said: str) -> None:
    assert misses(when, sent) == [said]


def test_all_that_is_missed_is_said() -> None:
    when = When(filename="a", sha256="00000000", config=ConfigPattern(max_speakers=1, total_speakers=1), occurrence=9)
    assert [line.partition(":")[0] for line in misses(when, submission())] == [
        "filename",
        "sha256",
        "config.max_speakers",
        "config.total_speakers",
        "occurrence",
    ]


@pytest.mark.parametrize("sha256", ["", "9f86d08", "9f86d08g", "9" * 65, "9f86d081 "])
def test_a_digest_has_8_to_64_hexadecimal_digits(sha256: str) -> None:
    with pytest.raises(ValueError, match="expected 8 to 64 hexadecimal digits in sha256"):
        When(sha256=sha256)


def test_submissions_are_counted_from_1() -> None:
    with pytest.raises(ValueError, match="expected occurrence >= 1, got 0"):
        When(occurrence=0)
    with pytest.raises(ValueError, match="expected upload >= 1, got 0"):
        When(upload=0)


def test_a_pattern_is_a_text_or_null() -> None:
    with pytest.raises(ValueError, match="debug: expected a pattern in quotes, or null for absent, got 1"):
        When(query={"debug": 1})  # type: ignore[dict-item]


def test_a_pattern_is_named_by_what_it_asks_for() -> None:
    assert str(When()) == "any submission"
    assert str(When(filename="*.wav", occurrence=2)) == "filename='*.wav', occurrence=2"


@pytest.mark.parametrize(
    ("when", "name"),
    [
        (When(config=ConfigPattern()), "any submission"),
        (When(config=ConfigPattern(total_speakers=3)), "config.total_speakers=3"),
        (
            When(filename="a", config=ConfigPattern(max_speakers=2, total_speakers=3), occurrence=1),
            "filename='a', config.max_speakers=2, config.total_speakers=3, occurrence=1",
        ),
    ],
)
def test_it_is_named_in_the_words_of_a_scenario(when: When, name: str) -> None:
    assert str(when) == name


@pytest.mark.parametrize(
    ("when", "of_head", "weight"),
    [
        (When(), When(), 0),
        (When(channel_mode="mix", range_from=1.0), When(channel_mode="mix", range_from=1.0), 2),
        (When(filename="a", channels="0"), When(channels="0"), 2),
        (When(sha256=SHA256, occurrence=2), When(), 2),
        (
            When(query={"q": "1"}, headers={"X-K": None}, upload=2),
            When(query={"q": "1"}, headers={"X-K": None}, upload=2),
            3,
        ),
        (When(config=ConfigPattern(max_speakers=2, total_speakers=1)), When(), 2),
        (When(channels="0", exact=True), When(channels="0"), 2),
    ],
)
def test_what_the_head_of_a_request_tells_is_told_apart(when: When, of_head: When, weight: int) -> None:
    assert (when.of_head, when.weight) == (of_head, weight)
