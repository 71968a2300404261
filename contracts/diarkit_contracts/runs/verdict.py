"""The verdict of a run as one value, rendered by reports.

This module is long because causes and exit codes are one table next to the value that they determine.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, Final

from diarkit_contracts.api.evidence import Evidence, Severity
from diarkit_contracts.api.profiles import PROFILES
from diarkit_contracts.exchanges.history import History, read_history
from diarkit_contracts.target.client import Spent

if TYPE_CHECKING:
    from diarkit_contracts.clauses.clause import Clause, Fault
    from diarkit_contracts.exchanges.exchange import Exchange
    from diarkit_contracts.rows.call import Row


class Exit(IntEnum):
    """Exit codes."""

    FINE = 0
    FINDINGS = 1
    USAGE = 2
    VACUOUS = 3
    UNREACHABLE = 4
    CRASHED = 70
    """An internal error, EX_SOFTWARE of sysexits.h. Python's default of 1 would mean findings."""
    INTERRUPTED = 130
    TERMINATED = 143


MEANINGS: Final[Mapping[Exit, str]] = {
    Exit.TERMINATED: "terminated: the verdict so far is shown and reported",
    Exit.INTERRUPTED: "interrupted (Ctrl-C): the verdict so far is shown and reported",
    Exit.UNREACHABLE: "the server does not answer, or is not this API",
    Exit.FINDINGS: "findings",
    Exit.VACUOUS: "a planned row was not judged, or there were too few observations",
    Exit.FINE: "all planned rows were judged without a finding",
    Exit.USAGE: "wrong usage; a file can't be written",
    Exit.CRASHED: "a bug in diarkit",
}
"""Exit codes in order of precedence: the first that applies is returned."""


class Cause(StrEnum):
    """Why something was not judged, for programs; the accompanying reason is for people."""

    BUDGET_TASKS = "budget-tasks"
    BUDGET_IN_FLIGHT = "budget-in-flight"
    BUDGET_CALLS = "budget-calls"
    BUDGET_BYTES = "budget-bytes"
    BUDGET_RECEIVED = "budget-received"
    BUDGET_SECONDS = "budget-seconds"
    BUSY = "busy"
    CAPABILITY = "capability"
    CREDENTIALS = "credentials"
    GONE = "gone"
    INTERRUPTED = "interrupted"
    LOST = "lost"
    NEVER_SEEN = "never-seen"
    NOT_SEEN = "not-seen"
    RATE_LIMITED = "rate-limited"
    STORAGE_FULL = "storage-full"
    TASK_FAILED = "task-failed"
    TERMINATED = "terminated"
    TOO_LARGE = "too-large"
    TOO_SLOW = "too-slow"
    UNREACHABLE = "unreachable"
    FOREIGN = "foreign"


EXITS: Final[Mapping[Cause, Exit]] = dict.fromkeys(Cause, Exit.VACUOUS) | {
    Cause.CAPABILITY: Exit.FINE,
    Cause.NOT_SEEN: Exit.FINE,
    Cause.UNREACHABLE: Exit.UNREACHABLE,
    Cause.FOREIGN: Exit.UNREACHABLE,
    Cause.INTERRUPTED: Exit.INTERRUPTED,
    Cause.TERMINATED: Exit.TERMINATED,
}
"""The exit code by cause of rows that were not judged, or of a whole run. If the target is to blame there is a finding as well."""


def list_exits() -> Iterator[tuple[Exit, str]]:
    """List the exit codes in order of precedence, with meaning and causes."""
    for end, meaning in MEANINGS.items():
        causes = [cause.value for cause, own in EXITS.items() if own is end is not Exit.FINE]
        yield end, f"{meaning} ({', '.join(causes)})" if len(causes) > 1 else meaning


