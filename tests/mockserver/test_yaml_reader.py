from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from diarkit_mockserver.yaml_reader import DEEPEST, MOST_COPIES, locate, read_tree
from diarkit_mockserver.yaml_tree import Entries, Place, as_plain, find_place

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(params=["C", "Python"], autouse=True)
def parser(request: pytest.FixtureRequest) -> Iterator[str]:
    """Each promise holds with the parser in C, and on machines that have none."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "C":
            pytest.importorskip("yaml._yaml")
        else:
            patch.delattr(yaml, "CSafeLoader", raising=False)
        yield request.param


def read(text: str) -> object:
    tree, flaws = read_tree(text)
    assert flaws == ()
    assert tree is not None
    return as_plain(tree)


def complain(text: str) -> list[str]:
    return [f"{flaw.place.line}:{flaw.place.column}: {flaw.text}" for flaw in read_tree(text)[1]]


def test_lists_and_mappings_in_both_styles_are_read() -> None:
    text = "a: [1, two, {b: ~}]\nc:\n  - x\n  - y: 'z'\nd: |\n  lines\n"
    assert read(text) == {"a": [1, "two", {"b": None}], "c": ["x", {"y": "z"}], "d": "lines\n"}


@pytest.mark.parametrize("text", ["--- {a: 1}", "\ufeffa: 1", "%YAML 1.2\n---\na: 1\n...\n", "# note\na: 1 # note"])
def test_one_document_may_be_marked_and_commented(text: str) -> None:
    assert read(text) == {"a": 1}


@pytest.mark.parametrize("key", ["on", "yes", "1", "null", "1.5", "2026-01-31", "<<"])
def test_a_key_is_a_text_whatever_it_looks_like(key: str) -> None:
    assert read(f"{key}: 1") == {key: 1}


def test_an_alias_means_what_its_anchor_does() -> None:
    assert read("a: &x {b: [1]}\nc: *x\nd: &k e\n*k : &x 2\nf: *x") == {
        "a": {"b": [1]},
        "c": {"b": [1]},
        "d": "e",
        "e": 2,
        "f": 2,
    }


def test_each_value_and_key_knows_where_it_stands() -> None:
    tree, _ = read_tree('a: 1\nbc:\n  - x\n  -   {d: "é", e: 2}\n')
    assert isinstance(tree, Entries)
    assert tree.entries["bc"].place == Place(2, 1)
    places = {path: find_place(tree, path) for path in [("a",), ("bc",), ("bc", 0), ("bc", 1), ("bc", 1, "e")]}
    assert list(places.values()) == [Place(1, 4), Place(3, 3), Place(3, 5), Place(4, 7), Place(4, 19)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", ["1:1: the file is empty"]),
        ("# only a comment\n", ["1:1: the file is empty"]),
        ("---\n", ["1:1: the file is empty"]),
        ("a: 1\n---\nb: 2\n", ["2:1: expected one document, but a second one begins here"]),
        ("a: 1\nb: 2\na: 3\n", ["3:1: the key 'a' is there twice, first in line 1"]),
        ("{a: 1, 'a': 2, a: 3}", ["1:8: the key 'a' is there twice, first in line 1", "1:16: the key 'a' is there twice, first in line 1"]),
        ("? {a: b}\n: c\n", ["1:3: expected a text as key, got a mapping"]),
        ("? [a]\n: c\n", ["1:3: expected a text as key, got a list"]),
        ("a: *b\n", ["1:4: the alias *b has no anchor &b above it"]),
        ("a: &a [1, *a]\n", ["1:11: the alias *a stands inside what it means"]),
        ("a: !!python/object:os.system {}\n", ["1:4: expected no tag, got tag:yaml.org,2002:python/object:os.system"]),
        ("a: !!int x\n", ["1:4: expected what the tag !!int says, got 'x'"]),
        ("a: \x00\n", ["1:4: not YAML: the character '\\x00' is not allowed"]),
        ("a: 1\r\nb: \ud800", ["2:4: not YAML: the character '\\ud800' is not allowed"]),
        ('a: "\\ud83d"', None),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_place(text: str, said: list[str] | None) -> None:
    complaints = complain(text)
    assert complaints == said if said is not None else complaints


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("a: [1, 2\nb: 3\n", 2, "flow sequence"),
        ("a: b: c\n", 1, "mapping values are not allowed"),
        ('a: "open\n', None, "quoted scalar"),
        ("a:\n\t- 1\n", 2, "tab"),
        ("a: @x\n", 1, "cannot start any token"),
    ],
)
def test_a_fault_of_yaml_itself_has_a_place_too(text: str, line: int | None, word: str) -> None:
    (flaw,) = read_tree(text)[1]
    assert flaw.text.startswith("not YAML: ")
    assert word in flaw.text
    assert line in (None, flaw.place.line)


def test_nothing_is_read_of_a_text_that_had_to_be_left() -> None:
    assert read_tree("a: 1\na: 2\n---\nb: 1")[0] is None
    assert [flaw.place.line for flaw in read_tree("a: 1\na: 2\n---\nb: 1")[1]] == [2, 3]


def test_nesting_is_bounded() -> None:
    assert read("[" * DEEPEST + "]" * DEEPEST) is not None
    assert complain("[" * (DEEPEST + 1)) == [f"1:{DEEPEST + 1}: nested deeper than {DEEPEST} levels"]
    assert len(complain("[" * 50_000)) == 1


def test_nesting_by_aliases_is_bounded() -> None:
    chain = "\n".join(["- &a0 []", *(f"- &a{n + 1} [*a{n}]" for n in range(100))])
    (said,) = complain(chain)
    assert said.endswith(f"nested deeper than {DEEPEST} levels")


def test_a_billion_laughs_are_refused() -> None:
    laughs = "\n".join(["- &a0 [lol]", *(f"- &a{n + 1} [{', '.join([f'*a{n}'] * 10)}]" for n in range(20))])
    (said,) = complain(laughs)
    assert said.endswith(f"the aliases repeat more than {MOST_COPIES} values")


def test_an_index_is_a_line_and_a_column() -> None:
    text = "ab\r\nc\n\nd\u2028e"
    assert [locate(text, text.index(letter)) for letter in "abcde"] == [
        Place(1, 1),
        Place(1, 2),
        Place(2, 1),
        Place(4, 1),
        Place(5, 1),
    ]


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="ascii")),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(codec="ascii")), inner, max_size=4)
    ),
    max_leaves=10,
).filter(lambda value: value is not None)


@given(JSON)
def test_json_is_read_as_a_json_decoder_reads_it(value: object) -> None:
    # YAML wants keys of at most 1024 characters, which no key here reaches.
    assert read(json.dumps(value)) == value


@given(st.text("ab:-[]{}&*!|>'\"%@`#?, \n\t~1.\ud800\x00é", max_size=40))
def test_any_text_at_all_is_read_or_refused(text: str) -> None:
    tree, flaws = read_tree(text)
    assert (tree is not None) or flaws
    assert all(flaw.place >= Place(1, 1) for flaw in flaws)


def test_numbers_no_recording_has_are_read_as_they_are() -> None:
    assert read("[.inf, 1e400]") == [math.inf, math.inf]
