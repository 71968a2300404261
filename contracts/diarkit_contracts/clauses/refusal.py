"""Which mistake gets which refusal. Knows requests as they were sent, and refusals by status and envelope."""

from __future__ import annotations

import math
import re
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from diarkit_contracts.clauses.clause import Clause, Label, Severity, observe
from diarkit_contracts.document import operations
from diarkit_contracts.history import find_operation, find_value, is_uuid, match_path, read_object
from diarkit_contracts.states import ERROR_TYPE_OF_STATUS, TaskState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from diarkit_contracts.clauses.clause import Observation
    from diarkit_contracts.history import History, Start

REFUSED: Final = (400, 422)
"""UNK which of the two a server gives for which mistake; the texts of both fit."""

BUSY: Final = frozenset({429, 503})
"""Refusals that say nothing of the request: it may be sent again. That 503 is undocumented is for another clause."""

NEVER_GIVEN: Final = "00000000-"
"""How an id begins that no server makes (a random UUID does so once in four billion): a driver asks for one."""

CHANNELS: Final = re.compile("(?:[0-9]+(?:,[0-9]+)*)?")


def check_both_limits(history: History) -> Iterator[Observation]:
    """max_speakers and total_speakers at once are refused."""
    return _judge_mistake(history, _has_both_limits, "a refusal of max_speakers together with total_speakers")


def check_config(history: History) -> Iterator[Observation]:
    """A config that is no JSON object, or has a limit that is no number from 1 up, is refused."""
    return _judge_mistake(history, _has_bad_config, "a refusal of the config")


def check_query(history: History) -> Iterator[Observation]:
    """A value that a query parameter does not have is refused."""
    return _judge_mistake(history, _has_bad_query, "a refusal of the query")


def check_file(history: History) -> Iterator[Observation]:
    """A form without a file is refused."""
    return _judge_mistake(history, _has_no_file, "a refusal of a form without a file")


def check_unknown_task(history: History) -> Iterator[Observation]:
    """A task that never was is not found."""
    for look in history.looks:
        status = look.exchange.answer.status
        if look.asked.startswith(NEVER_GIVEN) and is_uuid(look.asked) and status not in BUSY:
            yield observe(look.at, kept=status == 404, expected="404 for a task that never was", got=str(status))


def check_bad_id(history: History) -> Iterator[Observation]:
    """What is no UUID names no task."""
    for look in history.looks:
        status = look.exchange.answer.status
        is_bad = re.fullmatch("[0-9a-z_.-]+", look.asked) and not re.fullmatch("[0-9a-f-]{32,36}", look.asked)
        if is_bad and status not in BUSY:
            kept = status in {*REFUSED, 404}
            yield observe(look.at, kept=kept, expected="422, 400 or 404 for an id that is no UUID", got=str(status))


def check_method(history: History) -> Iterator[Observation]:
    """A method that a path does not have is refused with 405 and the envelope."""
    for at, exchange in enumerate(history.exchanges):
        status, method = exchange.answer.status, exchange.request.method
        is_known = any(match_path(operation.path, exchange.request.path) for operation in operations())
        # HEAD and OPTIONS are answered by frameworks and proxies on their own.
        is_judged = method not in {"HEAD", "OPTIONS"} and status not in BUSY
        if is_known and is_judged and find_operation(exchange) is None:
            yield observe(at, kept=status == 405, expected=f"405 for {method}", got=str(status))


def check_type(history: History) -> Iterator[Observation]:
    """The envelope's type is that of the status."""
    for at, exchange in enumerate(history.exchanges):
        expected = ERROR_TYPE_OF_STATUS.get(exchange.answer.status)
        came = None if expected is None else find_value(read_object(exchange.answer.body), "type")
        if came is not None and find_operation(exchange) is not None:
            yield observe(at, kept=came == expected, expected=f"the type {expected}", got=came)


def check_retry_after(history: History) -> Iterator[Observation]:
    """Who waits as long as Retry-After says is not told 429 again."""
    for at, (before, after) in enumerate(pairwise(history.exchanges), start=1):
        told = before.answer.header("Retry-After") if before.answer.status == 429 else None
        waited = after.request.sent_at - before.answer.received_at
        if told is not None and told.isdecimal() and waited >= int(told):
            kept = after.answer.status != 429
            yield observe(
                at, kept=kept, expected=f"no 429 after a wait of {waited:.1f} s for Retry-After {told}", got="429"
            )


