from __future__ import annotations

import importlib.util
import inspect
import json
import pydoc
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from diarkit_contracts.runs.verdict import Exit
from diarkit_mockserver.control.calls import TABLE
from diarkit_mockserver.harness.fake import Fake
from diarkit_mockserver.harness.rehearsal_plugin import RESULTS
from diarkit_mockserver.scenario.faults import EFFECTS
from diarkit_mockserver.testing import Submission

if TYPE_CHECKING:
    from types import ModuleType

HERE = Path(__file__).parent
PAGES = HERE.parents[1] / "docs" / "reference"


@pytest.fixture(scope="module")
def reference() -> ModuleType:
    spec = importlib.util.spec_from_file_location("reference", HERE / "reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_reference_is_what_the_code_says(reference: ModuleType) -> None:
    """`python tests/house/reference.py` writes it."""
    assert {page.name: page.read_text("utf-8") for page in PAGES.iterdir()} == dict(reference.write_pages())


@pytest.mark.parametrize("effect", EFFECTS)
def test_each_fault_has_an_example(reference: ModuleType, effect: str) -> None:
    assert all(effect in example for example in reference.EXAMPLES[effect])


def test_an_example_of_a_docstring_is_indented_as_it_is_there(reference: ModuleType) -> None:
    example = str(inspect.getdoc(Fake)).partition("\nArgs:")[0]
    assert example in dict(reference.write_pages())["pytest.md"]


def test_the_names_of_the_python_page_are_found_without_the_site(reference: ModuleType) -> None:
    """A checkout shows only the directives that the site replaces."""
    page = dict(reference.write_pages())["python.md"]
    (name,) = re.findall(r"python -m pydoc (\S+)`", page)
    assert pydoc.locate(name) is Submission


def test_the_page_of_commands_has_the_whole_help(reference: ModuleType) -> None:
    """Usage with its arguments, placeholders, choices and defaults, and every exit code."""
    page = dict(reference.write_pages())["commands.md"]
    verify = page.partition("## `diarkit verify`\n")[2]
    assert "diarkit verify [OPTIONS] [URL]" in verify
    assert "| `--tier [probe\\|lite\\|full\\|fuzz]` |" in verify
    assert "[default: lite]" in verify
    assert all(f"| `{int(code)}` |" in verify.partition("\n## ")[0] for code in Exit)
    common = page.partition("## Exit codes of every command\n")[2]
    assert all(f"| `{code}` |" in common for code in (2, 70, 130, 143))


def test_each_call_of_the_control_api_has_its_body_and_answer(reference: ModuleType) -> None:
    page = dict(reference.write_pages())["control.md"]
    for call in TABLE:
        section = page.partition(f"## `{call.method} {call.path}`\n")[2].partition("\n## ")[0]
        assert f"Answer: `{call.status}`" in section
        assert ("Body: " in section) == (call.body is not None)
        assert all(f"| `{one.name}` |" in section for one in call.parameters)
        assert all(f"`{json.dumps(form)}`" in section for form in call.forms)
    for name in re.findall(r"\]\(#(\w+)\)", page):
        assert f"### `{name}`" in page.lower()


def test_the_page_of_pytest_has_every_fixture_marker_and_option_for_people(reference: ModuleType) -> None:
    page = dict(reference.write_pages())["pytest.md"]
    assert "## `diarization_contract`" in page
    markers = ("diarization_contract", "diarization_profile(name)", "diarization_strict")
    assert all(f"| `@pytest.mark.{name}` |" in page for name in markers)
    assert RESULTS not in page