class Ending(StrEnum):
    """The ending of a planned row."""

    JUDGED = "judged"
    INCONCLUSIVE = "inconclusive"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Why:
    """Why something was not judged: the cause for programs, the text for people."""

    cause: Cause
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A clause that was violated in one row.

    Attributes:
        row: name of the row, as in `--only`; empty for a recording.
        at: positions in `RunVerdict.exchanges` that show it: the upload, then the violating exchange. For a lost one the complement
            of its position in `RunVerdict.lost`: -1 for the first.
        fault: expected and got, the first of the row.
        times: number of violations in this row.
    """

    clause: Clause
    row: str
    at: tuple[int, ...]
    fault: Fault
    times: int = 1

    @property
    def evidence(self) -> Evidence:
        """The evidence: of the deciding point, or of the clause."""
        return self.fault.evidence or self.clause.evidence

    @property
    def severity(self) -> Severity:
        """The severity of its evidence."""
        return self.evidence.severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A finding that a baseline accepts, so that it does not fail a run.

    Attributes:
        expires: the last day of acceptance, as YYYY-MM-DD.
    """

    finding: Finding
    reason: str
    expires: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Undocumented:
    """Something undocumented: not a violation, but clients must not rely on it.

    Attributes:
        what: such as `field result.channels[].score`.
        at: position of the first exchange that has it.
        times: number of exchanges that have it.
    """

    what: str
    at: int
    times: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class RowOutcome:
    """The outcome of a planned row, including repetitions.

    Attributes:
        ending: of the last attempt.
        cause: why it was not judged, or why an earlier attempt failed; None for neither.
        reason: the same for people.
        attempts: number of times sent; 0 if it was skipped.
    """

    row: str
    ending: Ending
    cause: Cause | None = None
    reason: str = ""
    attempts: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """Something skipped: a row by its name, or a clause by its id."""

    name: str
    cause: Cause
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """A clause without violations; `observations` is at least 1."""

    clause: Clause
    observations: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RowRun:
    """A row that was sent.

    Attributes:
        at: positions of its complete exchanges.
        lost: positions of its lost exchanges in `RunVerdict.lost`.
        row: None if only its exchanges are known.
    """

    name: str
    at: tuple[int, ...]
    row: Row | None = field(default=None, compare=False, repr=False)
    lost: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunVerdict:
    """The result of a run.

    Attributes:
        target: URL, or file name of a recording.
        tier: name of the plan; empty for a recording.
        profile: name of the generation it was judged by.
        findings: errors first, then in the order of the catalogue.
        accepted: findings that a baseline accepts, not contained in `findings`.
        stale: baseline entries that expired or match nothing, one sentence each.
        events: notable but not wrong, such as the number of rate-limited requests.
        whys: why the run as a whole is inconclusive: interrupted, unreachable, or required observations missing.
        flags: needed for a repetition, with redacted values.
        lost: exchanges without a complete answer, not counted by positions.
        outcomes: one for each planned row.
        unplanned: rows that need a capability the target lacks.
        unseen: clauses without observations.
        given_up: tasks that did not end in time; None for a recording, which may be incomplete.
        finished_at: date and time of the end, in RFC 3339; empty if unknown.
        rows_file: file of generated rows, for `--rows`; empty if they were not saved.
    """

    target: str
    tier: str
    profile: str
    exchanges: tuple[Exchange, ...] = field(repr=False)
    rows: tuple[RowRun, ...] = ()
    findings: tuple[Finding, ...] = ()
    undocumented: tuple[Undocumented, ...] = ()
    outcomes: tuple[RowOutcome, ...] = ()
    unplanned: tuple[Skipped, ...] = ()
    unseen: tuple[Skipped, ...] = ()
    passed: tuple[Passed, ...] = ()
    events: tuple[str, ...] = ()
    whys: tuple[Why, ...] = ()
    spent: Spent = field(default_factory=Spent)
    accepted: tuple[Accepted, ...] = ()
    stale: tuple[str, ...] = ()
    rows_file: str = ""
    flags: tuple[tuple[str, str], ...] = ()
    lost: tuple[Exchange, ...] = field(default=(), repr=False)
    given_up: frozenset[str] | None = None
    finished_at: str = ""

    @property
    def history(self) -> History:
        """The exchanges as judged."""
        return read_history((*self.exchanges, *self.lost), PROFILES[self.profile], given_up=self.given_up)

    @property
    def inconclusive(self) -> tuple[RowOutcome, ...]:
        """The planned rows that were sent but not judged."""
        return tuple(each for each in self.outcomes if each.ending is Ending.INCONCLUSIVE)

    @property
    def skipped(self) -> tuple[Skipped, ...]:
        """Skipped rows, unplanned rows, and clauses without observations."""
        rows = (each for each in self.outcomes if each.ending is Ending.SKIPPED)
        return (
            *(Skipped(name=each.row, cause=each.cause or Cause.NOT_SEEN, reason=each.reason) for each in rows),
            *self.unplanned,
            *self.unseen,
        )

    @property
    def unreachable(self) -> str:
        """Why the target could not be reached, or is not this API; empty otherwise."""
        return next((why.text for why in self.whys if EXITS[why.cause] is Exit.UNREACHABLE), "")

    @property
    def vacuous(self) -> tuple[str, ...]:
        """Missing required observations, one reason each."""
        return tuple(why.text for why in self.whys if why.cause is Cause.NEVER_SEEN)

    @property
    def stopped(self) -> Why | None:
        """How the run was interrupted; None if it was not."""
        return next((why for why in self.whys if why.cause in {Cause.INTERRUPTED, Cause.TERMINATED}), None)

    @property
    def ends(self) -> frozenset[Exit]:
        """The exit codes of everything that was not judged."""
        left = (each.cause for each in self.outcomes if each.ending is not Ending.JUDGED)
        return frozenset(EXITS[cause] for cause in (*filter(None, left), *(why.cause for why in self.whys)))

    def find_exchange(self, at: int) -> Exchange:
        """Find an exchange by its position in a finding."""
        return self.exchanges[at] if at >= 0 else self.lost[~at]

    @property
    def recorded(self) -> tuple[Exchange, ...]:
        """All exchanges, complete and lost, in the order sent."""
        return tuple(sorted((*self.exchanges, *self.lost), key=lambda each: each.request.sent_at))

    def list_findings(self, severity: Severity) -> tuple[Finding, ...]:
        """List the findings of one severity."""
        return tuple(finding for finding in self.findings if finding.severity is severity)

    def decide_exit(self, fail_on: Severity = Severity.ERROR) -> Exit:
        """Return the exit code, from findings of at least `fail_on` and the causes of what was not judged."""
        return choose_exit(self.ends, {each.severity for each in self.findings}, fail_on)


def choose_exit(ends: Iterable[Exit], found: Container[Severity], fail_on: Severity) -> Exit:
    """Choose the exit code by precedence."""
    fails = Severity.ERROR in found or (fail_on is Severity.WARNING and Severity.WARNING in found)
    so = {Exit.FINE, *ends, *([Exit.FINDINGS] if fails else [])}
    return next(end for end in MEANINGS if end in so)
