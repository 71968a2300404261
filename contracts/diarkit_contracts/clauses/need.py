"""Observations that clauses and runs depend on. A need of a single clause is defined next to that clause."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from diarkit_contracts.api.profiles import Capability
from diarkit_contracts.api.result import ReportedChannel
from diarkit_contracts.api.states import ERROR_TYPE_OF_STATE, TERMINAL, UNDER_WAY, TaskState
from diarkit_contracts.exchanges.call_ids import IDS
from diarkit_contracts.exchanges.exchange import Exchange
from diarkit_contracts.exchanges.history import History, Look, Start, find_operation, find_value, read_object

Seen = Callable[[History], bool]


@dataclass(frozen=True, slots=True)
class Need:
    """Something that must be observed.

    Attributes:
        sentence: completes 'never seen: ...'.
        capability: of a target that can be forced to show it; it may also happen by itself.
    """

    id: str
    sentence: str
    seen: Seen
    capability: Capability | None = None

    def __repr__(self) -> str:
        return f"<{self.id}>"


def list_unseen(history: History, needs: Iterable[Need]) -> tuple[Need, ...]:
    """List the needs that a history does not meet."""
    return tuple(need for need in needs if not need.seen(history))


def any_exchange(is_meant: Callable[[Exchange], bool]) -> Seen:
    """Match an exchange."""
    return lambda history: any(map(is_meant, history.exchanges))


def any_start(is_meant: Callable[[Start], bool]) -> Seen:
    """Match a POST that starts a task."""
    return lambda history: any(map(is_meant, history.starts))


def any_look(is_meant: Callable[[Look], bool]) -> Seen:
    """Match a poll."""
    return lambda history: any(map(is_meant, history.looks))


def any_result(is_meant: Callable[[Start], bool]) -> Seen:
    """Match the result of an upload."""
    return lambda history: any(is_meant(start) for _, start, _ in history.known_results())


def _any_channel(is_meant: Callable[[ReportedChannel], bool]) -> Seen:
    return lambda history: any(is_meant(channel) for _, channels in history.results() for channel in channels)


def _has_envelope(exchange: Exchange) -> bool:
    kind = find_value(read_object(exchange.answer.body), "type")
    return exchange.answer.status >= 400 and isinstance(kind, str)


def _see_again(*, ended: bool) -> Seen:
    """Match a poll after one that reported a terminal, or a non-terminal, state."""
    return lambda history: any(
        before.state is not None and (before.state in TERMINAL) is ended and after.state is not None
        for looks in history.by_task.values()
        for before, after in pairwise(looks)
    )


def _has_ids(exchange: Exchange) -> bool:
    return any(exchange.answer.header(name) is not None for name in IDS)


def _has_truth(start: Start) -> bool:
    return start.sound is not None and start.sound.truth is not None


ANSWER: Final = Need(
    "answer", "an answer of one of the API's operations", any_exchange(lambda each: find_operation(each) is not None)
)
DRIVEN: Final = Need(
    "driven", "a request of a diarkit run, which waits for its answer", lambda history: history.given_up is not None
)
UNDECLARED: Final = Need(
    "undeclared",
    "a request that is not an operation of the API",
    any_exchange(lambda each: find_operation(each) is None),
)
ENVELOPE: Final = Need("envelope", "a refusal with the error envelope", any_exchange(_has_envelope))
LIMITED: Final = Need("limited", "a 429", any_exchange(lambda each: each.answer.status == 429), Capability.LIMIT_RATE)
ECHO: Final = Need("echo", f"an answer with {' or '.join(IDS)}", any_exchange(_has_ids))

ACCEPTED: Final = Need("accepted", "an upload that was accepted", any_start(lambda start: start.accepted))
TASK: Final = Need("task", "an answer about a task", any_look(lambda look: look.task_id is not None))
FOUND: Final = Need("found", "a poll of a task that was accepted", any_look(lambda look: look.start is not None))
UNENDED: Final = Need("unended", "a task before its end", any_look(lambda look: look.state in UNDER_WAY))
SUCCESSION: Final = Need("succession", "a task that was polled again before its end", _see_again(ended=False))
FINALITY: Final = Need("finality", "a task that was polled again after its end", _see_again(ended=True))
FAILED: Final = Need(
    "failed",
    "a task that failed or was rejected",
    any_look(lambda look: look.state in ERROR_TYPE_OF_STATE),
    Capability.FAIL,
)
DONE: Final = Need("done", "a task that is done", any_look(lambda look: look.state is TaskState.DONE))

RESULT: Final = Need("result", "a result", lambda history: any(history.results()))
RESULTS: Final = Need("results", "results of more than one task", lambda history: len(list(history.results())) > 1)
SEGMENT: Final = Need("segment", "a result with a segment", _any_channel(lambda channel: len(channel.segments) > 0))
SEGMENTS: Final = Need(
    "segments", "a channel with more than one segment", _any_channel(lambda channel: len(channel.segments) > 1)
)
CHANNELS: Final = Need(
    "channels",
    "a result with more than one channel",
    lambda history: any(len(channels) > 1 for _, channels in history.results()),
)

ANSWERED: Final = Need("answered", "a result of a known upload", any_result(lambda start: start.config is not None))
SOUND: Final = Need("sound", "a result of a known recording", any_result(lambda start: start.sound is not None))
TRUTH: Final = Need("truth", "a result of a recording with known truth", any_result(_has_truth))
TOTAL: Final = Need(
    "total", "a result for total_speakers", any_result(lambda start: "total_speakers" in (start.config or {}))
)
MIX: Final = Need("mix", "a result for channel_mode mix", any_result(lambda start: start.mode == "mix"))
CHOSEN: Final = Need(
    "chosen", "a result for selected channels of a file", any_result(lambda start: bool(start.query.get("channels")))
)
RANGE: Final = Need(
    "range", "a result for a range", any_result(lambda start: not {"range_from", "range_to"}.isdisjoint(start.query))
)
