"""The rules of one world: which one answers a submission, and which is closest if none does."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from functools import cached_property

from diarkit_mockserver.intake.submission import Submission
from diarkit_mockserver.scenario.model import Rule
from diarkit_mockserver.scenario.reach import explain_unreachable
from diarkit_mockserver.scenario.when import EVERY

log = logging.getLogger("diarkit")

USED_UP = "used up"


class RuleBook:
    """Rules in order of precedence, each with a number: those of the scenario from 1, added ones from -1 downwards.

    First answers added for only the next submissions, in order; then other added rules, latest first, so that a test overrides its
    conftest; then the scenario's, from the top.

    Args:
        scripted: of the scenario.
        added: by calls, in order.
    """

    def __init__(self, scripted: tuple[Rule, ...], added: tuple[Rule, ...] = ()) -> None:
        self.scripted = scripted
        self.added = added

    @cached_property
    def _ordered(self) -> tuple[tuple[int, Rule], ...]:
        added = [(-number, rule) for number, rule in enumerate(self.added, start=1)]
        return (
            *(one for one in added if _is_one_shot(one[1])),
            *(one for one in reversed(added) if not _is_one_shot(one[1])),
            *enumerate(self.scripted, start=1),
        )

    def __iter__(self) -> Iterator[tuple[int, Rule]]:
        return iter(self._ordered)

    def add(self, rule: Rule) -> RuleBook:
        """Return a book with one more rule.

        Earlier added rules can't shadow it, as it precedes them or they are used up eventually.

        Raises:
            ValueError: for a rule that matches no possible upload.
        """
        if reason := explain_unreachable(rule):
            raise ValueError(f"the answer for {rule} could never be used: {reason}")
        return RuleBook(self.scripted, (*self.added, rule))

    def find(self, submission: Submission, used: Counter[int]) -> Rule | None:
        """Find the rule that answers a submission.

        Args:
            submission: to answer.
            used: number of answers by rule number; updated.
        """
        for number, rule in self:
            if _is_used_up(rule, used[number]) or next(rule.when.misses(submission, submission), None) is not None:
                continue
            return _use(number, rule, used)
        return None

    def find_by_head(self, head: Submission, used: Counter[int]) -> Rule | None:
        """Find the rule that answers a submission independently of its body; None if there is none or the body matters.

        Args:
            head: the submission without information from its body.
            used: as for `find`.
        """
        for number, rule in self:
            if _is_used_up(rule, used[number]) or next(rule.when.of_head.misses(head, head), None) is not None:
                continue
            return _use(number, rule, used) if rule.when == rule.when.of_head else None
        return None

    def explain_miss(self, submission: Submission, used: Counter[int]) -> str:
        """Explain why no rule matched: how many are used up, which fields differ, and which rule is closest."""
        if not self._ordered:
            return ""
        misses = [
            ([*rule.when.misses(submission, submission), *_list_uses(rule, used[number])], number, rule)
            for number, rule in self
        ]
        reasons, number, rule = min(misses, key=lambda miss: len(miss[0]))  # the first of equally close ones
        name = f"rule {number}" if number > 0 else f"rule {-number} of those added"
        tally = Counter(
            USED_UP if _is_used_up(rule, used[number]) else _name_keys(missed) for missed, number, rule in misses
        )
        counts = ", ".join(f"{count} {reason}" for reason, count in tally.items())
        return f"no rule matched: {counts}; the closest is {name} ({rule}): {'; '.join(reasons)}"


def _name_keys(missed: list[str]) -> str:
    return f"missed on {' and '.join(reason.partition(':')[0] for reason in missed)}"


def _is_one_shot(rule: Rule) -> bool:
    return rule.times is not None and rule.when == EVERY


def _use(number: int, rule: Rule, used: Counter[int]) -> Rule:
    used[number] += 1
    if _is_used_up(rule, used[number]):
        log.info("the rule for %s is used up (times: %d); later rules apply from now on", rule, rule.times)
    return rule


def _list_uses(rule: Rule, used: int) -> list[str]:
    return [f"it is used up (times: {rule.times})"] if _is_used_up(rule, used) else []


def _is_used_up(rule: Rule, used: int) -> bool:
    return rule.times is not None and used >= rule.times
