"""The rules of one world: which one answers a submission, and which came closest. Knows no answers."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from diarkit_mockserver.scenario.reach import explain_unreachable

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator

    from diarkit_mockserver.intake.submission import Sent
    from diarkit_mockserver.scenario.model import Rule

log = logging.getLogger("diarkit")


@dataclass(frozen=True, slots=True)
class RuleBook:
    """Rules in the order in which they are asked, each with a number: those of the script from 1, those added from -1 downwards.

    Attributes:
        scripted: of the scenario.
        added: by hand; they come before the script's.
    """

    scripted: tuple[Rule, ...]
    added: tuple[Rule, ...] = ()

    def __iter__(self) -> Iterator[tuple[int, Rule]]:
        """Go through the rules with their numbers."""
        yield from ((-number, rule) for number, rule in enumerate(self.added, start=1))
        yield from enumerate(self.scripted, start=1)

    def add(self, rule: Rule) -> RuleBook:
        """Make one with a rule more, behind the ones added earlier.

        Raises:
            ValueError: for a rule that could never answer.
        """
        if reason := explain_unreachable(rule, enumerate(self.added, start=1)):
            raise ValueError(f"the answer for {rule} could never be used: {reason}")
        return RuleBook(self.scripted, (*self.added, rule))

    def find(self, submission: Sent, used: Counter[int]) -> Rule | None:
        """Find the rule that answers a submission.

        Args:
            submission: to be answered.
            used: how often each rule has answered, by its number; this use is added.
        """
        for number, rule in self:
            if _is_used_up(rule, used[number]) or next(rule.when.misses(submission), None) is not None:
                continue
            return _use(number, rule, used)
        return None

    def find_by_head(self, head: Sent, used: Counter[int]) -> Rule | None:
        """Find the rule that answers a submission whatever its body will be; None if only the body can tell, or no rule does.

        Args:
            head: of the submission, with a body that tells nothing.
            used: as for `find`.
        """
        for number, rule in self:
            if _is_used_up(rule, used[number]) or next(rule.when.of_head.misses(head), None) is not None:
                continue
            return _use(number, rule, used) if rule.when == rule.when.of_head else None
        return None

    def explain_miss(self, submission: Sent, used: Counter[int]) -> str:
        """Say which rule came closest to a submission that none matched, and why it missed."""
        misses = [
            ([*rule.when.misses(submission), *_list_uses(rule, used[number])], number, rule) for number, rule in self
        ]
        if not misses:
            return ""
        reasons, number, rule = min(misses, key=lambda miss: len(miss[0]))  # the first of those as close
        name = f"rule {number}" if number > 0 else f"rule {-number} of those added"
        return f"no rule matched; the closest is {name} ({rule}): {'; '.join(reasons)}"


def _use(number: int, rule: Rule, used: Counter[int]) -> Rule:
    used[number] += 1
    if _is_used_up(rule, used[number]):
        log.info("the rule for %s is used up (times: %d); the rules below it answer from now on", rule, rule.times)
    return rule


def _list_uses(rule: Rule, used: int) -> list[str]:
    return [f"it is used up (times: {rule.times})"] if _is_used_up(rule, used) else []


def _is_used_up(rule: Rule, used: int) -> bool:
    return rule.times is not None and used >= rule.times
