"""Differences between two servers in their answers to the same rows, each with its place in the contract.

Compared are statuses, names of headers, skeletons of bodies, states and their order, error types, numbers of channels and clauses that
only one side violates; times, ids and segments are compared only as part of texts, on request.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from diarkit_contracts.api.evidence import Severity
from diarkit_contracts.api.lines import find_line, find_line_of_field
from diarkit_contracts.clauses.catalogue import CLAUSES, find_clause
from diarkit_contracts.exchanges.exchange import Exchange
from diarkit_contracts.runs.parity.answers import (
    ABSENT,
    RowAnswers,
    compare_skeletons,
    read_answers,
    read_error_type,
    read_skeleton,
)
from diarkit_contracts.runs.reproduce import find_row
from diarkit_contracts.runs.undocumented import USUAL_HEADERS
from diarkit_contracts.runs.verdict import Exit, RunVerdict, choose_exit

PASSED: Final = "passed"
"""Shown for the side that does not violate a clause, whether or not it applied."""

OPEN: Final = ("detail", "error.detail")
"""Fields with undocumented content."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One difference.

    Attributes:
        what: such as `status of POST` or `field task.state`.
        severity: ERROR if at least one side violates the contract, WARNING if it allows both.
    """

    row: str
    what: str
    one: str
    other: str
    severity: Severity
    clause: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Parity:
    """The result of a comparison.

    Attributes:
        differences: in the order of the rows.
        compared: names of rows that both sides answered.
        vacuous: why the comparison is inconclusive; empty if it is not.
        ends: exit codes for rows that were not judged or compared.
    """

    sides: tuple[str, str]
    differences: tuple[Difference, ...]
    compared: tuple[str, ...]
    left_out: tuple[tuple[str, str], ...]
    vacuous: tuple[str, ...]
    unreachable: str = ""
    ends: tuple[Exit, ...] = ()

    def decide_exit(self, fail_on: Severity = Severity.ERROR) -> Exit:
        """Return the exit code, by the same rules as a verification."""
        return choose_exit(self.ends, {each.severity for each in self.differences}, fail_on)


def compare_verdicts(one: RunVerdict, other: RunVerdict, *, texts: bool = False) -> Parity:
    """Compare the answers of two servers to the same rows, and if asked their texts, with ids, dates and hosts masked."""
    sides = tuple(_Side(verdict) for verdict in (one, other))
    names = dict.fromkeys((*sides[0].answers, *sides[1].answers, *sides[0].missing, *sides[1].missing))
    compared: list[str] = []
    left_out: list[tuple[str, str]] = []
    differences: list[Difference] = []
    for name in names:
        reasons = [f"{side.name}: {side.missing.get(name, 'not sent')}" for side in sides if name not in side.answers]
        row = find_row(name)
        if len(reasons) == 2 and row is not None and row.needs is not None:
            continue  # It needs forced behaviour, which servers at a URL do not offer.
        if reasons:
            left_out.append((name, "; ".join(reasons)))
            continue
        compared.append(name)
        differences += _compare_row(name, sides[0], sides[1], texts=texts)
    vacuous = [f"{side.name}: {reason}" for side in sides for reason in side.verdict.vacuous]
    if not compared:
        vacuous.insert(0, "no row was answered by both sides")
    return Parity(
        sides=(one.target, other.target),
        differences=tuple(differences),
        compared=tuple(compared),
        left_out=tuple(left_out),
        vacuous=tuple(vacuous),
        unreachable="; ".join(filter(None, (one.unreachable, other.unreachable))),
        ends=tuple(sorted({*one.ends, *other.ends, *([] if compared else [Exit.VACUOUS])})),
    )


class _Side:
    """A verdict by rows."""

    def __init__(self, verdict: RunVerdict) -> None:
        self.verdict = verdict
        self.name = verdict.target
        history = verdict.history
        self.missing = {each.row: each.reason for each in verdict.inconclusive}
        self.missing |= {each.name: each.reason for each in verdict.skipped if find_row(each.name) is not None}
        self.answers = {
            row.name: read_answers(row, history) for row in verdict.rows if row.at and row.name not in self.missing
        }
        self.broken: dict[str, dict[str, str]] = {}
        self.errors = {(finding.row, finding.clause.id) for finding in verdict.list_findings(Severity.ERROR)}
        for finding in verdict.findings:
            self.broken.setdefault(finding.row, {}).setdefault(finding.clause.id, finding.fault.got)


def _compare_row(name: str, one: _Side, other: _Side, *, texts: bool) -> Iterator[Difference]:
    first, second = one.answers[name], other.answers[name]
    compare = _Row(name)
    yield from compare.list_status(first, second)
    if first.start.answer.status == second.start.answer.status:
        where = "POST" if first.is_task else "the answer"
        yield from compare.list_exchange(where, "", first.start, second.start, texts=texts)
        yield from compare.list_location(first, second)
        yield from compare.list_states(first, second)
        for state in first.looks:
            if state in second.looks:
                looks = first.looks[state], second.looks[state]
                yield from compare.list_exchange(f"GET, {state}", f" of a {state} task", *looks, texts=texts)
        if first.channels is not None and second.channels is not None:
            yield from compare.list_channels(first, second)
    errors = {clause for row, clause in one.errors | other.errors if row == name}
    yield from compare.list_broken(one.broken.get(name, {}), other.broken.get(name, {}), errors)


class _Row:
    """Lists the differences of one row."""

    def __init__(self, name: str) -> None:
        self._name = name
        row = find_row(name)
        self._about = "shape.status" if row is None or not row.about else row.about

    def list_status(self, one: RowAnswers, other: RowAnswers) -> Iterator[Difference]:
        if one.start.answer.status != other.start.answer.status:
            # Refused immediately or rejected later, and by which status: the documents allow both.
            alike = one.is_refused and other.is_refused
            yield from self._compare("status", (one.describe(), other.describe()), self._about, mild=alike)

    def list_exchange(
        self, head: str, body: str, one: Exchange, other: Exchange, *, texts: bool
    ) -> Iterator[Difference]:
        """List differences in heads and bodies, whose places are called so, and if asked in texts."""
        yield from self.list_headers(head, one, other)
        yield from self.list_bodies(body, one, other)
        if texts and (parting := show_parting(one.answer.body, other.answer.body)) is not None:
            yield from self._compare(f"text of the body{body}", parting, "shape.json", mild=True)

    def list_headers(self, where: str, one: Exchange, other: Exchange) -> Iterator[Difference]:
        names = [{name.lower() for name, _ in each.answer.headers} - USUAL_HEADERS for each in (one, other)]
        for name in sorted(names[0] ^ names[1]):
            there = ("there" if name in own else ABSENT for own in names)
            clause = "shape.headers" if "location" in name else "shape.rate-headers"
            yield from self._compare(f"header {name.title()} of {where}", there, clause, mild=True)
        kinds = ((each.answer.header("Content-Type") or ABSENT).partition(";")[0].lower() for each in (one, other))
        yield from self._compare(f"content type of {where}", kinds, "shape.content-type")

    def list_location(self, one: RowAnswers, other: RowAnswers) -> Iterator[Difference]:
        forms = (one.location_form, other.location_form)
        if ABSENT not in forms:
            yield from self._compare("form of X-Location", forms, "task.location", mild=True)

    def list_bodies(self, where: str, one: Exchange, other: Exchange) -> Iterator[Difference]:
        skeletons = (read_skeleton(each.answer.body) for each in (one, other))
        for path, first, second in compare_skeletons(*skeletons):
            mild = path.startswith(OPEN) or {first, second} <= {"null", ABSENT} or ABSENT in {first, second}
            what = f"field {path or '(the body)'}{where}"
            yield from self._compare(what, (first, second), "shape.schema", mild=mild, field=path)
        types = [read_error_type(each) for each in (one, other)]
        if all(types):
            clause = "task.error-type" if one.request.method == "GET" and where else "refusal.type-of-status"
            yield from self._compare(f"type of the error{where}", types, clause)

    def list_states(self, one: RowAnswers, other: RowAnswers) -> Iterator[Difference]:
        if one.end != other.end:
            yield from self._compare("last state", (one.end or "none", other.end or "none"), "task.legal-steps")
            return
        # Polls may miss a state: only states that both sides reported are compared in order.
        common = set(one.states) & set(other.states)
        orders = (" ".join(state for state in each.states if state in common) for each in (one, other))
        yield from self._compare("order of states", orders, "task.legal-steps")

    def list_channels(self, one: RowAnswers, other: RowAnswers) -> Iterator[Difference]:
        first, second = one.channels or {}, other.channels or {}
        mild = set(first) == set(second)
        clause = "parameters.channel-order" if mild else "parameters.channels"
        yield from self._compare("channels", (_join(first), _join(second)), clause, mild=mild)
        for number in first:
            if number in second:
                found = ("some" if channels[number] else "none" for channels in (first, second))
                yield from self._compare(f"segments of channel {number}", found, "audio.speakers", mild=True)

    def list_broken(self, one: dict[str, str], other: dict[str, str], errors: set[str]) -> Iterator[Difference]:
        for clause in CLAUSES:
            if (clause.id in one) != (clause.id in other):
                got = (broken.get(clause.id, PASSED) for broken in (one, other))
                yield from self._compare(clause.id, got, clause.id, mild=clause.id not in errors)

    def _compare(
        self, what: str, values: Iterable[str], clause: str, *, mild: bool = False, field: str | None = None
    ) -> Iterator[Difference]:
        one, other = values
        if one != other:
            yield Difference(
                row=self._name,
                what=what,
                one=one,
                other=other,
                severity=Severity.WARNING if mild else Severity.ERROR,
                clause=clause,
                line=find_line(find_clause(clause).place) if field is None else find_line_of_field(field),
            )


def _join(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, numbers)) or "none"


HEX: Final = "[0-9a-fA-F]"

MASKS: Final = (
    (re.compile(rf"{HEX}{{8}}-{HEX}{{4}}-{HEX}{{4}}-{HEX}{{4}}-{HEX}{{12}}"), "<id>"),
    (re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?"), "<date>"),
    (re.compile(r"(?<=://)[^/\s\"'\\?#]+"), "<host>"),
)
"""Masks in order: parts of a UUID may look like a date."""

AROUND: Final = 30
"""Characters shown on each side of the first difference."""


def mask_text(body: bytes) -> str:
    """Return a body as text with ids, dates and hosts masked."""
    text = body.decode("utf-8", "backslashreplace")
    for pattern, mask in MASKS:
        text = pattern.sub(mask, text)
    return text


def show_parting(one: bytes, other: bytes) -> tuple[str, str] | None:
    """Return the first difference of two masked texts; None if they are equal."""
    first, second = mask_text(one), mask_text(other)
    if first == second:
        return None
    pairs = zip(first, second, strict=False)
    at = next((at for at, (mine, theirs) in enumerate(pairs) if mine != theirs), min(len(first), len(second)))
    begin = max(0, at - AROUND)
    lead = "..." if begin else ""
    return lead + first[begin : at + AROUND], lead + second[begin : at + AROUND]
