"""Mistakes must be refused with the right status and envelope."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Final

from diarkit_contracts.api.document import operations
from diarkit_contracts.api.evidence import SCHEMAS, Severity, documented, inferred
from diarkit_contracts.api.schema import list_faults
from diarkit_contracts.api.states import ERROR_TYPE_OF_STATUS, ErrorType, TaskState
from diarkit_contracts.api.words import count
from diarkit_contracts.clauses import mistake
from diarkit_contracts.clauses.belonging import count_segments
from diarkit_contracts.clauses.clause import Observation, clause, observe
from diarkit_contracts.clauses.need import ENVELOPE, LIMITED, Need, any_exchange, any_look, any_start
from diarkit_contracts.clauses.passed_over import BARRED
from diarkit_contracts.clauses.shape import without_nulls
from diarkit_contracts.exchanges.exchange import Exchange
from diarkit_contracts.exchanges.history import (
    History,
    Look,
    Start,
    find_operation,
    find_value,
    is_uuid,
    match_path,
    read_object,
)

REFUSED: Final = (400, 422)
"""UNK which of the two a server returns for which mistake; both descriptions fit."""

BUSY: Final = frozenset({429, 503}) | BARRED
"""Refusals that are not about the request itself. That 503 is undocumented is judged by another clause."""

NEVER_GIVEN: Final = "00000000-"
"""Prefix of the ids that drivers poll as unknown tasks; a random UUID has it once in four billion."""

SKEW_S: Final = 5.0
"""Tolerance between two times of one answer: each is rounded to a second, and a proxy may have set the Date."""

ROUNDING_S: Final = 1.5
"""Tolerance between two announcements of one window's end, as each counts whole seconds from its own time."""

PAGE: Final = "reference page of POST, 3.6.0"


@clause(
    "refusal.both-limits",
    inferred(f"{PAGE}, and guide: mutually exclusive; the consequence is unknown, in the proto total_speakers wins"),
    f"{SCHEMAS}/SpeakerDiarizationConfig",
    Need("both-limits", "an upload with both limits", any_start(mistake.has_both_limits)),
)
def _both_limits(history: History) -> Iterator[Observation]:
    """max_speakers together with total_speakers is refused, or the task is rejected."""
    return _judge_mistake(history, mistake.has_both_limits, "a refusal of max_speakers together with total_speakers")


@clause(
    "refusal.bad-config",
    inferred(f"{PAGE}: 400 and 422 are declared; the minimum of 1 is that of proto and client"),
    f"{SCHEMAS}/SpeakerDiarizationConfig",
    Need("bad-config", "an upload with a bad config", any_start(mistake.has_bad_config)),
)
def _bad_config(history: History) -> Iterator[Observation]:
    """A config that is not a JSON object, or has a limit that is not a number of at least 1, is refused, or the task is rejected."""
    return _judge_mistake(history, mistake.has_bad_config, "a refusal of the config")


@clause(
    "refusal.bad-query",
    inferred(
        f"{PAGE}: types and bounds of the parameters, and 400 and 422; that all other values are refused is not documented"
    ),
    "components/responses/ValidationError",
    Need("bad-query", "an upload with a bad query", any_start(mistake.has_bad_query)),
)
def _bad_query(history: History) -> Iterator[Observation]:
    """An invalid channel_mode, channels or range is refused, or the task is rejected."""
    return _judge_mistake(history, mistake.has_bad_query, "a refusal of the query")


@clause(
    "refusal.missing-file",
    documented(f"{PAGE}: the only mandatory parameter"),
    f"{SCHEMAS}/SpeakerDiarizationRequest/required",
    Need("missing-file", "an upload without a file", any_start(mistake.has_no_file)),
)
def _missing_file(history: History) -> Iterator[Observation]:
    """A form without a file is refused, or the task is rejected."""
    return _judge_mistake(history, mistake.has_no_file, "a refusal of a form without a file")


@clause(
    "refusal.broken-form",
    inferred(f"{PAGE}: multipart/form-data is required, 400 is for unparsable requests; lenient parsers accept more"),
    f"{SCHEMAS}/ErrorResult",
    Need("broken-form", "an upload that is not a complete form", any_start(mistake.is_no_form)),
)
def _broken_form(history: History) -> Iterator[Observation]:
    """A body that is not a complete multipart form is refused, or the task is rejected."""
    return _judge_mistake(history, mistake.is_no_form, "a refusal of a body that is not a complete multipart form")


