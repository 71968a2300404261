"""The output of a run: progress, text, reports, exit code, and their flags."""

from __future__ import annotations

import errno
import signal
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from threading import Event, Thread
from typing import TYPE_CHECKING, ClassVar, Final, Literal, TypeAlias

import click

from diarkit_contracts.api.error import TerminatedError
from diarkit_contracts.api.evidence import Severity
from diarkit_contracts.api.profiles import AUTO, DEFAULT, PROFILES, Profile
from diarkit_contracts.commands.flags import READ, WRITTEN, Named, UnwritableError, discard_output, flag
from diarkit_fixtures.texts.read import TextError, load_text
from diarkit_fixtures.texts.write import write_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Sequence
    from pathlib import Path

    from diarkit_contracts.api.learned import Learned
    from diarkit_contracts.exchanges.exchange import Exchange
    from diarkit_contracts.reports.write import Report
    from diarkit_contracts.rows.call import Row
    from diarkit_contracts.rows.plan import Plan
    from diarkit_contracts.runs.baseline import Baseline
    from diarkit_contracts.runs.verdict import RowRun, RunVerdict
    from diarkit_contracts.target.client import Target

Asked: TypeAlias = Profile | Literal["auto"]

BETWEEN_LINES_S: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Judging:
    """What a server is judged by, and which severity fails."""

    GROUP: ClassVar[str] = "Judgement"

    profile: Asked = flag(
        default=AUTO,
        type=Named({AUTO: AUTO, **PROFILES}),
        help="Judge by this generation of the API; auto: that of the version the server reports.",
    )
    learned: Path | None = flag(
        "--as",
        type=READ,
        help="Judge by a platform's behaviour as observed by `diarkit learn`, and the generation named in its file.",
    )
    fail_on: Severity = flag(
        default=Severity.ERROR,
        type=Named({severity.value: severity for severity in Severity}),
        help="Exit with 1 for findings of at least this severity.",
    )

    @property
    def held(self) -> Asked:
        """A learned platform, or a generation."""
        return self.profile if self.learned is None else read_learned_file(self.learned, "--as").column


def read_learned_file(path: Path, hint: str) -> Learned:
    """Read a file of `diarkit learn`, or raise click.BadParameter."""
    from diarkit_contracts.api.learned import read_learned  # noqa: PLC0415 - imported on first use

    try:
        return read_learned(path)
    except (TextError, OSError) as error:
        raise click.BadParameter(str(error), param_hint=hint) from None


def _read_reports(ctx: click.Context, param: click.Parameter, given: tuple[str, ...]) -> tuple[Report, ...]:  # noqa: ARG001 - the library's signature
    from diarkit_contracts.reports.write import ReportError, read_reports  # noqa: PLC0415 - imported on first use

    try:
        return read_reports(given)
    except ReportError as error:
        raise click.BadParameter(str(error), param_hint="--report") from None


def _read_baseline(ctx: click.Context, param: click.Parameter, path: Path | None) -> Baseline | None:  # noqa: ARG001 - as above
    from diarkit_contracts.runs.baseline import read_baseline  # noqa: PLC0415 - as above

    try:
        return None if path is None else read_baseline(load_text(path), str(path))
    except (TextError, OSError) as error:
        raise click.BadParameter(str(error), param_hint="--baseline") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """The outputs of a run, validated before anything is sent."""

    GROUP: ClassVar[str] = "Output"

    reports: tuple[Report, ...] = flag(
        "--report",
        callback=_read_reports,
        default=(),
        multiple=True,
        metavar="KIND=FILE,...",
        help="Write reports: json=FILE,junit=FILE,html=FILE,github=FILE. Input files of findings are saved next to them.",
    )
    baseline: Baseline | None = flag(
        type=READ,
        callback=_read_baseline,
        group=Judging.GROUP,
        help="Accept the findings listed in this file, each until its expiry date (YAML or JSON).",
    )
    record: Path | None = flag(type=WRITTEN, help="Write all exchanges to this file (NDJSON).")

    def show(self, verdict: RunVerdict, fail_on: Severity, *, is_recorded: bool = False) -> int:
        """Print a verdict, write its reports and, unless it is already written, its recording, and return the exit code."""
        from diarkit_contracts.reports.text import list_lines  # noqa: PLC0415 - imported on first use
        from diarkit_contracts.reports.write import Kind, choose_folder, write_reports  # noqa: PLC0415
        from diarkit_contracts.runs.reproduce import save_inputs  # noqa: PLC0415

        if self.baseline is not None:
            from diarkit_contracts.runs.baseline import apply_baseline  # noqa: PLC0415
            from diarkit_contracts.target.pace import SystemClock  # noqa: PLC0415

            verdict = apply_baseline(verdict, self.baseline, SystemClock().today().date())
        folder = choose_folder(self.reports, self.record)
        if self.record is not None and not is_recorded:
            from diarkit_contracts.exchanges.recording import write_recording  # noqa: PLC0415

            write_file(self.record, "".join(write_recording(verdict.recorded)))
        try:
            if folder is not None and verdict.findings:
                save_inputs(verdict, folder)
            write_reports(self.reports, verdict, fail_on, folder)
        except OSError as error:
            raise UnwritableError(str(error.filename), error.strerror) from None
        echo_lines(list_lines(verdict, fail_on, folder=folder))
        if any(report.kind is Kind.GITHUB for report in self.reports):
            from diarkit_contracts.reports.github import list_annotations  # noqa: PLC0415

            echo_lines(list_annotations(verdict, fail_on))
        return verdict.decide_exit(fail_on)


