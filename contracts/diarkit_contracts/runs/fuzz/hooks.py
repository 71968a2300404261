"""Hooks for schemathesis in addition to those for audio: our clauses as a check, and a recording of all exchanges.

    SCHEMATHESIS_HOOKS=diarkit_contracts.runs.fuzz.hooks DIARKIT_FUZZ_RECORDING=exchanges.ndjson schemathesis run URL/openapi.json

Importing this module registers the hooks, as schemathesis requires.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import schemathesis

import diarkit_contracts.runs.fuzz.media_hooks  # noqa: F401 # pyright: ignore[reportUnusedImport] - registers the recordings
from diarkit_contracts.api.evidence import Severity
from diarkit_contracts.api.profiles import DEFAULT, PROFILES
from diarkit_contracts.clauses.catalogue import CLAUSES
from diarkit_contracts.clauses.clause import judge
from diarkit_contracts.exchanges.exchange import Exchange
from diarkit_contracts.exchanges.history import read_history
from diarkit_contracts.exchanges.recording import write_recording
from diarkit_contracts.runs.watch import make_exchange

RECORDING_VARIABLE: Final = "DIARKIT_FUZZ_RECORDING"
PROFILE_VARIABLE: Final = "DIARKIT_FUZZ_PROFILE"

_recording = Path(os.environ[RECORDING_VARIABLE]) if RECORDING_VARIABLE in os.environ else None
_profile = PROFILES[os.environ.get(PROFILE_VARIABLE, DEFAULT.name)]
_about: dict[str, list[Exchange]] = {}
"""Exchanges by task; clauses judge one task at a time, so that a run does not take quadratic time."""


@schemathesis.check  # pyright: ignore[reportUnknownMemberType] # its own types are not complete
def keeps_the_contract(context: Any, response: schemathesis.Response, case: schemathesis.Case[Any]) -> None:  # noqa: ARG001 - schemathesis's signature
    """Judge an answer, together with earlier exchanges about the same task."""
    exchange = read_exchange(response)
    if _recording is not None:
        with _recording.open("a", encoding="utf-8") as file:
            head, line = write_recording([exchange])
            file.write(line if file.tell() else head + line)
    broken = find_broken(exchange)
    if broken:
        raise AssertionError(broken)


def find_broken(exchange: Exchange) -> str:
    """Return the clauses of severity error that an answer violates; empty for none.

    A repeated answer must fail again, as Hypothesis repeats failing requests and reports others as flaky. Equal earlier answers are
    therefore excluded.
    """
    alone = read_history([exchange], _profile)
    task_id = next(
        (look.asked for look in alone.looks), next((start.task_id for start in alone.starts if start.task_id), "")
    )
    before = _about.setdefault(task_id, []) if task_id else []
    known = _list_faults(before)
    others = [each for each in before if not _is_again(each, exchange)]
    before.append(exchange)
    # A new finding may be attributed to an earlier answer, such as one of two that contradict each other.
    new = [text for at, text in _list_faults(before) if (at, text) not in known]
    if len(others) < len(before) - 1:
        new += [text for at, text in _list_faults([*others, exchange]) if at == len(others)]
    return "\n".join(dict.fromkeys(new))


def _is_again(earlier: Exchange, exchange: Exchange) -> bool:
    """Return whether a poll got the same answer as an earlier one."""
    return (
        earlier.request.method == exchange.request.method == "GET"
        and earlier.answer.status == exchange.answer.status
        and earlier.answer.body == exchange.answer.body
    )


def _list_faults(exchanges: list[Exchange]) -> list[tuple[int, str]]:
    """List violations with the position of the exchange that shows them."""
    history = read_history(exchanges, _profile)
    return [
        (observation.at, f"{clause.id}: expected {observation.fault.expected}, got {observation.fault.got}")
        for clause in CLAUSES
        for observation in judge(clause, history).broken
        if observation.fault is not None and (observation.fault.evidence or clause.evidence).severity is Severity.ERROR
    ]


def read_exchange(response: schemathesis.Response) -> Exchange:
    """Make the exchange of a schemathesis call."""
    sent, now = response.request, time.monotonic()
    headers: Mapping[str, list[str]] = response.headers
    came = [(name, value) for name, values in headers.items() for value in values]
    return make_exchange(
        (sent.method, sent.url, sent.headers.items(), sent.body),
        (response.status_code, came, response.content or b""),
        now - response.elapsed,
        now,
    )
