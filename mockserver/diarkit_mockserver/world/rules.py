"""The rules of one world in use: which one answers a submission, which are used up, which came closest. Knows no answers."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diarkit_mockserver.intake.submission import Submission
    from diarkit_mockserver.scenario.model import Rule

log = logging.getLogger("diarkit")


class RuleBook:
    """The script's rules, and before them those that were added by hand.

    Args:
        rules: in the order in which they are asked.
    """

    __slots__ = ("_added", "_rules", "_used")

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = list(rules)
        self._added = 0
        self._used = [0] * len(self._rules)

    def add(self, rule: Rule) -> None:
        """Put a rule before the script's, behind the ones added earlier."""
        self._rules.insert(self._added, rule)
        self._used.insert(self._added, 0)
        self._added += 1

    def find(self, submission: Submission) -> Rule | None:
        """Find the rule that answers a submission, and count its use."""
        for index, rule in enumerate(self._rules):
            if self._is_used_up(index) or next(rule.when.misses(submission), None) is not None:
                continue
            self._used[index] += 1
            if self._is_used_up(index):
                log.info(
                    "the rule for %s is used up (times: %d); the rules below it answer from now on", rule, rule.times
                )
            return rule
        return None

    def explain_miss(self, submission: Submission) -> str:
        """Say which rule came closest to a submission that none matched, and why it missed."""
        misses = [
            ([*rule.when.misses(submission), *self._list_uses(index)], index, rule)
            for index, rule in enumerate(self._rules)
        ]
        if not misses:
            return ""
        reasons, index, rule = min(misses, key=lambda miss: (len(miss[0]), miss[1]))
        number = index - self._added + 1
        name = f"rule {number}" if number > 0 else f"rule {index + 1} of those added"
        return f"no rule matched; the closest is {name} ({rule}): {'; '.join(reasons)}"

    def _list_uses(self, index: int) -> list[str]:
        return [f"it is used up (times: {self._rules[index].times})"] if self._is_used_up(index) else []

    def _is_used_up(self, index: int) -> bool:
        times = self._rules[index].times
        return times is not None and self._used[index] >= times
