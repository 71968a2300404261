"""Advice for a run as a whole: wrong URL, missing credentials, low limits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

from diarkit_contracts.exchanges.history import START_PATH
from diarkit_contracts.runs.foreign import CREDENTIALS, UNKNOWN, describe_foreign, is_of_the_api
from diarkit_contracts.runs.verdict import Cause, Ending, RunVerdict

RATE: Final = "the server limits the rate: slow down with --pace SECONDS, or try again later"

LEFT_OUT: Final[Mapping[Cause, str]] = {
    Cause.BUDGET_TASKS: "rows were skipped by the limit on tasks: raise --max-tasks",
    Cause.BUDGET_IN_FLIGHT: "rows were skipped by the limit on tasks in flight: raise --in-flight",
    Cause.BUDGET_CALLS: "rows were skipped by the limit on calls: raise --max-calls",
    Cause.BUDGET_BYTES: "rows were skipped by the limit on bytes sent: raise --max-bytes",
    Cause.BUDGET_RECEIVED: "the answers were too large to continue: is the server the platform?",
    Cause.BUDGET_SECONDS: "rows were skipped by the limit on time: raise --max-seconds",
    Cause.CREDENTIALS: f"401, 403, 407: {CREDENTIALS}",
    Cause.TOO_LARGE: "413: an upload is too large: raise the limit of the server, or of the proxy in front of it, to the announced size",
    Cause.STORAGE_FULL: "507: the server's storage is full: remove old tasks, or add storage",
    Cause.RATE_LIMITED: RATE,
    Cause.BUSY: "503: the server was busy each time: try again when it is less loaded",
    Cause.TOO_SLOW: "tasks took too long: raise --task-seconds",
}
"""Advice by cause of skipped rows."""

REMEDIES: Final[Mapping[int, str]] = {404: UNKNOWN, 429: RATE}
"""Advice by the most common status."""


def advise(verdict: RunVerdict) -> tuple[str, ...]:
    """Return advice for an inconclusive run, one sentence each; empty for a conclusive one."""
    causes = {each.cause for each in verdict.outcomes if each.ending is not Ending.JUDGED}
    return (*_advise_on_server(verdict), *(advice for cause, advice in LEFT_OUT.items() if cause in causes))


def _advise_on_server(verdict: RunVerdict) -> Iterator[str]:
    exchanges = verdict.exchanges
    if not exchanges:
        if not verdict.tier:
            yield f"the recording has no request to {START_PATH}: was it made while the client used the platform?"
        return
    cut = sum(not exchange.answer.is_body_known for exchange in exchanges)
    if cut * 2 > len(exchanges):
        yield f"{cut} of {len(exchanges)} answers were recorded without their whole body: export them with content"
        return
    statuses = Counter(exchange.answer.status for exchange in exchanges)
    status, times = statuses.most_common(1)[0]
    is_most = times * 2 > len(exchanges)
    if is_most and status in REMEDIES:
        yield f"{times} of {len(exchanges)} answers are {status}: {REMEDIES[status]}"
    elif not any(map(is_of_the_api, exchanges)):
        yield describe_foreign(exchanges, status)
