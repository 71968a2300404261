"""Send files to a live platform one by one, and follow each to its end."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from diarkit_contracts.api.error import ContractsError
from diarkit_contracts.exchanges.exchange import Exchange
from diarkit_contracts.exchanges.form import Field, describe_form, write_form
from diarkit_contracts.exchanges.history import read_object
from diarkit_contracts.exchanges.text import describe_answer
from diarkit_contracts.rows.call import Call, Raw, Row
from diarkit_contracts.runs.follow import Followed, follow
from diarkit_contracts.runs.verdict import Cause
from diarkit_contracts.target.client import ASKED_TO_WAIT, ENDED, Target, TargetError

FIRST_POLL_S: Final = 0.05
LAST_POLL_S: Final = 1.0
SHARE_OF_AGE: Final = 0.05
"""Poll at intervals of 5 % of a task's age, which bounds the error of measured times and the number of polls."""


class RecordError(ContractsError):
    """A file was not processed."""

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        self.reason = reason
        super().__init__(f"{name}: {reason}")


def record_file(
    target: Target, name: str, data: bytes, *, config: str = "", query: tuple[tuple[str, str], ...] = ()
) -> tuple[Exchange, ...]:
    """Send one file to a platform, and return the upload and each poll of its task; a RecordError if they can't be replayed.

    `config` is the text of that part, empty for none; `query` the names and values of the URL's parameters.
    """
    form = [Field("file", data, name), *([Field("config", config.encode())] if config else [])]
    body = Raw(*write_form(form))
    followed = Followed(Row(id="recorded", what=name, call=Call(query=query, body=body)), target)
    try:
        sent = followed.send()
        start = replace(sent, request=replace(sent.request, parts=describe_form(form)))
        if start.answer.status != 202:
            _check_refusal(name, start)
        return (start,) if start.answer.status != 202 else (start, *_follow(followed, name, start))
    except TargetError as error:
        raise RecordError(name, str(error)) from None


def _follow(followed: Followed, name: str, start: Exchange) -> list[Exchange]:
    """Poll a task until it has ended; return all polls."""
    if not followed.task_id:
        raise RecordError(name, f"expected a task id with 202, got {start.answer.body[:200]!r}")
    looks: list[Exchange] = []
    follow(
        [followed],
        lambda each: looks.append(each.look()),
        lambda age: min(max(age * SHARE_OF_AGE, FIRST_POLL_S), LAST_POLL_S),
    )
    if followed.why is not None and followed.why.cause is Cause.TOO_SLOW:
        raise RecordError(name, f"the task is still {followed.state} after {followed.age:.0f} s (--task-seconds)")
    if followed.state not in ENDED:
        raise RecordError(name, f"expected a task, got {describe_answer(looks[-1])}")
    return looks


def _check_refusal(name: str, start: Exchange) -> None:
    status, body = start.answer.status, read_object(start.answer.body) or {}
    if not 400 <= status <= 599 or status in ASKED_TO_WAIT:
        raise RecordError(name, f"expected 202 or a refusal, got {describe_answer(start)}")
    if not isinstance(body.get("message"), str) or "type" not in body:
        wanted = "expected 202, or an error with type and message"
        raise RecordError(name, f"not the Speaker Diarization API: {wanted}, got {describe_answer(start)}")
