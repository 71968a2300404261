"""What all reports state of a run as a whole: a summary in one line, and advice on a wrong URL, missing credentials or low limits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

from diarkit_contracts.api.evidence import Severity
from diarkit_contracts.api.words import count
from diarkit_contracts.exchanges.history import START_PATH
from diarkit_contracts.exchanges.text import show_text
from diarkit_contracts.runs.foreign import CREDENTIALS, UNKNOWN, describe_foreign, is_of_the_api
from diarkit_contracts.runs.verdict import Cause, Ending, Exit, RunVerdict
from diarkit_contracts.target.client import Spent

WORDS: Final = {end: end.name for end in Exit} | {Exit.VACUOUS: "INCONCLUSIVE"}

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


def sum_up(verdict: RunVerdict, fail_on: Severity = Severity.ERROR) -> str:
    """Summarise a run in one line: outcome, evidence and cost."""
    end = verdict.decide_exit(fail_on)
    observations = sum(passed.observations for passed in verdict.passed)
    errors, warnings = (len(verdict.list_findings(severity)) for severity in (Severity.ERROR, Severity.WARNING))
    found = [
        count(errors, "error") if errors else "",
        count(warnings, "warning") if warnings else "",
        f"{len(verdict.accepted)} accepted" if verdict.accepted else "",
    ]
    unjudged = sum(each.ending is not Ending.JUDGED for each in verdict.outcomes)
    counts = [
        f"{unjudged} of {count(len(verdict.outcomes), 'row')} not judged" if unjudged else "",
        "too few observations" if verdict.vacuous else "",
        *(found if any(found) else ["no findings"]),
        f"{count(len(verdict.passed), 'clause')} passed ({count(observations, 'observation')})",
        f"{len(verdict.undocumented)} undocumented" if verdict.undocumented else "",
        f"{count(len(verdict.unseen), 'clause')} not seen" if verdict.unseen else "",
        f"{count(len(verdict.unplanned), 'row')} not planned" if verdict.unplanned else "",
    ]
    return f"{WORDS[end]}: {', '.join(filter(None, counts))}; {describe_spent(verdict.spent)}"


def describe_spent(spent: Spent) -> str:
    """Format the cost of a run."""
    megabytes = spent.bytes_up / 1_000_000
    return (
        f"{count(spent.tasks, 'task')}, {count(spent.calls, 'request')}, {megabytes:.2f} MB sent, {spent.seconds:.1f} s"
    )


def describe_subject(verdict: RunVerdict) -> str:
    """Format the target and the profile."""
    how = f", tier {verdict.tier}" if verdict.tier else ""
    return f"{show_text(verdict.target)} against profile {verdict.profile}{how}"


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
