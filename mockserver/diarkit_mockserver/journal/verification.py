"""Check whether a client made the expected submissions, and find near misses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from diarkit_mockserver.clock import (
    Clock,
    ClockView,
)
from diarkit_mockserver.journal.journal import Entry, Journal
from diarkit_mockserver.scenario.when import EVERY, When

MOST_MISSES = 3
LAST_EXCHANGES = 10
"""Limit of exchanges listed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """Expected submissions.

    Attributes:
        when: their pattern.
        times: their number; None for at least one.
    """

    when: When = EVERY
    times: int | None = None

    def __post_init__(self) -> None:
        if self.times is not None and self.times < 0:
            raise ValueError(f"expected times >= 0, got {self.times}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Miss:
    """A submission that does not match.

    Attributes:
        number: of its exchange.
        filename: as sent.
        reasons: field by field.
    """

    number: int
    filename: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """The result of one expectation.

    Attributes:
        expected: for people.
        times: expected number; None for at least one.
        found: actual number.
        holds: whether it is met.
        nearest: the closest other submissions, if there were too few.
    """

    expected: str
    times: int | None
    found: int
    holds: bool
    nearest: tuple[Miss, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The result of all expectations.

    Attributes:
        holds: whether all are met.
        checks: in the order of the expectations.
        exchanges: the last ones, one line each.
        forgotten: number of discarded exchanges.
        seed: of the world.
        clock: its time.
    """

    holds: bool
    checks: tuple[Check, ...]
    exchanges: tuple[str, ...] = field(default=())
    forgotten: int = 0
    seed: int
    clock: ClockView


def verify_journal(journal: Journal, expected: Iterable[Expected], *, seed: int, clock: Clock) -> Verdict:
    """Check the journal of a world against expectations."""
    entries = tuple(journal)
    checks = tuple(check_expectation(entries, one) for one in expected)
    return Verdict(
        holds=all(check.holds for check in checks),
        checks=checks,
        exchanges=tuple(map(str, entries[-LAST_EXCHANGES:])),
        forgotten=entries[0].number - 1 if entries else journal.total,
        seed=seed,
        clock=clock.view(),
    )


def check_expectation(entries: Sequence[Entry], expected: Expected) -> Check:
    """Count the matching submissions, including refused ones."""
    missed: list[Miss] = []
    found = 0
    for entry in entries:
        if (submission := entry.submission) is None:
            continue
        reasons = tuple(expected.when.misses(submission, submission))
        if reasons:
            missed.append(Miss(number=entry.number, filename=submission.filename, reasons=reasons))
        else:
            found += 1
    holds = found > 0 if expected.times is None else found == expected.times
    few = found < (1 if expected.times is None else expected.times)
    # Of equally close submissions, the latest is most likely the intended one.
    nearest = sorted(missed, key=lambda miss: (len(miss.reasons), -miss.number))[:MOST_MISSES] if few else []
    return Check(expected=str(expected.when), times=expected.times, found=found, holds=holds, nearest=tuple(nearest))


def describe_verdict(verdict: Verdict) -> str:
    """Describe unmet expectations, with everything that helps to find the reason."""
    lines: list[str] = []
    for check in verdict.checks:
        if not check.holds:
            times = "at least 1" if check.times is None else str(check.times)
            plural = "" if check.times in {None, 1} else "s"
            lines.append(f"expected {times} submission{plural} with {check.expected}, found {check.found}")
            for miss in check.nearest:
                lines.append(f"  exchange {miss.number}, {miss.filename!r}, misses:")
                lines += [f"    {reason}" for reason in miss.reasons]
    lines.append("the last exchanges:" if verdict.exchanges else "there were no exchanges")
    lines += [f"  {line}" for line in verdict.exchanges]
    if verdict.forgotten:
        lines.append(f"({verdict.forgotten} earlier ones were discarded)")
    lines.append(f"seed {verdict.seed}, clock {verdict.clock}")
    return "\n".join(lines)
