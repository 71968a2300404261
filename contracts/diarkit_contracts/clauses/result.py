"""Clauses about a single result, one for each rule of `api.result`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from diarkit_contracts.api import result as rules
from diarkit_contracts.api.evidence import inferred
from diarkit_contracts.api.result import ResultFault, Rule
from diarkit_contracts.clauses.clause import Check, Clause, Fault, Observation
from diarkit_contracts.clauses.need import ANSWER, RESULT, SEGMENT, SEGMENTS
from diarkit_contracts.exchanges.history import History, Look, Start, find_operation

Excuse = Callable[[Look, ResultFault], bool]

NEEDS: Final = (RESULT, SEGMENT, SEGMENTS)
"""By the number of segments that a channel must have to show a rule."""


def _make_clause(rule: Rule, least: int, is_excused: Excuse | None = None) -> Clause:
    """Make the clause of a rule that channels with at least so many segments can show."""
    check = _make_check(rule, least, is_excused)
    return Clause(check, f"result.{rule.name}", rule.sentence, rule.evidence, rule.place, (NEEDS[least],))


def _make_check(rule: Rule, least: int, is_excused: Excuse | None) -> Check:
    """Make the check of a rule: yields its faults, and an observation for each result without one that could show it."""

    def check(history: History) -> Iterator[Observation]:
        for look, channels in history.results():
            faults = [fault for fault in look.faults if fault.rule is rule]
            faults = [fault for fault in faults if is_excused is None or not is_excused(look, fault)]
            for fault in faults:
                place = str(fault).partition(": ")[0]
                yield Observation(look.at, Fault(f"{fault.expected}, at {place}", fault.got))
            if not faults and any(len(channel.segments) >= least for channel in channels):
                yield Observation(look.at)

    return check


def _has_no_length(look: Look, fault: ResultFault) -> bool:
    """Return whether a segment is empty, which unlike a reversed one does not contradict its times."""
    _, channel, _, number, _ = fault.path
    assert look.channels is not None  # noqa: S101 - only results are judged
    segment = look.channels[int(channel)].segments[int(number)]
    return segment.start == segment.end


def _is_count_as_asked(look: Look, fault: ResultFault) -> bool:
    """Return whether speakers_count is the requested total, as documented in the guide; UNK whether each then has a segment."""
    asked = (look.start.config or {}).get("total_speakers") if look.start is not None else None
    assert look.channels is not None  # noqa: S101 - only results are judged
    if look.start is not None and not look.start.knows_config:
        return True
    return look.channels[int(fault.path[1])].speakers == asked


def _asks_for_a_crowd(start: Start) -> bool:
    limits = (start.config or {}).get("max_speakers"), (start.config or {}).get("total_speakers")
    return any(isinstance(limit, int) and limit > rules.MOST_SPEAKERS for limit in limits)


def _is_channel_asked_twice(look: Look, _: ResultFault) -> bool:
    """Return whether the request names a channel twice; UNK what is returned then."""
    asked = look.start.query.get("channels", "").split(",") if look.start is not None else []
    return len(set(asked)) < len(asked)


def _check_size(history: History) -> Iterator[Observation]:
    looks = [look for look in history.looks if look.start is None or not _asks_for_a_crowd(look.start)]
    crowded = {look.at: fault for look in looks for fault in look.faults if fault.rule is rules.SIZE}
    for at, exchange in enumerate(history.exchanges):
        got = rules.find_oversize(exchange.answer.body)
        if got or at in crowded:
            expected = "an answer of a size that can be checked" if got else crowded[at].expected
            yield Observation(at, Fault(expected, got or crowded[at].got))
        elif find_operation(exchange) is not None:
            yield Observation(at)


_bounded_size = Clause(
    _check_size, f"result.{rules.SIZE.name}", rules.SIZE.sentence, rules.SIZE.evidence, rules.SIZE.place, (ANSWER,)
)
_end_after_start = _make_clause(rules.END_AFTER_START, 1, _has_no_length)
_has_length = Clause(
    _make_check(rules.END_AFTER_START, 1, lambda look, fault: not _has_no_length(look, fault)),
    "result.has-length",
    "A segment does not end where it starts.",
    inferred(rules.EXAMPLES),
    rules.END_AFTER_START.place,
    (SEGMENT,),
)
_count_is_ids = _make_clause(rules.COUNT_IS_IDS, 0, _is_count_as_asked)
_channel_once = _make_clause(rules.CHANNEL_ONCE, 0, _is_channel_asked_twice)
_sorted = _make_clause(rules.SORTED, 2)
_no_overlap = _make_clause(rules.NO_OVERLAP, 2)
_ids_by_appearance = _make_clause(rules.IDS_BY_APPEARANCE, 1)
_two_decimals = _make_clause(rules.TWO_DECIMALS, 1)
