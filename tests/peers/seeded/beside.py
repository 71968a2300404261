"""What was found of each server, before and now, side by side: the least tier that names it, as an error and as a warning. Runs nothing."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

TIERS = ("lite", "full", "fuzz")
KINDS = ("errors", "warnings")
WIDTH = 9
LEGEND = """\
lite, full, fuzz  the least of the tiers that reports it, as an error and as a warning (exit 0 by default)
-                 no tier reports it        ?  was not run
vacuous, crash, hang  too little was seen, which ends a run with 3; the server does not start; no end within a minute
"""


@dataclass(frozen=True, slots=True)
class Found:
    """The clauses that a tier named, those first that were broken most often; `end` says why none could, such as `crash`."""

    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    end: str = ""


ByTier: TypeAlias = "Mapping[str, Found]"
ByServer: TypeAlias = "Mapping[str, ByTier]"


def list_found(verdict: Any) -> Found:
    """List the clauses of a verdict."""
    times: dict[str, Counter[str]] = {"error": Counter(), "warning": Counter()}
    for finding in verdict.findings:
        times[str(finding.severity)][finding.clause.id] += finding.times
    errors, warnings = (tuple(clause for clause, _ in counted.most_common()) for counted in times.values())
    return Found(errors, warnings, end="vacuous" if verdict.vacuous and not verdict.findings else "")


def write_results(results: ByServer, path: Path) -> None:
    """Write what was found of all servers."""
    plain = {name: {tier: asdict(found) for tier, found in by_tier.items()} for name, by_tier in results.items()}
    path.write_text(json.dumps(plain, ensure_ascii=False, indent=1), encoding="utf-8")


def read_results(path: Path | None) -> ByServer:
    """Read what was found; nothing without a file."""
    plain: dict[str, dict[str, Any]] = {} if path is None else json.loads(path.read_text(encoding="utf-8"))
    return {
        name: {tier: Found(tuple(of["errors"]), tuple(of["warnings"]), of["end"]) for tier, of in by_tier.items()}
        for name, by_tier in plain.items()
    }


def find_tier(by_tier: ByTier | None, kind: str) -> str:
    """Find the least tier that names a server in a severity."""
    if by_tier is None:
        return "?"
    ends = [found.end for found in by_tier.values() if found.end]
    return next((tier for tier in TIERS if tier in by_tier and getattr(by_tier[tier], kind)), ends[0] if ends else "-")


def write_beside(before: ByServer, now: ByServer) -> Iterator[str]:
    """Write the lines of the table, and what they come to."""
    wide = max(map(len, now), default=0) + 2
    yield from LEGEND.splitlines()
    yield ""
    yield f"{'':{wide}}{'before':{2 * WIDTH}}now"
    yield f"{'':{wide}}{''.join(f'{kind[:-1]:{WIDTH}}' for kind in KINDS * 2)} by"
    for name, by_tier in now.items():
        cells = [find_tier(results.get(name), kind) for results in (before, now) for kind in KINDS]
        yield f"{name:{wide}}{''.join(f'{cell:{WIDTH}}' for cell in cells)} {name_clauses(by_tier)}".rstrip()
    yield ""
    for title, results in (("before", before), ("now", now)):
        yield f"{title + ':':8} {sum_up([results.get(name) for name in now])}"


def name_clauses(by_tier: ByTier) -> str:
    """Name the clause that was broken most often of each severity, in the least tier that names one."""
    said: list[str] = []
    for kind in KINDS:
        tier = by_tier.get(find_tier(by_tier, kind))
        clauses: tuple[str, ...] = () if tier is None else getattr(tier, kind)
        if clauses:
            more = f" +{len(clauses) - 1}" if len(clauses) > 1 else ""
            said.append(f"{clauses[0]}{more}" if kind == "errors" else f"({clauses[0]}{more})")
    return " ".join(said)


def sum_up(rows: list[ByTier | None]) -> str:
    """Sum up by the least tier that names a server in any way, and whether that is an error anywhere."""
    first = Counter(
        next((tier for tier in TIERS if tier in {find_tier(row, kind) for kind in KINDS}), find_tier(row, KINDS[0]))
        for row in rows
    )
    errors = sum(find_tier(row, "errors") in TIERS for row in rows)
    said = [f"{count} {'missed' if tier == '-' else tier}" for tier, count in first.most_common()]
    named = sum(count for tier, count in first.items() if tier in TIERS)
    return f"{named} of {len(rows)} named, {errors} as an error; least tier: {', '.join(said)}"
