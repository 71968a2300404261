"""Whether a run saw enough to say anything: what has to be seen at least, and what of it was not. Judges no answer."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from diarkit_contracts.api.profiles import Capability
from diarkit_contracts.api.states import TERMINAL, TaskState
from diarkit_contracts.exchanges.history import find_operation, find_value, read_object

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping

    from diarkit_contracts.clauses.clause import Clause
    from diarkit_contracts.exchanges.exchange import Exchange
    from diarkit_contracts.exchanges.history import History


class Sight(StrEnum):
    """Something that has to be seen; the value ends the sentence 'never seen: ...'."""

    ANSWER = "an answer of one of the API's operations"
    DONE = "a task that is done"
    SEGMENT = "a result with a segment"
    CHANNELS = "a result with more than one channel"
    ENVELOPE = "a refusal with the error envelope"
    FINALITY = "a task that was asked for again after its end"


SIGHTS_OF_A_PLAN: Final = tuple(Sight)
SIGHTS_OF_A_PROBE: Final = (Sight.ANSWER, Sight.ENVELOPE)
SIGHTS_OF_A_RECORDING: Final = (Sight.ANSWER, Sight.DONE, Sight.SEGMENT)
"""What a client did not try, its recording can't show: that is skipped, not vacuous."""

SIGHTS_OF_A_ROW: Final = (Sight.ANSWER,)


def list_unseen(history: History, wanted: Iterable[Sight]) -> tuple[Sight, ...]:
    """List what of the wanted was never seen."""
    seen = _list_seen(history)
    return tuple(sight for sight in wanted if sight not in seen)


def explain_unseen(clause: Clause, history: History, capabilities: Container[Capability]) -> str:
    """Say why a clause had nothing to judge.

    Args:
        clause: without an observation.
        history: that it was held against.
        capabilities: what the target can be made to do.
    """
    if not history.exchanges:
        return "there was no answer"
    family = clause.id.partition(".")[0]
    reason = UNSEEN_CLAUSES.get(clause.id) or UNSEEN_FAMILIES.get(family, "nothing was seen that it is about")
    needed = NEEDED.get(clause.id)
    return (
        reason if needed is None or needed in capabilities else f"{reason}, and this target can't be made to {needed}"
    )


NEEDED: Final[Mapping[str, Capability]] = {
    "shape.rate-headers": Capability.LIMIT_RATE,
    "refusal.retry-after": Capability.LIMIT_RATE,
    "task.error-type": Capability.FAIL,
}
"""What a target has to be made to do for a clause to have something to judge; it may also happen by itself."""


UNSEEN_CLAUSES: Final[Mapping[str, str]] = {
    "shape.headers": "no task was accepted",
    "shape.rate-headers": "no 429 was seen",
    "shape.ids-echoed": "no answer had x-request-id or x-correlation-id",
    "refusal.retry-after": "no 429 was seen",
    "task.error-type": "no task failed or was rejected",
    "task.terminal-is-final": "no task was asked for again after its end",
    "task.legal-steps": "no task was asked for again after its end",
    "task.no-way-back": "no task was asked for again before its end",
    "task.nothing-before-end": "no task was seen before its end",
    "task.id-unique": "no task was accepted",
    "task.location": "no task was accepted",
    "task.location-host": "no task was accepted",
    "parameters.channel-numbers": "no result for some of the channels of a file was seen",
    "parameters.total-speakers": "no result for total_speakers was seen",
    "parameters.mix-is-one": "no result for channel_mode mix was seen",
    "parameters.mix-is-zero": "no result for channel_mode mix was seen",
    "audio.mix-speakers": "no result for channel_mode mix was seen of a recording whose truth is known",
    "parameters.range": "no result with a segment for a range was seen",
}
"""What a clause needs to have something to judge, where its family does not say it."""

UNSEEN_FAMILIES: Final[Mapping[str, str]] = {
    "shape": "no answer of that kind was seen",
    "result": "no result was seen that could show it",
    "task": "no task was seen that could show it",
    "parameters": "no result of a known request was seen that could show it",
    "refusal": "nothing was asked that has to be refused so",
    "acceptance": "nothing was asked that has to be taken",
    "audio": "no result of a recording was seen whose truth is known",
}


def _list_seen(history: History) -> set[Sight]:
    exchanges, results = history.exchanges, [channels for _, channels in history.results()]
    seen = {
        Sight.ANSWER: any(find_operation(exchange) is not None for exchange in exchanges),
        Sight.DONE: any(look.state is TaskState.DONE for look in history.looks),
        Sight.SEGMENT: any(channel.segments for channels in results for channel in channels),
        Sight.CHANNELS: any(len(channels) > 1 for channels in results),
        Sight.ENVELOPE: any(_has_envelope(exchange) for exchange in exchanges),
        Sight.FINALITY: any(sum(look.state in TERMINAL for look in looks) > 1 for looks in history.by_task().values()),
    }
    return {sight for sight, is_seen in seen.items() if is_seen}


def _has_envelope(exchange: Exchange) -> bool:
    kind = find_value(read_object(exchange.answer.body), "type")
    return exchange.answer.status >= 400 and isinstance(kind, str)