@clause(
    "refusal.empty-file",
    inferred(f"{PAGE}: the file is a media file; segments of no audio contradict the upload", Severity.ERROR),
    f"{SCHEMAS}/ErrorResult",
    Need("empty-file", "an upload of an empty file", any_start(mistake.has_empty_file)),
)
def _empty_file(history: History) -> Iterator[Observation]:
    """An empty file is refused, its task is rejected, or its result has no segments."""
    for start in filter(mistake.has_empty_file, history.starts):
        end = history.find_end(start)
        expected = "a refusal of an empty file, or a result without segments"
        if start.exchange.answer.status in REFUSED or (end is not None and end.state is not TaskState.DONE):
            yield observe(start.at if end is None else end.at, met=True, expected=expected, got="")
        elif end is not None and end.channels is not None:
            came = count_segments(end.channels)
            yield observe(end.at, met=came == 0, expected=expected, got=count(came, "segment"))


def _is_never_given(look: Look) -> bool:
    return look.asked.startswith(NEVER_GIVEN)


@clause(
    "refusal.unknown-task",
    documented("reference page of GET, 3.6.0"),
    "components/responses/NotFound",
    Need("unknown-task", "an answer about an unknown task", any_look(_is_never_given)),
)
def _unknown_task(history: History) -> Iterator[Observation]:
    """An unknown task gets 404."""
    for look in history.looks:
        status = look.exchange.answer.status
        if _is_never_given(look) and is_uuid(look.asked) and status not in BUSY:
            yield observe(look.at, met=status == 404, expected="404 for an unknown task", got=str(status))


@clause(
    "refusal.bad-task-id",
    documented("reference page of GET, 3.6.0: task_id is a UUID; the status is unknown"),
    "components/parameters/TaskId",
    Need("bad-task-id", "an answer about an id that is not a UUID", any_look(lambda look: not is_uuid(look.asked))),
)
def _bad_task_id(history: History) -> Iterator[Observation]:
    """An id that is not a UUID gets 422, 400 or 404."""
    for look in history.looks:
        status = look.exchange.answer.status
        is_bad = re.fullmatch("[0-9a-z_.-]+", look.asked) and not re.fullmatch("[0-9a-f-]{32,36}", look.asked)
        if is_bad and status not in BUSY:
            met = status in {*REFUSED, 404}
            yield observe(look.at, met=met, expected="422, 400 or 404 for an id that is not a UUID", got=str(status))


@clause(
    "refusal.method",
    inferred("error type method.invalid, 3.6.0; 405 is declared from 5.0.0 on; RFC 9110, 15.5.6, for Allow"),
    f"{SCHEMAS}/ErrorType",
    Need("method", "a method that a path does not support", any_exchange(lambda each: find_operation(each) is None)),
)
def _method(history: History) -> Iterator[Observation]:
    """A method that a path does not support gets 405, with Allow and the error envelope if the body is JSON."""
    for at, exchange in enumerate(history.exchanges):
        status, method = exchange.answer.status, exchange.request.method
        # Frameworks and proxies answer HEAD and OPTIONS themselves.
        if find_operation(exchange) is not None or method in {"HEAD", "OPTIONS"} or status in BUSY:
            continue
        if any(match_path(operation.path, exchange.request.path) for operation in operations()):
            yield observe(at, met=status == 405, expected=f"405 for {method}", got=str(status))
            body = read_object(exchange.answer.body)
            if status == 405 and body is not None:
                allowed = exchange.answer.header("Allow")
                met = not exchange.answer.headers or method not in re.split(r"[\s,]+", allowed or method)
                yield observe(at, met=met, expected=f"Allow, without {method}", got=allowed or "no Allow")
                faults = list_faults("ErrorResult", without_nulls(body))
                met = not faults and body["type"] == ErrorType.METHOD
                got = "; ".join(faults) or f"the type {body['type']}"
                yield observe(at, met=met, expected="the error envelope with the type method.invalid", got=got)


