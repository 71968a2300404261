"""What a verification run found, as one value: made once, rendered by reports. Knows no run, no client and no output format.

It is longer than others because the causes, and the exit code that each means, are one table with the value that they decide.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, Final

from diarkit_contracts.api.evidence import Severity
from diarkit_contracts.api.profiles import PROFILES
from diarkit_contracts.exchanges.history import read_history
from diarkit_contracts.target.client import Spent

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping

    from diarkit_contracts.api.evidence import Evidence
    from diarkit_contracts.clauses.clause import Clause, Fault
    from diarkit_contracts.exchanges.exchange import Exchange
    from diarkit_contracts.exchanges.history import History
    from diarkit_contracts.rows.call import Row


class Exit(IntEnum):
    """How a run ends for the shell."""

    FINE = 0
    FINDINGS = 1
    USAGE = 2
    VACUOUS = 3
    UNREACHABLE = 4
    CRASHED = 70
    """A fault of our own: sysexits.h calls it EX_SOFTWARE. Python's own 1 would be findings."""
    INTERRUPTED = 130
    TERMINATED = 143


MEANINGS: Final[Mapping[Exit, str]] = {
    Exit.TERMINATED: "terminated: the verdict so far is shown and reported",
    Exit.INTERRUPTED: "interrupted (Ctrl-C): the verdict so far is shown and reported",
    Exit.UNREACHABLE: "the server does not answer, or not as this API",
    Exit.FINDINGS: "findings",
    Exit.VACUOUS: "a planned row was not judged, or too little was seen",
    Exit.FINE: "each planned row was judged, and nothing is against it",
    Exit.USAGE: "wrong usage; a file can't be written",
    Exit.CRASHED: "a fault of diarkit itself",
}
"""What each means, in the order in which they count: a run ends with the first of them that is so."""


class Cause(StrEnum):
    """Why there is no judgement. Programs decide by it; the reason beside it is for people."""

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
    FOREIGN = "foreign"
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


EXITS: Final[Mapping[Cause, Exit]] = {
    Cause.CAPABILITY: Exit.FINE,
    Cause.NOT_SEEN: Exit.FINE,
    Cause.UNREACHABLE: Exit.UNREACHABLE,
    Cause.FOREIGN: Exit.UNREACHABLE,
    Cause.INTERRUPTED: Exit.INTERRUPTED,
    Cause.TERMINATED: Exit.TERMINATED,
} | dict.fromkeys((Cause.BUDGET_TASKS, Cause.BUDGET_IN_FLIGHT, Cause.BUDGET_CALLS, Cause.BUDGET_BYTES, Cause.BUDGET_RECEIVED, Cause.BUDGET_SECONDS, Cause.BUSY, Cause.CREDENTIALS, Cause.GONE, Cause.LOST, Cause.NEVER_SEEN, Cause.RATE_LIMITED, Cause.STORAGE_FULL, Cause.TASK_FAILED, Cause.TOO_LARGE, Cause.TOO_SLOW), Exit.VACUOUS)  # fmt: skip
"""How a run ends in which a row was not judged for a cause, or as a whole says less than was planned. What the target is to blame
for is a finding as well."""


def list_exits() -> Iterator[tuple[Exit, str]]:
    """List how a run may end, in the order in which that counts, with what it means and the causes of it."""
    for end, meaning in MEANINGS.items():
        causes = [cause.value for cause, own in EXITS.items() if own is end is not Exit.FINE]
        yield end, f"{meaning} ({', '.join(causes)})" if len(causes) > 1 else meaning


