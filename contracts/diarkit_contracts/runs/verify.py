"""Verify a target by a plan, or a recording, and compose the verdict."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from diarkit_contracts.api.evidence import Severity
from diarkit_contracts.api.profiles import DEFAULT, Capability, Profile
from diarkit_contracts.api.states import TaskState
from diarkit_contracts.clauses.catalogue import judge_all
from diarkit_contracts.clauses.need import ANSWER, CHANNELS, DONE, ENVELOPE, FINALITY, SEGMENT, Need, list_unseen
from diarkit_contracts.clauses.relations import list_origins
from diarkit_contracts.exchanges.history import History, read_history
from diarkit_contracts.rows.tier import Tier
from diarkit_contracts.runs.drive import NOTHING_FORCED, Drive, Forcing, drive_plan
from diarkit_contracts.runs.foreign import find_foreign
from diarkit_contracts.runs.undocumented import list_undocumented
from diarkit_contracts.runs.verdict import Cause, Ending, Finding, Passed, RowRun, RunVerdict, Skipped, Why
from diarkit_contracts.target.client import Spent, Target

if TYPE_CHECKING:
    from diarkit_contracts.clauses.clause import Clause, Judgement
    from diarkit_contracts.exchanges.exchange import Exchange
    from diarkit_contracts.rows.call import Row
    from diarkit_contracts.rows.plan import Plan

NEEDS_OF_A_PLAN: Final = (ANSWER, DONE, SEGMENT, CHANNELS, ENVELOPE, FINALITY)
NEEDS_OF_A_RECORDING: Final = (ANSWER, DONE, SEGMENT)
NEEDS_OF_ROWS: Final = (ANSWER,)
NEEDS_OF_TIERS: Final[Mapping[str, Sequence[Need]]] = {
    Tier.PROBE: (ANSWER, ENVELOPE),
    Tier.LITE: NEEDS_OF_A_PLAN,
    Tier.FULL: NEEDS_OF_A_PLAN,
}
"""Observations required for a conclusive verdict; a client's recording shows only what it tried."""


def verify_target(
    plan: Plan,
    target: Target,
    profile: Profile = DEFAULT,
    forcing: Forcing = NOTHING_FORCED,
    progress: Callable[[Row], None] = lambda _: None,
) -> RunVerdict:
    """Send a plan to a target and judge the answers."""
    drive = drive_plan(plan, target, profile, forcing, progress)
    return conclude(drive, plan, target, profile, forcing)


def conclude(
    drive: Drive, plan: Plan, target: Target, profile: Profile, forcing: Forcing = NOTHING_FORCED
) -> RunVerdict:
    """Judge all exchanges with a target."""
    history = read_history((*target.exchanges, *target.lost), profile, given_up=drive.given_up)
    verdict = judge_history(history, drive.rows, forcing)
    needs = NEEDS_OF_TIERS.get(plan.name, NEEDS_OF_ROWS)
    whys, outcomes = (*drive.whys, *explain_unseen(list_unseen(history, needs))), tuple(drive.outcomes)
    if foreign := find_foreign(target.exchanges):
        # The clauses do not apply to something that is not this API.
        why = Why(Cause.FOREIGN, foreign)
        verdict, whys = replace(verdict, findings=(), passed=()), (*drive.whys, why)
        outcomes = tuple(
            replace(each, ending=Ending.INCONCLUSIVE, cause=why.cause, reason=why.text) for each in outcomes
        )
    return replace(
        verdict,
        target=target.redaction.strike_url(target.url),
        tier=plan.name,
        outcomes=outcomes,
        whys=whys,
        unplanned=tuple(drive.unplanned),
        events=tuple(_list_events(history, target.waits)),
        spent=target.spent,
        finished_at=target.clock.today().isoformat(timespec="seconds"),
    )


def verify_recording(
    name: str, exchanges: Iterable[Exchange], profile: Profile = DEFAULT, rows: Iterable[RowRun] = ()
) -> RunVerdict:
    """Judge recorded exchanges; nothing is sent."""
    history = read_history(exchanges, profile)
    whys = explain_unseen(list_unseen(history, NEEDS_OF_A_RECORDING))
    return replace(judge_history(history, rows), target=name, whys=whys, spent=_count_spent(history))