@clause(
    "refusal.type-of-status",
    inferred("nine types and nine statuses that match by name; documented for 400"),
    f"{SCHEMAS}/ErrorType",
    ENVELOPE,
)
def _type_of_status(history: History) -> Iterator[Observation]:
    """The type in the error envelope matches the status."""
    for at, exchange in enumerate(history.exchanges):
        expected = ERROR_TYPE_OF_STATUS.get(exchange.answer.status)
        came = None if expected is None else find_value(read_object(exchange.answer.body), "type")
        if came is not None and find_operation(exchange) is not None:
            yield observe(at, met=came == expected, expected=f"the type {expected}", got=came)


@dataclass(frozen=True, slots=True)
class Promise:
    """The announced end of a rate limit window.

    Attributes:
        at: position of the exchange.
        announced_at: seconds on the recorder's clock.
        seconds: Retry-After.
        reset: X-RateLimit-Reset as received; empty without one.
    """

    at: int
    announced_at: float
    seconds: int
    reset: str

    @property
    def end(self) -> float:
        """Seconds on the recorder's clock."""
        return self.announced_at + self.seconds

    def follow(self, earlier: Promise | None) -> Promise:
        """Choose between this announcement and an earlier one for the same window.

        A request that is sent too early may get a longer wait, but an announced window does not move.
        """
        is_later = earlier is not None and self.end > earlier.end + ROUNDING_S
        return earlier if earlier is not None and is_later and earlier.reset == self.reset != "" else self


def read_promise(at: int, exchange: Exchange) -> Promise | None:
    """Read the announcement of a 429; None if its Retry-After is not a number of seconds."""
    value = exchange.answer.header("Retry-After") or ""
    if not (value.isascii() and value.isdecimal() and len(value) < 10):
        return None
    return Promise(at, exchange.answer.received_at, int(value), exchange.answer.header("X-RateLimit-Reset") or "")


@clause(
    "refusal.retry-after",
    documented(
        "reference pages, 3.6.0: how long to wait, and when the window ends; other clients may use up the limit",
        Severity.WARNING,
    ),
    "components/headers/RetryAfter",
    LIMITED,
)
def _retry_after(history: History) -> Iterator[Observation]:
    """A client that waits for Retry-After does not get another 429, and X-RateLimit-Reset is not earlier."""
    promise: Promise | None = None
    for at, exchange in enumerate(history.exchanges):
        sent_at, is_refused = exchange.request.sent_at, exchange.answer.status == 429
        if promise is not None and sent_at >= promise.end:
            waited = sent_at - promise.announced_at
            asked = f"the Retry-After {promise.seconds} of exchange {promise.at}"
            expected = f"no 429 after a wait of {waited:.1f} s for {asked}"
            yield observe(at, met=not is_refused, expected=expected, got="429")
            promise = None
        elif promise is not None and not is_refused:
            promise = None  # accepted before the end: the remaining limit is not reported
        announced = read_promise(at, exchange) if is_refused else None
        if announced is not None:
            yield from _judge_reset(announced, exchange)
            promise = announced.follow(promise)


def _judge_reset(announced: Promise, exchange: Exchange) -> Iterator[Observation]:
    """Compare the two ends that a 429 announces, if it has a Date."""
    try:
        now = parsedate_to_datetime(exchange.answer.header("Date") or "").timestamp()
        reset = float(announced.reset)
    except ValueError:
        return
    met = reset >= now + announced.seconds - SKEW_S
    expected = (
        f"X-RateLimit-Reset from {now + announced.seconds:.0f} on: its Date and the Retry-After {announced.seconds}"
    )
    yield observe(announced.at, met=met, expected=expected, got=announced.reset)


def _judge_mistake(history: History, is_mistake: Callable[[Start], bool], expected: str) -> Iterator[Observation]:
    """Judge the requests with a mistake: refused immediately, or accepted and then not done.

    A server may validate only during processing (INF; documented for the length on the limits page), so an accepted request is
    judged by how its task ends. Refusals for other reasons, such as 413 or 429, are ignored.
    """
    for start in filter(is_mistake, history.starts):
        end = history.find_end(start)
        if start.exchange.answer.status in REFUSED:
            yield observe(start.at, met=True, expected=expected, got="")
        elif end is not None:
            # A failed task was not processed either; that it should be rejected is not documented.
            met = end.state is not TaskState.DONE
            yield observe(end.at, met=met, expected=expected, got=f"a task that is {end.state}")
