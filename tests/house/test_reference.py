from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from diarkit_mockserver.scenario.faults import EFFECTS

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