def judge_history(
    history: History, rows: Iterable[RowRun] = (), capabilities: Container[Capability] = ()
) -> RunVerdict:
    """Judge a history by all clauses: a verdict with everything that follows from the exchanges."""
    rows = tuple(rows)
    row_of = {at: row.name for row in rows for at in (*row.at, *(~lost for lost in row.lost))}
    judgements = judge_all(history)
    findings = [finding for judgement in judgements for finding in _group(judgement, history, row_of)]
    return RunVerdict(
        target="",
        tier="",
        profile=history.profile.name,
        exchanges=history.exchanges,
        lost=history.lost,
        given_up=history.given_up,
        rows=rows,
        findings=tuple(sorted(findings, key=lambda finding: finding.severity is not Severity.ERROR)),
        undocumented=list_undocumented(history.exchanges, history.profile.headers),
        passed=tuple(
            Passed(clause=judgement.clause, observations=len(judgement.observations))
            for judgement in judgements
            if judgement.observations and not judgement.broken
        ),
        unseen=tuple(
            skip_clause(judgement.clause, history, capabilities)
            for judgement in judgements
            if not judgement.observations
        ),
    )


def _group(judgement: Judgement, history: History, row_of: dict[int, str]) -> Iterator[Finding]:
    """Group the violations of a clause into one finding per row, or per task without rows."""
    groups: dict[object, list[int]] = {}
    for number, observation in enumerate(judgement.broken):
        start = _find_start(observation.at, history)
        evidence = None if observation.fault is None else observation.fault.evidence
        groups.setdefault((row_of.get(observation.at) or start or number, evidence), []).append(number)
    for numbers in groups.values():
        first = judgement.broken[numbers[0]]
        start = _find_start(first.at, history)
        assert first.fault is not None  # noqa: S101 - `broken` holds those with a fault
        yield Finding(
            clause=judgement.clause,
            row=row_of.get(first.at, ""),
            at=(first.at,) if start is None or start == first.at else (start, first.at),
            fault=first.fault,
            times=len(numbers),
        )


def _find_start(at: int, history: History) -> int | None:
    look = next((look for look in history.looks if look.at == at), None)
    return look.start.at if look is not None and look.start is not None else None


def _list_events(history: History, waits: int) -> Iterator[str]:
    statuses = [exchange.answer.status for exchange in history.exchanges]
    for status, what in ((413, "too large"), (429, "too many requests"), (503, "busy"), (507, "storage full")):
        if status in statuses:
            yield f"{status} ({what}) {statuses.count(status)} times"
    if waits:
        yield f"waited {waits} times at the server's request"
    if history.lost:
        yield f"{len(history.lost)} of {len(history.lost) + len(history.exchanges)} requests without a complete answer"
    ends = [end.state for end in map(history.find_end, history.starts) if end is not None]
    if TaskState.FAILED in ends:
        yield f"{ends.count(TaskState.FAILED)} of {len(ends)} tasks failed"
    yield from list_origins(history)


def skip_clause(clause: Clause, history: History, capabilities: Container[Capability] = ()) -> Skipped:
    """Explain why a clause has no observations: the first of its unmet needs."""
    unseen = list_unseen(history, clause.needs)
    if not unseen:
        return Skipped(name=clause.id, cause=Cause.NOT_SEEN, reason="nothing it applies to was observed")
    reason, capability = explain_unseen(unseen[:1])[0].text, unseen[0].capability
    if capability is None or capability in capabilities:
        return Skipped(name=clause.id, cause=Cause.NOT_SEEN, reason=reason)
    reason = f"{reason}, and this target can't be made to {capability}"
    return Skipped(name=clause.id, cause=Cause.CAPABILITY, reason=reason)


def explain_unseen(needs: Iterable[Need]) -> tuple[Why, ...]:
    """Explain unmet needs, one reason each."""
    return tuple(Why(Cause.NEVER_SEEN, f"never seen: {need.sentence}") for need in needs)


def _count_spent(history: History) -> Spent:
    times = [time for each in history.exchanges for time in (each.request.sent_at, each.answer.received_at)]
    return Spent(
        tasks=sum(start.accepted for start in history.starts),
        calls=len(history.exchanges),
        bytes_up=sum(part.size or 0 for each in history.exchanges for part in each.request.parts or ()),
        seconds=max(times) - min(times) if times else 0.0,
    )
