"""The README's promises: its examples run, its commands exist, its links lead somewhere."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest
from click.testing import CliRunner

from diarkit_mockserver.commands.main import main
from diarkit_mockserver.scenario.load import parse_scenario

if TYPE_CHECKING:
    from collections.abc import Iterator

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")


def list_blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def list_commands() -> Iterator[str]:
    for block in list_blocks("console"):
        for line in block.splitlines():
            yield from line.split(" && ")
    yield from re.findall(r"`(diarkit [^`]+)`", README.replace("\n", " "))


def test_the_tests_of_the_readme_pass(pytester: pytest.Pytester) -> None:
    blocks = list_blocks("python")
    pytester.makepyfile(**{f"test_{number}": block for number, block in enumerate(blocks)})
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    result.assert_outcomes(passed=sum(block.count("def test_") for block in blocks))


@pytest.mark.parametrize("block", list_blocks("yaml"))
def test_the_scenarios_of_the_readme_are_right(block: str, tmp_path: Path) -> None:
    assert parse_scenario(block, source="README.md", directory=tmp_path).rules


@pytest.mark.parametrize("command", sorted(set(list_commands())))
def test_the_commands_of_the_readme_exist(command: str) -> None:
    program, *words = command.split()
    if program != "diarkit":
        assert program in {"pip", "pytest"}
        return
    found: click.Command | None = main
    while isinstance(found, click.Group) and words:
        found = found.get_command(click.Context(found), words.pop(0))
    assert found is not None
    flags = {option for parameter in found.params for option in parameter.opts} | {"--help"}
    assert {word for word in words if word.startswith("--")} <= flags


def test_ci_runs_the_test_command_of_the_readme() -> None:
    command = next(line for line in list_blocks("console") if "&& pytest" in line).strip()
    assert command in (ROOT / ".ci" / "run").read_text("utf-8")


def test_the_readme_names_the_python_that_the_project_takes() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert f"Python {project['requires-python'].removeprefix('>=')} or later" in README


def test_the_table_of_clauses_is_the_catalogue() -> None:
    """`diarkit clauses --markdown > docs/clauses.md` writes it."""
    written = CliRunner().invoke(main, ["clauses", "--markdown"]).output
    assert written == (ROOT / "docs" / "clauses.md").read_text("utf-8")
