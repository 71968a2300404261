from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import pytest

from diarkit_mockserver.field_types import Kind, join_words, list_fields, list_marks


@dataclass(frozen=True)
class Inner:
    name: str


@dataclass(frozen=True)
class Other:
    count: int
    size: float = 1.0


@dataclass(frozen=True)
class Outer:
    flag: bool
    word: Literal["a", "b"] | Inner | Other
    maybe: int | None = None
    many: tuple[tuple[Inner, ...], ...] = ()
    free: dict[str, object] = field(default_factory=dict[str, object])
    either: int | Inner | None = None
    pair: tuple[float, float] | None = None
    most: int | None = 3


def test_each_annotation_says_what_its_field_takes() -> None:
    assert {one.name: one.kind for one in list_fields(Outer)} == {
        "flag": Kind(scalars=(bool,)),
        "word": Kind(words=("a", "b"), mappings=(Inner, Other)),
        "maybe": Kind(scalars=(int,)),
        "many": Kind(item=Kind(item=Kind(mappings=(Inner,)))),
        "free": Kind(free=True),
        "either": Kind(scalars=(int,), mappings=(Inner,)),
        "pair": Kind(item=Kind(scalars=(float,)), count=2),
        "most": Kind(words=(None,), scalars=(int,)),
    }


def test_a_field_is_required_if_it_has_no_default_of_either_form() -> None:
    assert [one.name for one in list_fields(Outer) if one.required] == ["flag", "word"]
    assert [one.default for one in list_fields(Outer)][2:5] == [None, (), {}]


def test_the_branches_of_a_union_are_told_apart_by_what_they_require() -> None:
    assert list_marks((Inner, Other)) == ["name", "count"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("flag", "true or false"),
        ("word", "a or b, or a mapping with name or count"),
        ("maybe", "a whole number"),
        ("many", "a list"),
        ("free", "a mapping"),
        ("either", "a whole number, or a mapping (name)"),
        ("pair", "a list of 2"),
        ("most", "null, or a whole number"),
    ],
)
def test_what_a_field_takes_is_said_in_plain_words(name: str, said: str) -> None:
    assert str(next(one.kind for one in list_fields(Outer) if one.name == name)) == said


@pytest.mark.parametrize(
    ("words", "said"), [([], ""), (["a"], "a"), (["a", "b"], "a or b"), (["a", "b", "c"], "a, b or c")]
)
def test_words_are_joined_as_in_a_sentence(words: list[str], said: str) -> None:
    assert join_words(words) == said


@dataclass(frozen=True)
class Unwritable:
    moment: complex


@dataclass(frozen=True)
class Pair:
    two: tuple[int, str]


@pytest.mark.parametrize("cls", [Unwritable, Pair])
def test_a_type_that_no_file_can_hold_is_a_mistake_of_ours(cls: type) -> None:
    with pytest.raises(TypeError, match="expected a type that a scenario file can hold"):
        list_fields(cls)
