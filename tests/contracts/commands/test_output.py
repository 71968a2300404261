from __future__ import annotations

import errno
import signal
import sys
import tempfile
from contextlib import nullcontext
from datetime import UTC, datetime
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pytest
from click.testing import CliRunner

from diarkit_contracts.api.error import TerminatedError
from diarkit_contracts.commands.flags import take
from diarkit_contracts.commands.output import (
    BETWEEN_LINES_S,
    Judging,
    Output,
    UnwritableError,
    echo_lines,
    make_progress,
    pulse,
    say_on,
    stop_on_term,
    write_file,
)
from diarkit_contracts.rows.plan import list_rows
from diarkit_contracts.target.client import UnreachableError

if TYPE_CHECKING:
    from collections.abc import Callable

COUNT = {b'"speakers_count": 2': b'"speakers_count": 3'}
BASELINE = "version: 1\naccepted:\n  - {clause: result.count-is-ids, reason: known, expires: 2026-01-01}\n"


@pytest.fixture
def show(verify_stub: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run a command that shows the verdict of a server with a wrong count."""
    monkeypatch.setattr("diarkit_contracts.target.pace.SystemClock.today", lambda _: datetime(2026, 1, 1, tzinfo=UTC))
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)

    @click.command()
    @take("judging", Judging)
    @take("output", Output)
    def command(judging: Judging, output: Output) -> None:
        sys.exit(output.show(verify_stub(COUNT, "row-01"), judging.fail_on))

    return lambda *arguments: CliRunner().invoke(command, [str(argument) for argument in arguments])


def test_the_exit_code_is_the_verdicts(show: Any) -> None:
    assert show().exit_code == 1


def test_reports_and_files_are_written_side_by_side(show: Any, tmp_path: Path) -> None:
    ended = show("--report", f"html={tmp_path}/run.html,json={tmp_path}/run.json")
    assert ended.exit_code == 1
    assert sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")) == [
        "run-inputs", "run-inputs/wav-2ch-4.0s.wav", "run.html", "run.json",
    ]  # fmt: skip
    assert f"{tmp_path}/run-inputs/wav-2ch-4.0s.wav" in ended.stdout


def test_a_baseline_accepts(show: Any, tmp_path: Path) -> None:
    file = tmp_path / "baseline.yaml"
    file.write_text(BASELINE, encoding="utf-8")
    ended = show("--baseline", file)
    assert ended.exit_code == 0
    assert "accepted by the baseline\n  error: result.count-is-ids row-01" in ended.stdout
    assert "(until 2026-01-01: known)" in ended.stdout


def test_annotations_are_printed_for_github_alone(show: Any, tmp_path: Path) -> None:
    assert "::error" not in show("--report", f"json={tmp_path}/j").stdout
    assert "::error title=result.count-is-ids::" in show("--report", f"github={tmp_path}/s").stdout


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--report", "x=y"), "Invalid value for --report: expected reports such as"),
        (("--baseline", "BASELINE"), "BASELINE:1:10: version: expected 1, got the number 9"),
        (("--record", "no/such/folder/x"), "Invalid value for '--record': expected a file in a folder that exists"),
    ],
)
def test_wrong_flags_end_with_2_before_anything_is_sent(
    show: Any, stub: Any, tmp_path: Path, flags: tuple[str, ...], said: str
) -> None:
    (tmp_path / "BASELINE").write_text("version: 9", encoding="utf-8")
    ended = show(*(str(tmp_path / flag) if flag == "BASELINE" else flag for flag in flags))
    assert (ended.exit_code, stub.seen) == (2, [])
    assert said in ended.output


def test_a_report_that_can_not_be_written_is_told_by_its_name(show: Any, tmp_path: Path) -> None:
    (tmp_path / "run-inputs").write_text("in the way", encoding="utf-8")
    ended = show("--report", f"json={tmp_path}/run.json")
    assert ended.exit_code == 2
    assert "run-inputs" in ended.output


@pytest.mark.parametrize(
    ("encoding", "shown"), [("utf-8", "Ľúbica\n"), ("latin-1", "\\u013dúbica\n"), ("ascii", "\\u013d\\xfabica\n")]
)
def test_what_an_encoding_does_not_have_is_escaped(monkeypatch: pytest.MonkeyPatch, encoding: str, shown: str) -> None:
    written = BytesIO()
    monkeypatch.setattr(sys, "stdout", TextIOWrapper(written, encoding=encoding, write_through=True))
    echo_lines([click.style("Ľúbica", fg="red")])
    assert written.getvalue().decode(encoding) == shown


@pytest.mark.parametrize("on_terminal", [True, False])
def test_progress_is_told_on_a_terminal_alone(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, on_terminal: bool
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: on_terminal)
    tell = make_progress(12)
    rows = list_rows()[:2]
    for row in rows:
        tell(row)
    told = click.unstyle(capsys.readouterr().err)
    assert told == (f"[ 1/12] {rows[0].name}\n[ 2/12] {rows[1].name}\n" if on_terminal else "")


@pytest.mark.parametrize(("number", "raises"), [(errno.EPIPE, False), (errno.ENOSPC, True)])
def test_a_reader_that_goes_away_is_no_fault_and_a_full_disk_is_said(
    monkeypatch: pytest.MonkeyPatch, number: int, raises: bool
) -> None:
    with tempfile.TemporaryFile("w") as out:

        def fail(*_: Any, **__: Any) -> None:
            raise OSError(number, "it went wrong")

        monkeypatch.setattr("sys.stdout", out)
        monkeypatch.setattr("click.echo", fail)
        with pytest.raises(UnwritableError) if raises else nullcontext():
            echo_lines(["a", "b"])


def test_sigterm_ends_what_runs_and_only_while_it_runs() -> None:
    usual = signal.getsignal(signal.SIGTERM)
    with pytest.raises(TerminatedError), stop_on_term():
        signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) == usual


def test_a_file_that_can_not_be_written_ends_with_2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    with pytest.raises(click.FileError) as caught:
        write_file(tmp_path, "text")
    assert (caught.value.exit_code, caught.value.ui_filename) == (2, str(tmp_path))
    write_file(tmp_path / "file", "old")
    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(click.FileError) as caught:
        write_file(tmp_path / "file", "new")
    assert caught.value.format_message() == f"can't write {tmp_path / 'file'}: full"
    assert (tmp_path / "file").read_text() == "old"


def test_every_ten_seconds_a_line_says_how_far_the_run_is(
    make_target: Callable[..., Any], clock: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    target = make_target()
    target.poll("x")

    def wait(seconds: float) -> bool:
        clock.sleep(seconds)
        return clock.seconds > 1035

    say_on(target, wait)
    said, lines = capsys.readouterr().out, clock.slept
    assert said == ""
    assert lines == [BETWEEN_LINES_S] * 4


def test_the_lines_are_not_in_the_way_of_what_is_read_by_programs(
    make_target: Callable[..., Any], clock: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    target, waits = make_target(), iter((False, False, True))
    target.poll("x")
    clock.sleep(10)
    say_on(target, lambda _: next(waits))
    assert capsys.readouterr().err == "still running: 0 tasks, 1 request, 0.00 MB sent, 10.0 s\n" * 2


def test_it_ends_with_the_run_whatever_ends_that(
    make_target: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UnreachableError), pulse(make_target()):
        raise UnreachableError("http://h", "it is gone")
    assert capsys.readouterr().err == ""
