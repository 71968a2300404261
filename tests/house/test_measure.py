"""The house shows its architecture: few rooms, each with a reason and not too full, no circles, no long files without a word."""

from __future__ import annotations

import ast
import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).parents[2]
MOST_ROOMS = 10
MOST_MODULES = 16

GROUND = {"diarkit_fixtures": {"errors"}, "diarkit_mockserver": {"clock", "errors"}}
"""What stands at a package's root below its rooms, and is no public face."""


def load_measure() -> ModuleType:
    spec = importlib.util.spec_from_file_location("house_measure", Path(__file__).with_name("measure.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


measure = load_measure()
house = measure.measure(ROOT)
SOURCE = [ROOT / file for file in house.lines]
ROOMS = sorted(path for path in SOURCE if path.name == "__init__.py" and path.parents[1].name.startswith("diarkit_"))


def test_a_package_has_few_rooms_and_a_room_few_modules() -> None:
    assert {package: rooms for package, rooms in house.rooms.items() if len(rooms) > MOST_ROOMS} == {}
    assert {folder: count for folder, count in house.modules.items() if count > MOST_MODULES} == {}


def test_nothing_goes_round_in_circles() -> None:
    assert house.circle == ()
    assert house.up == ()


@pytest.mark.parametrize("init", ROOMS, ids=lambda path: path.parent.name)
def test_a_room_says_its_reason_and_does_nothing_else(init: Path) -> None:
    tree = ast.parse(init.read_text("utf-8"))
    assert (ast.get_docstring(tree) or "").endswith(".")
    assert len(tree.body) == 1


def test_a_package_names_its_public_faces_and_they_say_what_they_offer() -> None:
    for package in measure.PACKAGES:
        folder = ROOT / package
        tree = ast.parse((folder / "__init__.py").read_text("utf-8"))
        faces = {path.stem for path in folder.glob("*.py")} - {"__init__"} - GROUND.get(folder.name, set())
        assert {face for face in faces if f"`{folder.name}.{face}`" not in (ast.get_docstring(tree) or "")} == set()
        for face in faces:
            names = [
                node for node in ast.parse((folder / f"{face}.py").read_text("utf-8")).body
                if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
            ]  # fmt: skip
            assert names, f"{folder.name}.{face} has no __all__"


@pytest.mark.parametrize("file", sorted(file for file, lines in house.lines.items() if lines > measure.LONG))
def test_a_long_file_says_why(file: str) -> None:
    docstring = ast.get_docstring(ast.parse((ROOT / file).read_text("utf-8"))) or ""
    assert "long" in docstring, (
        f"{file} has {house.lines[file]} lines: split it, or say in its docstring why it is long"
    )


def test_every_test_file_stands_in_the_room_of_what_it_tests() -> None:
    for top in ("fixtures", "contracts", "mockserver"):
        rooms = house.rooms[f"diarkit_{top}"]
        folders = {
            path.parent.relative_to(ROOT / "tests" / top).parts[:1]
            for path in (ROOT / "tests" / top).rglob("test_*.py")
        }
        assert {parts[0] for parts in folders if parts} <= set(rooms)


def test_circles_and_full_rooms_would_be_seen(tmp_path: Path) -> None:
    for package in measure.PACKAGES:
        (tmp_path / package).mkdir(parents=True)
    home = tmp_path / "contracts/diarkit_contracts"
    for room in ("one", "other"):
        (home / room).mkdir()
        (home / room / "__init__.py").write_text('"""A room."""\n')
    (home / "one/a.py").write_text("from diarkit_contracts.other import b\n")
    (home / "other/b.py").write_text("if TYPE_CHECKING:\n    from diarkit_contracts.one.a import A\n")
    seen = measure.measure(tmp_path)
    assert set(seen.circle) == {"diarkit_contracts.one.a", "diarkit_contracts.other.b"}
    assert seen.up == ("diarkit_contracts.one -> diarkit_contracts.other",)
    assert seen.modules == {"contracts/diarkit_contracts/one": 1, "contracts/diarkit_contracts/other": 1}
