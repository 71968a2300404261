from __future__ import annotations

import logging
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarkit_mockserver.intake.submission import Given
from diarkit_mockserver.scenario.model import Rule, Then
from diarkit_mockserver.scenario.rules import RuleBook
from diarkit_mockserver.scenario.when import EVERY, ConfigPattern, When

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from diarkit_mockserver.intake.submission import Submission

    Make = Callable[..., Submission]


def rule(name: str, when: When = EVERY, times: int | None = None) -> Rule:
    return Rule(when=when, then=Then(failed=name), times=times)


class Book:
    """Rules, and how often each has been used."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules, self.used = RuleBook(tuple(rules)), Counter[int]()

    def add(self, rule: Rule) -> None:
        self.rules = self.rules.add(rule)

    def find(self, submission: Submission) -> Rule | None:
        return self.rules.find(submission, self.used)

    def explain_miss(self, submission: Submission) -> str:
        return self.rules.explain_miss(submission, self.used)


def ask(book: Book, submission: Submission) -> str | None:
    found = book.find(submission)
    return None if found is None else found.then.failed


def test_no_rules_match_nothing_and_there_is_nothing_to_explain(make_submission: Make) -> None:
    book = Book([])
    assert book.find(make_submission()) is None
    assert book.explain_miss(make_submission()) == ""


def test_the_first_rule_that_matches_is_taken(make_submission: Make) -> None:
    book = Book([rule("b only", When(filename="b")), rule("first"), rule("second")])
    assert ask(book, make_submission(filename="a")) == "first"
    assert ask(book, make_submission(filename="b")) == "b only"


def test_a_rule_is_used_up_after_its_times_and_says_so(make_submission: Make, caplog: pytest.LogCaptureFixture) -> None:
    """Row 2 of the demands: what follows the end of a script is the next rule, and then the usual answer; never an error."""
    caplog.set_level(logging.INFO, "diarkit")
    book = Book([rule("twice", times=2), rule("once", When(filename="call*"), times=1)])
    assert [ask(book, make_submission()) for _ in range(5)] == ["twice", "twice", "once", None, None]
    assert "the rule for filename='call*' is used up (times: 1)" in caplog.text


def test_only_what_a_rule_answers_uses_it_up(make_submission: Make) -> None:
    book = Book([rule("b", When(filename="b"), times=1)])
    for _ in range(3):
        assert ask(book, make_submission(filename="a")) is None
        assert "filename: expected 'b', got 'a'" in book.explain_miss(make_submission(filename="a"))
    assert ask(book, make_submission(filename="b")) == "b"
    assert book.explain_miss(make_submission(filename="b")).endswith(": it is used up (times: 1)")


def test_added_rules_come_first_in_the_order_in_which_they_were_added(make_submission: Make) -> None:
    book = Book([rule("script")])
    for name in ("one", "two"):
        book.add(rule(name, times=1))
    assert [ask(book, make_submission()) for _ in range(4)] == ["one", "two", "script", "script"]


def test_a_rule_added_late_leaves_the_counts_of_the_others(make_submission: Make) -> None:
    book = Book([rule("script", times=2)])
    assert ask(book, make_submission()) == "script"
    book.add(rule("late", times=1))
    assert [ask(book, make_submission()) for _ in range(3)] == ["late", "script", None]


def test_a_rule_that_no_upload_can_meet_is_refused() -> None:
    book = Book([])
    with pytest.raises(ValueError, match=r"channels='0, 1' could never be used: channels are compared in the form 0,1"):
        book.add(rule("never", When(channels="0, 1")))
    assert book.rules.added == ()


@given(st.lists(st.tuples(st.sampled_from(["*", "a*", "a.wav"]), st.sampled_from([None, 1, 2])), max_size=4))
def test_no_rule_that_was_added_earlier_keeps_the_next_one_from_answering(
    make_submission: Make, earlier: list[tuple[str, int | None]]
) -> None:
    book = Book([rule("of the scenario")])
    for name, times in earlier:
        book.add(rule("earlier", EVERY if name == "*" else When(filename=name), times))
    book.add(rule("latest"))
    answers = [ask(book, make_submission(filename="a.wav")) for _ in range(10)]
    assert answers[-1] == "latest"


def test_equal_rules_are_counted_one_by_one(make_submission: Make) -> None:
    once = rule("rule", times=1)
    book = Book([once, once, rule("rest")])
    assert [ask(book, make_submission()) for _ in range(3)] == ["rule", "rule", "rest"]


@pytest.mark.parametrize(
    ("when", "hit", "miss"),
    [
        (When(filename="call?.wav"), {"filename": "call1.wav"}, {"filename": "Call1.wav"}),
        (When(sha256="ABCDEF01"), {"sha256": "abcdef01" + "0" * 56}, {"sha256": "abcdef02" + "0" * 56}),
        (When(config=ConfigPattern(max_speakers=2)), {"max_speakers": 2}, {"total_speakers": 2}),
        (When(config=ConfigPattern(total_speakers=3)), {"total_speakers": 3}, {}),
        (When(channel_mode="mix"), {"channel_mode": "mix"}, {}),
        (When(channels="0,1"), {"channels": (0, 1)}, {"channels": (1, 0)}),
        (When(channels=""), {}, {"channels": (0,)}),
        (When(range_from=0.5), {"range_from": 0.5}, {}),
        (When(range_to=2), {"range_to": 2.0}, {}),
        (When(filename="a", channel_mode="mix"), {"filename": "a", "channel_mode": "mix"}, {"filename": "a"}),
    ],
)
def test_a_rule_answers_what_it_is_for_and_nothing_else(
    make_submission: Make, when: When, hit: dict[str, Any], miss: dict[str, Any]
) -> None:
    book = Book([rule("hit", when), rule("miss")])
    assert [ask(book, make_submission(**sent)) for sent in (hit, miss)] == ["hit", "miss"]


@pytest.mark.parametrize(
    ("when", "said"),
    [
        (When(filename="other.wav"), "filename: expected 'other.wav', got 'call.wav'"),
        (When(sha256="b" * 8), f"sha256: expected {'b' * 8}, got {'a' * 64}"),
        (When(config=ConfigPattern(max_speakers=3)), "config.max_speakers: expected 3, got 2"),
        (When(config=ConfigPattern(total_speakers=3)), "config.total_speakers: expected 3, got nothing"),
        (When(channel_mode="mix"), "channel_mode: expected mix, got split"),
        (When(channels="1"), "channels: expected '1', got '0'"),
        (When(range_from=1), "range_from: expected 1, got 0.5"),
        (When(range_to=2), "range_to: expected 2, got 9.0"),
        (When(occurrence=2), "occurrence: expected number 2, this is number 1"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_near_miss_is_told_field_by_field(make_submission: Make, when: When, said: str) -> None:
    submission = make_submission(max_speakers=2, channels=(0,), range_from=0.5, range_to=9.0)
    book = Book([rule("far", When(filename="x", sha256="f" * 8, occurrence=9)), rule("near", when)])
    key = said.partition(":")[0]
    assert book.explain_miss(submission) == (
        f"no rule matched: 1 missed on filename and sha256 and occurrence, 1 missed on {key}; "
        f"the closest is rule 2 ({when}): {said}"
    )


def test_all_that_keeps_the_closest_rule_from_matching_is_told(make_submission: Make) -> None:
    book = Book([rule("near", When(filename="x", occurrence=2))])
    assert book.explain_miss(make_submission()).endswith(
        "filename: expected 'x', got 'call.wav'; occurrence: expected number 2, this is number 1"
    )


def test_a_used_up_rule_is_the_closest_only_if_nothing_else_keeps_it_from_matching(make_submission: Make) -> None:
    book = Book([rule("b", When(filename="b", channel_mode="mix"), times=1), rule("c", When(filename="c"))])
    assert ask(book, make_submission(filename="b", channel_mode="mix")) == "b"
    assert "the closest is rule 1 (" in book.explain_miss(make_submission(filename="b", channel_mode="mix"))
    assert "the closest is rule 2 (" in book.explain_miss(make_submission(filename="b"))
    assert book.explain_miss(make_submission(filename="a")).endswith(
        "rule 2 (filename='c'): filename: expected 'c', got 'a'"
    )


def test_rules_are_numbered_as_in_the_scenario_and_added_ones_by_themselves(make_submission: Make) -> None:
    book = Book([rule("script", When(filename="b")), rule("far", When(filename="x", occurrence=2))])
    book.add(rule("far", When(filename="y", occurrence=2)))
    assert "the closest is rule 1 (filename='b'): " in book.explain_miss(make_submission())
    book.add(rule("near", When(occurrence=3)))
    assert "the closest is rule 2 of those added (occurrence=3): " in book.explain_miss(make_submission())


WHENS = st.builds(
    When,
    filename=st.sampled_from([None, "call.wav", "x", "*.wav"]),
    channel_mode=st.sampled_from([None, "split", "mix"]),
    occurrence=st.sampled_from([None, 1, 2]),
)


@given(whens=st.lists(WHENS, min_size=1, max_size=5))
def test_either_a_rule_matches_or_the_closest_one_is_explained(make_submission: Make, whens: Sequence[When]) -> None:
    submission = make_submission()
    book = Book([rule(str(number), when) for number, when in enumerate(whens)])
    misses = [len(list(when.misses(submission, submission))) for when in whens]
    found = ask(book, submission)
    if 0 in misses:
        assert found == str(misses.index(0))
    else:
        assert found is None
        nearest = misses.index(min(misses))
        assert f"the closest is rule {nearest + 1} (" in book.explain_miss(submission)


@pytest.mark.parametrize(
    ("rules", "found"),
    [
        ([rule("all")], "all"),
        ([rule("mix", When(channel_mode="mix"))], "mix"),
        ([rule("split", When(channel_mode="split")), rule("all")], "all"),
        ([rule("named", When(filename="x")), rule("all")], None),
        ([rule("named", When(filename="x", channel_mode="split")), rule("all")], "all"),
        ([rule("named", When(filename="x"))], None),
        ([rule("sent", When(headers={"X-K": "1*"}, query={"q": None}, upload=2))], "sent"),
        ([rule("other", When(headers={"X-K": None})), rule("first", When(upload=1)), rule("all")], "all"),
        ([rule("again", When(occurrence=2)), rule("all")], None),
        ([], None),
    ],
)
def test_a_head_finds_its_rule_unless_only_the_body_can_tell(
    make_submission: Make, rules: list[Rule], found: str | None
) -> None:
    book = Book(rules)
    head = replace(make_submission(filename="", channel_mode="mix"), upload=2, asked=Given(headers={"x-k": "12"}))
    by_head = book.rules.find_by_head(head, book.used)
    assert (None if by_head is None else by_head.then.failed) == found
    assert book.used.total() == (found is not None)


def test_a_head_uses_a_rule_up(make_submission: Make) -> None:
    book = Book([rule("once", times=1), rule("all")])
    found = [book.rules.find_by_head(make_submission(), book.used) for _ in range(2)]
    assert [each.then.failed for each in found if each is not None] == ["once", "all"]


def test_answers_for_the_next_submission_come_first_and_of_the_rules_that_stay_the_latest(
    make_submission: Make,
) -> None:
    book = Book([rule("script")])
    book.add(rule("conftest", When(filename="*")))
    book.add(rule("test", When(filename="a")))
    book.add(rule("next", times=1))
    book.add(rule("after it", times=1))
    assert [ask(book, make_submission(filename=name)) for name in "aaab"] == ["next", "after it", "test", "conftest"]


def test_why_no_rule_matched_is_counted(make_submission: Make) -> None:
    book = Book([rule("once", times=1), rule("x", When(filename="x")), rule("y", When(filename="y"))])
    book.find(make_submission(filename="a"))
    told = book.explain_miss(make_submission(filename="a"))
    assert told.startswith("no rule matched: 1 used up, 2 missed on filename; the closest is rule 1 ")
