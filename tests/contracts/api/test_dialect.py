from __future__ import annotations

from diarkit_contracts.api.dialect import Dialect, list_set
from diarkit_contracts.api.points import POINTS
from diarkit_fixtures.texts.fields import list_fields


def test_each_point_that_the_fake_answers_by_is_a_key() -> None:
    assert [field.name for field in list_fields(Dialect)] == [point.key for point in POINTS if point.served]


def test_what_is_not_set_is_not_listed() -> None:
    assert list_set(Dialect()) == {}
    assert list_set(Dialect(bad_task_id=400)) == {"bad_task_id": 400}
