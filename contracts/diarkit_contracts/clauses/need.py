"""What can be seen of a server: the one table of what a clause needs to have something to judge, and a run to say anything.

Judges no answer. What a single clause needs stands beside that clause.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from diarkit_contracts.api.profiles import Capability
from diarkit_contracts.api.states import TERMINAL, TaskState
from diarkit_contracts.exchanges.call_ids import IDS
from diarkit_contracts.exchanges.history import find_operation, find_value, read_object

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from diarkit_contracts.exchanges.history import History, Start


@dataclass(frozen=True, slots=True)
class Need:
    """Something that has to be seen.

    Attributes:
        id: a word for programs.
        sentence: ends 'never seen: ...'.
        seen: tells whether a history shows it.
        capability: what a target can be made to do so that it is seen; it may also happen by itself.
    """

    id: str
    sentence: str
    seen: Callable[[History], bool]
    capability: Capability | None = None


def list_unseen(history: History, needs: Iterable[Need]) -> tuple[Need, ...]:
    """List what a history does not show."""
    return tuple(need for need in needs if not need.seen(history))


def need_upload(need_id: str, what: str, is_meant: Callable[[Start], bool]) -> Need:
    """Need an upload; `what` is a phrase such as 'with both limits'."""
    return Need(need_id, f"an upload {what}", lambda history: any(map(is_meant, history.starts)))


def need_result(need_id: str, what: str, is_meant: Callable[[Start], bool]) -> Need:
    """Need the result of an upload; `what` is a phrase such as 'for channel_mode mix'."""
    return Need(
        need_id,
        f"a result {what}",
        lambda history: any(look.start is not None and is_meant(look.start) for look, _ in history.results()),
    )


def _has_envelope(history: History) -> bool:
    answers = (exchange.answer for exchange in history.exchanges)
    return any(each.status >= 400 and isinstance(find_value(read_object(each.body), "type"), str) for each in answers)


def _is_looked_at_again(history: History, *, ended: bool) -> bool:
    successions = (pair for looks in history.by_task().values() for pair in pairwise(looks))
    return any(
        before.state is not None and (before.state in TERMINAL) is ended and after.state is not None
        for before, after in successions
    )


def _has_truth(start: Start) -> bool:
    return start.file is not None and start.file.sound is not None and start.file.sound.truth is not None


def _asks_for_range(start: Start) -> bool:
    return bool({"range_from", "range_to"} & set(start.exchange.request.query))


ANSWER: Final = Need(
    "answer",
    "an answer of one of the API's operations",
    lambda history: any(find_operation(exchange) is not None for exchange in history.exchanges),
)
ENVELOPE: Final = Need("envelope", "a refusal with the error envelope", _has_envelope)
LIMITED: Final = Need(
    "rate-limit",
    "a 429",
    lambda history: any(exchange.answer.status == 429 for exchange in history.exchanges),
    Capability.LIMIT_RATE,
)
ECHO: Final = Need(
    "echo",
    f"an answer with {' or '.join(IDS)}",
    lambda history: any(exchange.answer.header(name) is not None for exchange in history.exchanges for name in IDS),
)

ACCEPTED: Final = Need(
    "accepted", "an upload that was accepted", lambda history: any(start.accepted for start in history.starts)
)
TASK: Final = Need(
    "task", "an answer about a task", lambda history: any(look.task_id is not None for look in history.looks)
)
FOUND: Final = Need(
    "found",
    "a task that was asked for after it was accepted",
    lambda history: any(look.start is not None for look in history.looks),
)
UNENDED: Final = Need(
    "unended",
    "a task before its end",
    lambda history: any(look.state is not None and look.state not in TERMINAL for look in history.looks),
)
SUCCESSION: Final = Need(
    "succession",
    "a task that was asked for again before its end",
    lambda history: _is_looked_at_again(history, ended=False),
)
FINALITY: Final = Need(
    "finality",
    "a task that was asked for again after its end",
    lambda history: _is_looked_at_again(history, ended=True),
)
FAILED: Final = Need(
    "failed",
    "a task that failed or was rejected",
    lambda history: any(look.state in {TaskState.FAILED, TaskState.REJECTED} for look in history.looks),
    Capability.FAIL,
)
DONE: Final = Need(
    "done", "a task that is done", lambda history: any(look.state is TaskState.DONE for look in history.looks)
)

SEGMENT: Final = Need(
    "segment",
    "a result with a segment",
    lambda history: any(channel.segments for _, channels in history.results() for channel in channels),
)
SEGMENTS: Final = Need(
    "segments",
    "a channel with more than one segment",
    lambda history: any(len(channel.segments) > 1 for _, channels in history.results() for channel in channels),
)
CHANNELS: Final = Need(
    "channels",
    "a result with more than one channel",
    lambda history: any(len(channels) > 1 for _, channels in history.results()),
)
RESULTS: Final = Need(
    "results",
    "results of more than one upload",
    lambda history: sum(look.start is not None for look, _ in history.results()) > 1,
)
RESULT: Final = Need("result", "a result", lambda history: any(True for _ in history.results()))

ANSWERED: Final = need_result("answered", "of a known upload", lambda start: start.config is not None)
SOUND: Final = need_result(
    "sound", "of a known recording", lambda start: start.file is not None and start.file.sound is not None
)
TRUTH: Final = need_result("truth", "of a recording whose truth is known", _has_truth)
TOTAL: Final = need_result("total", "for total_speakers", lambda start: "total_speakers" in (start.config or {}))
MIX: Final = need_result(
    "mix", "for channel_mode mix", lambda start: start.exchange.request.query.get("channel_mode") == "mix"
)
CHOSEN: Final = need_result(
    "chosen", "for some of the channels of a file", lambda start: bool(start.exchange.request.query.get("channels"))
)
RANGE: Final = need_result("range", "for a range", _asks_for_range)
