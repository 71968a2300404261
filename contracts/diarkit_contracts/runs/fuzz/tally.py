"""Combine many short histories of one server in one verdict."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from diarkit_contracts.api.evidence import Severity
from diarkit_contracts.api.profiles import DEFAULT
from diarkit_contracts.clauses.catalogue import USUAL
from diarkit_contracts.clauses.need import Need, list_unseen
from diarkit_contracts.exchanges.history import read_history
from diarkit_contracts.rows.tier import FUZZ
from diarkit_contracts.runs.undocumented import list_undocumented
from diarkit_contracts.runs.verdict import Passed, RunVerdict
from diarkit_contracts.runs.verify import NEEDS_OF_A_PLAN, explain_unseen, judge_history, skip_clause

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diarkit_contracts.api.profiles import Profile
    from diarkit_contracts.exchanges.exchange import Exchange
    from diarkit_contracts.runs.verdict import Finding, RowRun
    from diarkit_contracts.target.client import Target


@dataclass(slots=True)
class Tally:
    """The histories so far.

    Attributes:
        profile: the generation to judge by.
        fail_on: the least severity of a finding that `judge` returns.
        histories: number judged.
        shown: number of those that violated a clause, by clause.
        dropped: requests without a complete answer.
        unseen: needs that no history met.
        started: the exchanges that started a task, to find reused ids.
        warnings: by clause and text, the first of each, as servers repeat them.
    """

    profile: Profile = DEFAULT
    fail_on: Severity = Severity.ERROR
    histories: int = 0
    passed: Counter[str] = field(default_factory=Counter[str])
    shown: Counter[str] = field(default_factory=Counter[str])
    dropped: int = 0
    unseen: set[Need] = field(default_factory=lambda: set(NEEDS_OF_A_PLAN))
    started: list[Exchange] = field(default_factory=list["Exchange"])
    warnings: dict[str, Finding] = field(default_factory=dict[str, "Finding"])

    def judge(self, exchanges: Sequence[Exchange], rows: Sequence[RowRun] = ()) -> tuple[Finding, ...]:
        """Judge and count one history, and store its uploads for `find_twice_given`.

        Returns:
            The findings that fail a run, with positions in `exchanges`.
        """
        history = read_history(exchanges, self.profile, given_up=frozenset())
        judged = judge_history(history, rows)
        self.histories += 1
        self.shown.update({finding.clause.id for finding in judged.findings})
        self.passed.update({passed.clause.id: passed.observations for passed in judged.passed})
        self.unseen &= set(list_unseen(history, NEEDS_OF_A_PLAN))
        self.started += [start.exchange for start in history.starts if start.accepted]
        for finding in judged.findings:
            self.warnings.setdefault(finding.clause.id, finding)
        if self.fail_on is Severity.WARNING:
            return judged.findings
        return tuple(finding for finding in judged.findings if finding.severity is Severity.ERROR)

    def find_twice_given(self) -> tuple[Finding, ...]:
        """Find ids that were used twice over all histories; positions are those in `started`."""
        judged = judge_history(read_history(self.started, self.profile))
        return tuple(finding for finding in judged.findings if finding.clause.id == "task.id-unique")

    def write_verdict(
        self,
        target: Target,
        exchanges: Sequence[Exchange],
        findings: Sequence[Finding],
        rows: Sequence[RowRun] = (),
    ) -> RunVerdict:
        """Write the verdict of all histories.

        Args:
            target: of the run.
            exchanges: the reported history.
            findings: with positions in it.
            rows: of it.
        """
        history = read_history(exchanges, self.profile)
        broken = {finding.clause.id for finding in findings} | set(self.warnings)
        return RunVerdict(
            target=target.redaction.strike_url(target.url),
            tier=FUZZ,
            profile=self.profile.name,
            exchanges=history.exchanges,
            lost=history.lost,
            given_up=frozenset(),
            rows=tuple(rows),
            findings=tuple(findings),
            undocumented=list_undocumented(history.exchanges, self.profile.headers),
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
            events=tuple(
                f"warning in {self.shown[finding.clause.id]} of {self.histories} examples: {finding.clause.id}: expected {finding.fault.expected}, got {finding.fault.got}"
                for finding in self.warnings.values()
                if finding.severity is Severity.WARNING
                and finding.clause.id not in {each.clause.id for each in findings}
            )
            + ((f"{self.dropped} requests got no complete answer",) if self.dropped else ()),
            whys=explain_unseen(need for need in NEEDS_OF_A_PLAN if need in self.unseen),
            spent=target.spent,
            finished_at=target.clock.today().isoformat(timespec="seconds"),
        )
