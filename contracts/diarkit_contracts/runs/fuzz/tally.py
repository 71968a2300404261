"""Combine many short histories of one server in one verdict; store counts, one history, and the exchanges that show each finding."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from diarkit_contracts.api.evidence import Severity
from diarkit_contracts.api.profiles import DEFAULT, Profile
from diarkit_contracts.clauses.catalogue import USUAL
from diarkit_contracts.clauses.need import Need, list_unseen
from diarkit_contracts.exchanges.exchange import Exchange
from diarkit_contracts.exchanges.history import read_history
from diarkit_contracts.rows.tier import FUZZ
from diarkit_contracts.runs.verdict import Finding, Passed, RowRun, RunVerdict
from diarkit_contracts.runs.verify import NEEDS_OF_A_PLAN, explain_unseen, judge_history, skip_clause
from diarkit_contracts.target.client import Target

Shown: TypeAlias = "tuple[Finding, tuple[Exchange, ...]]"
"""A finding, and the exchanges that show it."""


@dataclass(slots=True)
class Tally:
    """The histories so far.

    Attributes:
        histories: number judged.
        broken: number of those that violated a clause, by clause.
        dropped: requests without a complete answer.
        drawn: number of generated requests, without polls.
        distinct: number of distinct ones among them.
        unseen: needs that no history met.
        started: the exchanges that started a task, to find reused ids.
        first: the first violation of each clause, as servers repeat them.
    """

    profile: Profile = DEFAULT
    fail_on: Severity = Severity.ERROR
    histories: int = 0
    passed: Counter[str] = field(default_factory=Counter[str])
    broken: Counter[str] = field(default_factory=Counter[str])
    dropped: int = 0
    drawn: int = 0
    distinct: int = 0
    unseen: set[Need] = field(default_factory=lambda: set(NEEDS_OF_A_PLAN))
    started: list[Exchange] = field(default_factory=list["Exchange"])
    first: dict[str, Shown] = field(default_factory=dict[str, "Shown"])

    def judge(
        self, exchanges: Sequence[Exchange], rows: Sequence[RowRun] = (), *, counts: bool = True
    ) -> tuple[Finding, ...]:
        """Judge a history, count it unless it repeats an example, and return the findings that fail a run.

        Positions are those in `exchanges`. Its uploads are stored for `find_twice_given`.
        """
        history = read_history(exchanges, self.profile, given_up=frozenset())
        judged = judge_history(history, rows)
        self.passed.update({passed.clause.id: passed.observations for passed in judged.passed})
        self.unseen &= set(list_unseen(history, NEEDS_OF_A_PLAN))
        self.started += [start.exchange for start in history.starts if start.accepted]
        if counts:
            self.histories += 1
            self.broken.update({finding.clause.id for finding in judged.findings})
            for finding in judged.findings:
                shown = tuple(map(judged.find_exchange, finding.at))
                self.first.setdefault(finding.clause.id, (finding, shown))
        if self.fail_on is Severity.WARNING:
            return judged.findings
        return tuple(finding for finding in judged.findings if finding.severity is Severity.ERROR)

    def find_twice_given(self) -> tuple[Finding, ...]:
        """Find ids that were used twice over all histories; positions are those in `started`."""
        history = read_history(self.started, self.profile)
        if len({start.task_id for start in history.starts}) == len(history.starts):
            return ()  # the most common case, without judging
        judged = judge_history(history)
        return tuple(finding for finding in judged.findings if finding.clause.id == "task.id-unique")

    def write_verdict(
        self,
        target: Target,
        exchanges: Sequence[Exchange],
        findings: Sequence[Finding],
        rows: Sequence[RowRun] = (),
    ) -> RunVerdict:
        """Write the verdict of all histories; violations of other clauses than those of `findings` are added, with their exchanges."""
        own = {finding.clause.id for finding in findings}
        others = [shown for clause, shown in self.first.items() if clause not in own]
        exchanges = (*exchanges, *(exchange for _, shown in others for exchange in shown))
        history = read_history(exchanges, self.profile, given_up=frozenset())
        found = (*findings, *_place(others, history.exchanges, history.lost))
        broken = own | set(self.first)
        return replace(
            judge_history(history, rows),
            target=target.redaction.strike_url(target.url),
            tier=FUZZ,
            findings=tuple(sorted(found, key=lambda finding: finding.severity is not Severity.ERROR)),
            unseen=tuple(
                skip_clause(clause, history)
                for clause in USUAL
                if clause.id not in broken and not self.passed[clause.id]
            ),
            passed=tuple(
                Passed(clause=clause, observations=self.passed[clause.id])
                for clause in USUAL
                if clause.id not in broken and self.passed[clause.id]
            ),
            events=tuple(self._list_events()),
            whys=explain_unseen(need for need in NEEDS_OF_A_PLAN if need in self.unseen),
            spent=target.spent,
            finished_at=target.clock.today().isoformat(timespec="seconds"),
        )

    def _list_events(self) -> Iterator[str]:
        for clause, times in self.broken.items():
            yield f"{clause} was broken in {times} of {self.histories} examples"
        if self.dropped:
            yield f"{self.dropped} requests got no whole answer"
        if self.drawn:
            yield f"{self.distinct} of {self.drawn} requests differ from each other ({self.distinct / self.drawn:.0%}), apart from polls"


def _place(others: Sequence[Shown], answered: Sequence[Exchange], lost: Sequence[Exchange]) -> Iterator[Finding]:
    """Set the positions of findings; they belong to no reported row."""
    places = {id(exchange): at for at, exchange in enumerate(answered)}
    places |= {id(exchange): ~at for at, exchange in enumerate(lost)}
    for finding, shown in others:
        yield replace(finding, row="", at=tuple(places[id(exchange)] for exchange in shown))
