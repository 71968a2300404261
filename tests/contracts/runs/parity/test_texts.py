from __future__ import annotations

import pytest

from diarkit_contracts.runs.parity.texts import mask_text, show_parting

ID = "123e4567-e89b-12d3-a456-426614174000"


@pytest.mark.parametrize(
    ("body", "masked"),
    [
        (f'{{"task_id":"{ID}"}}', '{"task_id":"<id>"}'),
        (ID.upper(), "<id>"),
        ("at 2026-11-27T23:10:00.5Z and 2026-11-27", "at <date> and <date>"),
        ("2026-11-27 23:10:00+01:00", "<date>"),
        ("http://10.0.0.1:8000/api?x=1", "http://<host>/api?x=1"),
        ('"https://platform.example"', '"https://<host>"'),
        ("20260101-e89b-12d3-a456-426614174000", "<id>"),
        ("1.51 is no date", "1.51 is no date"),
    ],
)
def test_what_differs_from_call_to_call_is_masked(body: str, masked: str) -> None:
    assert mask_text(body.encode()) == masked


def test_texts_that_differ_in_nothing_else_are_equal() -> None:
    other = ID.replace("1", "2")
    assert show_parting(f'{{"id": "{ID}"}}'.encode(), f'{{"id": "{other}"}}'.encode()) is None


def test_the_place_is_shown_where_two_texts_part() -> None:
    one, other = b"x" * 100 + b"Field required", b"x" * 100 + b"Pole je povinn\xff"
    assert show_parting(one, other) == ("..." + "x" * 30 + "Field required", "..." + "x" * 30 + "Pole je povinn\\xff")
    assert show_parting(b"same", b"same and more") == ("same", "same and more")
