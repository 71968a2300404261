"""One result by itself: its segments and counts agree with each other. Knows no request and no other answer.

What is wrong with a result is said where results are read; here it becomes clauses, one for each rule.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from diarkit_contracts.clauses.clause import Clause, Fault, Label, Observation, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from diarkit_contracts.api.result import ResultFault, Rule
    from diarkit_contracts.clauses.clause import Check
    from diarkit_contracts.exchanges.history import ChannelTold, History, Look, SegmentTold

    Excuse = Callable[[Look, ResultFault], bool]


def _make_check(rule: Rule, can_show: Callable[[ChannelTold], bool], is_excused: Excuse | None = None) -> Check:
    """Make the check of a rule: each fault against it, and each result without one that has a channel that could show it."""

    def check(history: History) -> Iterator[Observation]:
        for look, channels in history.results():
            faults = [
                fault
                for fault in look.faults
                if fault.rule == rule and not (is_excused is not None and is_excused(look, fault))
            ]
            for fault in faults:
                place = str(fault).partition(": ")[0]
                yield Observation(look.at, Fault(f"{fault.expected}, at {place}", fault.got))
            if not faults and any(map(can_show, channels)):
                yield Observation(look.at)

    return check


def _has_no_length(look: Look, fault: ResultFault) -> bool:
    """Tell whether a segment ends where it starts: not against its times, as an end ahead of the start is."""
    segment = _find_segment(look, fault)
    return segment.start == segment.end


def _has_negative_length(look: Look, fault: ResultFault) -> bool:
    return not _has_no_length(look, fault)


def _find_segment(look: Look, fault: ResultFault) -> SegmentTold:
    _, channel, _, segment, _ = fault.path
    assert look.channels is not None  # noqa: S101 - only results are judged
    return look.channels[int(channel)].segments[int(segment)]


def _is_count_as_asked(look: Look, fault: ResultFault) -> bool:
    """Tell whether speakers_count is the total that was asked for: DOC (guide), the result has so many, right or wrong.

    UNK whether each of them has a segment then.
    """
    asked = (look.start.config or {}).get("total_speakers") if look.start is not None else None
    assert look.channels is not None  # noqa: S101 - only results are judged
    if look.start is not None and not look.start.knows_config:
        return True
    return look.channels[int(fault.path[1])].speakers == asked


def _is_channel_asked_twice(look: Look, _: ResultFault) -> bool:
    """Tell whether the request names a channel twice: UNK what is told then."""
    asked = look.start.exchange.request.query.get("channels", "").split(",") if look.start is not None else []
    return len(set(asked)) < len(asked)


def _is_any(_: ChannelTold) -> bool:
    return True


def _has_segment(channel: ChannelTold) -> bool:
    return bool(channel.segments)


def _has_neighbours(channel: ChannelTold) -> bool:
    return len(channel.segments) > 1


EXAMPLES: Final = "examples of the reference and the guide, 3.6.0"
VBX: Final = f"{EXAMPLES}; 953 published outputs of the same technique"

CLAUSES: Final = (
    Clause(
        id="result.end-after-start",
        sentence="A segment does not end before it starts.",
        label=Label.INF,
        source="the names start_time and end_time: the contrary contradicts itself",
        severity=Severity.ERROR,
        check=_make_check("end-after-start", _has_segment, _has_no_length),
    ),
    Clause(
        id="result.has-length",
        sentence="A segment does not end where it starts.",
        label=Label.INF,
        source=EXAMPLES,
        severity=Severity.WARNING,
        check=_make_check("end-after-start", _has_segment, _has_negative_length),
    ),
    Clause(
        id="result.count-is-ids",
        sentence="speakers_count is the number of different speaker_id in the channel, or the total_speakers that was asked for.",
        label=Label.INF,
        source="the name speakers_count: the contrary contradicts itself",
        severity=Severity.ERROR,
        check=_make_check("count-is-ids", _is_any, _is_count_as_asked),
    ),
    Clause(
        id="result.channel-once",
        sentence="A result has each channel once, unless it was asked for twice.",
        label=Label.DOC,
        source="reference page of POST, 3.6.0: for each channel an independent result",
        severity=Severity.ERROR,
        check=_make_check("channel-once", _is_any, _is_channel_asked_twice),
    ),
    Clause(
        id="result.sorted",
        sentence="The segments of a channel are sorted by their start.",
        label=Label.INF,
        source=VBX,
        severity=Severity.WARNING,
        check=_make_check("sorted", _has_neighbours),
    ),
    Clause(
        id="result.no-overlap",
        sentence="In a channel one speaker speaks at a time.",
        label=Label.INF,
        source=VBX,
        severity=Severity.WARNING,
        check=_make_check("no-overlap", _has_neighbours),
    ),
    Clause(
        id="result.ids-by-appearance",
        sentence="The speakers of a channel are numbered 0, 1, 2, ... in the order in which they first speak.",
        label=Label.INF,
        source=EXAMPLES,
        severity=Severity.WARNING,
        check=_make_check("ids-by-appearance", _has_segment),
    ),
    Clause(
        id="result.two-decimals",
        sentence="Times have at most two decimals.",
        label=Label.INF,
        source=EXAMPLES,
        severity=Severity.WARNING,
        check=_make_check("two-decimals", _has_segment),
    ),
)
