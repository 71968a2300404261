"""The rules of one world: which one answers a submission, and which came closest. Knows no answers."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from diarkit_mockserver.scenario.reach import explain_unreachable
from diarkit_mockserver.scenario.when import EVERY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diarkit_mockserver.intake.submission import Submission
    from diarkit_mockserver.scenario.model import Rule

log = logging.getLogger("diarkit")

USED_UP = "used up"


@dataclass(frozen=True, slots=True)
class RuleBook:
    """Rules in the order in which they are asked, each with a number: those of the script from 1, those added from -1 downwards.

    First the answers that were added for just the next submissions, first in, first out; then the rules that were added, the
    latest first, so that a test overrides what its conftest says; then the script's, from the top.

    Attributes:
        scripted: of the scenario.
        added: by hand, in the order in which they came.
    """

    scripted: tuple[Rule, ...]
    added: tuple[Rule, ...] = ()

    def __iter__(self) -> Iterator[tuple[int, Rule]]:
        """Go through the rules with their numbers."""
        added = [(-number, rule) for number, rule in enumerate(self.added, start=1)]
        yield from (one for one in added if _is_one_shot(one[1]))
        yield from (one for one in reversed(added) if not _is_one_shot(one[1]))
        yield from enumerate(self.scripted, start=1)

    def add(self, rule: Rule) -> RuleBook:
        """Make one with a rule more.

        None of those added earlier can keep it from answering: it comes before them, or they are used up some day.

        Raises:
            ValueError: for a rule that no upload can meet.
        """
        if reason := explain_unreachable(rule):
            raise ValueError(f"the answer for {rule} could never be used: {reason}")
        return RuleBook(self.scripted, (*self.added, rule))

    def find(self, submission: Submission, used: Counter[int]) -> Rule | None:
        """Find the rule that answers a submission.

        Args:
            submission: to be answered.
            used: how often each rule has answered, by its number; this use is added.
        """
        for number, rule in self:
            if _is_used_up(rule, used[number]) or next(rule.when.misses(submission, submission), None) is not None:
                continue
            return _use(number, rule, used)
        return None

    def find_by_head(self, head: Submission, used: Counter[int]) -> Rule | None:
        """Find the rule that answers a submission whatever its body will be; None if only the body can tell, or no rule does.

        Args:
            head: of the submission, with a body that tells nothing.
            used: as for `find`.
        """
        for number, rule in self:
            if _is_used_up(rule, used[number]) or next(rule.when.of_head.misses(head, head), None) is not None:
                continue
            return _use(number, rule, used) if rule.when == rule.when.of_head else None
        return None

    def explain_miss(self, submission: Submission, used: Counter[int]) -> str:
        """Say why no rule matched a submission: how many are used up, what the others missed on, and which came closest."""
        misses = [
            ([*rule.when.misses(submission, submission), *_list_uses(rule, used[number])], number, rule)
            for number, rule in self
        ]
        if not misses:
            return ""
        reasons, number, rule = min(misses, key=lambda miss: len(miss[0]))  # the first of those as close
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
        log.info("the rule for %s is used up (times: %d); the rules below it answer from now on", rule, rule.times)
    return rule


def _list_uses(rule: Rule, used: int) -> list[str]:
    return [f"it is used up (times: {rule.times})"] if _is_used_up(rule, used) else []


def _is_used_up(rule: Rule, used: int) -> bool:
    return rule.times is not None and used >= rule.times
