"""Outcomes of a verdict for test frameworks, by clause, or by clause and row: passed, failed, skipped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal, TypeAlias

from diarkit_contracts.api.evidence import Severity
from diarkit_contracts.clauses.catalogue import USUAL, list_due
from diarkit_contracts.clauses.clause import Clause, judge
from diarkit_contracts.exchanges.text import describe_exchange, show_text
from diarkit_contracts.runs.reproduce import write_repeat
from diarkit_contracts.runs.verdict import Cause, Ending, Finding, RunVerdict

End: TypeAlias = Literal["passed", "failed", "error", "skipped"]

ANSWERS: Final = "run.server-answers"
JUDGED: Final = "run.plan-was-judged"
ENOUGH: Final = "run.enough-was-seen"

NAMES: Final = (ANSWERS, JUDGED, ENOUGH, *(clause.id for clause in USUAL))
"""Names of all outcomes: three of the run, then the clauses in order, then those of `--audio` if used."""


NO_ANSWER: Final = (Cause.GONE, Cause.LOST, Cause.UNREACHABLE)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of one of `NAMES`.

    Attributes:
        end: `error` if nothing could be judged at all.
        row: its row; empty for the whole run.
        message: one line; the reason of a skip.
        text: findings with commands to repeat them. A passed clause has one if its findings are only warnings.
    """

    name: str
    end: End
    message: str = ""
    text: str = ""
    row: str = ""


def list_outcomes(
    verdict: RunVerdict, fail_on: Severity = Severity.ERROR, folder: Path | None = None
) -> tuple[Outcome, ...]:
    """List an outcome for each of `NAMES`."""
    left = [each for each in verdict.outcomes if each.ending is not Ending.JUDGED]
    gone = [f"{each.row}: {each.reason}" for each in left if each.cause in NO_ANSWER]
    unjudged = [f"{each.row}: {each.reason}" for each in left if each.cause not in NO_ANSWER]
    unjudged += [verdict.stopped.text] if verdict.stopped else []
    if verdict.unreachable:
        gone = unjudged = [verdict.unreachable]
    run = ((ANSWERS, gone), (JUDGED, unjudged), (ENOUGH, verdict.vacuous))
    return (
        *(_judge_run(name, list(map(show_text, reasons))) for name, reasons in run),
        *(_judge_clause(clause, verdict, fail_on, folder) for clause in list_due(verdict.history)),
    )


def list_row_outcomes(
    verdict: RunVerdict, fail_on: Severity = Severity.ERROR, folder: Path | None = None
) -> tuple[Outcome, ...]:
    """List an outcome for each clause and row it was judged in, or one for the run; arguments as for `list_outcomes`."""
    rows = _find_rows(verdict)
    return tuple(
        outcome
        for whole in list_outcomes(verdict, fail_on, folder)
        for outcome in (
            [_judge_row(whole.name, row, verdict, fail_on, folder) for row in rows[whole.name]]
            if rows.get(whole.name)
            else [whole]
        )
    )


def write_findings(findings: Iterable[Finding], verdict: RunVerdict, folder: Path | None = None) -> str:
    """Format findings as plain text, without colours."""
    return "\n\n".join("\n".join(_list_finding(finding, verdict, folder)) for finding in findings)


def _judge_run(name: str, reasons: list[str]) -> Outcome:
    return Outcome(name, "error", reasons[0], "\n".join(reasons)) if reasons else Outcome(name, "passed")


def _judge_clause(clause: Clause, verdict: RunVerdict, fail_on: Severity, folder: Path | None) -> Outcome:
    outcome = _judge_findings(clause.id, verdict, fail_on, folder)
    if outcome is not None:
        return outcome
    if any(passed.clause.id == clause.id for passed in verdict.passed):
        return Outcome(clause.id, "passed")
    reason = next((each.reason for each in verdict.skipped if each.name == clause.id), "nothing was observed")
    return Outcome(clause.id, "skipped", show_text(reason))


def _judge_row(name: str, row: str, verdict: RunVerdict, fail_on: Severity, folder: Path | None) -> Outcome:
    own = replace(
        verdict,
        findings=tuple(finding for finding in verdict.findings if finding.row == row),
        accepted=tuple(each for each in verdict.accepted if each.finding.row == row),
    )
    outcome = _judge_findings(name, own, fail_on, folder) or Outcome(name, "passed")
    return replace(outcome, row=row)


def _judge_findings(name: str, verdict: RunVerdict, fail_on: Severity, folder: Path | None) -> Outcome | None:
    """Return the outcome of a clause with findings; None without any."""
    findings = [finding for finding in verdict.findings if finding.clause.id == name]
    if findings:
        fails = any(each.severity is Severity.ERROR for each in findings) or fail_on is Severity.WARNING
        fault = findings[0].fault
        message = show_text(f"expected {fault.expected}, got {fault.got}")
        return Outcome(name, "failed" if fails else "passed", message, write_findings(findings, verdict, folder))
    for accepted in verdict.accepted:
        if accepted.finding.clause.id == name:
            return Outcome(name, "skipped", show_text(f"accepted until {accepted.expires}: {accepted.reason}"))
    return None


def _find_rows(verdict: RunVerdict) -> dict[str, tuple[str, ...]]:
    """Find the rows in which each clause was judged, in the order sent; empty if not within single rows."""
    history = verdict.history
    row_of = {at: row.name for row in verdict.rows for at in (*row.at, *(~lost for lost in row.lost))}
    found = (*verdict.findings, *(each.finding for each in verdict.accepted))
    rows: dict[str, tuple[str, ...]] = {}
    for clause in list_due(history) if row_of else ():
        seen = {row_of.get(observation.at, "") for observation in judge(clause, history).observations}
        seen |= {finding.row for finding in found if finding.clause.id == clause.id}
        # Observations outside of rows are reported for the whole run.
        rows[clause.id] = () if "" in seen else tuple(row.name for row in verdict.rows if row.name in seen)
    return rows


def name_place(finding: Finding) -> str:
    """Format the row and number of violations; empty for one in a recording."""
    where = f"  {show_text(finding.row)}" if finding.row else ""
    return where + (f"  ({finding.times} times)" if finding.times > 1 else "")


def list_fault(finding: Finding, most: int = 0) -> Iterator[str]:
    """List what was expected and received, truncated to `most` characters; 0 for no limit."""
    yield f"  expected  {show_text(finding.fault.expected, most)}"
    yield f"  seen      {show_text(finding.fault.got, most)}"


def list_facts(finding: Finding, verdict: RunVerdict, most: int = 0) -> Iterator[str]:
    """List the details of a finding without its repetition; `most` as in `list_fault`."""
    clause = finding.clause
    yield f"  {clause.sentence}"
    yield from list_fault(finding, most)
    yield from (f"  exchange  {at}: {describe_exchange(verdict.find_exchange(at))}" for at in finding.at)
    yield f"  evidence  {finding.evidence}"


def _list_finding(finding: Finding, verdict: RunVerdict, folder: Path | None) -> Iterator[str]:
    yield f"{finding.severity}: {finding.clause.id}{name_place(finding)}"
    yield from list_facts(finding, verdict)
    repeat = write_repeat(finding, verdict, folder)
    if repeat is not None:
        yield f"  repeat    {repeat.command}"
        yield f"  curl      {repeat.curl}"
