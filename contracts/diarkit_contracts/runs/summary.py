"""The one-line summary of a verdict, used by all reports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from diarkit_contracts.api.evidence import Severity
from diarkit_contracts.api.words import count
from diarkit_contracts.exchanges.text import show_text
from diarkit_contracts.runs.verdict import Ending, Exit, RunVerdict

if TYPE_CHECKING:
    from diarkit_contracts.target.client import Spent

WORDS: Final = {end: end.name for end in Exit} | {Exit.VACUOUS: "INCONCLUSIVE"}


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
