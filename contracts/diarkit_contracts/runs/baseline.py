"""The baseline: findings that a team has accepted, each with a reason and an expiry date.

```yaml
version: 1
accepted:
  - clause: task.location-host
    row: row-01            # default: every row
    reason: the gateway in front of it names itself
    expires: 2026-12-31
```
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated, Literal, TypeAlias

from diarkit_contracts.clauses.catalogue import CLAUSES
from diarkit_contracts.runs.verdict import Accepted, Finding, RunVerdict
from diarkit_fixtures.texts.build import suggest
from diarkit_fixtures.texts.read import read_value
from diarkit_fixtures.texts.tree import find_node


def _read_clause(text: str) -> str:
    known = [clause.id for clause in CLAUSES]
    if text not in known:
        near = suggest(text, known) or " (see `diarkit clauses`)"
        raise ValueError(f"expected the id of a clause, got {text!r:.60}{near}")
    return text


def _read_reason(text: str) -> str:
    if not text.strip():
        raise ValueError(f"expected a reason, got {text!r:.60}")
    return text.strip()


def _read_day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"expected a date such as 2026-12-31, got {text!r:.60}") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One accepted finding.

    Attributes:
        clause: id.
        row: name or id of the row; empty for all, and for recordings.
        reason: for later readers.
        expires: the last day on which it is accepted.
    """

    clause: Annotated[str, _read_clause]
    row: str = ""
    reason: Annotated[str, _read_reason]
    expires: Annotated[date, _read_day]

    def covers(self, finding: Finding) -> bool:
        """Return whether a finding matches."""
        row = finding.row.partition("[")[0]
        return finding.clause.id == self.clause and self.row in {"", finding.row, row}

    def __str__(self) -> str:
        """Format it as in reports."""
        return f"{self.clause}{f' in {self.row}' if self.row else ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    version: Literal[1]
    accepted: tuple[Entry, ...]


Baseline: TypeAlias = "tuple[tuple[Entry, str], ...]"
"""The entries of a file in order, each with its position as `file:line`."""


def read_baseline(text: str, file: str) -> Baseline:
    """Read a baseline."""
    read, tree = read_value(_File, text, source=file)
    places = (find_node(tree, ("accepted", index)).place for index in range(len(read.accepted)))
    return tuple((entry, f"{file}:{place.line}") for entry, place in zip(read.accepted, places, strict=True))


def apply_baseline(verdict: RunVerdict, baseline: Baseline, today: date) -> RunVerdict:
    """Move accepted findings of a verdict to `accepted`; entries that expired before `today`, or match nothing, are `stale`."""
    open_entries = [entry for entry, _ in baseline if entry.expires >= today]
    findings: list[Finding] = []
    accepted: list[Accepted] = []
    used: set[Entry] = set()
    for finding in verdict.findings:
        # The most specific entry applies: one for a row before one for every row.
        covering = sorted((each for each in open_entries if each.covers(finding)), key=lambda each: not each.row)
        if covering:
            used.update(covering)
            entry = covering[0]
            accepted.append(Accepted(finding=finding, reason=entry.reason, expires=entry.expires.isoformat()))
        else:
            findings.append(finding)
    return replace(
        verdict,
        findings=tuple(findings),
        accepted=tuple(accepted),
        stale=tuple(_say_stale(baseline, used, verdict, today)),
    )


def _say_stale(baseline: Baseline, used: set[Entry], verdict: RunVerdict, today: date) -> Iterable[str]:
    sent = {name for row in verdict.rows for name in (row.name, row.name.partition("[")[0])}
    for entry, place in baseline:
        if entry.expires < today:
            yield f"{place}: {entry} was accepted until {entry.expires}: fix the server, or extend the date"
        # An entry for a row that was not part of this run may be needed by another.
        elif entry not in used and (not entry.row or entry.row in sent):
            yield f"{place}: {entry} was not found: remove the entry if it is fixed"
