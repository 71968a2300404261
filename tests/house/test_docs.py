"""What README and documentation promise: examples run, scenarios are right, commands exist, and reference pages are the code's."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click
import pytest
import yaml
from click.testing import CliRunner

from diarkit_contracts.runs.baseline import read_baseline
from diarkit_contracts.runs.verdict import Exit
from diarkit_fixtures.samples.catalogue import SAMPLES
from diarkit_mockserver.commands.main import main
from diarkit_mockserver.commands.samples import samples
from diarkit_mockserver.scenario.load import parse_scenario
from diarkit_mockserver.testing import Fake

if TYPE_CHECKING:
    from collections.abc import Iterator

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
README = ROOT / "README.md"
PAGES = {str(page.relative_to(ROOT)): page for page in [README, *sorted(DOCS.rglob("*.md"))]}


class Block(NamedTuple):
    """One block of code in a page."""

    language: str
    title: str
    text: str


def list_blocks(page: Path, language: str) -> list[Block]:
    found = re.findall(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```', page.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return [block for block in map(Block._make, found) if block.language == language]


def list_commands() -> Iterator[str]:
    for page in PAGES.values():
        for block in list_blocks(page, "console"):
            for line in block.text.splitlines():
                yield from line.split(" && ")
        yield from re.findall(r"`(diarkit [^`]+)`", page.read_text("utf-8").replace("\n", " "))


def find_command(words: list[str]) -> click.Command | None:
    """Find the command that the words name, and take them away."""
    found: click.Command | None = main
    while isinstance(found, click.Group) and words and words[0].isalpha():
        found = found.get_command(click.Context(found), words.pop(0))
    return found


WITH_PYTHON = [name for name, page in PAGES.items() if list_blocks(page, "python")]
FIRST = ("README.md", "docs/index.md")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in FIRST else pytest.mark.slow) for name in WITH_PYTHON]
)
def test_the_examples_of_a_page_pass(name: str, pytester: pytest.Pytester) -> None:
    blocks = list_blocks(PAGES[name], "python")
    for number, block in enumerate(blocks):
        pytester.path.joinpath(block.title or f"test_{number}.py").write_text(block.text, "utf-8")
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider")
    written = sum(len(re.findall(r"^ *def test_", block.text, re.MULTILINE)) for block in blocks)
    outcomes = result.parseoutcomes()
    assert set(outcomes) == {"passed"}
    assert outcomes["passed"] >= written > 0  # some are parametrized


@pytest.mark.slow
@pytest.mark.parametrize(
    ("language", "command"),
    [
        ("javascript", ("node", "--test")),
        ("java", ("java",)),
        ("go", ("go", "test")),
    ],
)
def test_the_recipe_for_another_language_works(language: str, command: tuple[str, ...], tmp_path: Path) -> None:
    (block,) = list_blocks(DOCS / "guides" / "languages.md", language)
    tmp_path.joinpath(block.title).write_text(block.text, "utf-8")
    if shutil.which(command[0]) is None:
        pytest.skip(f"no {command[0]} here")
    fake = Fake(worlds_only=False)
    try:
        own = {"DIARKIT_URL": fake.url, "DIARKIT_CONTROL_TOKEN": fake.token or "", "GO111MODULE": "off"}
        subprocess.run([*command, block.title], cwd=tmp_path, env={**os.environ, **own}, check=True, timeout=300)
    finally:
        fake.stop()


@pytest.mark.parametrize("name", [name for name, page in PAGES.items() if list_blocks(page, "yaml")])
def test_the_scenarios_and_baselines_of_a_page_are_right(name: str, tmp_path: Path) -> None:
    for block in list_blocks(PAGES[name], "yaml"):
        if "\naccepted:" in block.text:
            assert read_baseline(block.text, name)
        elif "version: 1\n" in block.text:
            parse_scenario(block.text, source=name, directory=tmp_path)
        else:
            assert yaml.safe_load(block.text)


@pytest.mark.parametrize("command", sorted(set(list_commands())))
def test_the_commands_of_the_pages_exist(command: str) -> None:
    program, *words = command.split()
    if program != "diarkit":
        assert program in {"pip", "pytest", "docker", "node", "java", "go"}
        return
    found = find_command(words)
    assert found is not None
    if found is samples.commands["write"]:
        assert {word for word in words if word.endswith(".wav")} <= set(SAMPLES)
    flags = {option for parameter in found.params for option in parameter.opts} | {"--help"}
    assert {word for word in words if word.startswith("--")} <= flags


def test_the_table_of_exit_codes_has_all_of_them() -> None:
    text = DOCS.joinpath("guides", "verify.md").read_text("utf-8")
    section = text.partition("\n## Exit codes\n")[2].partition("\n## ")[0]
    assert [int(code) for code in re.findall(r"^\| (\d+) \|", section, re.MULTILINE)] == sorted(Exit)


def test_ci_runs_the_test_command_of_the_readme() -> None:
    command = next(
        line for block in list_blocks(README, "console") for line in block.text.splitlines() if "&& pytest" in line
    )
    assert command in (ROOT / ".ci" / "run").read_text("utf-8")


def test_the_readme_is_short() -> None:
    assert len(README.read_text("utf-8").splitlines()) < 150


@pytest.mark.parametrize("page", [README, DOCS / "index.md"], ids=str)
def test_a_first_page_names_the_python_that_the_project_takes(page: Path) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert f"Python {project['requires-python'].removeprefix('>=')} or later" in page.read_text("utf-8")


def test_each_page_is_in_the_navigation_and_in_llms_txt() -> None:
    """The strict build checks the links of pages, but not those of llms.txt, which is copied as it is: they name the built files."""
    pages = {str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md")}
    site = tomllib.loads((ROOT / "zensical.toml").read_text("utf-8"))["project"]
    assert set(list_leaves(site["nav"])) == pages
    assert site["use_directory_urls"] is False  # so guides/verify.md is built as guides/verify.html
    links = re.findall(r"\]\(([^)]+)\)", (DOCS / "llms.txt").read_text("utf-8"))
    assert sorted(links) == sorted(page.removesuffix(".md") + ".html" for page in pages)


def list_leaves(nav: object) -> Iterator[str]:
    if isinstance(nav, str):
        yield nav
    elif isinstance(nav, dict):
        for value in nav.values():
            yield from list_leaves(value)
    elif isinstance(nav, list):
        for value in nav:
            yield from list_leaves(value)


@pytest.mark.parametrize("scenario", sorted(ROOT.glob("examples/scenarios/*.yaml")), ids=lambda path: path.stem)
def test_each_example_names_the_schema_of_the_site(scenario: Path) -> None:
    first = scenario.read_text("utf-8").splitlines()[0]
    named = re.fullmatch(r"# yaml-language-server: \$schema=(\S+)", first)
    assert named is not None
    assert (scenario.parent / named[1]).resolve() == DOCS / "reference" / "scenario.schema.json"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_documented_variable_completes_commands_and_flags(shell: str) -> None:
    assert f"_DIARKIT_COMPLETE={shell}_source diarkit" in (DOCS / "index.md").read_text("utf-8")
    runner = CliRunner(env={"COMP_WORDS": "diarkit ser", "COMP_CWORD": "ser" if shell == "fish" else "1"})
    found = runner.invoke(main, prog_name="diarkit", env={"_DIARKIT_COMPLETE": f"{shell}_complete"}).output
    assert "serve" in found
    assert "samples" not in found
