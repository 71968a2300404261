"""A verdict as JUnit XML for CI: the same test cases in every run, one for each clause and two for the run. Prints nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement, tostring

from diarkit_contracts.clauses.catalogue import CLAUSES
from diarkit_contracts.clauses.clause import Severity
from diarkit_contracts.exchange_text import describe_exchange, show_text
from diarkit_contracts.reproduce import write_repeat
from diarkit_contracts.summary import describe_subject, sum_up

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from diarkit_contracts.clauses.clause import Clause
    from diarkit_contracts.verdict import Finding, RunVerdict

SUITE = "diarkit verify"


def write_junit(verdict: RunVerdict, fail_on: Severity = Severity.ERROR, folder: Path | None = None) -> str:
    """Write a verdict as JUnit XML.

    A clause that was broken by a warning fails only if warnings do; else it passes with what was seen as its output.
    """
    cases = [*_list_run_cases(verdict), *(_make_case(clause, verdict, fail_on, folder) for clause in CLAUSES)]
    counts = {
        "tests": len(cases),
        "failures": sum(case.find("failure") is not None for case in cases),
        "errors": sum(case.find("error") is not None for case in cases),
        "skipped": sum(case.find("skipped") is not None for case in cases),
    }
    told = {name: str(number) for name, number in counts.items()} | {"time": f"{verdict.spent.seconds:.3f}"}
    root = Element("testsuites", {"name": SUITE, **told})
    suite = SubElement(root, "testsuite", {"name": SUITE, **told})
    properties = SubElement(suite, "properties")
    for name in ("target", "tier", "profile"):
        SubElement(properties, "property", {"name": name, "value": show_text(getattr(verdict, name))})
    suite.extend(cases)
    out = SubElement(suite, "system-out")
    out.text = "\n".join([describe_subject(verdict), *_list_more(verdict), sum_up(verdict, fail_on)])
    return '<?xml version="1.0" encoding="utf-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _list_run_cases(verdict: RunVerdict) -> Iterator[Element]:
    for name, reasons in (
        ("run.server-answers", [verdict.unreachable] if verdict.unreachable else []),
        ("run.enough-was-seen", verdict.vacuous),
    ):
        case = _start_case(name)
        if reasons:
            SubElement(case, "error", {"message": show_text(reasons[0])}).text = "\n".join(map(show_text, reasons))
        yield case


def _make_case(clause: Clause, verdict: RunVerdict, fail_on: Severity, folder: Path | None) -> Element:
    case = _start_case(clause.id)
    findings = [finding for finding in verdict.findings if finding.clause.id == clause.id]
    accepted = [each for each in verdict.accepted if each.finding.clause.id == clause.id]
    fails = clause.severity is Severity.ERROR or fail_on is Severity.WARNING
    if findings:
        first = findings[0].fault
        text = "\n\n".join("\n".join(_list_finding(finding, verdict, folder)) for finding in findings)
        if fails:
            message = show_text(f"expected {first.expected}, got {first.got}")
            SubElement(case, "failure", {"type": clause.severity.value, "message": message}).text = text
        else:
            SubElement(case, "system-out").text = text
    elif accepted:
        message = f"accepted until {accepted[0].expires}: {accepted[0].reason}"
        SubElement(case, "skipped", {"message": show_text(message)})
    elif not any(passed.clause.id == clause.id for passed in verdict.passed):
        reason = next((each.reason for each in verdict.skipped if each.name == clause.id), "nothing was sent")
        SubElement(case, "skipped", {"message": show_text(reason)})
    return case


def _start_case(name: str) -> Element:
    return Element("testcase", {"classname": f"diarkit.{name.partition('.')[0]}", "name": name, "time": "0"})


def _list_finding(finding: Finding, verdict: RunVerdict, folder: Path | None) -> Iterator[str]:
    clause, fault = finding.clause, finding.fault
    yield f"{clause.severity}: {clause.id} {show_text(finding.row)} ({finding.times} times)"
    yield clause.sentence
    yield f"expected {show_text(fault.expected)}"
    yield f"seen     {show_text(fault.got)}"
    yield from (f"exchange {at}: {describe_exchange(verdict.exchanges[at])}" for at in finding.at)
    yield f"evidence {clause.label}: {clause.source}"
    repeat = write_repeat(finding, verdict, folder)
    if repeat is not None:
        yield f"repeat   {repeat.command}"
        yield f"curl     {repeat.curl}"


def _list_more(verdict: RunVerdict) -> Iterable[str]:
    yield from (f"undocumented: {show_text(each.what)} ({each.times} times)" for each in verdict.undocumented)
    yield from (f"inconclusive: {show_text(each.row)}: {show_text(each.reason)}" for each in verdict.inconclusive)
    yield from map(show_text, verdict.stale)
    yield from map(show_text, verdict.events)