def choose_generation(asked: Asked, source: Target | Iterable[Exchange]) -> Profile:
    """Choose the generation to judge by, with a message if it has to be assumed."""
    if asked != AUTO:
        return asked
    from diarkit_contracts.runs.generation import ask_generation, find_generation  # noqa: PLC0415 - imported on first use
    from diarkit_contracts.target.client import Target as Server  # noqa: PLC0415

    profile, assumed = ask_generation(source) if isinstance(source, Server) else find_generation(source)
    if assumed:
        click.echo(f"--profile auto: {assumed}", err=True)
    return profile


def begin_run(asked: Asked, target: Target, rows: int) -> tuple[Profile, Callable[[Row], None]]:
    """Choose the generation of a server, and make the progress callback of its run.

    If the run is interrupted while requesting the version, the callback ends it before the first row, so that there is a verdict.
    """
    try:
        return choose_generation(asked, target), make_progress(rows)
    except KeyboardInterrupt as error:
        ended = error

    def end(_: Row) -> None:
        raise ended

    return DEFAULT, end


def verify_plan(plan: Plan, target: Target, asked: Asked) -> RunVerdict:
    """Announce a plan with its cost, and verify a server by it."""
    from diarkit_contracts.runs.verify import verify_target  # noqa: PLC0415 - imported on first use

    click.echo(f"{target.redaction.strike_url(target.url)}: plan {plan.name}: {plan.count_cost()}", err=True)
    profile, progress = begin_run(asked, target, len(plan.rows))
    return verify_target(plan, target, profile, progress=progress)


def judge_recording(
    path: Path,
    asked: Asked,
    problem: str,
    find_rows: Callable[[Sequence[Exchange]], Iterable[RowRun]] = lambda _: (),
) -> RunVerdict:
    """Judge a recording; raises click.UsageError, beginning with `problem`, for a file that is none."""
    from diarkit_contracts.exchanges.plain import RecordingError  # noqa: PLC0415 - imported on first use
    from diarkit_contracts.exchanges.recording import read_recording  # noqa: PLC0415
    from diarkit_contracts.runs.verify import verify_recording  # noqa: PLC0415

    try:
        exchanges = read_recording(path)
    except (RecordingError, OSError) as error:
        raise click.UsageError(f"{problem} {error}") from None
    return verify_recording(path.name, exchanges, choose_generation(asked, exchanges), find_rows(exchanges))


def write_file(path: Path, text: str) -> None:
    """Write a whole file, or raise UnwritableError."""
    try:
        write_whole(path, text)
    except OSError as error:
        raise UnwritableError(str(path), error.strerror) from None


@contextmanager
def record_on(path: Path | None) -> Generator[Callable[[Iterable[Exchange]], None]]:
    """Write exchanges to a file during a run that is too long for memory; without a path they are discarded."""
    if path is None:
        yield lambda _: None
        return
    from diarkit_contracts.exchanges.recording import write_recording  # noqa: PLC0415 - imported when called

    try:
        with path.open("w", encoding="utf-8") as file:
            file.writelines(write_recording(()))
            yield lambda exchanges: file.writelines(islice(write_recording(exchanges), 1, None))
    except OSError as error:
        raise UnwritableError(str(path), error.strerror) from None


def make_progress(total: int) -> Callable[[Row], None]:
    """Make a callback that prints each row as it is sent, if on a terminal."""
    if not sys.stderr.isatty():
        return lambda _: None
    sent: list[Row] = []

    def tell(row: Row) -> None:
        sent.append(row)
        click.echo(click.style(f"[{len(sent):{len(str(total))}}/{total}] ", dim=True) + row.name, err=True)

    return tell


@contextmanager
def pulse(target: Target) -> Generator[None]:
    """Report the progress of a run every 10 s while the context is open, so that waiting does not look like hanging."""
    is_over = Event()
    thread = Thread(target=say_on, args=(target, is_over.wait), daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def say_on(target: Target, wait: Callable[[float], bool]) -> None:
    """Report the progress of a run until `wait`, which blocks for at most so many seconds, returns that it is over."""
    from diarkit_contracts.reports.summary import describe_spent  # noqa: PLC0415 - imported on first use

    while not wait(BETWEEN_LINES_S):
        click.echo(f"still running: {describe_spent(target.spent)}", err=True)


def echo_lines(lines: Iterable[str]) -> None:
    """Print lines, escaping characters that the output encoding lacks.

    A closed pipe, as by `head`, is ignored; other errors, such as a full disk, raise `UnwritableError`.
    """
    encoding = sys.stdout.encoding or "ascii"
    try:
        for line in lines:
            shown = line.encode(encoding, "backslashreplace").decode(encoding)
            click.echo(shown)
    except OSError as error:
        discard_output()
        if error.errno != errno.EPIPE:
            raise UnwritableError("standard output", error.strerror) from None


@contextmanager
def stop_on_term() -> Generator[None]:
    """Handle SIGTERM like Ctrl-C: end with the verdict so far and its reports."""

    def stop(*_: object) -> None:
        raise TerminatedError

    try:
        usual = signal.signal(signal.SIGTERM, stop)
    except ValueError:  # not the main thread, as in a test framework, which handles signals itself
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, usual)
