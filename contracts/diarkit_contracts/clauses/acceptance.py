"""Uploads that the contract allows must be accepted, and their tasks must succeed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from diarkit_contracts.api.evidence import SCHEMAS, START, Severity, documented, inferred
from diarkit_contracts.api.states import TaskState
from diarkit_contracts.clauses.clause import Observation, clause, observe
from diarkit_contracts.clauses.need import DRIVEN, Need, any_start
from diarkit_contracts.clauses.passed_over import BARRED, TOO_SLOW, refuses_header
from diarkit_contracts.exchanges.exchange import Sound
from diarkit_contracts.exchanges.history import History, Look, Start

SAYS_NOTHING: Final = frozenset({403, 413, 429, TOO_SLOW}) | BARRED
"""DOC: a server may refuse any upload with the first three, and with 507. Other statuses are judged by another clause."""

LIMITS: Final = ("max_speakers", "total_speakers")

SECONDS: Final = re.compile(r"[0-9]+(?:\.[0-9]+)?")

MANY: Final = 3
"""Number of failed tasks that is no coincidence if half of all tasks fail."""

SHORTEST_S: Final = 0.8
"""DOC (speaker_diarization.proto): no speaker is found in shorter audio. UNK whether REST refuses it."""

SUFFIX: Final = ".wav"
"""UNK whether a server infers the format from the name: another or a missing suffix may be refused."""

PAGE: Final = "reference page of POST, 3.6.0"
READABLE: Final = inferred("audio formats of the microservice, 2026.03.0-rc1; those of the REST API are unknown")


def _is_usual(start: Start) -> bool:
    return _is_allowed(start) and not any(list_unknown(start))


def _is_extended(start: Start) -> bool:
    return _is_allowed(start) and any(list_unknown(start))


ALLOWED_END: Final = Need(
    "allowed-end", "the end of an upload that the contract allows", lambda history: any(_list_ends(history))
)


@clause(
    "acceptance.upload",
    documented(f"{PAGE}: types and bounds of the parameters; 403, 413, 429 and 507 are possible for any upload"),
    f"{START}/requestBody",
    Need("allowed", "an upload that the contract allows", any_start(_is_usual)),
)
def _upload(history: History) -> Iterator[Observation]:
    """An upload of a readable WAV of 0.8 s or more with parameters that the contract allows is accepted with 202."""
    return _judge(history, _is_usual)


@clause(
    "acceptance.unknown-is-ignored",
    inferred("newest overview of the reference, for keys of config; parameters and parts likewise"),
    f"{START}/requestBody",
    Need("unknown", "an upload with something unknown", any_start(_is_extended)),
)
def _unknown_is_ignored(history: History) -> Iterator[Observation]:
    """Unknown keys of config, query parameters and form parts are ignored."""
    return _judge(history, _is_extended)


@clause(
    "acceptance.not-rejected",
    inferred("task life cycle, 5.0.0: rejected means invalid input data"),
    f"{START}/requestBody",
    ALLOWED_END,
)
def _not_rejected(history: History) -> Iterator[Observation]:
    """The task of such an upload is not rejected."""
    for end in _list_ends(history):
        if end.state in {TaskState.DONE, TaskState.REJECTED}:
            expected = "a task that is done, for an upload without a fault"
            yield observe(end.at, met=end.state is TaskState.DONE, expected=expected, got=end.state)


@clause(
    "acceptance.not-failed",
    inferred(
        "task life cycle, 5.0.0: failed means an internal error; failing each time contradicts 202",
        Severity.ERROR,
    ),
    f"{SCHEMAS}/TaskInfoState",
    ALLOWED_END,
    DRIVEN,
)
def _not_failed(history: History) -> Iterator[Observation]:
    """The task of such an upload does not fail each time it is sent, and of many such tasks fewer than half fail."""
    if history.given_up is None:
        return  # failures in a recording may have been intended
    ends = [end for end in _list_ends(history) if end.state is not TaskState.REJECTED]
    uploads = [history.find_cause(end.start.exchange.request) for end in ends if end.start is not None]
    failed = sum(end.state is TaskState.FAILED for end in ends)
    many = failed >= MANY and failed * 2 >= len(ends)
    sent = Counter(uploads)
    done = {upload for end, upload in zip(ends, uploads, strict=True) if end.state is TaskState.DONE}
    for end, upload in zip(ends, uploads, strict=True):
        always = sent[upload] > 1 and upload not in done
        got = f"failed ({failed} of {len(ends)} such tasks)"
        met = end.state is TaskState.DONE or not (always or many)
        yield observe(end.at, met=met, expected="a task that is done, for an upload without a fault", got=got)


def _judge(history: History, is_meant: Callable[[Start], bool]) -> Iterator[Observation]:
    for start in filter(is_meant, history.starts):
        status, sound = start.exchange.answer.status, start.sound
        if status == 202 or (400 <= status < 500 and status not in SAYS_NOTHING and not refuses_header(start.exchange)):
            expected = "202 for an upload without a fault"
            cell = None if sound is None or sound.is_usual else READABLE
            yield observe(start.at, met=status == 202, expected=expected, got=str(status), evidence=cell)


def _list_ends(history: History) -> Iterator[Look]:
    return filter(None, map(history.find_end, filter(_is_allowed, history.starts)))


def _is_allowed(start: Start) -> bool:
    """Return whether an upload is certainly allowed, excluding what the documents leave open."""
    parts = start.exchange.request.parts or ()
    names = [part.name for part in parts]
    sound = start.sound
    config = start.find_part("config")
    return (
        sound is not None
        and sound.seconds >= SHORTEST_S
        and not sound.truncated
        and start.file is not None
        and (start.file.filename or "").lower().endswith(SUFFIX)
        and len(set(names)) == len(names)
        and (config is None or config.text is not None)
        and _is_allowed_config(start.config)
        and _is_allowed_query(start, sound)
    )


def _is_allowed_config(config: Mapping[str, object] | None) -> bool:
    if config is None:
        return False
    given = [config[key] for key in LIMITS if key in config]
    # No more than the documented default of 100; an upper limit is unknown.
    return len(given) < 2 and all(
        isinstance(limit, int) and not isinstance(limit, bool) and 1 <= limit <= 100 for limit in given
    )


def _is_allowed_query(start: Start, sound: Sound) -> bool:
    query, channels = start.query, start.channels
    if start.mode not in {"split", "mix"}:
        return False
    if channels is None or len(set(channels)) < len(channels) or any(number >= sound.channels for number in channels):
        return False
    first, last = query.get("range_from", "0"), query.get("range_to", "")
    if not SECONDS.fullmatch(first) or (last and not SECONDS.fullmatch(last)) or query.get("range_to") == "":
        return False
    length = sound.seconds
    # UNK whether a range may end after the file.
    return float(first) + SHORTEST_S <= (float(last) if last else length) <= length


def list_unknown(start: Start) -> Iterator[str]:
    """List what an upload has beyond the contract."""
    if not set(start.config or {}) <= set(LIMITS):
        yield "key of config"
    if not set(start.query) <= {"channel_mode", "channels", "range_from", "range_to"}:
        yield "query parameter"
    if not {part.name for part in start.exchange.request.parts or ()} <= {"file", "config"}:
        yield "part of the form"
