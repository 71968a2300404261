"""The form of single answers: completeness, status, headers, content type, JSON, schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Final, cast

from diarkit_contracts.api.document import as_object, operations, resolve
from diarkit_contracts.api.evidence import GET, SCHEMAS, START, Evidence, documented, inferred
from diarkit_contracts.api.points import POINTS, Sends
from diarkit_contracts.api.profiles import Profile
from diarkit_contracts.api.result import SIZE, find_oversize
from diarkit_contracts.api.schema import exceeds, list_faults
from diarkit_contracts.api.states import TaskState
from diarkit_contracts.api.strict_json import StrictJsonError
from diarkit_contracts.clauses.clause import Observation, clause, observe
from diarkit_contracts.clauses.need import ACCEPTED, ANSWER, DRIVEN, ECHO, LIMITED, UNDECLARED
from diarkit_contracts.clauses.passed_over import TOO_SLOW, is_of_proxy, list_barred, refuses_header
from diarkit_contracts.exchanges.call_ids import IDS
from diarkit_contracts.exchanges.exchange import Exchange, Lost
from diarkit_contracts.exchanges.history import History, find_operation, find_value
from diarkit_contracts.exchanges.origin import is_same_origin
from diarkit_contracts.exchanges.redaction import STRUCK

JSON: Final = "application/json"
PAGES: Final = "reference pages of the operations, 3.6.0"

OUTCOMES: Final[Mapping[object, tuple[str, str]]] = {
    TaskState.DONE: ("result", "error"),
    TaskState.FAILED: ("error", "result"),
    TaskState.REJECTED: ("error", "result"),
}
"""The key that an ended task must have, and the one it must not; earlier states are judged by another clause."""

NO_FAILURE: Final = (501, 503, 505)
"""Not implemented, busy, HTTP version not supported: not failures of the server."""

FRAMING: Final = ("Content-Length", "Transfer-Encoding")
"""Headers of which an answer has at most one (RFC 9112, 6.2)."""

MOST_VALUES: Final = 2_000
"""Limit of values in a body without its result; a refusal that lists all errors of a form has a hundred."""

MOST_FAULTS: Final = 10
"""Errors of such a body that are reported."""

NO_RESULT: Final[Mapping[str, object]] = {"channels": []}
"""The shortest valid result."""


@clause("shape.status", documented(PAGES), f"{START}/responses", ANSWER)
def _status(history: History) -> Iterator[Observation]:
    """Each operation answers with a declared status; any other, in particular 5xx, is undocumented."""
    barred = list_barred(history.exchanges)
    for at, exchange in enumerate(history.exchanges):
        operation = find_operation(exchange)
        if operation is not None:
            status = exchange.answer.status
            if at in barred or refuses_header(exchange) or (status == TOO_SLOW and operation.method == "POST"):
                continue
            asked, profile = f"{operation.method} {operation.path}", history.profile
            declared = profile.statuses[asked]
            expected = f"one of {', '.join(map(str, sorted(declared)))} for {asked}"
            key = profile.find_status_point(asked, status)
            cell = None if key is None else profile.cells[key].evidence
            yield observe(at, met=status in declared, expected=expected, got=str(status), evidence=cell)


@clause(
    "shape.server-error",
    documented("RFC 9110, 15.6: 5xx means that the server failed"),
    f"{START}/responses",
    UNDECLARED,
)
def _server_error(history: History) -> Iterator[Observation]:
    """No request of any method causes a server error (5xx other than 501, 503 and 505)."""
    for at, exchange in enumerate(history.exchanges):
        if find_operation(exchange) is None:
            status = exchange.answer.status
            met = status < 500 or status in NO_FAILURE
            yield observe(at, met=met, expected=f"an answer below 500 to {exchange.request.method}", got=str(status))


@clause(
    "shape.whole-answer",
    documented("RFC 9112, 6 and 9: framing and connections; RFC 9110, 8.4: content codings"),
    f"{START}/responses",
    DRIVEN,
)
def _whole_answer(history: History) -> Iterator[Observation]:
    """Each request gets one complete answer, framed and encoded by HTTP; a lost answer is requested once more."""
    if history.given_up is None:
        return  # the recorded client may have disconnected, or wanted answers to be lost
    for at, exchange in enumerate(history.exchanges):
        lengths = [name for name in FRAMING if exchange.answer.header(name) is not None]
        got = " and ".join(lengths)
        yield observe(at, met=len(lengths) < 2, expected="one way to find the end of the body", got=got)
    lost: dict[object, list[int]] = {}
    for number, exchange in enumerate(history.lost):
        if any(is_same_origin(exchange.request.url, each.request.url) for each in history.exchanges[:1]):
            lost.setdefault(history.find_cause(exchange.request), []).append(number)
    for numbers in lost.values():
        for number in numbers if len(numbers) > 1 else []:
            kind = history.lost[number].answer
            assert isinstance(kind, Lost)  # noqa: S101 - all of them are
            expected = "a complete answer in one of two attempts"
            yield observe(~number, met=False, expected=expected, got=f"none: {kind.kind} ({len(numbers)} times)")


@clause("shape.content-type", documented(PAGES), "components/responses/TaskResult/content", ANSWER)
def _content_type(history: History) -> Iterator[Observation]:
    """A JSON body is declared as application/json."""
    for at, exchange, _ in _list_declared(history):
        came = exchange.answer.header("Content-Type")
        met = (came or "").partition(";")[0].strip().lower() == JSON
        yield observe(at, met=met, expected=f"Content-Type {JSON}", got=came or "none")


@clause(
    "shape.json",
    documented("RFC 8259, which application/json refers to; parsers disagree on duplicate keys"),
    "components/responses/TaskResult/content",
    ANSWER,
)
def _json(history: History) -> Iterator[Observation]:
    """A body is JSON in UTF-8 without NaN, Infinity or duplicate keys."""
    for at, exchange, _ in _list_declared(history):
        body = history.decode(exchange.answer.body)
        error = body if isinstance(body, StrictJsonError) else None
        yield observe(at, met=error is None, expected="strict JSON in UTF-8", got=str(error))


@clause("shape.schema", documented(PAGES), f"{SCHEMAS}/SpeakerDiarizationTask", ANSWER)
def _schema(history: History) -> Iterator[Observation]:
    """A body matches its schema; a task has a result or an error according to its state."""
    read = {look.at: look for look in history.looks}
    sound = {
        at for at, one in read.items() if one.channels is not None or any(each.rule is SIZE for each in one.faults)
    }
    for at, exchange, response in _list_declared(history):
        body = history.decode(exchange.answer.body)
        if isinstance(body, StrictJsonError):
            continue  # reported by the clause on JSON
        if find_value(body, "task", "state") in history.profile.passing:
            continue  # the body of such a task is undocumented
        schema = as_object(as_object(as_object(response["content"], "content")[JSON], JSON)["schema"], "schema")
        # A result with a valid structure also matches its schema, which would take long to validate.
        rest = {**as_object(body, "a body"), "result": NO_RESULT} if at in sound else body
        if exceeds(rest, MOST_VALUES):
            # Faults of a long result were found when it was read.
            reported = tuple(map(str, read[at].faults[:MOST_FAULTS])) if at in read else ()
            faults: tuple[str, ...] = reported or (f"more than {MOST_VALUES} values: not checked further",)
        else:
            rest = without_nulls(rest) if exchange.answer.status >= 400 else _ease_error(rest)
            faults = (*list_faults(schema, rest), *_list_misplaced(exchange, rest))
        cell = None
        if not faults and (faults := tuple(_list_low_counts(body, history.profile))):
            cell = history.profile.cells["least_speakers"].evidence
        got = "; ".join(faults)
        yield observe(at, met=not faults, expected="a body that matches its schema", got=got, evidence=cell)


@clause(
    "shape.headers", documented("reference page of POST and guide, 3.6.0"), "components/headers/XLocation", ACCEPTED
)
def _headers(history: History) -> Iterator[Observation]:
    """Each 202 has the headers of its generation, in particular the one that leads to the task: X-Location, or Location from 3.7 on."""
    for at, exchange in enumerate(history.exchanges):
        if exchange.answer.status == 202 and "content" in _read_response(exchange, history.profile):
            for name, cell in _list_required(history.profile):
                met = exchange.answer.header(name) is not None
                yield observe(at, met=met, expected=f"the header {name}", got="none of that name", evidence=cell)


@clause(
    "shape.rate-headers",
    inferred(f"{PAGES}: the headers are listed, their format is not"),
    "components/responses/RateLimitExceeded/headers",
    LIMITED,
)
def _rate_headers(history: History) -> Iterator[Observation]:
    """A 429 has Retry-After and the three X-RateLimit headers, each with a number."""
    for at, exchange in enumerate(history.exchanges):
        if exchange.answer.status == 429:
            for name in as_object(_read_response(exchange, history.profile).get("headers", {}), "headers"):
                came = exchange.answer.header(name)
                is_number = came is not None and came.replace(".", "", 1).isdecimal()
                met = is_number or (name == "Retry-After" and _is_date(came))
                yield observe(at, met=met, expected=f"{name} with a number", got=came or "none")


def _is_date(value: str | None) -> bool:
    """Return whether a value is an HTTP date, which Retry-After allows too (RFC 9110, 10.2.3)."""
    try:
        parsedate_to_datetime(value or "")
    except ValueError:
        return False
    return True


@clause(
    "shape.ids-echoed",
    inferred(f"{PAGES}: generated if not provided; whether they are returned is unknown"),
    f"{GET}/responses",
    ECHO,
)
def _ids_echoed(history: History) -> Iterator[Observation]:
    """If x-request-id or x-correlation-id is returned, it is the one that was sent."""
    for at, exchange in enumerate(history.exchanges):
        if find_operation(exchange) is not None:
            for name in IDS:
                # UNK which of several is returned.
                sent = {value.strip() for key, value in exchange.request.headers if key.lower() == name} - {""}
                came = [value.strip() for key, value in exchange.answer.headers if key.lower() == name]
                wanted = " or ".join(sorted(sent))
                # UNK whether they are returned at all. A redacted one can't be compared.
                if came and STRUCK not in wanted:
                    expected = f"{name} {wanted}, as it was sent" if wanted else f"a value for {name}"
                    # A proxy may add its own, as another header or after a comma.
                    reported = {value for each in came for value in (each, *map(str.strip, each.split(",")))}
                    met = not sent.isdisjoint(reported) if sent else any(came)
                    yield observe(at, met=met, expected=expected, got=", ".join(filter(None, came)) or "an empty one")


def _read_response(exchange: Exchange, profile: Profile) -> Mapping[str, object]:
    operation, status = find_operation(exchange), exchange.answer.status
    if operation is None:
        return {}
    declared = status in profile.statuses[f"{operation.method} {operation.path}"]
    # Statuses beyond the document are refusals, which share one envelope.
    return _find_response(operation.method, operation.path, status) or (
        _find_response(operation.method, operation.path, 400) if declared else {}
    )


@cache
def _find_response(method: str, path: str, status: int) -> Mapping[str, object]:
    (operation,) = (each for each in operations() if (each.method, each.path) == (method, path))
    declared = as_object(operation.body["responses"], "responses").get(str(status))
    return {} if declared is None else resolve(declared)


def _list_declared(history: History) -> Iterator[tuple[int, Exchange, Mapping[str, object]]]:
    """List the exchanges whose answer is declared with a JSON body, with the declared response."""
    for at, exchange in enumerate(history.exchanges):
        response = _read_response(exchange, history.profile)
        answer = exchange.answer
        is_judged = answer.is_body_known and not is_of_proxy(exchange) and not find_oversize(answer.body)
        if "content" in response and is_judged:
            yield at, exchange, response


def _list_required(profile: Profile) -> Iterator[tuple[str, Evidence | None]]:
    """List the headers required in each 202: the first that leads to the task, and further ones of the generation."""
    first = profile.locations[0]
    if first == "X-Location":
        yield first, None
    for point in POINTS:
        effect = point.effect
        if isinstance(effect, Sends) and profile[point.key] == "sent" and (effect.header == first or not effect.leads):
            yield effect.header, profile.cells[point.key].evidence


def _list_low_counts(body: object, profile: Profile) -> Iterator[str]:
    """Check speakers_count against the minimum of the generation; the document has that of 3.6.0."""
    channels = find_value(body, "result", "channels")
    for number, channel in enumerate(cast("list[object]", channels) if isinstance(channels, list) else []):
        count = find_value(channel, "speakers_count")
        if isinstance(count, int) and 0 <= count < int(profile["least_speakers"]):
            yield f"$.result.channels[{number}].speakers_count: {count} is less than {profile['least_speakers']}"


def without_nulls(value: object) -> object:
    """Drop nulls in an error: UNK whether a missing value is omitted or null. Required keys are then missing."""
    if isinstance(value, dict):
        reported = cast("dict[str, object]", value)
        return {key: without_nulls(inner) for key, inner in reported.items() if inner is not None}
    return [without_nulls(each) for each in cast("list[object]", value)] if isinstance(value, list) else value


def _ease_error(body: object) -> object:
    error = find_value(body, "error")
    return body if error is None else {**as_object(body, "a body"), "error": without_nulls(error)}


def _list_misplaced(exchange: Exchange, body: object) -> Iterator[str]:
    """Check result and error against the reported state."""
    operation, state = find_operation(exchange), find_value(body, "task", "state")
    if operation is None or "{task_id}" not in operation.path or exchange.answer.status != 200 or state not in OUTCOMES:
        return
    has, has_not = OUTCOMES[state]
    if find_value(body, has) is None:
        yield f"$.{has}: expected for a task that is {state}, got none"
    if find_value(body, has_not) is not None:
        yield f"$.{has_not}: not expected for a task that is {state}"
