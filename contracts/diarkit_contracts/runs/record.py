"""Recordings run through a live platform, and a scenario with which a fake answers the same, as slowly or as fast as wanted.

Knows the form of a scenario file, and no program that reads it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, cast

import yaml

from diarkit_contracts.api.error import ContractsError
from diarkit_contracts.api.evidence import Severity
from diarkit_contracts.api.result import list_result_faults
from diarkit_contracts.api.states import TaskState
from diarkit_contracts.exchanges.form import Field, write_form
from diarkit_contracts.exchanges.history import find_value, read_object
from diarkit_contracts.exchanges.text import describe_answer
from diarkit_contracts.rows.call import Call, Raw, Row
from diarkit_contracts.runs.follow import Followed, follow
from diarkit_contracts.runs.verdict import Cause
from diarkit_contracts.target.client import ASKED_TO_WAIT, ENDED, TargetError

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

    from diarkit_contracts.exchanges.exchange import Exchange
    from diarkit_contracts.target.client import Target

FIRST_POLL_S: Final = 0.05
LAST_POLL_S: Final = 1.0
SHARE_OF_AGE: Final = 0.05
"""A poll each 5 % of a task's age: no state is measured wrong by more, and an hour's task costs few polls."""

Course: TypeAlias = "float | Literal['immediate']"
"""How many times as fast as the platform the fake is to be; or `immediate`."""


class RecordError(ContractsError):
    """A recording could not be run.

    Attributes:
        name: of the file.
        reason: what came instead of a result.
    """

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        self.reason = reason
        super().__init__(f"{name}: {reason}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What goes with each file.

    Attributes:
        config: text of the part `config`; empty for none.
        query: names and values of the URL's parameters.
    """

    config: str = ""
    query: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What the platform answered to one file.

    Attributes:
        name: of the file.
        sha256: of its bytes.
        then: outcome, as in a scenario: result, failed, rejected or http.
        seconds: how long the task was in each state; empty for a refusal.
    """

    name: str
    sha256: str
    then: Mapping[str, object]
    seconds: Mapping[str, float]


def record_file(target: Target, name: str, data: bytes, asked: Asked) -> Recorded:
    """Run one recording through a platform, and wait for its end.

    Args:
        target: the platform.
        name: of the file, as it is sent.
        data: the file.
        asked: parameters that go with it.

    Raises:
        RecordError: the platform did not answer in a way that can be repeated.
    """
    config = [Field("config", asked.config.encode())] if asked.config else []
    body = Raw(*write_form([Field("file", data, name), *config]))
    followed = Followed(Row(id="recorded", what=name, call=Call(query=asked.query, body=body)), target)
    try:
        start = followed.send()
        digest = hashlib.sha256(data).hexdigest()
        if start.answer.status != 202:
            return Recorded(name=name, sha256=digest, then={"http": _read_refusal(name, start)}, seconds={})
        looks = _follow(followed, name, start)
    except TargetError as error:
        raise RecordError(name, str(error)) from None
    return Recorded(name=name, sha256=digest, then=_read_outcome(name, looks[-1]), seconds=_measure(start, looks))


def write_scenario(recorded: Sequence[Recorded], asked: Asked, *, source: str, course: Course = 1.0) -> str:
    """Write a scenario in which each recording gets what the platform answered.

    Args:
        recorded: what it answered.
        asked: with which parameters; others than these are not answered by the rules.
        source: the platform, for the reader.
        course: how fast.
    """
    plain = {"version": 1, "rules": [_write_rule(each, asked, course) for each in recorded]}
    names = "".join(f"#   {each.sha256[:12]}  {each.name!r}\n" for each in recorded)
    head = f"# What {source!r} answered, recorded by `diarkit record`.\n{names}"
    return head + yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=120)


def _write_rule(recorded: Recorded, asked: Asked, course: Course) -> dict[str, object]:
    config = read_object(asked.config.encode()) or {}
    limits = {key: config[key] for key in ("max_speakers", "total_speakers") if key in config}
    numbers = {"range_from", "range_to"}
    query = {key: float(value) if key in numbers else value for key, value in asked.query}
    when = {"sha256": recorded.sha256} | ({"config": limits} if limits else {}) | query
    then = dict(recorded.then)
    if recorded.seconds:
        then["course"] = (
            course
            if isinstance(course, str)
            else {"seconds": {state: round(lasts / course, 3) for state, lasts in recorded.seconds.items()}}
        )
    return {"when": when, "then": then}


def _follow(followed: Followed, name: str, start: Exchange) -> list[Exchange]:
    """Look at a task until it has ended; all looks at it."""
    if not followed.task_id:
        raise RecordError(name, f"expected a task id with 202, got {start.answer.body[:200]!r}")
    looks: list[Exchange] = []
    follow(
        [followed],
        lambda each: looks.append(each.look()),
        lambda age: min(max(age * SHARE_OF_AGE, FIRST_POLL_S), LAST_POLL_S),
    )
    state = find_value(read_object(looks[-1].answer.body), "task", "state")
    if followed.why is not None and followed.why.cause is Cause.TOO_SLOW:
        raise RecordError(name, f"the task is still {state} after {followed.age:.0f} s (--task-seconds)")
    if state not in ENDED:
        raise RecordError(name, f"expected a task, got {describe_answer(looks[-1])}")
    return looks


def _measure(start: Exchange, looks: Sequence[Exchange]) -> dict[str, float]:
    """Measure how long a task was pending and running, in seconds.

    A state changed between the last look that told the old one and the first that told the new one: halfway, for want of more.
    """
    zero = start.answer.received_at
    asked = [zero, *(look.request.sent_at for look in looks)]
    states = [find_value(read_object(look.answer.body), "task", "state") for look in looks]

    def measure_until(later: Container[object]) -> float:
        first = next(number for number, state in enumerate(states) if state in later)
        return max((asked[first] + asked[first + 1]) / 2 - zero, 0.0)

    pending = measure_until({TaskState.RUNNING, *ENDED})
    return {
        TaskState.PENDING.value: round(pending, 3),
        TaskState.RUNNING.value: round(max(measure_until(ENDED) - pending, 0.0), 3),
    }


def _read_outcome(name: str, look: Exchange) -> dict[str, object]:
    body = read_object(look.answer.body) or {}
    state = find_value(body, "task", "state")
    if state == TaskState.DONE:
        result = body.get("result")
        if not isinstance(result, dict):
            raise RecordError(name, f"expected a result with done, got {result!r:.200}")
        broken = any(fault.severity is Severity.ERROR for fault in list_result_faults(cast("object", result)))
        told: dict[str, object] = {"result": cast("dict[str, object]", result)}
        # The fake answers it all the same: a client has to live with it.
        return {**told, "breaks_contract": True} if broken else told
    message = find_value(body, "error", "message")
    return {str(state): message if isinstance(message, str) else ""}


def _read_refusal(name: str, start: Exchange) -> dict[str, object]:
    if not 400 <= start.answer.status <= 599 or start.answer.status in ASKED_TO_WAIT:
        raise RecordError(name, f"expected 202 or a refusal, got {describe_answer(start)}")
    body = read_object(start.answer.body) or {}
    message = body.get("message")
    if not isinstance(message, str) or "type" not in body:
        got = describe_answer(start)
        raise RecordError(
            name, f"no Speaker Diarization API: expected 202, or an error with type and message, got {got}"
        )
    return {"status": start.answer.status, "message": message}
