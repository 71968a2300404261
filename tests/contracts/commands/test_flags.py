from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import click
import pytest
from click.testing import CliRunner

from diarkit_contracts.api.error import TerminatedError
from diarkit_contracts.commands.flags import Command, Group, Named, flag, take
from diarkit_contracts.commands.parity import parity
from diarkit_contracts.commands.verify import clauses, verify
from diarkit_mockserver.commands.record import record

if TYPE_CHECKING:
    from collections.abc import Callable

COLOURS = {"red": 0xFF0000, "blue": 0x0000FF}


@dataclass(frozen=True, slots=True, kw_only=True)
class Paint:
    GROUP: ClassVar[str] = "Paint"

    colour: int = flag(default=0xFF0000, type=Named(COLOURS), help="Paint in this colour.")
    coats: int = flag("-n", "--coats-of-paint", default=0, type=int, help="Paint so often.")
    names: tuple[str, ...] = flag("--name", default=(), multiple=True, help="Sign with this name.")
    wet: bool = flag(default=False, is_flag=True, group="Drying", help="Leave it wet.")
    hours: float | None = flag(type=float, group="Drying", show_default="as long as it takes", help="Wait so long.")


@pytest.fixture
def run() -> Callable[..., Any]:
    """Run a command that is given paint; return its end and what it was given."""
    given: list[Paint] = []

    @click.command(cls=Command, examples=("paint --wet", "paint -n 2"))
    @take("paint", Paint, prefix="PAINT_")
    def command(paint: Paint) -> None:
        """Paint."""
        given.append(paint)

    def call(*arguments: str, **environment: str) -> Any:
        ended = CliRunner().invoke(command, arguments, prog_name="paint", env=environment)
        return given[-1] if given and not ended.exit_code else ended

    return call


def test_without_flags_a_command_gets_the_defaults_of_the_class(run: Any) -> None:
    assert run() == Paint()


def test_what_is_given_becomes_one_value(run: Any) -> None:
    arguments = ("--colour", "blue", "-n", "3", "--name", "a", "--name", "b", "--wet", "--hours", "1.5")
    assert run(*arguments) == Paint(colour=0x0000FF, coats=3, names=("a", "b"), wet=True, hours=1.5)


def test_a_variable_counts_where_no_flag_is_given(run: Any) -> None:
    assert run("--colour", "red", PAINT_COLOUR="blue", PAINT_COATS="7") == Paint(colour=0xFF0000, coats=7)


def test_a_name_that_nothing_has_is_refused(run: Any) -> None:
    ended = run("--colour", "green")
    assert ended.exit_code == 2
    assert "'green' is not one of 'red', 'blue'" in ended.output


def test_only_the_fields_that_are_named_are_flags() -> None:
    @click.command()
    @take("paint", Paint, "wet")
    def command(paint: Paint) -> None:
        assert paint == Paint(wet=True)

    assert [parameter.name for parameter in command.params] == ["wet"]
    assert CliRunner().invoke(command, ["--wet"], catch_exceptions=False).exit_code == 0


def test_help_shows_flags_in_groups_with_their_defaults_and_ends_with_examples(run: Any) -> None:
    assert (
        run("-h").output
        == """\
Usage: paint [OPTIONS]

  Paint.

Paint:
  --colour [red|blue]           Paint in this colour.  [env var: PAINT_COLOUR;
                                default: red]
  -n, --coats-of-paint INTEGER  Paint so often.  [env var: PAINT_COATS; default:
                                0]
  --name TEXT                   Sign with this name.  [env var: PAINT_NAMES]

Drying:
  --wet          Leave it wet.  [env var: PAINT_WET]
  --hours FLOAT  Wait so long.  [env var: PAINT_HOURS; default: (as long as it
                 takes)]

Options:
  -h, --help  Show this message and exit.

Examples:
  paint --wet
  paint -n 2
"""
    )


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ValueError("x"), 70),
        (MemoryError(), 70),
        (OSError(28, "full"), 2),
        (OSError(9, "bad file descriptor"), 70),
        (KeyboardInterrupt(), 130),
        (TerminatedError(), 143),
    ],
)
def test_what_goes_wrong_in_us_never_ends_like_findings(error: BaseException, code: int) -> None:
    def fail() -> None:
        raise error

    ended = CliRunner().invoke(Command("fail", callback=fail), [])
    assert ended.exit_code == code
    assert ("bug in diarkit" in ended.stderr) == (code == 70)


def test_a_missing_library_is_named_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jsonschema", None)
    ended = CliRunner().invoke(clauses, [])
    assert ended.exit_code == 2
    assert "jsonschema is not installed: pip install 'diarkit[verify]'" in ended.stderr


def test_a_group_of_commands_shows_them_before_its_examples() -> None:
    @click.group(cls=Group, examples=("all one",))
    def everything() -> None:
        """Do it all."""

    @everything.command(examples=("all one -h",))
    def one() -> None:
        """Do one."""

    shown = CliRunner().invoke(everything, ["--help"]).output
    assert shown.endswith("Commands:\n  one  Do one.\n\nExamples:\n  all one\n")
    assert CliRunner().invoke(everything, ["one", "-h"]).output.endswith("Examples:\n  all one -h\n")


@pytest.mark.parametrize(("no_color", "shown"), [("", "\x1b[1mone\x1b[0m\n"), ("1", "one\n")])
def test_a_terminal_gets_colours_unless_they_are_unwanted(no_color: str, shown: str) -> None:
    @click.group(cls=Group)
    def everything() -> None:
        pass

    @everything.command()
    def one() -> None:
        click.secho("one", bold=True)

    # CliRunner's `color` stands for a terminal.
    assert CliRunner().invoke(everything, ["one"], color=True, env={"NO_COLOR": no_color}).output == shown


@pytest.mark.parametrize("command", [verify, clauses, parity, record], ids=lambda command: command.name)
def test_the_examples_of_each_command_are_its_own_and_parse(command: Command) -> None:
    assert 1 <= len(command.examples) <= 2
    for example in command.examples:
        program, name, *arguments = shlex.split(example)
        assert (program, name) == ("diarkit", command.name)
        assert command.name
        command.make_context(command.name, arguments, resilient_parsing=True)


def test_the_options_of_verify_are_in_groups() -> None:
    shown = CliRunner().invoke(verify, ["--help"]).output
    headings = [line[:-1] for line in shown.splitlines() if line.endswith(":") and not line.startswith(" ")]
    assert headings == [
        "Requests", "Fuzzing (--tier fuzz)", "Judgement", "Bounds", "Connection", "Output", "Options", "Exit codes",
        "Examples",
    ]  # fmt: skip
    in_options = shown.partition("\nOptions:\n")[2].partition("\n\n")[0]
    assert in_options.split()[:2] == ["-h,", "--help"]