class Ending(StrEnum):
    """What came of a planned row."""

    JUDGED = "judged"
    INCONCLUSIVE = "inconclusive"
    SKIPPED = "skipped"


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
            Of one without a whole answer the complement of its position in `RunVerdict.lost`: -1 for the first.
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
class RowOutcome:
    """What came of a planned row, its repeats included.

    Attributes:
        row: its name.
        ending: of the last attempt.
        cause: why it was not judged, or what stood in the way of an attempt ahead of the last; None for neither.
        reason: the same for people.
        attempts: how often it was sent; 0 if it was skipped.
    """

    row: str
    ending: Ending
    cause: Cause | None = None
    reason: str = ""
    attempts: int = 1


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
        at: positions of its exchanges, those without a whole answer left out.
        lost: positions of these in `RunVerdict.lost`.
        row: what was sent; None if only its exchanges are known.
    """

    name: str
    at: tuple[int, ...]
    row: Row | None = field(default=None, compare=False, repr=False)
    lost: tuple[int, ...] = ()


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
        whys: why the run says less than was planned whatever became of its rows: somebody ended it, nobody was there, or never seen
            was what has to be.
        flags: that a repetition needs too, and what they are given; secrets struck out.
        lost: exchanges without a whole answer; no position counts them.
        outcomes: one for each planned row.
        unplanned: rows that need what the target can't be made to do.
        unseen: clauses that met nothing to judge.
        given_up: tasks whose end was waited for in vain; None for a recording, which may be cut anywhere.
        finished_at: date and time of the end, in RFC 3339; empty if nobody knows.
        rows_file: where the rows are kept that are not the plan's, for `--rows`; empty if they are nowhere.
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
        """The exchanges, read as they were judged."""
        return read_history((*self.exchanges, *self.lost), PROFILES[self.profile], given_up=self.given_up)

    @property
    def inconclusive(self) -> tuple[RowOutcome, ...]:
        """The planned rows that were begun and not judged."""
        return tuple(each for each in self.outcomes if each.ending is Ending.INCONCLUSIVE)

    @property
    def skipped(self) -> tuple[Skipped, ...]:
        """What was left out: planned rows, rows that the target can't be made to answer, clauses that met nothing."""
        rows = (each for each in self.outcomes if each.ending is Ending.SKIPPED)
        return (
            *(Skipped(name=each.row, cause=each.cause or Cause.NOT_SEEN, reason=each.reason) for each in rows),
            *self.unplanned,
            *self.unseen,
        )

    @property
    def unreachable(self) -> str:
        """Why the target could not be asked, or is none of this API; empty if it could and is."""
        return next((why.text for why in self.whys if EXITS[why.cause] is Exit.UNREACHABLE), "")

    @property
    def vacuous(self) -> tuple[str, ...]:
        """What was never seen and has to be, one reason each; empty if enough was seen."""
        return tuple(why.text for why in self.whys if why.cause is Cause.NEVER_SEEN)

    @property
    def stopped(self) -> Why | None:
        """How the run was ended by somebody; None if it was not."""
        return next((why for why in self.whys if why.cause in {Cause.INTERRUPTED, Cause.TERMINATED}), None)

    @property
    def ends(self) -> frozenset[Exit]:
        """What the causes of what was not judged mean for the shell."""
        left = (each.cause for each in self.outcomes if each.ending is not Ending.JUDGED)
        return frozenset(EXITS[cause] for cause in (*filter(None, left), *(why.cause for why in self.whys)))

    def find_exchange(self, at: int) -> Exchange:
        """Find an exchange by its position in a finding."""
        return self.exchanges[at] if at >= 0 else self.lost[~at]

    @property
    def recorded(self) -> tuple[Exchange, ...]:
        """All exchanges, answered and lost, in the order in which they were sent."""
        return tuple(sorted((*self.exchanges, *self.lost), key=lambda each: each.request.sent_at))

    def list_findings(self, severity: Severity) -> tuple[Finding, ...]:
        """List the findings of one severity."""
        return tuple(finding for finding in self.findings if finding.severity is severity)

    def decide_exit(self, fail_on: Severity = Severity.ERROR) -> Exit:
        """Decide how the run ends: by what is against the target, and the causes of what was not judged.

        Args:
            fail_on: the least severity that fails.
        """
        return choose_exit(self.ends, {each.severity for each in self.findings}, fail_on)


def choose_exit(ends: Iterable[Exit], found: Container[Severity], fail_on: Severity) -> Exit:
    """Choose the end that counts first.

    Args:
        ends: what was not judged.
        found: the severities of what was found.
        fail_on: the least severity that fails.
    """
    fails = Severity.ERROR in found or (fail_on is Severity.WARNING and Severity.WARNING in found)
    so = {Exit.FINE, *ends, *([Exit.FINDINGS] if fails else [])}
    return next(end for end in MEANINGS if end in so)
