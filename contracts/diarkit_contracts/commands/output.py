"""What a run shows and leaves behind: progress, text, reports, exit code, as its flags ask for. Decides no verdict."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from diarkit_contracts.api.evidence import Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from diarkit_contracts.reports.write import Report
    from diarkit_contracts.rows.call import Row
    from diarkit_contracts.runs.baseline import Baseline
    from diarkit_contracts.runs.verdict import RunVerdict

_FLAGS: Final = (
    click.option(
        "--fail-on",
        type=click.Choice([severity.value for severity in Severity]),
        default=Severity.ERROR.value,
        show_default=True,
        help="Least severity for exit 1.",
    ),
    click.option(
        "--report",
        "reports",
        multiple=True,
        metavar="KIND=FILE,...",
        help="Write reports: json=FILE,junit=FILE,html=FILE,github=FILE. Files of findings are saved beside them.",
    ),
    click.option(
        "--baseline",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="Findings that are accepted, each until some day (YAML or JSON).",
    ),
)


class UnwritableError(click.FileError):
    """A file can't be written. Ends like wrong usage: 1 would be findings."""

    exit_code = 2


def add_output_flags(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the flags of its output."""
    for flag in reversed(_FLAGS):
        command = flag(command)
    return command


@dataclass(frozen=True, slots=True)
class Output:
    """What was asked for, read before anything is sent.

    Attributes:
        fail_on: least severity that fails.
        reports: to be written.
        baseline: accepted findings; None for none.
        folder: for the files that findings sent; None to save none.
    """

    fail_on: Severity
    reports: tuple[Report, ...]
    baseline: Baseline | None
    folder: Path | None

    def show(self, verdict: RunVerdict) -> int:
        """Show a verdict, write its reports and return the exit code."""
        from diarkit_contracts.reports.text import list_lines  # noqa: PLC0415 - imported when there is something to show
        from diarkit_contracts.reports.write import Kind, write_reports  # noqa: PLC0415
        from diarkit_contracts.runs.reproduce import save_inputs  # noqa: PLC0415

        if self.baseline is not None:
            from diarkit_contracts.runs.baseline import apply_baseline  # noqa: PLC0415
            from diarkit_contracts.target.pace import SystemClock  # noqa: PLC0415

            verdict = apply_baseline(verdict, self.baseline, SystemClock().today().date())
        folder = self.folder
        try:
            if folder is not None and verdict.findings:
                save_inputs(verdict, folder)
            write_reports(self.reports, verdict, self.fail_on, folder)
        except OSError as error:
            raise UnwritableError(str(error.filename), error.strerror) from None
        echo_lines(list_lines(verdict, self.fail_on, folder=folder))
        if any(report.kind is Kind.GITHUB for report in self.reports):
            from diarkit_contracts.reports.github import list_annotations  # noqa: PLC0415

            echo_lines(list_annotations(verdict, self.fail_on))
        return verdict.decide_exit(self.fail_on)


def read_output(flags: dict[str, Any], recording: Path | None = None) -> Output:
    """Read the flags of the output.

    Args:
        flags: of the command.
        recording: file that the exchanges are written to.

    Raises:
        click.UsageError: for a report or a baseline that can't be.
    """
    from diarkit_contracts.reports.write import ReportError, choose_folder, read_reports  # noqa: PLC0415 - as above

    try:
        reports = read_reports(flags["reports"])
    except ReportError as error:
        raise click.BadParameter(str(error), param_hint="--report") from None
    return Output(
        fail_on=Severity(flags["fail_on"]),
        reports=reports,
        baseline=None if flags["baseline"] is None else _load_baseline(flags["baseline"]),
        folder=choose_folder(reports, recording),
    )


def make_progress(total: int) -> Callable[[Row], None]:
    """Make what tells each row as it is sent: a line on a terminal, nothing elsewhere."""
    if not sys.stderr.isatty():
        return lambda _: None
    from diarkit_contracts.reports.text import write_progress  # noqa: PLC0415 - as above

    sent: list[Row] = []

    def tell(row: Row) -> None:
        sent.append(row)
        click.echo(write_progress(len(sent), total, row), err=True)

    return tell


def echo_lines(lines: Iterable[str]) -> None:
    """Print lines; what the encoding of the output does not have is escaped."""
    encoding = sys.stdout.encoding or "ascii"
    for line in lines:
        shown = line.encode(encoding, "backslashreplace").decode(encoding)
        click.echo(shown, color=False if os.environ.get("NO_COLOR") else None)


def _load_baseline(path: Path) -> Baseline:
    from diarkit_contracts.runs.baseline import BaselineError, load_baseline  # noqa: PLC0415 - as above

    try:
        return load_baseline(path)
    except (BaselineError, OSError) as error:
        raise click.BadParameter(str(error), param_hint="--baseline") from None