def _judge_mistake(history: History, is_mistake: Callable[[Start], bool], expected: str) -> Iterator[Observation]:
    """Judge the requests with a mistake: refused at once, or accepted and then rejected.

    A server may look at the request only when it processes it (INF; the limits page says so of the length), so an accepted one
    is judged by how it ends. Refusals for another reason, such as 413 or 429, say nothing.
    """
    for start in history.starts:
        if is_mistake(start):
            status = start.exchange.answer.status
            end = history.find_end(start)
            if status in REFUSED:
                yield observe(start.at, kept=True, expected=expected, got="")
            elif end is not None and end.state is not None:
                yield observe(
                    end.at, kept=end.state is TaskState.REJECTED, expected=expected, got=f"a task that is {end.state}"
                )


def _has_both_limits(start: Start) -> bool:
    return all(isinstance((start.config or {}).get(key), int) for key in ("max_speakers", "total_speakers"))


def _has_bad_config(start: Start) -> bool:
    if start.config is None:
        return True
    return any(_is_bad_limit(start.config[key]) for key in ("max_speakers", "total_speakers") if key in start.config)


def _is_bad_limit(value: object) -> bool:
    # UNK, so not judged: null as no limit; true, 2.0 and "2" read as a number.
    if isinstance(value, bool) or value is None:
        return False
    if isinstance(value, int | float):
        return value < 1 or not math.isfinite(value) or value != int(value)
    return not isinstance(value, str) or not value.strip().isdecimal()


def _has_bad_query(start: Start) -> bool:
    query = start.exchange.request.query
    return (
        query.get("channel_mode", "split") not in {"split", "mix"}
        or not CHANNELS.fullmatch(query.get("channels", ""))
        or any(_is_bad_time(query[name]) for name in ("range_from", "range_to") if name in query)
    )


def _is_bad_time(value: str) -> bool:
    try:
        seconds = float(value)
    except ValueError:
        return True
    # UNK, so not judged: nan and inf, which some readers of numbers take.
    return math.isfinite(seconds) and seconds < 0


def _has_no_file(start: Start) -> bool:
    return start.exchange.request.parts is not None and start.file is None


PAGE: Final = "reference page of POST, 3.6.0"

CLAUSES: Final = (
    Clause(
        id="refusal.both-limits",
        sentence="max_speakers and total_speakers at once are refused, or the task is rejected.",
        label=Label.DOC,
        source=f"{PAGE}, and guide: mutually exclusive; the status is not known",
        severity=Severity.ERROR,
        check=check_both_limits,
    ),
    Clause(
        id="refusal.bad-config",
        sentence="A config that is no JSON object, or has a limit below 1 or no number, is refused, or the task is rejected.",
        label=Label.INF,
        source=f"{PAGE}: 400 and 422 are declared; the bound of 1 is that of proto and client",
        severity=Severity.WARNING,
        check=check_config,
    ),
    Clause(
        id="refusal.bad-query",
        sentence="A channel_mode, channels or range that its parameter does not allow is refused, or the task is rejected.",
        label=Label.DOC,
        source=f"{PAGE}: types and bounds of the parameters",
        severity=Severity.ERROR,
        check=check_query,
    ),
    Clause(
        id="refusal.missing-file",
        sentence="A form without a file is refused, or the task is rejected.",
        label=Label.DOC,
        source=f"{PAGE}: the one mandatory parameter",
        severity=Severity.ERROR,
        check=check_file,
    ),
    Clause(
        id="refusal.unknown-task",
        sentence="A task that never was gets 404.",
        label=Label.DOC,
        source="reference page of GET, 3.6.0",
        severity=Severity.ERROR,
        check=check_unknown_task,
    ),
    Clause(
        id="refusal.bad-task-id",
        sentence="An id that is no UUID gets 422, 400 or 404.",
        label=Label.DOC,
        source="reference page of GET, 3.6.0: task_id is a UUID; the status is not known",
        severity=Severity.ERROR,
        check=check_bad_id,
    ),
    Clause(
        id="refusal.method",
        sentence="A method that a path does not have gets 405.",
        label=Label.INF,
        source="error type method.invalid, 3.6.0; 405 is declared from 5.0.0 on",
        severity=Severity.WARNING,
        check=check_method,
    ),
    Clause(
        id="refusal.type-of-status",
        sentence="The type in the error envelope is the one that belongs to the status.",
        label=Label.INF,
        source="nine types and nine statuses that match by name; written for 400",
        severity=Severity.WARNING,
        check=check_type,
    ),
    Clause(
        id="refusal.retry-after",
        sentence="Who waits as long as Retry-After says is not refused for the rate again.",
        label=Label.DOC,
        source="reference pages, 3.6.0: how long to wait; other clients may use up the window",
        severity=Severity.WARNING,
        check=check_retry_after,
    ),
)
