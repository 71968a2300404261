"""Requirements across the answers about one task, and across tasks.

This module is long because its clauses share how the polls of a task follow each other.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Final
from urllib.parse import urljoin, urlsplit

from diarkit_contracts.api.evidence import SCHEMAS, Evidence, Severity, documented, inferred
from diarkit_contracts.api.states import ERROR_TYPE_OF_STATE, STEPS, TERMINAL, UNDER_WAY
from diarkit_contracts.clauses.belonging import count_segments, is_of, list_in_flight
from diarkit_contracts.clauses.clause import Observation, clause, observe
from diarkit_contracts.clauses.need import (
    ACCEPTED,
    DRIVEN,
    FAILED,
    FINALITY,
    FOUND,
    RESULTS,
    SUCCESSION,
    TASK,
    UNENDED,
    Need,
)
from diarkit_contracts.exchanges.history import START_PATH, History, Look, Start, find_value, is_uuid, read_object
from diarkit_contracts.exchanges.origin import is_same_origin

SHORTEST_RETENTION_S: Final = 5.0
"""INF: no server removes a task sooner after its end. UNK the default period; it is configurable (DOC, life cycle 5.0.0)."""


SUCCESSOR: Final = "Location"
EARLY: Final = inferred("reference pages of sibling operations, from 3.7 on: Location leads to the task")


@clause("task.id-echo", documented("reference page of GET, 3.6.0"), f"{SCHEMAS}/TaskInfo/properties/task_id", TASK)
def _id_echo(history: History) -> Iterator[Observation]:
    """GET returns the id that was requested."""
    for look in history.looks:
        if look.task_id is not None and is_uuid(look.asked):
            expected = f"the requested task_id, {look.asked}"
            yield observe(look.at, met=look.task_id == look.asked, expected=expected, got=look.task_id)


@clause(
    "task.id-unique", documented("guide, 3.6.0: a unique task ID"), f"{SCHEMAS}/TaskInfo/properties/task_id", ACCEPTED
)
def _id_unique(history: History) -> Iterator[Observation]:
    """Each task has a unique id."""
    known: set[str] = set()
    for start in history.starts:
        if start.task_id is not None:
            yield observe(start.at, met=start.task_id not in known, expected="a unique id", got=start.task_id)
            known.add(start.task_id)


@clause(
    "task.location", documented("reference page of POST and guide, 3.6.0"), "components/headers/XLocation", ACCEPTED
)
def _location(history: History) -> Iterator[Observation]:
    """X-Location leads to the task that was started."""
    for start, reported, led, cell in _list_locations(history):
        if start.task_id is not None:
            path = urlsplit(led).path.lower().rstrip("/")
            wanted = f"{START_PATH}/{start.task_id}"
            expected = f"a URL reference to {wanted}"
            yield observe(start.at, met=path.endswith(wanted), expected=expected, got=reported, evidence=cell)


@clause(
    "task.location-host",
    inferred("guide, 3.6.0: its client polls there; a proxy may have reasons to differ"),
    "components/headers/XLocation",
    ACCEPTED,
)
def _location_host(history: History) -> Iterator[Observation]:
    """X-Location leads to the same server."""
    for start, reported, led, cell in _list_locations(history):
        asked = start.exchange.request.url
        expected = f"a URL on {urlsplit(asked).scheme}://{urlsplit(asked).netloc}"
        # What is no URL is a finding of the clause before.
        met = not led or is_same_origin(asked, led)
        yield observe(start.at, met=met, expected=expected, got=reported, evidence=cell)


@clause(
    "task.location-connects",
    inferred("guide, 3.6.0: its client polls there; a URL to an unreachable host contradicts itself", Severity.ERROR),
    "components/headers/XLocation",
    ACCEPTED,
    DRIVEN,
)
def _location_connects(history: History) -> Iterator[Observation]:
    """The host that X-Location names can be connected to."""
    lost = {urlsplit(exchange.request.url)[:2] for exchange in history.lost if exchange.request.method == "GET"}
    for start, _, led, cell in _list_locations(history) if history.given_up is not None else ():
        parts = urlsplit(led)
        met = is_same_origin(start.exchange.request.url, led) or parts[:2] not in lost
        got = f"{parts.scheme}://{parts.netloc}"
        yield observe(start.at, met=met, expected="a host that can be connected to", got=got, evidence=cell)


@clause(
    "task.ends",
    documented("task life cycle, 5.0.0: done, failed or rejected; how long it may take is not documented"),
    f"{SCHEMAS}/TaskInfoState",
    ACCEPTED,
    DRIVEN,
)
def _ends(history: History) -> Iterator[Observation]:
    """A task that was accepted ends."""
    given_up = history.given_up or frozenset()
    for start in history.starts if history.given_up is not None else ():
        if history.find_end(start) is not None:
            yield Observation(start.at)
        elif start.task_id in given_up and len(given_up) > 1:
            last = history.by_task.get(start.task_id or "", ())[-1:]
            got = f"{last[0].state} at the end of the wait, as were {len(given_up) - 1} more" if last else "no state"
            yield observe(last[0].at if last else start.at, met=False, expected="an end", got=got)


@clause(
    "task.legal-steps",
    documented("task life cycle, 5.0.0: the three are terminal; guide, 3.6.0"),
    f"{SCHEMAS}/TaskInfoState",
    FINALITY,
)
def _legal_steps(history: History) -> Iterator[Observation]:
    """The states done, failed and rejected are final."""
    for start in history.starts:
        state = find_value(read_object(start.exchange.answer.body), "task", "state") if start.accepted else None
        if state in TERMINAL:
            for look in history.by_task.get(start.task_id or "", ())[:1]:
                got = str(look.state)
                yield observe(look.at, met=look.state in {state, None}, expected=f"{state}, as in the 202", got=got)
    for before, after in _list_successions(history):
        if before.state in TERMINAL and after.state is not None:
            met = after.state is before.state
            yield observe(after.at, met=met, expected=f"{before.state} and nothing else", got=str(after.state))


@clause(
    "task.no-way-back",
    inferred("task life cycle, 5.0.0: requeued tasks are not mentioned"),
    f"{SCHEMAS}/TaskInfoState",
    SUCCESSION,
)
def _no_way_back(history: History) -> Iterator[Observation]:
    """A running task does not become pending again."""
    for before, after in _list_successions(history):
        if before.state is not None and before.state in UNDER_WAY and after.state is not None:
            legal = after.state is before.state or after.state in STEPS[before.state]
            following = ", ".join(sorted(STEPS[before.state]))
            yield observe(after.at, met=legal, expected=f"{before.state} or {following}", got=str(after.state))


@clause(
    "task.nothing-before-end",
    inferred("reference page of GET, 3.6.0: one of them is populated, depending on the outcome"),
    f"{SCHEMAS}/SpeakerDiarizationTask",
    UNENDED,
)
def _nothing_before_end(history: History) -> Iterator[Observation]:
    """A task that has not ended has neither result nor error."""
    for look in history.looks:
        if look.state in UNDER_WAY and look.body is not None:
            reported = [key for key in ("result", "error") if look.body.get(key) is not None]
            expected = f"neither result nor error of a {look.state} task"
            yield observe(look.at, met=not reported, expected=expected, got=" and ".join(reported))


@clause(
    "task.terminal-is-final",
    documented("task life cycle, 5.0.0: done, failed and rejected are terminal"),
    f"{SCHEMAS}/TaskInfoState",
    FINALITY,
)
def _terminal_is_final(history: History) -> Iterator[Observation]:
    """An ended task always returns the same result, or the same type of error."""
    for before, after in _list_successions(history):
        if before.state in TERMINAL and after.state is before.state:
            met = _read_outcome(before) == _read_outcome(after)
            expected = f"the same outcome as exchange {before.at}"
            yield observe(after.at, met=met, expected=expected, got=_read_outcome(after))


@clause(
    "task.identical-polls",
    inferred("task life cycle, 5.0.0: terminal; stable wording, key order and white space are not documented"),
    f"{SCHEMAS}/TaskInfo",
    FINALITY,
)
def _identical_polls(history: History) -> Iterator[Observation]:
    """An ended task always returns the same bytes."""
    for before, after in _list_successions(history):
        reported, again = before.exchange.answer.body, after.exchange.answer.body
        is_same = before.state is after.state and _read_outcome(before) == _read_outcome(after)
        if before.state in TERMINAL and is_same:  # otherwise judged by another clause
            expected = f"the same {len(reported)} bytes as exchange {before.at}"
            got = "" if reported == again else _show_difference(reported, again)
            yield observe(after.at, met=reported == again, expected=expected, got=got)


@clause(
    "task.no-crosstalk",
    documented("reference page of GET, 3.6.0: the result of the requested task"),
    f"{SCHEMAS}/TaskInfo",
    RESULTS,
)
def _no_crosstalk(history: History) -> Iterator[Observation]:
    """No task returns the result of another upload that was in flight at the same time."""
    answered = [(look, start, channels) for look, start, channels in history.known_results() if start.file is not None]
    if len({channels for _, _, channels in answered if count_segments(channels)}) < 2:
        return  # a server that always returns the same answer swaps nothing; other clauses judge that it is wrong
    for one, others in list_in_flight(answered):
        look, start, _ = one
        mixed = next((other for other in others if is_of(one, other)), None)
        expected = f"the answer to its own upload, exchange {start.at}"
        got = "" if mixed is None else f"the answer to exchange {mixed[1].at}, which was in flight at the same time"
        yield observe(look.at, met=mixed is None, expected=expected, got=got)


@clause(
    "task.is-found",
    documented("task life cycle, 5.0.0: finished tasks are removed after a period"),
    "components/responses/NotFound",
    FOUND,
)
def _is_found(history: History) -> Iterator[Observation]:
    """A task that was accepted is found until it has ended."""
    ended: set[str] = set()
    seen_at: dict[str, float] = {}
    for look in history.looks:
        if look.start is not None and look.at > look.start.at:
            last = seen_at.get(look.asked, look.start.exchange.answer.received_at)
            lost = look.exchange.answer.status == 404 and look.asked not in ended
            # After a longer time it may have ended and been removed.
            if not lost or look.exchange.request.sent_at - last <= SHORTEST_RETENTION_S:
                expected = f"the task that exchange {look.start.at} started"
                yield observe(look.at, met=not lost, expected=expected, got="404")
        if look.state is not None:
            seen_at[look.asked] = look.exchange.answer.received_at
        # A cancelled task may be gone at the next poll.
        if look.state in TERMINAL or look.state in history.profile.passing:
            ended.add(look.asked)


def _list_soon_again(history: History) -> Iterator[Look]:
    """List the first poll of each task after its end, if it followed soon."""
    ends: dict[str, Look] = {}
    again: set[str] = set()
    for look in history.looks:
        end = ends.get(look.asked)
        if end is None and look.state in TERMINAL:
            ends[look.asked] = look
        elif end is not None and look.asked not in again:
            again.add(look.asked)
            if look.exchange.request.sent_at - end.exchange.answer.received_at <= SHORTEST_RETENTION_S:
                yield look


@clause(
    "task.is-retained",
    inferred("task life cycle, 5.0.0: finished tasks are removed after a configurable expiration period"),
    "components/responses/NotFound",
    Need("soon-again", "a task that was polled soon after its end", lambda history: any(_list_soon_again(history))),
)
def _is_retained(history: History) -> Iterator[Observation]:
    """An ended task is removed after a period, not as soon as its end was reported."""
    looks = list(_list_soon_again(history))
    gone = [look.at for look in looks if look.exchange.answer.status == 404]
    # A period may end between two polls of a task, but not between those of most.
    most = len(gone) * 2 > len(looks) > 1
    for look in looks:
        yield observe(look.at, met=not most or look.at not in gone, expected="the task that has just ended", got="404")


@clause(
    "task.error-type",
    inferred("reference page of GET, 3.6.0: two such states, two types, and the texts agree"),
    f"{SCHEMAS}/TaskErrorType",
    FAILED,
)
def _error_type(history: History) -> Iterator[Observation]:
    """The error of a failed task is internal, that of a rejected one task.validation-error."""
    for look in history.looks:
        came = find_value(look.body, "error", "type")
        if look.state is not None and look.state in ERROR_TYPE_OF_STATE and came is not None:
            wanted = ERROR_TYPE_OF_STATE[look.state]
            expected = f"the type {wanted} for a {look.state} task"
            yield observe(look.at, met=came == wanted, expected=expected, got=came)


def _list_locations(history: History) -> Iterator[tuple[Start, str, str, Evidence | None]]:
    """List the URLs returned to POST, resolved (empty if invalid), with the evidence for a header that the generation does not have."""
    names = {SUCCESSOR.lower(): EARLY} | {name.lower(): None for name in history.profile.locations}
    for start in filter(lambda start: start.accepted, history.starts):
        for name, reported in start.exchange.answer.headers:
            if name.lower() in names:
                try:
                    led = urljoin(start.exchange.request.url, reported)
                except ValueError:
                    led = ""
                yield start, reported, led, names[name.lower()]


def _list_successions(history: History) -> Iterator[tuple[Look, Look]]:
    """List pairs of polls of a task of which the second was sent after the first was answered."""
    for looks in history.by_task.values():
        for before, after in pairwise(looks):
            if before.exchange.answer.received_at <= after.exchange.request.sent_at:
                yield before, after


def _show_difference(first: bytes, again: bytes) -> str:
    at = next((at for at, (one, other) in enumerate(zip(first, again, strict=False)) if one != other), 0)
    return f"{len(again)} bytes with the same outcome; from byte {at} on {again[at : at + 30]!r}, not {first[at : at + 30]!r}"


def _read_outcome(look: Look) -> tuple[object, object]:
    """Read the documented part of an outcome: the segments, or the type of error. Messages may vary."""
    result = (look.body or {}).get("result") if look.channels is None else look.channels
    return result, find_value(look.body, "error", "type")
