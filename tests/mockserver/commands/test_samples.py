from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from diarkit_fixtures.samples.catalogue import GUIDE, SAMPLES
from diarkit_mockserver.commands import samples as sample_commands
from diarkit_mockserver.commands.samples import WORTH_A_BAR, samples, show_progress

if TYPE_CHECKING:
    from pathlib import Path

SMALL = "Kathryn_Paula.wav"


def run(*arguments: str) -> Any:
    return CliRunner().invoke(samples, arguments)


def test_all_recordings_are_listed_the_guides_first_and_their_descriptions_in_one_column() -> None:
    ran = run("list")
    lines = ran.stdout.splitlines()
    assert ran.exit_code == 0
    assert [line.split()[0] for line in lines] == list(SAMPLES)
    assert [line.split()[0] for line in lines[: len(GUIDE)]] == [sample.name for sample in GUIDE]
    assert len({line.index(sample.about) for line, sample in zip(lines, SAMPLES.values(), strict=True)}) == 1


def test_a_recording_is_written_by_name_with_what_belongs_to_it(tmp_path: Path) -> None:
    ran = run("write", str(tmp_path / "new"), SMALL)
    assert ran.exit_code == 0, ran.output
    written = {path.name for path in (tmp_path / "new").iterdir()}
    assert written == {f"Kathryn_Paula.{kind}" for kind in ("wav", "rttm", "txt", "svg")}
    assert {line.rpartition("/")[2] for line in ran.stdout.splitlines()} == written


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [((), None), (("a", "b"), ("a", "b")), (("--all",), tuple(SAMPLES)), (("--all", "a"), tuple(SAMPLES))],
)
def test_without_names_the_guides_are_written_and_all_only_if_so_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], expected: Any
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr("diarkit_fixtures.samples.write.write_samples", lambda *told, **_: asked.append(told[1]) or [])
    assert run("write", str(tmp_path), *arguments).exit_code == 0
    assert asked == [expected]


def test_an_unknown_name_is_a_mistake_in_the_command_and_says_what_there_is(tmp_path: Path) -> None:
    ran = run("write", str(tmp_path), "Kathryn_Paul.wav")
    assert ran.exit_code == 2
    assert SMALL in ran.stderr
    assert list(tmp_path.iterdir()) == []


def test_what_can_not_be_written_is_told_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ran = run("write", str(tmp_path / "file" / "below"), SMALL)
    assert ran.exit_code == 2
    assert ran.stderr.startswith("Error: can't write ")
    assert ran.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("done", "size", "terminal", "shown"),
    [
        (WORTH_A_BAR // 2, WORTH_A_BAR, True, f"a.wav [{'#' * 15}{'.' * 15}]  50 %\r"),
        (WORTH_A_BAR, WORTH_A_BAR, True, f"a.wav [{'#' * 30}] 100 %\n"),
        (0, WORTH_A_BAR, True, f"a.wav [{'.' * 30}]   0 %\r"),
        (1, WORTH_A_BAR - 1, True, ""),
        (1, WORTH_A_BAR, False, ""),
    ],
)
def test_a_large_recording_has_a_bar_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    done: int,
    size: int,
    shown: str,
    *,
    terminal: bool,
) -> None:
    monkeypatch.setattr(sample_commands.sys.stderr, "isatty", lambda: terminal)
    show_progress("a.wav", done, size)
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", shown)
