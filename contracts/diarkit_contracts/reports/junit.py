"""A verdict as JUnit XML for CI: a test case for each clause and row it was judged in, and three for the run.

Source:
    junit-10.xsd of Jenkins' xUnit plugin, which GitLab, GitHub and Azure read too: elements, their order, attributes.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final
from xml.etree.ElementTree import Element, SubElement, tostring

from diarkit_contracts.api.evidence import Severity
from diarkit_contracts.exchanges.text import show_text
from diarkit_contracts.reports.summary import advise, describe_subject, sum_up
from diarkit_contracts.runs.outcomes import Outcome, list_row_outcomes
from diarkit_contracts.runs.verdict import RunVerdict

SUITE: Final = "diarkit verify"

TAGS: Final = {"failed": "failure", "error": "error", "skipped": "skipped"}

WHOLE: Final = "whole run"
"""Test case name of a clause that no row exercises; no row has this name."""


def write_junit(verdict: RunVerdict, fail_on: Severity = Severity.ERROR, folder: Path | None = None) -> str:
    """Write a verdict as JUnit XML.

    `classname` is the clause and `name` the row, stable across runs. A clause violated with a warning fails only if warnings do;
    otherwise it passes with the finding as output.
    """
    outcomes = list_row_outcomes(verdict, fail_on, folder)
    counts = {
        "tests": len(outcomes),
        "failures": sum(outcome.end == "failed" for outcome in outcomes),
        "errors": sum(outcome.end == "error" for outcome in outcomes),
        "skipped": sum(outcome.end == "skipped" for outcome in outcomes),
    }
    attributes = {name: str(number) for name, number in counts.items()} | {"time": f"{verdict.spent.seconds:.3f}"}
    # The schema has no `skipped` at the root.
    root = Element(
        "testsuites", {"name": SUITE} | {name: value for name, value in attributes.items() if name != "skipped"}
    )
    suite = SubElement(root, "testsuite", {"name": SUITE, **attributes})
    properties = SubElement(suite, "properties")
    for name, value in (("target", verdict.target), ("tier", verdict.tier), ("profile", verdict.profile)):
        SubElement(properties, "property", {"name": name, "value": show_text(value)})
    suite.extend(map(_write_case, outcomes))
    out = SubElement(suite, "system-out")
    out.text = "\n".join([describe_subject(verdict), *_list_more(verdict), sum_up(verdict, fail_on)])
    return '<?xml version="1.0" encoding="utf-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _write_case(outcome: Outcome) -> Element:
    row = show_text(outcome.row) or WHOLE
    case = Element("testcase", {"classname": outcome.name, "name": row, "time": "0"})
    if outcome.end in TAGS:
        SubElement(case, TAGS[outcome.end], {"message": outcome.message}).text = outcome.text or None
    elif outcome.text:
        SubElement(case, "system-out").text = outcome.text
    return case


def _list_more(verdict: RunVerdict) -> Iterable[str]:
    yield from (f"undocumented: {show_text(each.what)} ({each.times} times)" for each in verdict.undocumented)
    yield from (f"inconclusive: {show_text(each.row)}: {show_text(each.reason)}" for each in verdict.inconclusive)
    yield from map(show_text, verdict.stale)
    yield from advise(verdict)
    yield from map(show_text, verdict.events)
