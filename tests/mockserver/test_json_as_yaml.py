from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from diarkit_mockserver.json_as_yaml import make_yaml
from diarkit_mockserver.yaml_reader import read_tree
from diarkit_mockserver.yaml_tree import as_plain

NO_SURROGATES = st.characters(exclude_categories=["Cs"])
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(NO_SURROGATES),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(NO_SURROGATES, max_size=20), inner, max_size=4),
    max_leaves=20,
)


@given(
    st.dictionaries(st.text(NO_SURROGATES, max_size=20), JSON, min_size=1, max_size=4),
    st.booleans(),
    st.sampled_from([None, 1, "\t"]),
)
def test_json_means_as_yaml_what_it_means_as_json(value: Any, ascii_only: bool, indent: Any) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    tree, flaws = read_tree(make_yaml(text))
    assert flaws == ()
    assert tree is not None
    assert as_plain(tree) == value


def test_each_line_stays_a_line() -> None:
    text = '{"a": "\u2028\\ud83d\\ude00",\n\t"b": 1}'
    assert make_yaml(text).count("\n") == 1
