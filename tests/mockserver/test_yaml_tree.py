from __future__ import annotations

import pytest

from diarkit_mockserver.yaml_tree import Entries, Entry, Items, Leaf, Place, as_plain, find_place

TREE = Entries(
    Place(1, 1),
    {
        "a": Entry(Place(1, 1), Items(Place(1, 4), (Leaf(Place(1, 5), 1), Leaf(Place(1, 8), None)))),
        "b": Entry(Place(2, 1), Entries(Place(2, 4), {"c": Entry(Place(2, 5), Leaf(Place(2, 8), "x"))})),
    },
)


def test_a_tree_without_places_is_what_json_would_hold() -> None:
    assert as_plain(TREE) == {"a": [1, None], "b": {"c": "x"}}


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ((), (1, 1)),
        (("a",), (1, 4)),
        (("a", 1), (1, 8)),
        (("b", "c"), (2, 8)),
        (("a", 2), (1, 4)),
        (("b", "d"), (2, 4)),
        (("b", "c", "d", 0), (2, 8)),
        (("a", "b"), (1, 4)),
        (("x", "b", "c"), (1, 1)),
    ],
)
def test_a_path_is_followed_as_far_as_it_leads(path: tuple[str | int, ...], place: tuple[int, int]) -> None:
    assert find_place(TREE, path) == Place(*place)
