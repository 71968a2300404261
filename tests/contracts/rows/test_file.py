from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given

from diarkit_contracts.rows.call import Call, Row
from diarkit_contracts.rows.drawn import draw_mistakes, draw_uploads
from diarkit_contracts.rows.file import RowFileError, load_rows, read_row, write_row
from diarkit_contracts.rows.plan import list_rows

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("row", list_rows(), ids=lambda row: row.id)
def test_each_row_of_the_plan_is_read_as_it_was_written(row: Any) -> None:
    assert read_row(json.loads(json.dumps(write_row(row)))) == replace(row, about="", needs=None)


@given(call=draw_uploads() | draw_mistakes())
def test_whatever_is_drawn_can_be_kept(call: Call) -> None:
    row = Row(id="found-01", what="upload", call=call)
    assert read_row(json.loads(json.dumps(write_row(row)))) == row


@given(call=draw_uploads() | draw_mistakes())
def test_whatever_is_drawn_can_be_sent(call: Call) -> None:
    _, content = call.write_body()
    assert isinstance(content, bytes)
    assert call.target.isascii()
    assert call.path.startswith("/api/")


GOOD: dict[str, object] = {"id": "found-01", "what": "x", "method": "GET", "path": "/", "query": [], "body": None}


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ([], "row"),
        ({"colour": "blue"}, "row"),
        ({"id": 1}, "id"),
        ({"method": None}, "method"),
        ({"query": {}}, "query"),
        ({"query": [["a"]]}, "query"),
        ({"query": [["a", 1]]}, "query"),
        ({"body": "text"}, "body"),
        ({"body": ["text"]}, "body"),
        ({"body": [{"attach": 1}]}, "attach"),
        ({"body": [{"text": None}]}, "text"),
        ({"body": {"content_type": "a/b", "base64": "?"}}, "body.base64"),
        ({"body": {"content_type": "a/b"}}, "base64"),
    ],
)
def test_what_is_no_row_is_named(changed: Any, place: str) -> None:
    with pytest.raises(RowFileError) as raised:
        read_row({**GOOD, **changed} if isinstance(changed, dict) else changed)
    assert raised.value.place == place


def test_a_file_of_rows_is_read_in_its_order(tmp_path: Path) -> None:
    rows = [replace(row, about="", needs=None) for row in list_rows()]
    (tmp_path / "rows.json").write_text(json.dumps([write_row(row) for row in rows]), encoding="utf-8")
    assert load_rows(tmp_path / "rows.json") == tuple(rows)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b'[\n {"id": }]', ":2:9: expected JSON"),
        (b"", ":1:1: expected JSON"),
        (b"\xff\xfe\xff", ": expected JSON in UTF-8"),
        (b"[]", ": expected a list of rows, got []"),
        (b"{}", ": expected a list, got {}"),
        (json.dumps([GOOD, {**GOOD, "id": 7}]).encode(), ": row 2: id: expected a text, got 7"),
        (json.dumps([GOOD, GOOD]).encode(), ": row 2: id: expected one that no row before it has, got 'found-01'"),
    ],
)
def test_what_is_wrong_in_a_file_is_told_with_its_place(tmp_path: Path, content: bytes, told: str) -> None:
    path = tmp_path / "rows.json"
    path.write_bytes(content)
    with pytest.raises(RowFileError) as raised:
        load_rows(path)
    assert str(raised.value).startswith(str(path) + told)
