from __future__ import annotations

import uuid

from diarkit_mockserver.ids import make_id


def test_ids_have_the_form_of_random_ones_and_are_always_the_same() -> None:
    assert make_id("a", 1) == str(uuid.UUID(make_id("a", 1)))
    assert uuid.UUID(make_id("a", 1)).version == 4
    assert make_id("a", 1) == "135f17a4-75a6-4afd-aeaf-3759ad2e45ad"
    assert len({make_id("a", 1), make_id("a1"), make_id("a", "1"), make_id(["a", 1])}) == 4
