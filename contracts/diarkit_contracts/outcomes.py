"""What a verdict means for each clause, as test frameworks want it: passed, failed, skipped. The same names in every run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from diarkit_contracts.clauses.catalogue import CLAUSES
from diarkit_contracts.clauses.clause import Severity
from diarkit_contracts.exchange_text import describe_exchange, show_text
from diarkit_contracts.reproduce import write_repeat

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from diarkit_contracts.clauses.clause import Clause
    from diarkit_contracts.verdict import Finding, RunVerdict

End: TypeAlias = Literal["passed", "failed", "error", "skipped"]

ANSWERS: Final = "run.server-answers"
ENOUGH: Final = "run.enough-was-seen"

NAMES: Final = (ANSWERS, ENOUGH, *(clause.id for clause in CLAUSES))
"""Of all outcomes: the run's own two, then the clauses in their order."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one of `NAMES` ended.

    Attributes:
        end: `error` where nothing could be judged at all.
        message: in a line; the reason of a skip.
        text: all there is to say: findings with how to repeat them. A passed clause has one if its findings are warnings only.
    """

    name: str
    end: End
    message: str = ""
    text: str = ""


def list_outcomes(
    verdict: RunVerdict, fail_on: Severity = Severity.ERROR, folder: Path | None = None
) -> tuple[Outcome, ...]:
    """List an outcome for each of `NAMES`.

    Args:
        verdict: of a run.
        fail_on: least severity that fails a clause.
        folder: where the files are that findings sent, if they were saved.
    """
    run = ((ANSWERS, [verdict.unreachable] if verdict.unreachable else []), (ENOUGH, list(verdict.vacuous)))
    return (
        *(_judge_run(name, list(map(show_text, reasons))) for name, reasons in run),
        *(_judge_clause(clause, verdict, fail_on, folder) for clause in CLAUSES),
    )


def write_findings(findings: Iterable[Finding], verdict: RunVerdict, folder: Path | None = None) -> str:
    """Write findings as plain text, without colours."""
    return "\n\n".join("\n".join(_list_finding(finding, verdict, folder)) for finding in findings)


def _judge_run(name: str, reasons: list[str]) -> Outcome:
    return Outcome(name, "error", reasons[0], "\n".join(reasons)) if reasons else Outcome(name, "passed")


def _judge_clause(clause: Clause, verdict: RunVerdict, fail_on: Severity, folder: Path | None) -> Outcome:
    findings = [finding for finding in verdict.findings if finding.clause.id == clause.id]
    if findings:
        fails = clause.severity is Severity.ERROR or fail_on is Severity.WARNING
        fault = findings[0].fault
        message = show_text(f"expected {fault.expected}, got {fault.got}")
        return Outcome(clause.id, "failed" if fails else "passed", message, write_findings(findings, verdict, folder))
    for accepted in verdict.accepted:
        if accepted.finding.clause.id == clause.id:
            return Outcome(clause.id, "skipped", show_text(f"accepted until {accepted.expires}: {accepted.reason}"))
    if any(passed.clause.id == clause.id for passed in verdict.passed):
        return Outcome(clause.id, "passed")
    reason = next((each.reason for each in verdict.skipped if each.name == clause.id), "nothing was seen")
    return Outcome(clause.id, "skipped", show_text(reason))


def _list_finding(finding: Finding, verdict: RunVerdict, folder: Path | None) -> Iterator[str]:
    clause, fault = finding.clause, finding.fault
    where = f" {show_text(finding.row)}" if finding.row else ""
    times = f" ({finding.times} times)" if finding.times > 1 else ""
    yield f"{clause.severity}: {clause.id}{where}{times}"
    yield f"  {clause.sentence}"
    yield f"  expected  {show_text(fault.expected)}"
    yield f"  seen      {show_text(fault.got)}"
    yield from (f"  exchange  {at}: {describe_exchange(verdict.exchanges[at])}" for at in finding.at)
    yield f"  evidence  {clause.label}: {clause.source}"
    repeat = write_repeat(finding, verdict, folder)
    if repeat is not None:
        yield f"  repeat    {repeat.command}"
        yield f"  curl      {repeat.curl}"
