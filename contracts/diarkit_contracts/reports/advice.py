"""What a whole run may be wrong about: the URL, credentials, its own caps. In words that say what to do; judges no answer."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from diarkit_contracts.runs.foreign import CREDENTIALS, UNKNOWN, describe_count, explain_foreign, is_of_the_api
from diarkit_contracts.runs.verdict import Cause, Ending

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from diarkit_contracts.runs.verdict import RunVerdict

RATE: Final = "it limits the rate: ask more slowly with --pace SECONDS, or later"

LEFT_OUT: Final[Mapping[Cause, str]] = {
    Cause.BUDGET_TASKS: "the cap on tasks left rows out: allow more with --max-tasks",
    Cause.BUDGET_IN_FLIGHT: "the cap on tasks in flight left rows out: allow more with --in-flight",
    Cause.BUDGET_CALLS: "the cap on calls left rows out: allow more with --max-calls",
    Cause.BUDGET_BYTES: "the cap on bytes sent left rows out: allow more with --max-bytes",
    Cause.BUDGET_RECEIVED: "its answers are so large that no more were asked for: is it the platform that answers?",
    Cause.BUDGET_SECONDS: "the cap on seconds left rows out: allow more with --max-seconds",
    Cause.CREDENTIALS: f"401, 403, 407: {CREDENTIALS}",
    Cause.TOO_LARGE: "413: an upload is too large for it: let it, or the proxy ahead of it, take as much as was announced",
    Cause.STORAGE_FULL: "507: its storage is full: let it forget old tasks, or give it more",
    Cause.RATE_LIMITED: RATE,
    Cause.BUSY: "503: it was busy each time: try again when others use it less",
    Cause.TOO_SLOW: "tasks took too long: give them more time with --task-seconds",
}
"""What to do about what was left out."""

REMEDIES: Final[Mapping[int, str]] = {404: UNKNOWN, 429: RATE}
"""What to do if a server says little else."""


def advise(verdict: RunVerdict) -> tuple[str, ...]:
    """Say what to do about a run that could not show much, one sentence each; nothing for one that could."""
    causes = {each.cause for each in verdict.outcomes if each.ending is not Ending.JUDGED}
    return (*_advise_on_server(verdict), *(advice for cause, advice in LEFT_OUT.items() if cause in causes))


def _advise_on_server(verdict: RunVerdict) -> Iterator[str]:
    exchanges = verdict.exchanges
    if not exchanges:
        return
    statuses = Counter(exchange.answer.status for exchange in exchanges)
    status, times = statuses.most_common(1)[0]
    is_most = times * 2 > len(exchanges)
    if is_most and status in REMEDIES:
        yield f"{times} of {len(exchanges)} answers are {status}: {REMEDIES[status]}"
    elif not any(map(is_of_the_api, exchanges)):
        first = next(exchange for exchange in exchanges if exchange.answer.status == status)
        yield f"{describe_count(len(exchanges))} is of this API (most are {status}): {explain_foreign(first)}"
