from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarkit_mockserver.scenario.model import Rule, Then
from diarkit_mockserver.scenario.reach import covers, list_unreachable
from diarkit_mockserver.scenario.when import EVERY, ConfigPattern, When

if TYPE_CHECKING:
    from collections.abc import Callable

    from diarkit_mockserver.intake.submission import Submission

SHA = "ab" * 32


def two(number: int) -> ConfigPattern:
    return ConfigPattern(max_speakers=number)


@pytest.mark.parametrize(
    ("wide", "narrow", "covered"),
    [
        (EVERY, EVERY, True),
        (EVERY, When(filename="a.wav", occurrence=2), True),
        (When(filename="*"), EVERY, True),
        (When(filename="*"), When(filename="[ab]*"), True),
        (When(filename="*.wav"), When(filename="a.wav"), True),
        (When(filename="*.wav"), When(filename="*.wav"), True),
        (When(filename="*.wav"), When(filename="a.mp3"), False),
        (When(filename="*.wav"), When(filename="a*.wav"), False),  # it does, but only shell patterns would say so
        (When(filename="a.wav"), EVERY, False),
        (When(sha256=SHA[:8].upper()), When(sha256=SHA), True),
        (When(sha256=SHA), When(sha256=SHA[:8]), False),
        (When(config=two(2)), When(config=ConfigPattern(max_speakers=2, total_speakers=3)), True),
        (When(config=two(2)), When(config=two(3)), False),
        (When(config=two(2)), EVERY, False),
        (When(channel_mode="mix"), When(channel_mode="mix", channels="0"), True),
        (When(channel_mode="mix"), When(channels="0"), False),
        (When(occurrence=1), When(occurrence=2), False),
        (When(upload=1), When(occurrence=1), False),
        (When(query={"a": "1"}), When(query={"a": "1", "b": None}), True),
        (When(query={"a": "1"}), When(query={"a": "2"}), False),
        (When(query={"a": "*"}), When(query={"a": "2"}), False),  # it does, but only shell patterns would say so
        (When(headers={"A": None}), When(headers={"B": None}), False),
        (When(exact=True), EVERY, False),
        (When(sha256=SHA), When(sha256=SHA, exact=True), True),
        (When(exact=True), When(sha256=SHA, exact=True), True),
        (When(exact=True), When(channel_mode="mix", exact=True), False),
        (When(exact=True), When(config=two(2), exact=True), False),
        (When(range_to=1, exact=True), When(range_to=1, exact=True, filename="a"), True),
    ],
)
def test_one_pattern_covers_another_if_all_that_matches_it_is_certain_to_match(
    wide: When, narrow: When, covered: bool
) -> None:
    assert covers(wide, narrow) is covered


def make_rule(times: int | None = None, **when: Any) -> Rule:
    return Rule(when=When(**when), then=Then(failed="x"), times=times)


def test_rules_behind_one_that_answers_all_of_theirs_are_named_with_it() -> None:
    rules = (make_rule(filename="a.wav"), make_rule(), make_rule(filename="b.wav"), make_rule(3))
    reason = "rule 2 (any submission) comes first and matches everything that it does"
    assert list(list_unreachable(rules)) == [(3, reason), (4, reason)]


def test_a_rule_that_is_used_up_leaves_the_rest_to_those_below_it() -> None:
    assert list(list_unreachable((make_rule(5), make_rule()))) == []


@pytest.mark.parametrize(
    ("when", "reason"),
    [
        ({"channels": "0, 1"}, "channels are compared in the form 0,1 and never equal '0, 1'"),
        ({"channels": "01"}, "channels are compared in the form 0,1 and never equal '01'"),
        (
            {"config": ConfigPattern(max_speakers=2, total_speakers=2)},
            "the platform refuses max_speakers and total_speakers in one config",
        ),
    ],
)
def test_a_rule_that_no_upload_can_meet_is_named(when: dict[str, Any], reason: str) -> None:
    assert list(list_unreachable((make_rule(**when),))) == [(1, reason)]


@pytest.mark.parametrize("channels", ["", "0", "10,0"])
def test_channels_that_an_upload_may_ask_for_are_reachable(channels: str) -> None:
    assert list(list_unreachable((make_rule(channels=channels),))) == []


NAMES = st.sampled_from(["*", "a*", "*.wav", "a.wav", "b.wav", "[ab].wav", "?.wav"])
PATTERNS = st.builds(
    When,
    filename=st.none() | NAMES,
    config=st.none() | st.builds(two, st.integers(1, 2)),
    channel_mode=st.sampled_from([None, "split", "mix"]),
)


@given(
    wide=PATTERNS,
    narrow=PATTERNS,
    name=st.sampled_from(["a.wav", "b.wav", "ab", "c.mp3"]),
    speakers=st.sampled_from([None, 1, 2]),
    mode=st.sampled_from(["split", "mix"]),
)
def test_what_is_called_covered_never_matches_what_the_other_misses(
    make_submission: Callable[..., Submission], wide: When, narrow: When, name: str, speakers: int | None, mode: str
) -> None:
    came = make_submission(filename=name, max_speakers=speakers, channel_mode=mode)
    if covers(wide, narrow) and not list(narrow.misses(came, came)):
        assert not list(wide.misses(came, came))
