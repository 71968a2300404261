"""Lines of a test that make the fake produce missing coverage points, most useful first, and the reports that suggest them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final

from diarkit_contracts.api.points import INFO, RESULT, START, STATUS
from diarkit_contracts.api.profiles import PROFILES
from diarkit_contracts.coverage.points import Tally, name_answer
from diarkit_contracts.reports.coverage import write_coverage

FIXTURE: Final = "diarization_server"

FIRST: Final[Mapping[str, str]] = {
    "need:failed": 'respond(failed="Internal error.")',
    name_answer(START, 429): "respond(http=HttpAnswer(status=429, retry_after=1))",
    name_answer(RESULT, 404): 'set_faults(Fault(task="lost"))',
    "need:unended": 'respond(course={"polls": {"pending": 1, "running": 1}})',
    name_answer(START, 507): "respond(http=507)",
    name_answer(RESULT, 429): 'respond(http=HttpAnswer(status=429, on="poll", retry_after=1))',
    name_answer(START, 413): "respond(http=413)",
    name_answer(START, 403): "respond(http=403)",
    "need:succession": 'respond(course={"polls": {"pending": 2}})',
    "need:segments": "respond(segments=[[(0, 0.0, 0.9), (1, 0.9, 2.0)]])",
    "need:segment": "respond(speakers=1)",
    "need:result": "respond(speakers=2)",
    "need:envelope": "respond(http=422)",
    "need:limited": "respond(http=429)",
    name_answer(START, 202): "respond(speakers=2)",
    name_answer(RESULT, 200): "respond(speakers=2)",
}
"""The most common causes of broken clients: a failed task, a limit, a missing task, a slow task."""

REFUSED: Final[Mapping[str, str]] = {
    START: "respond(http={})",
    RESULT: 'respond(http=HttpAnswer(status={}, on="poll"))',
    **dict.fromkeys((INFO, STATUS), 'set_faults(Fault(on="system", http={}))'),
}
"""Lines that make an operation refuse, with a placeholder for the status."""


@cache
def list_plays() -> Mapping[str, str]:
    """Return the lines by id of the point, in any generation; most useful first, then all other refusals."""
    lines = dict(FIRST)
    for profile in PROFILES.values():
        for operation, line in REFUSED.items():
            for status in sorted(profile.statuses[operation]):
                if status >= 400:
                    lines.setdefault(name_answer(operation, status), line.format(status))
    return {point: f"{FIXTURE}.{line}" for point, line in lines.items()}


def report_coverage(form: str, tally: Tally) -> str:
    """Write a coverage report; as text with the import of the names in its lines."""
    text = write_coverage(form, tally, list_plays())
    if form != "text" or tally.percent == 100:
        return text
    return f"{text}(Fault and HttpAnswer are in diarkit_mockserver.testing)\n"
