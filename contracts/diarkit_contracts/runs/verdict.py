"""What a verification run found, as one value: made once, rendered by reports. Knows no run, no client and no output format."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING

from diarkit_contracts.api.evidence import Severity
from diarkit_contracts.target.client import Spent

if TYPE_CHECKING:
    from diarkit_contracts.api.evidence import Evidence
    from diarkit_contracts.clauses.clause import Clause, Fault
    from diarkit_contracts.exchanges.exchange import Exchange
    from diarkit_contracts.rows.call import Row


class Exit(IntEnum):
    """How a run ends for the shell."""

    FINE = 0
    FINDINGS = 1
    USAGE = 2
    VACUOUS = 3
    UNREACHABLE = 4


class Cause(StrEnum):
    """Why there is no judgement. Programs decide by it; the reason beside it is for people."""

    BUDGET_TASKS = "budget-tasks"
    BUDGET_IN_FLIGHT = "budget-in-flight"
    BUDGET_CALLS = "budget-calls"
    BUDGET_BYTES = "budget-bytes"
    BUDGET_SECONDS = "budget-seconds"
    BUSY = "busy"
    CAPABILITY = "capability"
    CREDENTIALS = "credentials"
    GONE = "gone"
    INTERRUPTED = "interrupted"
    LOST = "lost"
    NOT_SEEN = "not-seen"
    RATE_LIMITED = "rate-limited"
    STORAGE_FULL = "storage-full"
    TOO_LARGE = "too-large"
    TOO_SLOW = "too-slow"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class Why:
    """Why there is no judgement: the cause for programs, the text for people."""

    cause: Cause
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A clause that was broken in one row.

    Attributes:
        clause: with its sentence, evidence and severity.
        row: name of the row, as in `--only`; empty for a recording.
        at: positions in `RunVerdict.exchanges` of what shows it, the one that broke it last; before it the POST that it answers.
        fault: expected and got, the first of the row.
        times: how often the clause was broken in this row.
    """

    clause: Clause
    row: str
    at: tuple[int, ...]
    fault: Fault
    times: int = 1

    @property
    def evidence(self) -> Evidence:
        """How it is known: the cell of the point it was judged by, else the clause's."""
        return self.fault.evidence or self.clause.evidence

    @property
    def severity(self) -> Severity:
        """How bad it is."""
        return self.evidence.severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A finding that is known and does not fail a run, because a baseline says so.

    Attributes:
        reason: why it is accepted.
        expires: the last day on which it is, as YYYY-MM-DD.
    """

    finding: Finding
    reason: str
    expires: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Undocumented:
    """Something the contract does not have: no fault, but a client must not rely on it.

    Attributes:
        what: such as `field result.channels[].score`.
        at: position of the first exchange that has it.
        times: in how many exchanges it was seen.
    """

    what: str
    at: int
    times: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Inconclusive:
    """A row that was begun and told nothing: a task that took too long, a rate limit, a lost connection."""

    row: str
    cause: Cause
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """What was left out.

    Attributes:
        name: of a row, or id of a clause.
        reason: in words.
    """

    name: str
    cause: Cause
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """A clause that was kept each time; `observations` is at least 1."""

    clause: Clause
    observations: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RowRun:
    """A row that was sent.

    Attributes:
        name: as in `--only`.
        at: positions of its exchanges.
        row: what was sent; None if only its exchanges are known.
    """

    name: str
    at: tuple[int, ...]
    row: Row | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunVerdict:
    """All that a run has to say.

    Attributes:
        target: URL, or file name of a recording.
        tier: name of the plan; empty for a recording.
        profile: name of the generation it was held against.
        findings: errors first, then in the order of the catalogue.
        accepted: findings that a baseline accepts; they are not among `findings`.
        stale: entries of the baseline that are out of date or accept nothing, one sentence each.
        events: what is no fault but worth telling, such as how often a rate limit was met.
        vacuous: what was never seen and has to be, one reason each; empty if enough was seen.
        unreachable: why the target could not be asked at all; empty if it could.
        flags: that a repetition needs too, and what they are given; secrets struck out.
        lost: exchanges without a whole answer; no position counts them.
        rows_file: where the rows are kept that are not the plan's, for `--rows`; empty if they are nowhere.
    """

    target: str
    tier: str
    profile: str
    exchanges: tuple[Exchange, ...] = field(repr=False)
    rows: tuple[RowRun, ...] = ()
    findings: tuple[Finding, ...] = ()
    undocumented: tuple[Undocumented, ...] = ()
    inconclusive: tuple[Inconclusive, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    passed: tuple[Passed, ...] = ()
    events: tuple[str, ...] = ()
    vacuous: tuple[str, ...] = ()
    unreachable: str = ""
    spent: Spent = field(default_factory=Spent)
    accepted: tuple[Accepted, ...] = ()
    stale: tuple[str, ...] = ()
    rows_file: str = ""
    flags: tuple[tuple[str, str], ...] = ()
    lost: tuple[Exchange, ...] = field(default=(), repr=False)

    @property
    def recorded(self) -> tuple[Exchange, ...]:
        """All exchanges, answered and lost, in the order in which they were sent."""
        return tuple(sorted((*self.exchanges, *self.lost), key=lambda each: each.request.sent_at))

    def list_findings(self, severity: Severity) -> tuple[Finding, ...]:
        """List the findings of one severity."""
        return tuple(finding for finding in self.findings if finding.severity is severity)

    def decide_exit(self, fail_on: Severity = Severity.ERROR) -> Exit:
        """Decide how the run ends.

        Findings count before everything else that was seen: a run that saw little but saw a fault has found it.

        Args:
            fail_on: the least severity that fails.
        """
        if self.unreachable:
            return Exit.UNREACHABLE
        if self.list_findings(Severity.ERROR) or (fail_on is Severity.WARNING and self.findings):
            return Exit.FINDINGS
        return Exit.VACUOUS if self.vacuous else Exit.FINE
