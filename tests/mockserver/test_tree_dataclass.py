from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pytest

from diarkit_mockserver.tree_dataclass import build_dataclass
from diarkit_mockserver.yaml_reader import read_tree


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    length: int
    name: str = "leg"

    def __post_init__(self) -> None:
        if self.length < 0:
            raise ValueError("expected a length >= 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wheel:
    radius: float
    tyre: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    legs: tuple[Leg, ...] = ()
    height: float = 1.0
    round: bool = False
    wood: Literal["oak", "pine"] = "oak"
    number: Literal[1] = 1
    moves: Literal["never"] | Leg | Wheel | None = None
    notes: dict[str, object] | None = None
    size: int | Leg | None = None
    span: tuple[float, float] | None = None
    most: int | None = 9
    low: int | None = None
    high: int | None = None

    def __post_init__(self) -> None:
        if self.low is not None and self.low < 0:
            raise ValueError("expected low >= 0")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError("expected low <= high")


def build(text: str) -> tuple[Table | None, list[str]]:
    tree, flaws = read_tree(text)
    assert tree is not None
    assert not flaws
    built, misfits = build_dataclass(Table, tree)
    return built, [f"{flaw.place.line}:{flaw.place.column}: {flaw.text}" for flaw in sorted(misfits)]


@pytest.mark.parametrize(
    ("text", "built"),
    [
        ("{}", Table()),
        ("legs: [{length: 1}, {length: 2, name: b}]", Table(legs=(Leg(length=1), Leg(length=2, name="b")))),
        ("legs: []", Table()),
        ("height: 2", Table(height=2.0)),
        ("round: true", Table(round=True)),
        ("wood: pine", Table(wood="pine")),
        ("number: 1", Table()),
        ("moves: never", Table(moves="never")),
        ("moves: {length: 3}", Table(moves=Leg(length=3))),
        ("moves: {tyre: x, radius: 3}", Table(moves=Wheel(radius=3.0, tyre="x"))),
        ("notes: {a: [1, {b: null}]}", Table(notes={"a": [1, {"b": None}]})),
        ("size: 4", Table(size=4)),
        ("span: [1, 2.5]", Table(span=(1.0, 2.5))),
        ("most: 3", Table(most=3)),
        ("most: null", Table(most=None)),
        ("size: {length: 4}", Table(size=Leg(length=4))),
    ],
)
def test_what_fits_is_built(text: str, built: Table) -> None:
    assert build(text) == (built, [])


def test_a_whole_number_becomes_a_number_where_one_is_asked_for() -> None:
    built, _ = build("height: 2")
    assert built is not None
    assert type(built.height) is float


NUMBER = "height: expected a number, got "
MOVES = "moves: expected never, or a mapping with length or radius, got "


@pytest.mark.parametrize(
    ("text", "misfit"),
    [
        (
            "[]",
            "1:1: expected a mapping (legs, height, round, wood, number, moves, notes, size, span, most, low, high), got a list",
        ),
        ("height: '2'", "1:9: " + NUMBER + "the text '2'"),
        ("height: true", "1:9: " + NUMBER + "true"),
        ("height:", "1:8: " + NUMBER + "nothing"),
        ("height: [1]", "1:9: " + NUMBER + "a list"),
        ("height: {}", "1:9: " + NUMBER + "a mapping"),
        ("height: .nan", "1:9: height: expected a finite number, got nan"),
        ("height: -.inf", "1:9: height: expected a finite number, got -inf"),
        (f"height: 1{'0' * 400}", f"1:9: height: expected a smaller number, got 1{'0' * 56}..."),
        ("low: 1.5", "1:6: low: expected a whole number, got the number 1.5"),
        ("low: 1.0", "1:6: low: expected a whole number, got the number 1.0"),
        ("low: true", "1:6: low: expected a whole number, got true"),
        ("low: null", "1:6: low: expected a whole number, got nothing"),
        ("round: 1", "1:8: round: expected true or false, got the number 1"),
        ("round: Yes", "1:8: round: expected true or false, got the text 'Yes': write true"),
        ("round: off", "1:8: round: expected true or false, got the text 'off': write false"),
        ("wood: pin", "1:7: wood: expected oak or pine, got the text 'pin'; did you mean pine?"),
        ("wood: steel", "1:7: wood: expected oak or pine, got the text 'steel'"),
        ("number: true", "1:9: number: expected 1, got true"),
        ("number: '1'", "1:9: number: expected 1, got the text '1'; did you mean 1?"),
        ("number: 1.0", "1:9: number: expected 1, got the number 1.0"),
        ("legs: {length: 1}", "1:7: legs: expected a list, got a mapping"),
        ("legs: [{length: 1}, 3]", "1:21: legs: expected a mapping (length, name), got the number 3"),
        ("legs: [{name: a}]", "1:8: expected the key length, got none"),
        ("legs: [{length: 1, name: 1}]", "1:26: name: expected a text, got the number 1: put it in quotes"),
        ("legs: [{length: 1, nmae: a}]", "1:20: unknown key 'nmae': expected length or name; did you mean name?"),
        ("legs: [{length: 1, 1: a}]", "1:20: unknown key '1': expected length or name"),
        ("legs: [{name: a, length: -1}]", "1:26: expected a length >= 0"),
        ("notes: 1", "1:8: notes: expected a mapping, got the number 1"),
        ("moves: nevr", "1:8: " + MOVES + "the text 'nevr'; did you mean never?"),
        ("moves: {}", "1:8: " + MOVES + "an empty mapping"),
        ("moves: {lenght: 1}", "1:9: " + MOVES + "the key 'lenght'; did you mean length?"),
        ("moves: {tyre: x}", "1:8: expected the key radius, got none"),
        ("moves: {length: 1, tyre: x}", "1:20: tyre can't stand beside length: expected length or radius"),
        ("moves: {radius: 1, tire: x}", "1:20: unknown key 'tire': expected radius or tyre; did you mean tyre?"),
        ("size: x", "1:7: size: expected a whole number, or a mapping (length, name), got the text 'x'"),
        ("span: [1]", "1:7: span: expected a list of 2, got a list of 1"),
        ("span: [1, x]", "1:11: span: expected a number, got the text 'x'"),
        ("most: x", "1:7: most: expected null, or a whole number, got the text 'x'"),
        ("low: -1", "1:6: expected low >= 0"),
        ("high: 3\nlow: -1", "2:6: expected low >= 0"),
        ("low: 3\nhigh: 1", "2:7: expected low <= high"),
        ("high: 1\nlow: 3", "2:6: expected low <= high"),
    ],
)
def test_what_does_not_fit_is_said_in_plain_words_where_it_stands(text: str, misfit: str) -> None:
    assert build(text) == (None, [misfit])


def test_all_misfits_are_named_at_once() -> None:
    text = "legs: [{length: -1}, {}, {length: a}]\nwood: oka\nlow: -1\nhigh: x\ncolor: red"
    assert [line.partition(": ")[0] for line in build(text)[1]] == ["1:17", "1:22", "1:35", "2:7", "3:6", "4:7", "5:1"]


def test_long_texts_are_cut() -> None:
    _, (misfit,) = build(f"height: {'x' * 5000}")
    assert len(misfit) < 150
