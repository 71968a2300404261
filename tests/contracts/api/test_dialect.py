from __future__ import annotations

import pytest

from diarkit_contracts.api.dialect import ROWS, Dialect, list_set
from diarkit_contracts.api.points import POINTS, Carries
from diarkit_fixtures.texts.fields import list_fields


def test_each_point_that_the_fake_answers_by_is_a_key() -> None:
    assert [field.name for field in list_fields(Dialect)] == [point.key for point in POINTS if point.served]


def test_what_is_not_set_is_not_listed() -> None:
    assert list_set(Dialect()) == {}
    assert list_set(Dialect(bad_task_id=400)) == {"bad_task_id": 400}


@pytest.mark.parametrize("key", [row.key for row in ROWS if isinstance(row.effect, Carries)])
@pytest.mark.parametrize("value", ["a\r\nX: b", "a\nb", "\0", "\x7f", "\u65e5"])
def test_what_no_header_can_have_is_refused(key: str, value: str) -> None:
    with pytest.raises(ValueError, match=f"^{key}: expected the value of a header, got "):
        Dialect(**{key: value})
    assert list_set(Dialect(**{key: "a\tb \xe9"})) == {key: "a\tb \xe9"}
