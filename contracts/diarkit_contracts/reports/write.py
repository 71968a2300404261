"""Parse the requested reports, and write them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from diarkit_contracts.api.error import ContractsError
from diarkit_contracts.api.evidence import Severity
from diarkit_fixtures.texts.write import explain_unwritable

if TYPE_CHECKING:
    from diarkit_contracts.runs.verdict import RunVerdict

SUMMARY_VARIABLE = "GITHUB_STEP_SUMMARY"


class Kind(StrEnum):
    """A format of report."""

    JSON = "json"
    JUNIT = "junit"
    HTML = "html"
    GITHUB = "github"


class ReportError(ContractsError, ValueError):
    """A requested report is invalid."""


@dataclass(frozen=True, slots=True)
class Report:
    """A requested report."""

    kind: Kind
    path: Path


def read_reports(texts: Iterable[str]) -> tuple[Report, ...]:
    """Parse requested reports, such as `json=F,html=G`.

    `github` needs no file inside GitHub Actions, where it is added to the summary of the step.
    """
    reports: list[Report] = []
    for text in (each.strip() for joined in texts for each in joined.split(",")):
        name, _, file = text.partition("=")
        if name not in set(Kind):
            kinds = ",".join(f"{kind}=FILE" for kind in Kind)
            raise ReportError(f"expected reports such as {kinds}, got {text!r}")
        file = file or (os.environ.get(SUMMARY_VARIABLE, "") if name == Kind.GITHUB else "")
        if not file:
            raise ReportError(f"expected a file for the report, as in {name}={name}-report, got {text!r}")
        report = Report(Kind(name), Path(file))
        if any(report.kind is each.kind for each in reports):
            raise ReportError(f"expected each report once, got {name} twice")
        if any(report.path == each.path for each in reports):
            raise ReportError(f"expected a separate file for each report, got {file} twice")
        if problem := explain_unwritable(report.path):
            raise ReportError(problem)
        reports.append(report)
    return tuple(reports)


def choose_folder(reports: Iterable[Report], recording: Path | None = None) -> Path | None:
    """Choose the folder for input files of findings: that of the first report or the recording; None without both."""
    for path in (*(report.path for report in reports if report.kind is not Kind.GITHUB), recording):
        if path is not None:
            return path.with_name(f"{path.name.partition('.')[0]}-inputs")
    return None


def write_reports(
    reports: Iterable[Report], verdict: RunVerdict, fail_on: Severity = Severity.ERROR, folder: Path | None = None
) -> None:
    """Write the reports."""
    for report in reports:
        text = _write_report(report.kind, verdict, fail_on, folder)
        if report.kind is Kind.GITHUB:
            # The summary of a step may have content already.
            with report.path.open("a", encoding="utf-8") as file:
                file.write(text)
        else:
            report.path.write_text(text, encoding="utf-8")


def _write_report(kind: Kind, verdict: RunVerdict, fail_on: Severity, folder: Path | None) -> str:
    # Imported lazily, as most runs request no report.
    from diarkit_contracts.reports.github import write_summary  # noqa: PLC0415
    from diarkit_contracts.reports.html import write_html  # noqa: PLC0415
    from diarkit_contracts.reports.json import write_json  # noqa: PLC0415
    from diarkit_contracts.reports.junit import write_junit  # noqa: PLC0415

    writers = {Kind.JSON: write_json, Kind.JUNIT: write_junit, Kind.HTML: write_html, Kind.GITHUB: write_summary}
    return writers[kind](verdict, fail_on, folder)
