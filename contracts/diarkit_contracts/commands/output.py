"""What a run shows and leaves behind: progress, text, reports, exit code, as its flags ask for. Decides no verdict."""

from __future__ import annotations

import errno
import os
import signal
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

import click

from diarkit_contracts.api.error import TerminatedError
from diarkit_contracts.api.evidence import Severity
from diarkit_contracts.api.profiles import AUTO, DEFAULT, PROFILES, Profile
from diarkit_contracts.commands.flags import Named, flag
from diarkit_fixtures.texts.read import TextError, load_text

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

    from diarkit_contracts.exchanges.exchange import Exchange
    from diarkit_contracts.reports.write import Report
    from diarkit_contracts.rows.call import Row
    from diarkit_contracts.runs.baseline import Baseline
    from diarkit_contracts.runs.verdict import RunVerdict
    from diarkit_contracts.target.client import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Judging:
    """What a server is held against, and what fails it."""

    GROUP: ClassVar[str] = "Judgement"

    profile: Profile | Literal["auto"] = flag(
        default=AUTO,
        type=Named({AUTO: AUTO, **PROFILES}),
        help="Hold the answers against this generation of the API; auto: that of the version the server reports.",
    )
    fail_on: Severity = flag(
        default=Severity.ERROR,
        type=Named({severity.value: severity for severity in Severity}),
        help="Exit with 1 from this severity on.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputFlags:
    """What a run leaves behind."""

    GROUP: ClassVar[str] = "Output"

    reports: tuple[str, ...] = flag(
        "--report",
        default=(),
        multiple=True,
        metavar="KIND=FILE,...",
        help="Write reports: json=FILE,junit=FILE,html=FILE,github=FILE. Files of findings are saved beside them.",
    )
    baseline: Path | None = flag(
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        group=Judging.GROUP,
        help="Accept the findings of this file, each until some day (YAML or JSON).",
    )
    record: Path | None = flag(
        type=click.Path(dir_okay=False, path_type=Path), help="Write all exchanges to this file (NDJSON)."
    )


def choose_generation(asked: Profile | Literal["auto"], source: Target | Iterable[Exchange]) -> Profile:
    """Choose the generation to hold a server or its recorded answers against, and say so if it has to be assumed."""
    if asked != AUTO:
        return asked
    from diarkit_contracts.runs.generation import ask_generation, find_generation  # noqa: PLC0415 - imported when called
    from diarkit_contracts.target.client import Target as Server  # noqa: PLC0415

    profile, assumed = ask_generation(source) if isinstance(source, Server) else find_generation(source)
    if assumed:
        click.echo(f"--profile auto: {assumed}", err=True)
    return profile


def begin_run(asked: Profile | Literal["auto"], target: Target, rows: int) -> tuple[Profile, Callable[[Row], None]]:
    """Choose the generation of a server and make the progress of its run.

    Who ends the run while the server is asked for its version gets a verdict all the same: the progress ends it before the first row.
    """
    try:
        return choose_generation(asked, target), make_progress(rows)
    except KeyboardInterrupt as error:
        ended = error

    def end(_: Row) -> None:
        raise ended

    return DEFAULT, end


class UnwritableError(click.FileError):
    """A file can't be written. Ends like wrong usage: 1 would be findings."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Output:
    """What was asked for, read before anything is sent.

    Attributes:
        fail_on: least severity that fails.
        reports: to be written.
        baseline: accepted findings; None for none.
        folder: for the files that findings sent; None to save none.
        record: file for all exchanges; None to write none.
    """

    fail_on: Severity
    reports: tuple[Report, ...]
    baseline: Baseline | None
    folder: Path | None
    record: Path | None

    def show(self, verdict: RunVerdict) -> int:
        """Show a verdict, write its recording and reports and return the exit code."""
        from diarkit_contracts.reports.text import list_lines  # noqa: PLC0415 - imported when there is something to show
        from diarkit_contracts.reports.write import Kind, write_reports  # noqa: PLC0415
        from diarkit_contracts.runs.reproduce import save_inputs  # noqa: PLC0415

        if self.baseline is not None:
            from diarkit_contracts.runs.baseline import apply_baseline  # noqa: PLC0415
            from diarkit_contracts.target.pace import SystemClock  # noqa: PLC0415

            verdict = apply_baseline(verdict, self.baseline, SystemClock().today().date())
        folder = self.folder
        if self.record is not None:
            from diarkit_contracts.exchanges.recording import write_recording  # noqa: PLC0415

            write_file(self.record, "".join(write_recording(verdict.recorded)))
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


def read_output(flags: OutputFlags, fail_on: Severity) -> Output:
    """Read the flags of the output.

    Raises:
        click.UsageError: for a report, a baseline or a recording that can't be.
    """
    from diarkit_contracts.reports.write import ReportError, choose_folder, read_reports  # noqa: PLC0415 - as above

    if flags.record is not None:
        require_folder(flags.record, "--record")
    try:
        reports = read_reports(flags.reports)
    except ReportError as error:
        raise click.BadParameter(str(error), param_hint="--report") from None
    return Output(
        fail_on=fail_on,
        reports=reports,
        baseline=None if flags.baseline is None else _load_baseline(flags.baseline),
        folder=choose_folder(reports, flags.record),
        record=flags.record,
    )


def require_folder(path: Path, name: str) -> None:
    """End with a clear word if a file is to be written into a folder that does not exist."""
    if not path.absolute().parent.is_dir():
        raise click.BadParameter(f"expected a file in a folder that exists, got {path}", param_hint=name)


def write_file(path: Path, text: str) -> None:
    """Write a file, or end with a clear word."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UnwritableError(str(path), error.strerror) from None


def make_progress(total: int) -> Callable[[Row], None]:
    """Make what tells each row as it is sent: a line on a terminal, nothing elsewhere."""
    if not sys.stderr.isatty():
        return lambda _: None
    sent: list[Row] = []

    def tell(row: Row) -> None:
        sent.append(row)
        click.echo(click.style(f"[{len(sent):{len(str(total))}}/{total}] ", dim=True) + row.name, err=True)

    return tell


def echo_lines(lines: Iterable[str]) -> None:
    """Print lines; what the encoding of the output does not have is escaped. A reader that has gone away, as `head` does, is no fault.

    Raises:
        UnwritableError: they can't be written, as on a full disk.
    """
    encoding = sys.stdout.encoding or "ascii"
    try:
        for line in lines:
            shown = line.encode(encoding, "backslashreplace").decode(encoding)
            click.echo(shown)
    except OSError as error:
        # What is left in the buffer would fail once more when Python ends, with an exit code of its own.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if error.errno != errno.EPIPE:
            raise UnwritableError("standard output", error.strerror) from None


@contextmanager
def stop_on_term() -> Generator[None]:
    """Let SIGTERM end what runs as Ctrl-C does: with a verdict of what was seen, and its reports."""

    def stop(*_: object) -> None:
        raise TerminatedError

    try:
        usual = signal.signal(signal.SIGTERM, stop)
    except ValueError:  # not the main thread, as in a test framework: signals are somebody else's
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, usual)


def _load_baseline(path: Path) -> Baseline:
    from diarkit_contracts.runs.baseline import read_baseline  # noqa: PLC0415 - as above

    try:
        return read_baseline(load_text(path), str(path))
    except (TextError, OSError) as error:
        raise click.BadParameter(str(error), param_hint="--baseline") from None
