"""Whether a client made the submissions that were expected, and which of them came near. Knows the journal, and no test."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from diarkit_mockserver.clock import ClockView  # noqa: TC001 - the fields' types are read at run time
from diarkit_mockserver.scenario.when import EVERY, When

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from diarkit_mockserver.clock import Clock
    from diarkit_mockserver.journal.journal import Entry, Journal

MOST_MISSES = 3
LAST_EXCHANGES = 10
"""Enough to see what the client did instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """Submissions that a client should have made.

    Attributes:
        when: which ones.
        times: how many; at least one if it is not said.
    """

    when: When = EVERY
    times: int | None = None

    def __post_init__(self) -> None:
        if self.times is not None and self.times < 0:
            raise ValueError(f"expected times >= 0, got {self.times}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Miss:
    """A submission that was not the expected one.

    Attributes:
        number: of its exchange.
        filename: as the client named it.
        reasons: field by field.
    """

    number: int
    filename: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What became of one expectation.

    Attributes:
        expected: in words.
        times: how many; None for at least one.
        found: how many there were.
        holds: whether that is as expected.
        nearest: the submissions that missed by the least, if there were too few.
    """

    expected: str
    times: int | None
    found: int
    holds: bool
    nearest: tuple[Miss, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether what was expected is what the journal says.

    Attributes:
        holds: all of it.
        checks: in the order of the expectations.
        exchanges: the last ones, each in a line.
        forgotten: exchanges that the journal no longer has.
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
    """Hold the journal of a world, which has this seed and this clock, against what was expected of its client."""
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
    """Count the submissions that are meant, also the refused ones: the client sent them."""
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
    # Of submissions that are equally near, the latest is the likeliest to be the one meant.
    nearest = sorted(missed, key=lambda miss: (len(miss.reasons), -miss.number))[:MOST_MISSES] if few else []
    return Check(expected=str(expected.when), times=expected.times, found=found, holds=holds, nearest=tuple(nearest))


def describe_verdict(verdict: Verdict) -> str:
    """Say what did not hold, and all that helps to find out why."""
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
        lines.append(f"({verdict.forgotten} earlier ones are no longer in the journal)")
    lines.append(f"seed {verdict.seed}, clock {verdict.clock}")
    return "\n".join(lines)
